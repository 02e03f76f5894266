//! A request as a curl command.

use maud::{Markup, html};

use crate::journal::{Entry, HIDDEN};
use crate::vendors::vendor_of_operation;

/// Headers that curl sends itself, or whose value the journal does not have.
const OMITTED_HEADERS: [&str; 8] = [
    "host",
    "content-length",
    "connection",
    "user-agent",
    "accept-encoding",
    "ocp-apim-subscription-key",
    "transfer-encoding",
    // The journal has the decompressed body.
    "content-encoding",
];

/// The command, and a button that copies it.
pub(super) fn section(entry: &Entry) -> Markup {
    let command = command(entry);
    let is_incomplete = command.contains(HIDDEN) || entry.request_body.is_truncated;
    html! {
        section aria-labelledby="curl" {
            h2 #curl { "Send it again from a shell" }
            p.buttons {
                button type="button" data-copy="curl-text" hidden { "Copy as curl" }
                span.hint {
                    "The journal has no keys. Set " code { (vendor_of_operation(entry.operation).curl.variable) } "."
                    @if is_incomplete { " Replace " (HIDDEN) " and complete the body: the journal has no secrets, and only the beginning of long bodies." }
                }
            }
            details { summary { "The command" } pre #curl-text tabindex="0" { (command) } }
        }
    }
}

fn command(entry: &Entry) -> String {
    let host = header(entry, "host").unwrap_or("127.0.0.1:8080");
    let path = without_key(&entry.path);
    let mut lines = vec![
        format!("curl -i -X {} {}", entry.method, quoted(&format!("http://{host}{path}"))),
        vendor_of_operation(entry.operation).curl.argument.to_owned(),
    ];
    for (name, value) in entry.request_headers.iter() {
        let is_omitted = OMITTED_HEADERS.contains(&name) || (name == "accept" && value == "*/*");
        let value = if name == "content-type" { &in_utf8(value) } else { value };
        if !is_omitted && !value.contains(HIDDEN) {
            lines.push(format!("-H {}", quoted(&format!("{name}: {value}"))));
        }
    }
    if !entry.request_body.text.is_empty() {
        lines.push(format!("--data-raw {}", quoted(&entry.request_body.text)));
    }
    lines.join(" \\\n  ")
}

pub(super) fn header<'a>(entry: &'a Entry, name: &str) -> Option<&'a str> {
    entry.request_headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// A content type without a charset other than UTF-8, because the journal has bodies in UTF-8.
pub(super) fn in_utf8(content_type: &str) -> String {
    let mut parts = content_type.split(';');
    let kept = parts.next().into_iter().chain(parts.filter(|part| {
        let name = part.split('=').next().unwrap_or_default();
        !name.trim().eq_ignore_ascii_case("charset") || part.to_ascii_lowercase().contains("utf-8")
    }));
    kept.collect::<Vec<_>>().join(";")
}

/// A path without the query parameter of the key.
pub(super) fn without_key(path: &str) -> String {
    let Some((path, query)) = path.split_once('?') else { return path.to_owned() };
    let is_kept = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        !name.eq_ignore_ascii_case("subscription-key") && *pair != HIDDEN
    };
    let kept: Vec<&str> = query.split('&').filter(is_kept).collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

/// A text quoted as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_word_of_a_shell() {
        assert_eq!(quoted("it's $HOME `x`"), r"'it'\''s $HOME `x`'");
    }

    #[test]
    fn a_content_type_has_no_charset_other_than_utf_8() {
        for (content_type, expected) in [
            ("application/json", "application/json"),
            ("application/json; charset=utf-8", "application/json; charset=utf-8"),
            ("text/xml;a=b; Charset=\"utf-16\"", "text/xml;a=b"),
        ] {
            assert_eq!(in_utf8(content_type), expected);
        }
    }

    #[test]
    fn the_key_is_not_in_the_path() {
        assert_eq!(without_key("/v1/customers/3?subscription-key=•••&x=1"), "/v1/customers/3?x=1");
        assert_eq!(without_key("/v1/customers/3?•••"), "/v1/customers/3");
        assert_eq!(without_key("/v1/customers/3"), "/v1/customers/3");
    }
}
