//! `application/json` and `text/json`.

use serde_json_borrow::Value;

use super::body::{BodyError, utf8};
use super::members::{Members, Scalar};

/// The members of the one object that the bytes hold.
pub(super) fn read(bytes: &[u8]) -> Result<Members<'_>, BodyError> {
    let Value::Object(object) = serde_json::from_str(utf8(bytes)?).map_err(BodyError::Json)? else {
        return Err(BodyError::NoObject);
    };
    let mut members = Members::default();
    for (name, value) in object.into_vec() {
        let scalar = match value {
            Value::Str(text) => Scalar::Text(text),
            Value::Bool(value) => Scalar::Bool(value),
            Value::Number(number) => Scalar::Number(number.to_string()),
            Value::Null => Scalar::Null,
            Value::Array(_) => Scalar::Other("an array"),
            Value::Object(_) => Scalar::Other("an object"),
        };
        members.push(name, scalar);
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_gives_its_members() {
        let body = "\u{feff}{\"A\":\"ä\\n\",\"b\":true,\"C\":-1.5,\"d\":null,\"e\":[1],\"f\":{}}";
        let members = read(body.as_bytes()).expect("an object");
        assert_eq!(members.get("a"), Some(&Scalar::Text("ä\n".into())));
        assert_eq!(members.get("B"), Some(&Scalar::Bool(true)));
        assert_eq!(members.get("c"), Some(&Scalar::Number("-1.5".to_owned())));
        assert_eq!(members.get("D"), Some(&Scalar::Null));
        assert_eq!(members.get("E"), Some(&Scalar::Other("an array")));
        assert_eq!(members.get("F"), Some(&Scalar::Other("an object")));
    }

    #[test]
    fn anything_else_is_refused() {
        let refused = |bytes: &[u8]| read(bytes).expect_err("no object").to_string();
        assert_eq!(refused(b"\xef\xbb\xbf \n"), "The request body is empty.");
        assert_eq!(refused(b"[]"), "The request body must be a JSON object.");
        assert_eq!(refused(b"null"), "The request body must be a JSON object.");
        assert_eq!(refused(b"{\"a\":\"\xe4\"}"), "The request body is not valid UTF-8.");
        assert_eq!(refused(b"\xff\xfe{\0}\0"), "The request body is not valid UTF-8.");
        assert!(refused(b"{\"a\":").starts_with("The request body is not valid JSON: EOF"));
        assert!(refused("[".repeat(100_000).as_bytes()).contains("recursion limit"));
    }
}
