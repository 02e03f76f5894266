//! The journal: the last calls of each tenant, with why they were rejected and what they changed. Kept in this process'
//! memory, bounded, and without secrets. Knows no HTTP.

mod body;
mod entry;
mod record;
mod redact;
mod ring;
mod row_texts;
mod rows;

use std::borrow::Cow;

pub use body::Text;
pub use entry::{Entry, FaultNote, Filter, Headers, Reason, StatusFilter};
pub use record::{EventNote, HookNote, Noted, Recorder};
pub use ring::{Journal, JournalOptions, Listening};
pub use row_texts::RowTexts;
pub use rows::{Cell, Change, FieldChange, HIDDEN, SECRET_COLUMNS};

/// A header's value, hidden where it is a secret; of a key its last four characters are shown.
#[must_use]
pub fn shown_header<'a>(name: &str, value: &'a [u8]) -> Cow<'a, str> {
    let text = std::str::from_utf8(value).map_or_else(|_| String::from_utf8_lossy(value), Cow::Borrowed);
    if !redact::is_secret_header(name) {
        // It may repeat what an extension said, or an address with a key in it.
        let may_repeat = name == "x-directscale-message" || memchr::memchr(b'=', value).is_some();
        return if may_repeat { Cow::Owned(shown_text(&text)) } else { text };
    }
    match text.char_indices().nth_back(3) {
        Some((at, _)) if name == "ocp-apim-subscription-key" && text.len() > 16 => {
            Cow::Owned(format!("{HIDDEN}{}", &text[at..]))
        }
        _ => Cow::Borrowed(HIDDEN),
    }
}

#[must_use]
pub fn shown_text(text: &str) -> String {
    redact::redacted(text).into_owned()
}

/// A path and query without secrets, given the pattern of the path.
#[must_use]
pub fn shown_path(path_and_query: &str, route: &str) -> String {
    redact::redacted_path(path_and_query, route)
}
