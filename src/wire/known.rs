//! Reads documents that another version of this program may have stored: members that are unknown here are left out.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Map, Value};

/// Reads a stored document without the members that `T` does not know. If that fails, it also leaves out each member whose value cannot
/// be read, where `T` has a default for it.
///
/// # Errors
/// When no default replaces what cannot be read.
pub fn read<T: DeserializeOwned>(document: Value) -> Result<T, Error> {
    match T::deserialize(Known(&document)) {
        Ok(read) => Ok(read),
        Err(error) => {
            let Value::Object(members) = document else { return Err(error) };
            let is_readable = |name: &str, value: &Value| {
                let alone = Map::from_iter([(name.to_owned(), value.clone())]);
                T::deserialize(Known(&Value::Object(alone))).is_ok()
            };
            let readable = members.into_iter().filter(|(name, value)| is_readable(name, value)).collect();
            T::deserialize(Known(&Value::Object(readable))).map_err(|_| error)
        }
    }
}

/// A value whose structures have only the members that their reader knows.
struct Known<'a>(&'a Value);

impl<'de> IntoDeserializer<'de, Error> for Known<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Known<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(members) => {
                let known = members.iter().filter(|(name, _)| fields.contains(&name.as_str()));
                visitor.visit_map(MapDeserializer::new(known.map(|(name, value)| (name.as_str(), Self(value)))))
            }
            other => other.deserialize_struct(name, fields, visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => visitor.visit_seq(SeqDeserializer::new(items.iter().map(Self))),
            other => other.deserialize_seq(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple tuple_struct map
        identifier
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::read;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Outer {
        number: u8,
        name: Option<String>,
        inner: Option<Inner>,
        list: Vec<Inner>,
        map: BTreeMap<i32, String>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        flag: bool,
    }

    #[test]
    fn unknown_members_are_left_out_at_every_depth() {
        let document = json!({
            "number": 3, "name": "x", "new": [1], "inner": { "flag": true, "new": 1 },
            "list": [{ "flag": false, "newer": {} }], "map": { "7": "seven" }
        });
        assert!(serde_json::from_value::<Outer>(document.clone()).is_err());
        let expected = Outer {
            number: 3,
            name: Some("x".to_owned()),
            inner: Some(Inner { flag: true }),
            list: vec![Inner { flag: false }],
            map: [(7, "seven".to_owned())].into(),
        };
        assert_eq!(read::<Outer>(document).expect("readable"), expected);
    }

    #[test]
    fn a_member_with_an_unknown_value_has_its_default() {
        let document = json!({ "number": { "newer": 1 }, "name": "x" });
        assert_eq!(
            read::<Outer>(document).expect("readable"),
            Outer { name: Some("x".to_owned()), ..Outer::default() }
        );
        assert!(read::<Inner>(json!({ "flag": 1 })).is_err(), "it has no default");
    }
}
