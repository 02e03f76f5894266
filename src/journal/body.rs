//! Bodies as the journal keeps them: as text, without secrets, and not all of a long one.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;

use super::redact::{redacted, redacted_answer};

/// The longest part of a body that is kept, in bytes.
const LONGEST: usize = 16 * 1024;

/// A body. Secrets in it are hidden.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Text {
    /// Its text, or the beginning of it.
    pub text: String,
    /// How long it is in all, in bytes, as far as that is known.
    pub bytes: usize,
    /// Whether only its beginning is kept, or nothing of it.
    pub is_cut: bool,
}

impl Text {
    /// The body of a request without its secrets.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        Self::by(body, redacted)
    }

    /// The body of an answer without its secrets.
    #[must_use]
    pub fn of_answer(body: &[u8]) -> Self {
        Self::by(body, redacted_answer)
    }

    fn by(body: &[u8], redacted: fn(&str) -> Cow<'_, str>) -> Self {
        let kept = &body[..body.len().min(LONGEST)];
        // Checked before it is mended, because almost every body needs no mending.
        let kept = std::str::from_utf8(kept).map_or_else(|_| String::from_utf8_lossy(kept), Cow::Borrowed);
        Self { text: redacted(&kept).into_owned(), bytes: body.len(), is_cut: body.len() > LONGEST }
    }

    /// A body that was not read.
    #[must_use]
    pub fn unread(bytes: usize) -> Self {
        Self { text: String::new(), bytes, is_cut: true }
    }

    /// Whether there was a body, and nothing of it is kept.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        self.text.is_empty() && self.is_cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_long_body_is_kept() {
        let text = Text::of(&vec![b'x'; LONGEST + 1]);
        assert_eq!((text.text.len(), text.bytes, text.is_cut), (LONGEST, LONGEST + 1, true));
        // A secret that the cut goes through is hidden too.
        let mut body = vec![b' '; LONGEST - 20];
        body.extend(b"\"Password\": \"a-long-secret\"");
        assert!(!Text::of(&body).text.contains("secret"));
    }
}
