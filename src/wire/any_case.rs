//! Reading JSON as .NET does: names in any case, null as absent, unknown names ignored.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Reads a `T` whose names may be spelled in any case. What is absent or null is as in `T::default()`.
///
/// # Errors
/// When a value has the wrong type.
pub fn read<T: Default + Serialize + DeserializeOwned>(value: Value) -> Result<T, serde_json::Error> {
    let names = serde_json::to_value(T::default())?;
    serde_json::from_value(spelled_as(value, &names))
}

/// Reads a `T` over `base`: names in any case, what is absent stays as it is there, and null clears what can be unset.
///
/// # Errors
/// When a value has the wrong type.
pub fn read_over<T: Serialize + DeserializeOwned>(value: Value, base: &T) -> Result<T, serde_json::Error> {
    let mut laid = serde_json::to_value(base)?;
    lay(&mut laid, value);
    serde_json::from_value(laid)
}

fn lay(base: &mut Value, value: Value) {
    match (base, value) {
        (Value::Object(known), Value::Object(members)) => {
            for (name, member) in members {
                if let Some((_, below)) = known.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                    lay(below, member);
                }
            }
        }
        // What is never null keeps what it has.
        (Value::Object(_) | Value::Number(_) | Value::Bool(_) | Value::Array(_), Value::Null) => {}
        (base, value) => *base = value,
    }
}

fn spelled_as(value: Value, names: &Value) -> Value {
    let (Value::Object(members), Value::Object(known)) = (&value, names) else { return value };
    let mut spelled = Map::new();
    for (name, member) in members {
        let Some((known_name, below)) = known.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) else {
            continue;
        };
        if !member.is_null() {
            spelled.insert(known_name.clone(), spelled_as(member.clone(), below));
        }
    }
    Value::Object(spelled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default, rename_all = "PascalCase")]
    struct Outer {
        inner: Inner,
        #[serde(rename = "WebPageURL")]
        web_page_url: Option<String>,
    }

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default, rename_all = "PascalCase")]
    struct Inner {
        associate_id: i32,
    }

    #[test]
    fn names_are_read_in_any_case_at_every_depth() {
        let value = json!({ "inner": { "associateID": 7, "more": 1 }, "webPageUrl": "x", "unknown": [] });
        let expected = Outer { inner: Inner { associate_id: 7 }, web_page_url: Some("x".to_owned()) };
        assert_eq!(read::<Outer>(value).expect("a value"), expected);
    }

    #[test]
    fn what_is_absent_stays_and_null_clears() {
        let base = Outer { inner: Inner { associate_id: 7 }, web_page_url: Some("x".to_owned()) };
        let read = |value| read_over::<Outer>(value, &base).expect("a value");
        assert_eq!(read(json!({})), base);
        assert_eq!(read(json!({ "inner": { "associateid": 8 } })).inner.associate_id, 8);
        assert_eq!(read(json!({ "WEBPAGEURL": null, "Inner": null })), Outer { web_page_url: None, ..read(json!({})) });
        assert!(read_over::<Outer>(json!({ "Inner": "seven" }), &base).is_err());
    }

    #[test]
    fn null_is_absent_and_a_wrong_type_is_refused() {
        assert_eq!(read::<Outer>(json!({ "Inner": null })).expect("a value"), Outer::default());
        assert!(read::<Outer>(json!({ "Inner": { "AssociateId": "seven" } })).is_err());
    }
}
