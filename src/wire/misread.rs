//! Messages of serde without the value that they quote: it can be a credential, a password or a tax id, and a message can get
//! into a log.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

/// serde's names of the types of values.
const KINDS: [&str; 18] = [
    "boolean",
    "integer",
    "floating point",
    "character",
    "string",
    "byte array",
    "unit value",
    "Option value",
    "newtype struct",
    "sequence",
    "map",
    "enum",
    "unit variant",
    "newtype variant",
    "tuple variant",
    "struct variant",
    "null",
    "a text",
];

/// Names of unknown members stay.
#[must_use]
pub fn without_value(message: &str) -> String {
    const TYPE: &str = "invalid type: ";
    const VALUE: &str = "invalid value: ";
    const VARIANT: &str = "unknown variant `";
    // Only the first counts: another one would be part of the value.
    let found = [TYPE, VALUE, VARIANT].into_iter().filter_map(|begin| Some((message.find(begin)?, begin))).min();
    let Some((start, begin)) = found else { return message.to_owned() };
    let (head, rest) = (&message[..start], &message[start + begin.len()..]);
    if begin == VARIANT {
        // The last one counts: the value may contain these words itself.
        return match rest.rsplit_once("`, expected ") {
            Some((_, expected)) => format!("{head}unknown variant, expected {expected}"),
            None => format!("{head}unknown variant"),
        };
    }
    let Some((unexpected, expected)) = rest.rsplit_once(", expected ") else {
        return format!("{head}{}", begin.trim_end_matches(": "));
    };
    let kind = unexpected.split(['`', '"']).next().unwrap_or_default().trim_end();
    let kind = if KINDS.contains(&kind) { kind } else { "something else" };
    let (expected, position) = expected.split_at(expected.find(" at line ").unwrap_or(expected.len()));
    format!("{head}{begin}{kind}, expected {}{position}", without_rust(expected))
}

/// The expected type in words without Rust.
fn without_rust(expected: &str) -> Cow<'_, str> {
    let is_integer = |word: &str| {
        let digits = word.strip_prefix("nonzero ").unwrap_or(word).strip_prefix(['i', 'u']);
        digits.is_some_and(|digits| digits.parse::<u8>().is_ok())
    };
    match expected {
        word if is_integer(word) => Cow::Borrowed("an integer"),
        "f32" | "f64" => Cow::Borrowed("a number"),
        "a boolean" => Cow::Borrowed("true or false"),
        "a map" => Cow::Borrowed("an object"),
        "a sequence" => Cow::Borrowed("a list"),
        word if word.starts_with("struct ") => Cow::Borrowed("an object"),
        word if word.starts_with("enum ") => Cow::Borrowed("one of the known words"),
        other => Cow::Borrowed(other),
    }
}

/// # Errors
/// The member that cannot be read, why not, and its line and column; no value.
pub fn read_json<T: DeserializeOwned>(text: &str) -> Result<T, Misread> {
    serde_json::from_str(text).map_err(|error| {
        let is_syntax = error.is_syntax() || error.is_eof();
        // Parsed a second time, which is slower, to find the path.
        let mut again = serde_json::Deserializer::from_str(text);
        let path = match serde_path_to_error::deserialize::<_, T>(&mut again) {
            Err(error) if !is_syntax => error.path().to_string(),
            _ => String::new(),
        };
        let message = without_value(&error.to_string());
        let message = if path.is_empty() || path == "." { message } else { format!("{path}: {message}") };
        Misread { message, is_syntax }
    })
}

#[derive(Debug)]
pub struct Misread {
    pub message: String,
    /// Whether the text is not JSON at all.
    pub is_syntax: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_keeps_all_but_the_value() {
        for (message, expected) in [
            (
                "invalid type: integer `98765`, expected a string at line 1 column 5",
                "invalid type: integer, expected a string at line 1 column 5",
            ),
            (
                r#"invalid type: string "x, expected `S`", expected u32 at line 1 column 5"#,
                "invalid type: string, expected an integer at line 1 column 5",
            ),
            ("invalid value: floating point `1.5`, expected f64", "invalid value: floating point, expected a number"),
            ("invalid type: map, expected struct SeedKey", "invalid type: map, expected an object"),
            ("invalid value: SECRET, expected a word", "invalid value: something else, expected a word"),
            ("invalid type: string \"SECRET", "invalid type"),
            (
                "rule: unknown variant `S`, expected `x`, expected one of `a`, `b`",
                "rule: unknown variant, expected one of `a`, `b`",
            ),
            ("unknown variant `S`, there are no variants", "unknown variant"),
            ("unknown field `colour`, expected `a` or `b`", "unknown field `colour`, expected `a` or `b`"),
            ("missing field `key`", "missing field `key`"),
        ] {
            assert_eq!(without_value(message), expected);
        }
    }

    #[test]
    fn the_member_is_named() {
        let error = read_json::<std::collections::BTreeMap<String, Vec<String>>>("{\n\"a\": [\"x\", 98765]}");
        let error = error.expect_err("a number");
        assert_eq!(error.message, "a[1]: invalid type: integer, expected a string at line 2 column 16");
        assert!(!error.is_syntax);
        let error = read_json::<Vec<String>>("[1,").expect_err("no JSON");
        assert!(!error.is_syntax && error.message.starts_with("[0]: invalid type: integer, expected a string"));
        assert!(read_json::<Vec<i32>>("[1,").is_err_and(|error| error.is_syntax));
    }
}
