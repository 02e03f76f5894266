//! Hides the values that follow the names of secrets.

use std::borrow::Cow;

use memchr::memchr3_iter;

use super::HIDDEN;
use super::secret_names::ends_with_secret_name;

pub(super) fn masked(text: &str) -> Cow<'_, str> {
    masked_by(text, ends_with_secret_name)
}

/// `ends_with_name` says whether a text ends with the name of a secret.
pub(super) fn masked_by(text: &str, ends_with_name: fn(&[u8]) -> bool) -> Cow<'_, str> {
    let mut rest = text;
    let mut hidden = String::new();
    while let Some(begin) = find_value(rest, ends_with_name) {
        let (before, after) = rest.split_at(begin);
        let length = value_length(after);
        let value = &after[..length];
        hidden.push_str(before);
        match value {
            "null" | "\"\"" | "" => hidden.push_str(value),
            text if text.starts_with('"') => hidden.extend(["\"", HIDDEN, "\""]),
            _ => hidden.push_str(HIDDEN),
        }
        rest = &after[length..];
    }
    if hidden.is_empty() {
        return Cow::Borrowed(text);
    }
    hidden.push_str(rest);
    Cow::Owned(hidden)
}

/// The length of the value at the beginning of a text, in bytes.
fn value_length(text: &str) -> usize {
    match text.as_bytes().first() {
        Some(b'"') => {
            let mut is_escaped = false;
            let end = text.bytes().skip(1).position(|byte| {
                let ends = byte == b'"' && !is_escaped;
                is_escaped = byte == b'\\' && !is_escaped;
                ends
            });
            end.map_or(text.len(), |end| end + 2)
        }
        // Nested, or with other quotes.
        Some(b'{' | b'[' | b'\'' | b'\\') => text.len(),
        _ => text.find([',', '}', ']', '&', '<', '"', '\n']).unwrap_or(text.len()),
    }
}

/// Where the first value of a secret begins: after its name and the separator (`"Password": `, `password=`, `<Password>`).
fn find_value(text: &str, ends_with_name: fn(&[u8]) -> bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let separator = memchr3_iter(b':', b'=', b'>', bytes).find(|separator| ends_with_name(&bytes[..*separator]))?;
    let after = &bytes[separator + 1..];
    Some(text.len() - after.trim_ascii_start().len())
}
