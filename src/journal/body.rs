//! Bodies as the journal keeps them: as text, without secrets, and of a long one only the beginning.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;

use super::redact::{redacted, redacted_response};

/// In bytes.
const MAX_LENGTH: usize = 16 * 1024;

/// A body. Secrets are hidden.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Text {
    /// The first 16 KiB.
    pub text: String,
    /// The length of the whole body in bytes; 0 if it is not known.
    pub bytes: usize,
    /// Whether `text` is not the whole body.
    pub is_truncated: bool,
}

impl Text {
    #[must_use]
    pub fn request(body: &[u8]) -> Self {
        Self::new(body, redacted)
    }

    #[must_use]
    pub fn response(body: &[u8]) -> Self {
        Self::new(body, redacted_response)
    }

    fn new(body: &[u8], redacted: fn(&str) -> Cow<'_, str>) -> Self {
        let kept = &body[..body.len().min(MAX_LENGTH)];
        // Checked first, because almost every body is UTF-8.
        let kept = std::str::from_utf8(kept).map_or_else(|_| String::from_utf8_lossy(kept), Cow::Borrowed);
        Self { text: redacted(&kept).into_owned(), bytes: body.len(), is_truncated: body.len() > MAX_LENGTH }
    }

    #[must_use]
    pub fn unread(bytes: usize) -> Self {
        Self { text: String::new(), bytes, is_truncated: true }
    }

    /// Whether the request had a body that the server did not read.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        self.text.is_empty() && self.is_truncated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_long_body_is_kept() {
        let text = Text::request(&vec![b'x'; MAX_LENGTH + 1]);
        assert_eq!((text.text.len(), text.bytes, text.is_truncated), (MAX_LENGTH, MAX_LENGTH + 1, true));
        // A secret at the end of the kept part is hidden too.
        let mut body = vec![b' '; MAX_LENGTH - 20];
        body.extend(b"\"Password\": \"a-long-secret\"");
        assert!(!Text::request(&body).text.contains("secret"));
    }
}
