//! The JSON Schema of a customer in a seed file: its members are those of the field table.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;

use super::entry::{ID, LAST_ID, NAMES, PASSWORD_HASH, RECORD, REFERENCE, SPONSOR, SeedAddress, SeedEntry};
use crate::customers::{CustomerRecord, PasswordHashText};
use crate::json_schema::closed_object;
use crate::model::{CustomerFields, Field, Member};

impl JsonSchema for SeedEntry {
    fn schema_name() -> Cow<'static, str> {
        "Customer".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = closed_object(NAMES.iter().map(|name| (*name, member(name, generator))));
        let description = "A customer, with the fields of DirectScale's write payload. Which of them are unique, and how long they \
                           may be, the plan says.";
        schema.insert("description".to_owned(), description.into());
        schema
    }
}

fn member(name: &str, generator: &mut SchemaGenerator) -> Schema {
    match name {
        REFERENCE => text("A name for later entries of the tenant. It is not stored."),
        ID => json_schema!({
            "type": ["integer", "null"], "minimum": 1, "maximum": LAST_ID,
            "description": "The customer id. The default is the next free number."
        }),
        SPONSOR => text("The `ref` of an earlier entry, instead of SponsorId."),
        PASSWORD_HASH => generator.subschema_for::<Option<PasswordHashText>>(),
        RECORD => generator.subschema_for::<Option<CustomerRecord>>(),
        field => field.parse().map_or_else(|_| Schema::default(), |field| field_schema(field, generator)),
    }
}

fn field_schema(field: Field, generator: &mut SchemaGenerator) -> Schema {
    match CustomerFields::default().member(field) {
        Member::Text(_) => {
            text(&format!("At most {} characters, unless the plan says otherwise.", field.default_max_length()))
        }
        Member::Code(_) => text("An ISO 639-1 code."),
        Member::Secret(_) => text("In plain text. It is stored as a hash."),
        Member::Date(_) => {
            let mut date = text("A date such as 1990-12-31 or 1990-12-31T12:00:00Z.");
            // .NET's other forms are read too.
            date.insert("pattern".to_owned(), "[0-9]".into());
            date
        }
        Member::Integer(_) => json_schema!({ "type": ["integer", "null"], "format": "int32" }),
        Member::Boolean(_) => json_schema!({ "type": ["boolean", "null"] }),
        Member::Address(_) => generator.subschema_for::<SeedAddress>(),
        Member::Custom(_) => {
            closed_object(field.parts().map(|part| (part.part_name(), json_schema!({ "type": "string" }))))
        }
    }
}

fn text(description: &str) -> Schema {
    json_schema!({ "type": json!(["string", "null"]), "description": description })
}
