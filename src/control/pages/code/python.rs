//! A request as a Python script, and as a test for pytest.

use std::fmt::Write as _;

use super::{Credential, Expected, Sample, Secret, identifier, is_unsafe, snake_case};

pub(super) fn script(sample: &Sample) -> String {
    format!("{}{}\nprint(response.status_code, response.text)", imports(sample), call(sample, ""))
}

pub(super) fn test(sample: &Sample) -> String {
    let (name, status, message) = match &sample.expected {
        Some(Expected { name, status, message }) => (snake_case(&identifier(name)), *status, message.as_deref()),
        None => ("request".to_owned(), 200, None),
    };
    let mut code = format!("{}def test_{name}_responds_{status}():\n{}\n", imports(sample), call(sample, "    "));
    let _ = write!(code, "    assert response.status_code == {status}, response.text");
    if let Some(message) = message {
        let _ = write!(code, "\n    assert {} in response.text", literal(message));
    }
    code
}

fn imports(sample: &Sample) -> String {
    let environment = if sample.credential.variable().is_some() { "import os\n\n" } else { "" };
    format!("{environment}import requests\n\n")
}

/// The call, each line but those of the body after `indent`.
fn call(sample: &Sample, indent: &str) -> String {
    let Sample { method, url, headers, credential, body, .. } = sample;
    let mut code = format!(
        "{indent}response = requests.request(\n{indent}    {},\n{indent}    {},\n",
        literal(method),
        literal(url)
    );
    if let Credential::Basic(secret) = credential {
        let _ = writeln!(code, "{indent}    auth=tuple({}.split(\":\", 1)),", secret_value(secret));
    }
    let mut lines: Vec<String> = credential
        .header()
        .map(|(name, before, secret)| {
            let value = secret_value(secret);
            let value = if before.is_empty() { value } else { format!("{} + {value}", literal(before)) };
            format!("{}: {value}", literal(name))
        })
        .into_iter()
        .collect();
    lines.extend(headers.iter().map(|(name, value)| format!("{}: {}", literal(name), literal(value))));
    if !lines.is_empty() {
        let _ = writeln!(code, "{indent}    headers={{");
        for line in lines {
            let _ = writeln!(code, "{indent}        {line},");
        }
        let _ = writeln!(code, "{indent}    }},");
    }
    if let Some(body) = body {
        let _ = writeln!(code, "{indent}    data={}.encode(),", text(body));
    }
    let _ = write!(code, "{indent})");
    code
}

fn secret_value(secret: &Secret) -> String {
    match secret {
        Secret::Known(secret) => literal(secret),
        Secret::Variable(name) => format!("os.environ[{}]", literal(name)),
    }
}

/// A text of several lines in three quotes, else as a literal.
fn text(text: &str) -> String {
    if text.contains('\n') { quoted(text, true) } else { literal(text) }
}

fn literal(text: &str) -> String {
    quoted(text, false)
}

fn quoted(text: &str, has_lines: bool) -> String {
    let quotes = if has_lines { "\"\"\"" } else { "\"" };
    let mut literal = String::from(quotes);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => literal.push_str("\\\\"),
            // Three of them would end the text, and so would one at its end.
            '"' if !has_lines || matches!(characters.peek(), Some('"') | None) => literal.push_str("\\\""),
            '\n' if has_lines => literal.push('\n'),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            character if is_unsafe(character) => {
                let _ = write!(literal, "\\u{:04x}", u32::from(character));
            }
            character => literal.push(character),
        }
    }
    literal.push_str(quotes);
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_escape_what_ends_them() {
        assert_eq!(literal("a\"\\'\n\0\u{202e}"), r#""a\"\\'\n\u0000\u202e""#);
        assert_eq!(text("{\n\"a\": \"\"\n\"\"\"\""), "\"\"\"{\n\"a\": \\\"\"\n\\\"\\\"\\\"\\\"\"\"\"");
    }
}
