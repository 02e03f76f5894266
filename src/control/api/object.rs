//! Bodies are objects. Serde would also accept a list of a struct's members in their order.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A value that is written as an object.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Object)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Object<T>, A::Error> {
        Err(A::Error::custom("the body must be an object, not a list"))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::tenants::read_text;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        name: String,
        codes: Vec<String>,
    }

    #[test]
    fn a_body_is_an_object() {
        let read = |text: &str, is_json| read_text::<Object<Body>>(text, is_json).map(|Object(body)| body);
        let body = Body { name: "a".to_owned(), codes: vec!["007".to_owned()] };
        assert_eq!(read(r#"{ "name": "a", "codes": ["007"] }"#, true).as_ref(), Ok(&body));
        assert_eq!(read("name: a\ncodes: [007]", false).as_ref(), Ok(&body));
        for (text, is_json) in [(r#"["a", ["007"]]"#, true), ("- a\n- [007]", false)] {
            let error = read(text, is_json).expect_err("a list");
            assert!(error.contains("the body must be an object, not a list"), "{error}");
        }
        let error = read(r#""hidden""#, true).expect_err("a text");
        assert!(error.contains("expected an object") && !error.contains("hidden"), "{error}");
        let error = read(r#"{ "name": "a", "codes": [7] }"#, true).expect_err("a number");
        assert_eq!(error, "codes[0]: invalid type: integer, expected a string at line 1 column 26");
    }
}
