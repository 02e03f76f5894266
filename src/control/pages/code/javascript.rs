//! A request as a JavaScript module.

use std::fmt::Write as _;

use super::{Credential, Sample, Secret, is_unsafe};

/// # Errors
/// For a request that `fetch` does not send.
pub(super) fn module(sample: &Sample) -> Result<String, &'static str> {
    let Sample { method, url, headers, credential, body, .. } = sample;
    if body.is_some() && ["GET", "HEAD"].iter().any(|bare| method.eq_ignore_ascii_case(bare)) {
        return Err("fetch sends no body with GET or HEAD.");
    }
    if ["CONNECT", "TRACE", "TRACK"].iter().any(|barred| method.eq_ignore_ascii_case(barred)) {
        return Err("fetch does not send this method.");
    }
    let mut code = format!("const response = await fetch({}, {{\n  method: {},\n", literal(url), literal(method));
    let mut lines = Vec::new();
    match credential {
        Credential::None => {}
        Credential::Basic(secret) => {
            let encoded = format!("Buffer.from({}).toString(\"base64\")", secret_value(secret));
            lines.push(format!("Authorization: \"Basic \" + {encoded}"));
        }
        other => lines.extend(other.header().map(|(name, before, secret)| {
            let value = secret_value(secret);
            let value = if before.is_empty() { value } else { format!("{} + {value}", literal(before)) };
            format!("{}: {value}", literal(name))
        })),
    }
    lines.extend(headers.iter().map(|(name, value)| format!("{}: {}", literal(name), literal(value))));
    if !lines.is_empty() {
        let _ = writeln!(code, "  headers: {{\n    {},\n  }},", lines.join(",\n    "));
    }
    if let Some(body) = body {
        let _ = writeln!(code, "  body: {},", text(body));
    }
    code.push_str("});\nconsole.log(response.status, await response.text());");
    Ok(code)
}

fn secret_value(secret: &Secret) -> String {
    match secret {
        Secret::Known(secret) => literal(secret),
        Secret::Variable(name) => format!("process.env.{name}"),
    }
}

/// A text of several lines as a template, else as a literal.
fn text(text: &str) -> String {
    if text.contains('\n') { quoted(text, '`') } else { literal(text) }
}

fn literal(text: &str) -> String {
    quoted(text, '"')
}

fn quoted(text: &str, quote: char) -> String {
    let mut literal = String::from(quote);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            character if character == quote || character == '\\' => {
                literal.push('\\');
                literal.push(character);
            }
            // In a template it begins an expression.
            '$' if quote == '`' && characters.peek() == Some(&'{') => literal.push_str("\\$"),
            '\n' if quote == '`' => literal.push('\n'),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            character if is_unsafe(character) => {
                let _ = write!(literal, "\\u{{{:x}}}", u32::from(character));
            }
            character => literal.push(character),
        }
    }
    literal.push(quote);
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_escape_what_ends_them() {
        assert_eq!(literal("a\"\\`${b}\n\u{2028}"), r#""a\"\\`${b}\n\u{2028}""#);
        assert_eq!(text("a\n\"\\`${b}$c"), "`a\n\"\\\\\\`\\${b}$c`");
    }

    #[test]
    fn what_fetch_does_not_send_is_an_error() {
        let sample = |method: &str, body: Option<&str>| Sample {
            method: method.to_owned(),
            body: body.map(str::to_owned),
            ..Sample::default()
        };
        assert!(module(&sample("GET", Some("{}"))).is_err() && module(&sample("trace", None)).is_err());
        assert!(module(&sample("GET", None)).is_ok());
    }
}
