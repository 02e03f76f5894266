//! A request as a C# program, and as an xUnit test.

use std::fmt::Write as _;

use super::{Credential, Expected, Sample, Secret, identifier, is_unsafe};

/// The headers that .NET keeps with the content of a request, apart from those that begin with `content-`.
const OF_CONTENT: [&str; 3] = ["allow", "expires", "last-modified"];

pub(super) fn program(sample: &Sample) -> String {
    let mut code = String::from("using System.Text;\n\n");
    for line in statements(sample) {
        let _ = writeln!(code, "{line}");
    }
    code.push_str("Console.WriteLine($\"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}\");");
    code
}

pub(super) fn test(sample: &Sample) -> String {
    let (name, status, message) = match &sample.expected {
        Some(Expected { name, status, message }) => (identifier(name), *status, message.as_deref()),
        None => ("Request".to_owned(), 200, None),
    };
    let mut code = format!(
        "using System.Text;\nusing Xunit;\n\npublic class {name}Tests\n{{\n    [Fact]\n    public async Task Responds{status}()\n    {{\n"
    );
    for line in statements(sample) {
        // A raw text keeps its own lines: what precedes its last quotes is taken off each.
        for line in line.lines() {
            let _ = if line.is_empty() { writeln!(code) } else { writeln!(code, "        {line}") };
        }
    }
    code.push_str("        var text = await response.Content.ReadAsStringAsync();\n");
    let _ = writeln!(code, "        Assert.True((int)response.StatusCode == {status}, text);");
    if let Some(message) = message {
        let _ = writeln!(code, "        Assert.Contains({}, text);", literal(message));
    }
    code.push_str("    }\n}");
    code
}

/// The statements that send the request, up to its response.
fn statements(sample: &Sample) -> Vec<String> {
    let Sample { method, url, headers, credential, body, .. } = sample;
    let mut lines = vec![
        "using var client = new HttpClient();".to_owned(),
        format!("using var request = new HttpRequestMessage(new HttpMethod({}), {});", literal(method), literal(url)),
    ];
    let add = |to: &str, name: &str, value: &str| {
        format!("request.{to}.TryAddWithoutValidation({}, {value});", literal(name))
    };
    match credential {
        Credential::None => {}
        Credential::Basic(secret) => {
            let encoded = format!("Convert.ToBase64String(Encoding.UTF8.GetBytes({}))", secret_value(secret));
            lines.push(add("Headers", "Authorization", &format!("\"Basic \" + {encoded}")));
        }
        other => lines.extend(other.header().map(|(name, before, secret)| {
            let value = secret_value(secret);
            let value = if before.is_empty() { value } else { format!("{} + {value}", literal(before)) };
            add("Headers", name, &value)
        })),
    }
    let is_of_content = |name: &str| name.starts_with("content-") || OF_CONTENT.contains(&name);
    let (of_content, others): (Vec<_>, Vec<_>) = headers.iter().partition(|(name, _)| is_of_content(name));
    lines.extend(others.iter().map(|(name, value)| add("Headers", name, &literal(value))));
    if body.is_some() || !of_content.is_empty() {
        let text = text(body.as_deref().unwrap_or_default());
        lines.push(format!("request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes({text}));"));
        lines.extend(of_content.iter().map(|(name, value)| add("Content.Headers", name, &literal(value))));
    }
    lines.push("using var response = await client.SendAsync(request);".to_owned());
    lines
}

fn secret_value(secret: &Secret) -> String {
    match secret {
        Secret::Known(secret) => literal(secret),
        Secret::Variable(name) => format!("Environment.GetEnvironmentVariable({})", literal(name)),
    }
}

/// A text of several lines as a raw one if that has no escapes to make, which is C# 11; else with escapes.
fn text(text: &str) -> String {
    let is_raw = text.contains('\n')
        && !text.contains("\"\"\"")
        && text.chars().all(|character| character == '\n' || !is_unsafe(character));
    if is_raw { format!("\"\"\"\n{text}\n\"\"\"") } else { literal(text) }
}

fn literal(text: &str) -> String {
    let mut literal = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            character if is_unsafe(character) => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(literal, "\\u{unit:04x}");
                }
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
    fn a_literal_escapes_what_ends_it() {
        assert_eq!(literal("a\"b\\c$d{e}\n\r\t\0\u{202e}é😀"), r#""a\"b\\c$d{e}\n\r\t\u0000\u202eé😀""#);
        assert_eq!(text("{\n  \"a\": 1\n}"), "\"\"\"\n{\n  \"a\": 1\n}\n\"\"\"");
        for odd in ["one line", "a\n\"\"\"\n", "a\r\nb", "a\n\u{2028}"] {
            assert_eq!(text(odd), literal(odd), "{odd:?}");
        }
    }

    #[test]
    fn a_raw_text_in_a_test_has_one_indentation() {
        let sample = Sample {
            method: "PUT".to_owned(),
            url: "http://localhost/v1".to_owned(),
            body: Some("{\n  \"a\": 1\n}".to_owned()),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            expected: Some(Expected { name: "UpgradeCustomer".to_owned(), status: 201, message: None }),
            ..Sample::default()
        };
        let code = test(&sample);
        let raw: Vec<&str> = code.lines().skip_while(|line| !line.contains("\"\"\"")).skip(1).take(4).collect();
        assert_eq!(raw, ["        {", "          \"a\": 1", "        }", "        \"\"\"));"]);
        assert!(code.contains("public class UpgradeCustomerTests") && code.contains("Responds201()"), "{code}");
        assert!(
            code.contains("request.Content.Headers.TryAddWithoutValidation(\"content-type\", \"application/json\")")
        );
    }
}
