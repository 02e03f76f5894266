//! The schemas of requests in the OpenAPI document. They are derived from the field table, so that they match what is read.

use serde_json::json;
use utoipa::openapi::RefOr;
use utoipa::openapi::extensions::{Extensions, ExtensionsBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use super::patch::{WHOLE_ADDRESS, supported};
use crate::customers::Points;
use crate::model::{CustomerFields, Field, Member};
use crate::plan::Plan;

/// No control character but tab and line breaks.
const TEXT: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";

/// The forms in which clients send dates, or blank.
const DATE: &str = concat!(
    r"^\s*([0-9]{4}-[0-9]{2}-[0-9]{2}",
    r"(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?)?)?\s*$",
);

/// The body of create, update and upgrade.
#[derive(Debug)]
pub(in crate::vendors::directscale) enum CustomerRequest {}

/// The body of a partial update.
#[derive(Debug)]
pub(in crate::vendors::directscale) enum CustomerPatch {}

/// The body of a password reset.
#[derive(Debug)]
pub(in crate::vendors::directscale) enum PasswordRequest {}

/// The body of a login.
#[derive(Debug)]
pub(in crate::vendors::directscale) enum LoginRequest {}

/// The body that adds reward points.
#[derive(Debug)]
pub(in crate::vendors::directscale) enum PointsToAdd {}

/// The body that deducts reward points.
#[derive(Debug)]
pub(in crate::vendors::directscale) enum PointsToDeduct {}

impl PartialSchema for CustomerRequest {
    fn schema() -> RefOr<Schema> {
        let wholes = || Field::WHOLE.iter().copied();
        let object =
            object("More fields are required by CustomerType, and the tenant's plan may say otherwise.", wholes());
        let object =
            wholes().filter(|field| is_needed(*field)).fold(object, |object, field| object.required(field.name()));
        object.examples([example(include_str!("examples/distributor.json"))]).into()
    }
}

impl PartialSchema for CustomerPatch {
    fn schema() -> RefOr<Schema> {
        let fields = supported();
        let object = ObjectBuilder::new().description(Some("The fields that change. An address comes whole."));
        let object = fields.fold(object, |object, field| object.property(field.name(), patched(field)));
        object.examples([example(include_str!("examples/patch.json"))]).into()
    }
}

impl PartialSchema for PasswordRequest {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1));
        let body = ObjectBuilder::new().property("Password", text).required("Password").extensions(Some(chosen()));
        body.into()
    }
}

impl PartialSchema for LoginRequest {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let body = ObjectBuilder::new().property("username", text()).property("password", text());
        body.required("username").required("password").into()
    }
}

impl PartialSchema for PointsToAdd {
    fn schema() -> RefOr<Schema> {
        points("pointsToAdd", Some(0.0001))
    }
}

impl PartialSchema for PointsToDeduct {
    fn schema() -> RefOr<Schema> {
        points("pointsToDeduct", None)
    }
}

macro_rules! named {
    ($($schema:ident),*) => {
        $(impl ToSchema for $schema {})*
    };
}
named!(CustomerRequest, CustomerPatch, PasswordRequest, LoginRequest, PointsToAdd, PointsToDeduct);

fn points(name: &str, least: Option<f64>) -> RefOr<Schema> {
    let number = ObjectBuilder::new()
        .schema_type(Type::Number)
        .minimum(Some(least.unwrap_or(-Points::MAX)))
        .maximum(Some(Points::MAX));
    ObjectBuilder::new().property(name, number).required(name).into()
}

fn object(description: &str, fields: impl Iterator<Item = Field>) -> ObjectBuilder {
    let object = ObjectBuilder::new().description(Some(description));
    fields.fold(object, |object, field| object.property(field.name(), whole(field)))
}

/// A property of a whole customer.
fn whole(field: Field) -> ObjectBuilder {
    let object = property(field);
    let object = match field {
        Field::PrimaryAddress(None) => {
            let parts = field.parts().filter(|part| is_needed(*part));
            parts.fold(object, |object, part| {
                object.property(part.part_name(), without_null(property(part))).required(part.part_name())
            })
        }
        _ => object,
    };
    if is_needed(field) { without_null(object) } else { object }
}

/// A property of a partial update; an address has every part.
fn patched(field: Field) -> ObjectBuilder {
    let object = property(field);
    let object = match field {
        Field::DefaultShippingAddress(None) | Field::PrimaryAddress(None) => WHOLE_ADDRESS
            .into_iter()
            .fold(object, |object, part| object.required(Field::PrimaryAddress(Some(part)).part_name())),
        _ => object,
    };
    if is_needed(field) || field == Field::CustomerStatus { without_null(object) } else { object }
}

/// Whether a customer of any type has this field, unless the plan says otherwise: null is rejected.
fn is_needed(field: Field) -> bool {
    let plan = Plan::default();
    Field::all().any(|part| (part == field || part.whole() == field) && plan.requires(part, None))
}

fn without_null(object: ObjectBuilder) -> ObjectBuilder {
    let mut object = object.build();
    if let SchemaType::Array(kinds) = &mut object.schema_type {
        kinds.retain(|kind| *kind != Type::Null);
        if let [kind] = kinds.as_slice() {
            object.schema_type = SchemaType::Type(kind.clone());
        }
    }
    object.into()
}

/// A body that the vendor prints.
fn example(text: &str) -> serde_json::Value {
    serde_json::from_str(text).expect("invariant: the examples are JSON")
}

/// One property, as it is read: null and blank count as absent, numbers may be in quotes.
fn property(field: Field) -> ObjectBuilder {
    let types = |types: &[Type]| ObjectBuilder::new().schema_type(SchemaType::Array(types.to_vec()));
    let text = || {
        types(&[Type::String, Type::Null])
            .max_length(Some(Plan::default().max_length(field)))
            .pattern(Some(TEXT))
            .extensions(Some(evidence(json!({ "class": "documented", "maxLength": "chosen" }))))
    };
    if field.whole() != field {
        return text();
    }
    match CustomerFields::default().member(field) {
        Member::Integer(_) => types(&[Type::Integer, Type::String, Type::Null])
            .minimum(Some(f64::from(i32::MIN)))
            .maximum(Some(f64::from(i32::MAX)))
            .pattern(Some(r"^\s*([+-]?[0-9]{1,9})?\s*$")),
        Member::Boolean(_) => types(&[Type::Boolean, Type::String, Type::Null]).pattern(Some(r"^\s*$")),
        Member::Date(_) => types(&[Type::String, Type::Null])
            .pattern(Some(DATE))
            .description(Some("With Z, offset, fraction or no zone (then UTC), or a date alone.")),
        Member::Address(_) | Member::Custom(_) => field
            .parts()
            .fold(types(&[Type::Object, Type::Null]), |object, part| object.property(part.part_name(), property(part))),
        Member::Text(_) | Member::Code(_) | Member::Secret(_) => text(),
    }
}

fn chosen() -> Extensions {
    evidence(json!({ "class": "chosen" }))
}

fn evidence(value: serde_json::Value) -> Extensions {
    ExtensionsBuilder::new().add("x-evidence", value).build()
}
