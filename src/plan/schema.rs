//! The JSON Schema of those entries of a plan whose members a table lists. The others follow from their types.

use schemars::{Schema, SchemaGenerator, json_schema};

use super::ranges::{MAX_ENTRIES, MAX_NAME_LENGTH, max_length_of};
use crate::json_schema::closed_object;
use crate::model::{CountryCode, Field};

/// Field → customer types.
pub(super) fn required(_: &mut SchemaGenerator) -> Schema {
    closed_object(Field::all().map(|field| (field.name(), customer_types())))
}

fn customer_types() -> Schema {
    json_schema!({ "type": "array", "items": { "type": "integer", "format": "int32" }, "maxItems": MAX_ENTRIES })
}

/// Field → characters.
pub(super) fn max_length(_: &mut SchemaGenerator) -> Schema {
    let length = |field: Field| {
        let (max, default) = (max_length_of(field), field.default_max_length());
        json_schema!({ "type": "integer", "minimum": 1, "maximum": max, "default": default })
    };
    closed_object(Field::all().map(|field| (field.name(), length(field))))
}

/// Pairs of customer types.
pub(super) fn transitions(_: &mut SchemaGenerator) -> Schema {
    let pair = json_schema!({ "type": "array", "items": { "type": "integer", "format": "int32" }, "minItems": 2, "maxItems": 2 });
    json_schema!({ "type": "array", "items": pair, "maxItems": MAX_ENTRIES })
}

/// Number → name.
pub(super) fn names(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "propertyNames": { "pattern": "^-?[0-9]{1,10}$" },
        "additionalProperties": { "type": "string", "maxLength": MAX_NAME_LENGTH },
        "maxProperties": MAX_ENTRIES
    })
}

/// Country → currency.
pub(super) fn countries(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "propertyNames": generator.subschema_for::<CountryCode>(),
        "additionalProperties": { "type": "string", "minLength": 1, "maxLength": MAX_NAME_LENGTH }
    })
}
