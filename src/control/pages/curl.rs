//! A request as a curl command.

use std::fmt::Write as _;

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

/// The command, and a button that copies it. `server` is the address of the vendor APIs, as scheme, host and port. The request's own Host is
/// not used: the client chose it, and the command sends the key there.
pub(super) fn section(entry: &Entry, server: &str) -> Markup {
    let Some(command) = command(entry, server) else { return html! {} };
    let is_incomplete = command.contains(HIDDEN) || entry.request_body.is_truncated;
    html! {
        section aria-labelledby="curl" {
            h2 #curl { "Send it again from a shell" }
            p.buttons {
                button type="button" data-copy="curl-text" hidden { "Copy as curl" }
                span.hint {
                    "For bash or zsh. The journal has no keys. Set " code { (vendor_of_operation(&entry.operation).curl.variable) } "."
                    @if is_incomplete { " Replace " (HIDDEN) " and complete the body: the journal has no secrets, and only the beginning of long bodies." }
                }
            }
            details { summary { "The command" } pre #curl-text tabindex="0" { (command) } }
        }
    }
}

/// `None` for a request whose target is not a path.
fn command(entry: &Entry, server: &str) -> Option<String> {
    let path = without_key(&entry.path);
    if !path.starts_with('/') {
        return None;
    }
    // Curl shortens `/../`, and reads braces and brackets as a list of URLs, unless an option prevents that.
    let mut lines = vec![
        format!("curl -i -g --path-as-is -X {} {}", word(&entry.method), quoted(&format!("{server}{path}"))),
        vendor_of_operation(&entry.operation).curl.argument.to_owned(),
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
    Some(lines.join(" \\\n  "))
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

/// A word of a shell, quoted unless it is only letters.
fn word(text: &str) -> String {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_plain { text.to_owned() } else { quoted(text) }
}

/// A text quoted as one word of bash or zsh. Control characters are escaped: a terminal would act upon them when they are pasted.
fn quoted(text: &str) -> String {
    let is_unsafe = |character: char| character.is_control() || is_direction(character);
    if !text.chars().any(is_unsafe) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let mut word = String::from("$'");
    for character in text.chars() {
        match character {
            '\n' => word.push_str("\\n"),
            '\t' => word.push_str("\\t"),
            '\\' => word.push_str("\\\\"),
            // An exclamation mark is history, and within these quotes a shell may not see where they end.
            '\'' | '!' => {
                let _ = write!(word, "\\x{:02x}", u32::from(character));
            }
            character if is_unsafe(character) => {
                for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(word, "\\x{byte:02x}");
                }
            }
            character => word.push(character),
        }
    }
    word.push('\'');
    word
}

/// Whether a character changes the order in which a text is shown, or its lines.
fn is_direction(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_word_of_a_shell() {
        assert_eq!(quoted("it's $HOME `x`"), r"'it'\''s $HOME `x`'");
        assert_eq!((word("PATCH").as_str(), word("X&y").as_str(), word("").as_str()), ("PATCH", "'X&y'", "''"));
        assert_eq!(quoted("a\n'!\\\u{1b}[201~\u{202e}"), r"$'a\n\x27\x21\\\x1b[201~\xe2\x80\xae'");
    }

    #[test]
    fn a_shell_reads_the_same_text() {
        let hostile = [
            "X&touch$IFS.pwned&",
            "'; touch pwned; '",
            "$(touch pwned)`touch pwned`",
            "!!",
            "it's\n!x \\ \t\u{7f}",
            "\u{1b}[201~\ntouch pwned\n",
            "\\' \u{9b}\u{202e}\u{e9}\u{1f600} \\x41 \\n",
            "*?[a]{b,c}~ #\"|<>",
            "-",
            "",
        ];
        for text in hostile {
            for shell in ["bash", "zsh"] {
                let command = format!("printf '%s' {}", quoted(text));
                let Ok(output) = std::process::Command::new(shell).args(["-c", &command]).output() else { continue };
                assert_eq!(String::from_utf8_lossy(&output.stdout), text, "{shell}: {command}");
            }
        }
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
