//! JSON bodies: parsed as strict JSON first, and if that fails as the vendor's parser accepts them.

use std::borrow::Cow;
use std::sync::OnceLock;

use serde_json_borrow::{Number, Value};
use thiserror::Error as ThisError;

use super::relaxed::{Leniency, rewritten};

/// The client gets these messages.
#[derive(Debug, ThisError)]
pub enum JsonError {
    /// No body, or only white space.
    #[error("The request body is empty.")]
    Empty,
    /// Not UTF-8, and Content-Type names no other encoding.
    #[error(
        "The request body is not valid UTF-8. A body in another encoding names it in Content-Type, such as \
         'application/json; charset=utf-16' or 'charset=windows-1252'."
    )]
    Encoding,
    #[error("The request body is not valid JSON: {0}.")]
    Syntax(#[source] serde_json::Error),
    #[error("The request body must be a JSON object.")]
    NoObject,
}

/// The strict form of a lenient body. Parsed values borrow from it.
#[derive(Debug, Default)]
pub struct Rewritten(OnceLock<String>);

/// A body to be parsed as JSON.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    pub bytes: &'a [u8],
    pub leniency: Leniency,
    /// Values borrow from here if they do not borrow from the body.
    pub buffer: &'a Rewritten,
}

impl<'a> Source<'a> {
    /// # Errors
    /// When the body is empty, or is not JSON even with this leniency.
    pub fn parse(self) -> Result<Value<'a>, JsonError> {
        let Self { bytes, leniency, buffer } = self;
        let text = text(bytes)?;
        let error = match serde_json::from_str(text) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if leniency == Leniency::Strict {
            return Err(JsonError::Syntax(error));
        }
        let strict = buffer.0.get_or_init(|| rewritten(text, leniency));
        // Line and column are those of the body only if the strict form has the same length.
        let has_positions = strict.len() == text.len();
        serde_json::from_str(strict).map_err(|again| JsonError::Syntax(if has_positions { again } else { error }))
    }
}

impl Source<'_> {
    /// # Errors
    /// When the body is empty, or not a JSON object.
    pub fn object(self) -> Result<serde_json::Value, JsonError> {
        match self.parse()? {
            object @ Value::Object(_) => Ok(object.into()),
            _ => Err(JsonError::NoObject),
        }
    }
}

/// The text of a body that must be UTF-8.
///
/// # Errors
/// When it is empty, or not UTF-8.
pub fn text(bytes: &[u8]) -> Result<&str, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError::Encoding)?;
    if text.trim().is_empty() { Err(JsonError::Empty) } else { Ok(text) }
}

/// How a parser converts a value that has another type than the member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coercion {
    Strict,
    JsonNet,
    /// `DataContractJsonSerializer` treats all values as the texts of XML elements.
    DataContract,
}

impl Coercion {
    #[must_use]
    pub fn text<'v>(self, value: &'v Value<'_>) -> Option<Cow<'v, str>> {
        match value {
            Value::Str(text) => Some(Cow::Borrowed(text)),
            _ if self == Self::Strict => None,
            Value::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            Value::Number(number) => number_text(*number).map(Cow::Owned),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    #[must_use]
    pub fn integer(self, value: &Value<'_>) -> Option<i32> {
        match value {
            Value::Number(number) => match number.as_i64() {
                Some(number) => i32::try_from(number).ok(),
                None if self == Self::JsonNet => integral(number.as_f64()?),
                None => None,
            },
            Value::Str(text) if self != Self::Strict => text.trim().parse().ok(),
            _ => None,
        }
    }

    #[must_use]
    pub fn boolean(self, value: &Value<'_>) -> Option<bool> {
        match (self, value) {
            (_, Value::Bool(value)) => Some(*value),
            (Self::JsonNet, Value::Number(number)) => number.as_f64().map(|number| number != 0.0),
            (Self::JsonNet, Value::Str(text)) => {
                let named = |(name, value): (&str, bool)| text.trim().eq_ignore_ascii_case(name).then_some(value);
                [("true", true), ("false", false)].into_iter().find_map(named)
            }
            (Self::DataContract, Value::Number(number)) => match number.as_i64() {
                Some(1) => Some(true),
                Some(0) => Some(false),
                _ => None,
            },
            (Self::DataContract, Value::Str(text)) => match text.trim() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    #[must_use]
    pub fn number(self, value: &Value<'_>) -> Option<f64> {
        match value {
            Value::Number(number) => number.as_f64(),
            Value::Str(text) if self != Self::Strict => text.trim().parse().ok(),
            _ => None,
        }
    }
}

/// A number as it was sent; `None` if its digits exceed the precision of a double.
fn number_text(number: Number) -> Option<String> {
    const EXACT: f64 = 1e15;
    let is_exact = !number.is_f64() || number.as_f64().is_some_and(|number| number.abs() < EXACT);
    is_exact.then(|| number.to_string())
}

/// The integer of a number such as `2.0`.
fn integral(number: f64) -> Option<i32> {
    let is_integer = number.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number);
    #[expect(clippy::cast_possible_truncation, reason = "an integer in range")]
    is_integer.then_some(number as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_json_is_tried_first_and_errors_are_those_of_the_body() {
        let message = |text: &str, leniency| {
            let buffer = Rewritten::default();
            let source = Source { bytes: text.as_bytes(), leniency, buffer: &buffer };
            source.parse().map(|value| value.to_string()).map_err(|error| error.to_string())
        };
        let lenient = "{/* c */ 'a': [1,], b: \"x\ny\",}";
        assert_eq!(message(lenient, Leniency::JsonNet).as_deref(), Ok(r#"{"a":[1],"b":"x\ny"}"#));
        for (leniency, text, expected) in [
            (Leniency::Strict, "[1,]", "trailing comma at line 1 column 4"),
            (Leniency::Comments, "[1,] x", "trailing characters at line 1 column 6"),
            (Leniency::Comments, "{'a':1}", "key must be a string at line 1 column 2"),
            (Leniency::Comments, "// a\n{\"a\" 1,}", "expected `:` at line 2 column 6"),
            (Leniency::JsonNet, "{a:1,'b' 2}", "key must be a string at line 1 column 2"),
            (Leniency::JsonNet, "{\"a\":1", "EOF while parsing an object at line 1 column 6"),
            (Leniency::JsonNet, "/* a", "expected value at line 1 column 1"),
        ] {
            assert_eq!(
                message(text, leniency),
                Err(format!("The request body is not valid JSON: {expected}.")),
                "{text}"
            );
        }
        for text in ["[".repeat(1_000_000), "/*x*/[".repeat(200_000), "{a:".repeat(300_000), "//\n[".repeat(300_000)] {
            assert!(message(&text, Leniency::JsonNet).is_err());
        }
        let deep = format!("/**/{}{}", "[".repeat(2000), "]".repeat(2000));
        assert!(message(&deep, Leniency::JsonNet).is_err_and(|error| error.contains("recursion limit exceeded")));
    }

    #[test]
    fn values_of_other_types_are_converted_as_each_parser_does() {
        use Coercion::{DataContract, JsonNet, Strict};
        let read = |text: &'static str| serde_json::from_str::<Value<'static>>(text).expect("JSON");
        for (text, expected) in [
            (r#""a""#, [Some("a"); 3]),
            ("84042", [None, Some("84042"), Some("84042")]),
            ("-1.5", [None, Some("-1.5"), Some("-1.5")]),
            ("true", [None, Some("true"), Some("true")]),
            ("18446744073709551615", [None, Some("18446744073709551615"), Some("18446744073709551615")]),
            ("123456789012345678901234", [None; 3]),
            ("{}", [None; 3]),
            ("null", [None; 3]),
        ] {
            let value = read(text);
            assert_eq!(
                [Strict, JsonNet, DataContract].map(|of| of.text(&value).as_deref().map(str::to_owned)),
                expected.map(|text| text.map(str::to_owned)),
                "{text}"
            );
        }
        for (text, expected) in [
            ("2", [Some(2); 3]),
            (r#"" 2 ""#, [None, Some(2), Some(2)]),
            ("2.0", [None, Some(2), None]),
            (r#""2.0""#, [None; 3]),
            ("2.5", [None; 3]),
            ("2147483648", [None; 3]),
            ("2147483648.0", [None; 3]),
            ("-2147483648", [Some(i32::MIN); 3]),
            ("true", [None; 3]),
        ] {
            let value = read(text);
            assert_eq!([Strict, JsonNet, DataContract].map(|of| of.integer(&value)), expected, "{text}");
        }
        for (text, expected) in [
            ("true", [Some(true); 3]),
            (r#""true""#, [None, Some(true), Some(true)]),
            (r#"" False ""#, [None, Some(false), None]),
            ("1", [None, Some(true), Some(true)]),
            ("0", [None, Some(false), Some(false)]),
            ("2", [None, Some(true), None]),
            (r#""1""#, [None, None, Some(true)]),
            (r#""yes""#, [None; 3]),
            ("[]", [None; 3]),
        ] {
            let value = read(text);
            assert_eq!([Strict, JsonNet, DataContract].map(|of| of.boolean(&value)), expected, "{text}");
        }
    }
}
