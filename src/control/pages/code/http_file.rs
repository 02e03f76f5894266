//! A request as a file for the HTTP clients of editors.

use std::fmt::Write as _;

use super::{Credential, Sample, Secret, is_unsafe};

/// The beginnings of lines that these clients read as something else than a line of the body.
const NOT_BODY: [&str; 6] = ["###", "< ", "<@", "> ", ">>", "//"];

/// # Errors
/// For a request that the format cannot hold, because it has no escapes.
pub(super) fn file(sample: &Sample) -> Result<String, &'static str> {
    let Sample { method, url, headers, credential, body, .. } = sample;
    let is_one_line = |text: &str| !text.chars().any(is_unsafe) && !text.contains("{{");
    let is_plain = !method.is_empty()
        && method.bytes().all(|byte| byte.is_ascii_alphabetic())
        && is_one_line(url)
        && !url.contains(' ')
        && headers.iter().all(|(name, value)| is_one_line(name) && is_one_line(value));
    if !is_plain {
        return Err("This request has characters that a .http file cannot hold.");
    }
    let mut text = String::new();
    if let Some(name) = credential.variable() {
        let _ = writeln!(text, "@{name} = {{{{$processEnv {name}}}}}\n");
    }
    let _ = writeln!(text, "{method} {url}");
    match credential {
        Credential::None => {}
        Credential::Basic(secret) => {
            // The clients encode `user:password` themselves if a blank is between the two.
            let value = match secret {
                Secret::Known(secret) => secret.replacen(':', " ", 1),
                Secret::Variable(name) => format!("{{{{{name}}}}}"),
            };
            let _ = writeln!(text, "Authorization: Basic {value}");
        }
        other => {
            if let Some((name, before, secret)) = other.header() {
                let value = match secret {
                    Secret::Known(secret) => secret.clone(),
                    Secret::Variable(name) => format!("{{{{{name}}}}}"),
                };
                let _ = writeln!(text, "{name}: {before}{value}");
            }
        }
    }
    for (name, value) in headers {
        let _ = writeln!(text, "{name}: {value}");
    }
    if let Some(body) = body {
        let is_read_otherwise = |line: &str| NOT_BODY.iter().any(|start| line.starts_with(start));
        let is_whole = |character: char| character == '\n' || !is_unsafe(character);
        if !body.chars().all(is_whole) || body.lines().any(is_read_otherwise) || body.contains("{{") {
            return Err("This body has characters that a .http file cannot hold.");
        }
        let _ = write!(text, "\n{body}");
    }
    Ok(text.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(body: &str) -> Sample {
        Sample {
            method: "PUT".to_owned(),
            url: "http://localhost/v1/customers/3".to_owned(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            credential: Credential::Header { name: "X-Key", value: Secret::Variable("EMULATOR_KEY") },
            body: Some(body.to_owned()),
            expected: None,
        }
    }

    #[test]
    fn a_request_is_a_file() {
        let expected = "@EMULATOR_KEY = {{$processEnv EMULATOR_KEY}}\n\nPUT http://localhost/v1/customers/3\nX-Key: {{EMULATOR_KEY}}\n\
                        content-type: application/json\n\n{\n  \"a\": 1\n}";
        assert_eq!(file(&sample("{\n  \"a\": 1\n}")).as_deref(), Ok(expected));
    }

    #[test]
    fn what_the_format_cannot_hold_is_an_error() {
        for body in ["a\n### b", "< ./file", "{{x}}", "a\u{1b}b", "a\r\nb"] {
            assert!(file(&sample(body)).is_err(), "{body:?}");
        }
        assert!(file(&Sample { url: "http://localhost/{{x}}".to_owned(), ..sample("") }).is_err());
        assert!(file(&Sample { method: "X&Y".to_owned(), ..sample("") }).is_err());
    }
}
