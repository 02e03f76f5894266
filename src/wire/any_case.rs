//! Reading JSON as .NET does: names in any case, null as absent, unknown names ignored, and strings, numbers and booleans
//! converted into each other where possible (Newtonsoft.Json).

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};
use serde_path_to_error::Segment;
use thiserror::Error;

/// The member that cannot be read, and the expected type. Never contains a value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{path} must be {expected}")]
pub struct Unreadable {
    /// The names of the members, in the type's own case, joined with full stops.
    pub path: String,
    pub expected: &'static str,
}

/// Reads a `T`. An absent or null member is as in `T::default()`.
///
/// # Errors
/// When a value has the wrong type.
pub fn read<T: Default + Serialize + DeserializeOwned>(value: Value) -> Result<T, Unreadable> {
    let base = serde_json::to_value(T::default()).map_err(|_| unreadable(String::new(), &Value::Null))?;
    read_over(value, &base)
}

/// Reads a `T` onto `base`, which is a `T` too: an absent member keeps its value of `base`, and null clears an optional one.
///
/// # Errors
/// When a value has the wrong type.
pub fn read_over<T: DeserializeOwned>(value: Value, base: &Value) -> Result<T, Unreadable> {
    let mut merged = base.clone();
    merge(&mut merged, value);
    serde_path_to_error::deserialize(merged).map_err(|error| {
        let (mut names, mut known) = (Vec::new(), Some(base));
        for segment in error.path() {
            match segment {
                Segment::Map { key } => {
                    names.push(key.clone());
                    known = known.and_then(|known| known.get(key));
                }
                // A list is replaced as a whole, so the types of its items are unknown.
                _ => known = None,
            }
        }
        unreadable(names.join("."), known.unwrap_or(&Value::Null))
    })
}

/// The expected type is that of the member's value in the base.
fn unreadable(path: String, known: &Value) -> Unreadable {
    let expected = match known {
        Value::Number(_) => "an integer",
        Value::Bool(_) => "true or false",
        Value::Object(_) => "an object",
        Value::Array(_) => "a list",
        Value::String(text) if crate::wire::dates::parse(text).is_some() => "a date such as 2020-02-20T15:47:52Z",
        Value::String(_) | Value::Null => "a string",
    };
    Unreadable { path: if path.is_empty() { "$".to_owned() } else { path }, expected }
}

fn merge(base: &mut Value, value: Value) {
    match (base, value) {
        (Value::Object(known), Value::Object(members)) => {
            for (name, member) in members {
                if let Some((_, existing)) = known.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                    merge(existing, member);
                }
            }
        }
        // A member that cannot be null keeps its value.
        (Value::Object(_) | Value::Number(_) | Value::Bool(_) | Value::Array(_), Value::Null) => {}
        (base, value) => {
            let converted = converted(base, value);
            *base = converted;
        }
    }
}

/// A value converted to the type of `example` where possible; otherwise the value itself.
fn converted(example: &Value, value: Value) -> Value {
    let converted = match (example, &value) {
        // A number that was left blank.
        (Value::Number(_) | Value::Bool(_), Value::String(text)) if text.trim().is_empty() => Some(example.clone()),
        (Value::Number(_), Value::String(text)) => text.trim().parse::<i64>().ok().map(Value::from),
        (Value::Number(_), Value::Number(number)) => whole(number).map(Value::from),
        (Value::Bool(_), Value::String(text)) => boolean(text.trim()).map(Value::from),
        (Value::Bool(_), Value::Number(number)) => number.as_f64().map(|number| Value::from(number != 0.0)),
        (Value::String(_) | Value::Null, Value::Number(number)) => Some(Value::from(number.to_string())),
        (Value::String(_) | Value::Null, Value::Bool(boolean)) => Some(Value::from(boolean.to_string())),
        _ => None,
    };
    converted.unwrap_or(value)
}

fn boolean(text: &str) -> Option<bool> {
    [("true", true), ("false", false)]
        .into_iter()
        .find_map(|(name, boolean)| text.eq_ignore_ascii_case(name).then_some(boolean))
}

/// The integer that is written as a fraction: `2.0`.
#[expect(clippy::cast_possible_truncation, reason = "only integers of 32 bits are cast")]
fn whole(number: &Number) -> Option<i64> {
    let float = number.as_f64().filter(|_| number.is_f64())?;
    (float.fract() == 0.0 && float.abs() <= f64::from(i32::MAX)).then_some(float as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default, rename_all = "PascalCase")]
    struct Outer {
        inner: Inner,
        #[serde(rename = "WebPageURL")]
        web_page_url: Option<String>,
        list: Vec<i32>,
    }

    #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default, rename_all = "PascalCase")]
    struct Inner {
        associate_id: i32,
        accept: bool,
    }

    fn base() -> Outer {
        Outer { inner: Inner { associate_id: 7, accept: true }, web_page_url: Some("x".to_owned()), list: vec![1] }
    }

    fn onto(value: Value) -> Result<Outer, Unreadable> {
        read_over(value, &serde_json::to_value(base()).expect("JSON"))
    }

    #[test]
    fn names_are_read_in_any_case_at_every_depth() {
        let value = json!({ "inner": { "associateID": 7, "more": 1 }, "webPageUrl": "x", "unknown": [] });
        let inner = Inner { associate_id: 7, accept: false };
        let expected = Outer { inner, web_page_url: Some("x".to_owned()), list: Vec::new() };
        assert_eq!(read::<Outer>(value), Ok(expected));
    }

    #[test]
    fn an_absent_member_stays_and_null_clears() {
        assert_eq!(onto(json!({})), Ok(base()));
        assert_eq!(onto(json!({ "inner": { "associateid": 8 } })).map(|outer| outer.inner.associate_id), Ok(8));
        let cleared = Outer { web_page_url: None, ..base() };
        assert_eq!(onto(json!({ "WEBPAGEURL": null, "Inner": null, "List": null })), Ok(cleared));
        assert_eq!(onto(json!({ "Inner": { "AssociateId": null, "Accept": null } })), Ok(base()));
        assert_eq!(read::<Outer>(json!({ "Inner": null })), Ok(Outer::default()));
    }

    #[test]
    fn strings_numbers_and_booleans_are_converted() {
        for (sent, id, accept) in [
            (json!({ "AssociateId": "8", "Accept": "False" }), 8, false),
            (json!({ "AssociateId": " 8 ", "Accept": " true " }), 8, true),
            (json!({ "AssociateId": 8.0, "Accept": 0 }), 8, false),
            (json!({ "AssociateId": "", "Accept": "" }), 7, true),
            (json!({ "AssociateId": -8, "Accept": 2 }), -8, true),
        ] {
            let inner = Inner { associate_id: id, accept };
            assert_eq!(onto(json!({ "Inner": sent })), Ok(Outer { inner, ..base() }), "{sent}");
        }
        for (sent, text) in [(json!(84042), "84042"), (json!(1.5), "1.5"), (json!(true), "true")] {
            let expected = Outer { web_page_url: Some(text.to_owned()), ..base() };
            assert_eq!(onto(json!({ "WebPageUrl": sent })), Ok(expected), "{text}");
            assert_eq!(
                read::<Outer>(json!({ "WebPageUrl": sent })).map(|outer| outer.web_page_url),
                Ok(Some(text.to_owned()))
            );
        }
    }

    #[test]
    fn an_unreadable_member_is_named_without_its_value() {
        for (sent, message) in [
            (json!({ "inner": { "associateId": "seven" } }), "Inner.AssociateId must be an integer"),
            (json!({ "inner": { "associateId": 1.5 } }), "Inner.AssociateId must be an integer"),
            (json!({ "inner": { "associateId": 3_000_000_000_u32 } }), "Inner.AssociateId must be an integer"),
            (json!({ "inner": { "accept": "yes" } }), "Inner.Accept must be true or false"),
            (json!({ "inner": "seven" }), "Inner must be an object"),
            (json!({ "list": 7 }), "List must be a list"),
            (json!({ "webPageUrl": {} }), "WebPageURL must be a string"),
        ] {
            assert_eq!(onto(sent.clone()).map_err(|error| error.to_string()), Err(message.to_owned()), "{sent}");
            assert_eq!(read::<Outer>(sent).map_err(|error| error.to_string()), Err(message.to_owned()));
        }
    }
}
