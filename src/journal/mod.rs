//! The journal: the last requests of each tenant, with their changes and the reasons of a rejection. It is bounded. While one server
//! runs on a database, it is in the memory of this process: it keeps requests as they came, and hides their secrets when somebody looks.
//! Where several do, it is in the database, and the secrets are hidden before they are written. It knows no operation and no vendor.

mod bounds;
mod database_clock;
mod entry;
mod filter;
mod memory;
mod numbering;
mod polling;
mod queue;
mod raw;
mod reading;
mod recorder;
mod redact;
mod requests;
mod rings;
mod row;
mod row_bytes;
mod rows;
mod secret_names;
mod sent_values;
mod shared;
mod show;
mod table;
mod trimming;
mod writer;

use std::borrow::Cow;

pub use crate::secret::HIDDEN;
pub use entry::{Entry, EventNote, FaultNote, Headers, HookNote, Reason, Suggestions, Text};
pub use filter::{Filter, StatusFilter};
pub use raw::{RawEntry, RawMessages};
pub use recorder::{Effects, RecordedTransaction, Recorder};
pub use requests::{Journal, JournalError, JournalRun, Listener};
pub use rings::{JournalOptions, JournalPlace};
pub use row_bytes::{ColumnNames, ColumnType, RowBytes, WrittenRow, WrittenValue};
pub use rows::{Cell, Change, FieldChange};
pub use secret_names::is_secret_column;
pub(crate) use secret_names::is_secret_name;
pub use sent_values::SentValues;
pub use show::Detail;

/// The length of a key, of which the last four characters stay visible. Anything else under the name of a key is hidden as a whole: it
/// may be a password.
const KEY_LENGTH: usize = 32;

/// A header's value, hidden if it is one of `secret_headers` or has the name of a secret. The last four characters of a text as long as
/// a key stay visible. `name` is in lower case.
#[must_use]
pub fn redacted_header<'a>(name: &str, value: &'a [u8], secret_headers: &[&str]) -> Cow<'a, str> {
    let text = std::str::from_utf8(value).map_or_else(|_| String::from_utf8_lossy(value), Cow::Borrowed);
    if !is_secret_header(name, secret_headers) {
        // It may repeat a part of the request, or contain a URL with a key.
        let may_repeat = name.ends_with("-message") || memchr::memchr(b'=', value).is_some();
        return if may_repeat { Cow::Owned(redacted_text(&text)) } else { text };
    }
    match text.char_indices().nth_back(3) {
        Some((at, _)) if name.ends_with("-key") && text.len() == KEY_LENGTH => {
            Cow::Owned(format!("{HIDDEN}{}", &text[at..]))
        }
        _ => Cow::Borrowed(HIDDEN),
    }
}

/// Whether a header carries a credential or a session: it is one of `secret_headers`, or has the name of a secret. `name` is in lower case.
#[must_use]
pub fn is_secret_header(name: &str, secret_headers: &[&str]) -> bool {
    secret_names::is_secret_header(name) || secret_headers.iter().any(|secret| secret.eq_ignore_ascii_case(name))
}

#[must_use]
pub fn redacted_text(text: &str) -> String {
    redact::redacted(text).into_owned()
}

/// Hides the secrets in JSON that stays JSON: in place of a number, too, there is a text then.
pub fn redact_json(value: &mut serde_json::Value) {
    redact::redact_json(value);
}

/// A path and query without secrets, given the pattern of the path.
#[must_use]
pub fn redacted_path(path_and_query: &str, route: &str) -> String {
    redact::redacted_path(path_and_query, route)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headers_that_carry_a_vendors_credentials_are_hidden() {
        let value = b"0123456789abcdef0123456789abcdef";
        assert_eq!(redacted_header("x-acme", value, &[]), "0123456789abcdef0123456789abcdef");
        assert_eq!(redacted_header("x-acme", value, &["x-acme"]), HIDDEN);
        assert_eq!(redacted_header("x-acme-key", value, &["x-acme-key"]), format!("{HIDDEN}cdef"));
        for value in [&value[1..], b"a-password-of-somebody", b"0123456789abcdef0123456789abcdef0"] {
            assert_eq!(redacted_header("x-acme-key", value, &["x-acme-key"]), HIDDEN);
        }
        for name in crate::vendors::secret_headers() {
            let shown = redacted_header(name, value, &crate::vendors::secret_headers());
            assert!(shown.starts_with(HIDDEN), "{name}: {shown}");
        }
    }
}
