//! A request as a curl command for bash or zsh.

use std::fmt::Write as _;

use super::{Credential, Sample, Secret, is_unsafe};

/// The command. Curl shortens `/../`, and reads braces and brackets as a list of URLs, unless an option prevents that.
pub(super) fn curl(sample: &Sample) -> String {
    let Sample { method, url, headers, credential, body, .. } = sample;
    let mut lines = vec![format!("curl -i -g --path-as-is -X {} {}", word(method), quoted(url))];
    match credential {
        Credential::None => {}
        Credential::Basic(secret) => lines.push(format!("-u {}", argument("", secret))),
        other => lines.extend(
            other
                .header()
                .map(|(name, before, secret)| format!("-H {}", argument(&format!("{name}: {before}"), secret))),
        ),
    }
    lines.extend(headers.iter().map(|(name, value)| format!("-H {}", quoted(&format!("{name}: {value}")))));
    lines.extend(body.iter().map(|body| format!("--data-raw {}", quoted(body))));
    lines.join(" \\\n  ")
}

/// A word that ends with a secret.
fn argument(before: &str, secret: &Secret) -> String {
    match secret {
        Secret::Known(secret) => quoted(&format!("{before}{secret}")),
        Secret::Variable(name) => format!("\"{before}${name}\""),
    }
}

/// A word of a shell, quoted unless it is only letters.
fn word(text: &str) -> String {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_plain { text.to_owned() } else { quoted(text) }
}

/// A text quoted as one word of bash or zsh. Control characters other than line feeds are escaped: a terminal would act upon them when
/// they are pasted. In interactive bash `!` is history outside of single quotes, so a text with both is escaped as a whole.
fn quoted(text: &str) -> String {
    let is_plain = |character: char| character == '\n' || !is_unsafe(character);
    if text.chars().all(is_plain) && !(text.contains('\n') && text.contains(['!', '\''])) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_word_of_a_shell() {
        assert_eq!(quoted("it's $HOME `x`"), r"'it'\''s $HOME `x`'");
        assert_eq!((word("PATCH").as_str(), word("X&y").as_str(), word("").as_str()), ("PATCH", "'X&y'", "''"));
        assert_eq!(quoted("a\n'!\\\u{1b}[201~\u{202e}"), r"$'a\n\x27\x21\\\x1b[201~\xe2\x80\xae'");
        assert_eq!(quoted("{\n  \"a\": \"$b\"\n}"), "'{\n  \"a\": \"$b\"\n}'");
    }

    #[test]
    fn a_shell_reads_the_same_text() {
        // No argument of a program contains a zero byte.
        for text in crate::control::pages::code::tests::ODD.into_iter().filter(|text| !text.contains('\0')) {
            for shell in ["bash", "zsh"] {
                let command = format!("printf '%s' {}", quoted(text));
                let Ok(output) = std::process::Command::new(shell).args(["-c", &command]).output() else { continue };
                assert_eq!(String::from_utf8_lossy(&output.stdout), text, "{shell}: {command}");
            }
        }
    }
}
