//! XML without secrets.

use super::HIDDEN;
use super::mask::masked;
use super::secret_names::is_secret_name;

/// Hides the content of each element that has the name of a secret.
pub(super) fn masked_xml(text: &str) -> String {
    let mut rest = text;
    let mut hidden = String::new();
    while let Some((name, begin)) = find_element(rest) {
        let (before, after) = rest.split_at(begin);
        hidden.push_str(&masked(before));
        let length = content_length(after, name);
        if length > 0 {
            hidden.push_str(HIDDEN);
        }
        rest = &after[length..];
    }
    hidden.push_str(&masked(rest));
    hidden
}

/// The first element with content and the name of a secret: its name, and where its content begins.
fn find_element(text: &str) -> Option<(&str, usize)> {
    let mut from = 0;
    loop {
        let start = from + text[from..].find('<')? + 1;
        let tag = &text[start..];
        let name =
            &tag[..tag.find(|end: char| end.is_whitespace() || matches!(end, '>' | '/' | '<')).unwrap_or(tag.len())];
        from = start + name.len();
        if name.is_empty() || !is_secret_name(name) {
            continue;
        }
        let mut quote = None;
        let end = tag.bytes().position(|byte| {
            match (quote, byte) {
                (None, b'"' | b'\'') => quote = Some(byte),
                (Some(open), _) if open == byte => quote = None,
                _ => {}
            }
            byte == b'>' && quote.is_none()
        });
        // A tag without an end hides everything after its name.
        let Some(end) = end else { return Some((name, from)) };
        from = start + end + 1;
        if !tag[..end].ends_with('/') {
            return Some((name, from));
        }
    }
}

/// The length of the element's content in bytes. With comments or CDATA it extends to the last end tag, because an end tag in
/// these does not count.
fn content_length(text: &str, name: &str) -> usize {
    let ends = text.match_indices("</").map(|(end, _)| end);
    let mut ends = ends.filter(|end| text[end + 2..].starts_with(name));
    match ends.next() {
        Some(first) if text[..first].contains("<!") || text[..first].contains("<?") => ends.last().unwrap_or(first),
        first => first.unwrap_or(text.len()),
    }
}
