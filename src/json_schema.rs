//! Parts of the JSON Schemas of seed files and plans: texts that libraries read, objects whose members a table lists, and the member
//! by which a file names its schema.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// The member by which a JSON file names its schema, for editors.
pub const SCHEMA_MEMBER: &str = "$schema";

/// The value of `$schema`: read and forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SchemaMember;

impl<'de> Deserialize<'de> for SchemaMember {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|_| Self)
    }
}

/// The schema of a type that is written in place, without a name.
macro_rules! inline_schemas {
    ($($(#[$attribute:meta])* $name:ident: $schema:expr;)*) => { $(
        $(#[$attribute])*
        #[derive(Debug)]
        pub enum $name {}

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )* };
}

inline_schemas! {
    /// A moment as a text.
    DateTimeText: json_schema!({ "type": "string", "format": "date-time" });
    UuidText: json_schema!({ "type": "string", "format": "uuid" });
}

impl JsonSchema for SchemaMember {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "SchemaMember".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "The address or path of this schema, for editors. It is ignored." })
    }
}

/// The name of a time zone.
#[derive(Debug)]
pub enum TimeZoneName {}

impl JsonSchema for TimeZoneName {
    fn schema_name() -> Cow<'static, str> {
        "TimeZone".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
        json_schema!({ "type": "string", "enum": names, "description": "A time zone of the IANA database." })
    }
}

/// An object with these members and no others, none of them required.
pub fn closed_object<'a>(members: impl IntoIterator<Item = (&'a str, Schema)>) -> Schema {
    let properties: Map<String, Value> =
        members.into_iter().map(|(name, schema)| (name.to_owned(), schema.into())).collect();
    json_schema!({ "type": "object", "properties": properties, "additionalProperties": false })
}
