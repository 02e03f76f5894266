//! A request as a PHP script that needs no extension.

use std::fmt::Write as _;

use super::{Credential, Sample, Secret, is_unsafe};

pub(super) fn script(sample: &Sample) -> String {
    let Sample { method, url, headers, credential, body, .. } = sample;
    let mut lines: Vec<String> = match credential {
        Credential::None => Vec::new(),
        Credential::Basic(secret) => {
            vec![format!("'Authorization: Basic ' . base64_encode({})", secret_value(secret))]
        }
        other => other
            .header()
            .map(|(name, before, secret)| {
                format!("{} . {}", literal(&format!("{name}: {before}")), secret_value(secret))
            })
            .into_iter()
            .collect(),
    };
    lines.extend(headers.iter().map(|(name, value)| literal(&format!("{name}: {value}"))));
    let mut code =
        format!("<?php\n$context = stream_context_create(['http' => [\n    'method' => {},\n", literal(method));
    if !lines.is_empty() {
        let _ = writeln!(code, "    'header' => [\n        {},\n    ],", lines.join(",\n        "));
    }
    if let Some(body) = body {
        let _ = writeln!(code, "    'content' => {},", literal(body));
    }
    let _ = write!(
        code,
        "    'ignore_errors' => true,\n]]);\n$body = file_get_contents({}, false, $context);\necho $http_response_header[0], \"\\n\", $body, \"\\n\";",
        literal(url)
    );
    code
}

fn secret_value(secret: &Secret) -> String {
    match secret {
        Secret::Known(secret) => literal(secret),
        Secret::Variable(name) => format!("getenv({})", literal(name)),
    }
}

/// A text in single quotes, in which it may have several lines; with escapes where it has unsafe characters.
fn literal(text: &str) -> String {
    if text.chars().all(|character| character == '\n' || !is_unsafe(character)) {
        return format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
    }
    let mut literal = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' | '$' => {
                literal.push('\\');
                literal.push(character);
            }
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            character if is_unsafe(character) => {
                let _ = write!(literal, "\\u{{{:x}}}", u32::from(character));
            }
            character => literal.push(character),
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_escape_what_ends_them() {
        assert_eq!(literal("it's $a\n\\\""), "'it\\'s $a\n\\\\\"'");
        assert_eq!(literal("it's $a\r\\\"{$b}\u{202e}"), "\"it's \\$a\\r\\\\\\\"{\\$b}\\u{202e}\"");
    }
}
