//! `application/json` and `text/json`.

use serde_json_borrow::Value;

use super::members::{Members, Scalar};
use crate::wire::json::{JsonError, Source};
use crate::wire::relaxed::Leniency;

/// The members of the one object that the body holds.
pub(super) fn read(source: Source<'_>) -> Result<Members<'_>, JsonError> {
    let Value::Object(object) = source.parse()? else { return Err(JsonError::NoObject) };
    let mut members = Members::default();
    members.is_strict = source.leniency == Leniency::Strict;
    for (name, value) in object.into_vec() {
        let scalar = match value {
            Value::Str(text) => Scalar::Text(text),
            Value::Bool(value) => Scalar::Bool(value),
            number @ Value::Number(_) => Scalar::Number(number),
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
    use crate::wire::json::Rewritten;

    #[test]
    fn an_object_gives_its_members() {
        let room = Rewritten::default();
        let read = |bytes| super::read(Source { bytes, leniency: Leniency::JsonNet, room: &room });
        let body = "{\"A\":\"ä\\n\",\"b\":true,\"C\":-1.5,\"d\":null,\"e\":[1],\"f\":{}}";
        let members = read(body.as_bytes()).expect("an object");
        assert_eq!(members.get("a"), Some(&Scalar::Text("ä\n".into())));
        assert_eq!(members.get("B"), Some(&Scalar::Bool(true)));
        assert_eq!(members.get("c"), Some(&Scalar::Number((-1.5).into())));
        assert_eq!(members.get("D"), Some(&Scalar::Null));
        assert_eq!(members.get("E"), Some(&Scalar::Other("an array")));
        assert_eq!(members.get("F"), Some(&Scalar::Other("an object")));
    }

    #[test]
    fn anything_else_is_rejected() {
        let rejected = |bytes: &[u8]| {
            let source = Source { bytes, leniency: Leniency::JsonNet, room: &Rewritten::default() };
            read(source).expect_err("no object").to_string()
        };
        assert_eq!(rejected(b" \n"), "The request body is empty.");
        assert_eq!(rejected(b"[]"), "The request body must be a JSON object.");
        assert_eq!(rejected(b"null"), "The request body must be a JSON object.");
        assert!(rejected(b"{\"a\":\"\xe4\"}").starts_with("The request body is not valid UTF-8."));
        assert!(rejected(b"\xff\xfe{\0}\0").starts_with("The request body is not valid UTF-8."));
        assert!(rejected(b"{\"a\":").starts_with("The request body is not valid JSON: EOF"));
        assert!(rejected("[".repeat(100_000).as_bytes()).contains("recursion limit"));
    }
}
