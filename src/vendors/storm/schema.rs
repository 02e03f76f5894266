//! What requests look like, for the OpenAPI document. Nothing is required: zero, blank and null are as good as absent.

use serde_json::json;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

/// No control character but tab and line breaks.
const TEXT: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";

/// The forms in which clients send dates.
const DATE: &str = concat!(
    r"^\s*(/Date\(-?[0-9]{1,13}([+-][0-9]{4})?\)/",
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?)?)\s*$",
);

const GUID: &str = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$";

/// The customer in a body.
#[derive(Debug)]
pub(super) enum StormCustomerRequest {}

impl PartialSchema for StormCustomerRequest {
    fn schema() -> RefOr<Schema> {
        customer().into()
    }
}

impl ToSchema for StormCustomerRequest {}

fn customer() -> ObjectBuilder {
    let texts = [
        ("Code", 50),
        ("Email", 255),
        ("SSN", 50),
        ("FirstName", 50),
        ("LastName", 50),
        ("Phone", 50),
        ("CellPhone", 50),
        ("ReferUrl", 255),
        ("CrmId", 50),
    ];
    with_texts(ObjectBuilder::new(), &texts)
        .property("Id", integer(true))
        .property("Key", guid())
        .property("ReferId", integer(true))
        .property("Account", account())
        .property("Companies", list(company()))
        .property("DeliveryAddresses", list(address()))
        .property("InvoiceAddress", address())
        .property("Flags", list(flag()))
        .property("UseInvoiceAddressAsDeliveryAddress", boolean(false))
        .property("Info", list(id_value()))
        .property("PricelistIds", list(integer(false)))
        .property("IsActive", boolean(true))
        .property("Created", date())
        .property("Updated", date())
        .examples([json!({
            "Email": "sigrid@storm.example", "FirstName": "Sigrid", "LastName": "Storm",
            "InvoiceAddress": { "Line1": "Storgatan 1", "Zip": "111 22", "City": "Stockholm", "Country": "SE" },
            "UseInvoiceAddressAsDeliveryAddress": true,
        })])
}

fn account() -> ObjectBuilder {
    with_texts(nullable(), &[("LoginName", 255), ("Name", 100)])
        .property("Id", integer(true))
        .property("Key", guid())
        .property("Roles", list(integer(false)))
        .property("Authorizations", list(id_value()))
        .property("IsActive", boolean(false))
}

fn company() -> ObjectBuilder {
    let texts =
        [("Code", 50), ("Name", 100), ("OrgNo", 50), ("Phone", 50), ("ReferUrl", 255), ("Email", 255), ("VatNo", 50)];
    with_texts(ObjectBuilder::new(), &texts)
        .property("Id", integer(true))
        .property("Key", guid())
        .property("ReferId", integer(true))
        .property("DeliveryAddresses", list(address()))
        .property("InvoiceAddress", address())
        .property("UseInvoiceAddressAsDeliveryAddress", boolean(false))
        .property("Info", list(id_value()))
        .property("PricelistIds", list(integer(false)))
        .property("ParentId", integer(true))
        .property("DeliveryMethodIds", list(integer(false)))
        .property("PaymentMethodIds", list(integer(false)))
        .property("Flags", list(flag()))
}

fn address() -> ObjectBuilder {
    let texts = [
        ("CareOf", 100),
        ("Line1", 255),
        ("Line2", 255),
        ("Zip", 50),
        ("City", 50),
        ("Country", 50),
        ("Region", 50),
        ("GlobalLocationNo", 50),
        ("ShippingPhoneNumber", 50),
    ];
    with_texts(nullable(), &texts)
        .property("Id", integer(true))
        .property("CountryId", integer(false).description(Some("An ISO 3166-1 number: 752 is Sweden.")))
        .property("IsValidated", boolean(false))
}

fn flag() -> ObjectBuilder {
    with_texts(ObjectBuilder::new(), &[("Name", 50)])
        .property("Id", integer(false))
        .property("Group", integer(false))
        .property("IsSelected", boolean(false))
}

fn id_value() -> ObjectBuilder {
    with_texts(ObjectBuilder::new(), &[("Code", 255)]).property("Id", integer(false)).property("Value", text())
}

fn with_texts(object: ObjectBuilder, texts: &[(&str, usize)]) -> ObjectBuilder {
    texts.iter().fold(object, |object, (name, longest)| object.property(*name, text().max_length(Some(*longest))))
}

fn types(types: &[Type]) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Array(types.to_vec()))
}

fn nullable() -> ObjectBuilder {
    types(&[Type::Object, Type::Null])
}

fn text() -> ObjectBuilder {
    types(&[Type::String, Type::Null]).pattern(Some(TEXT))
}

/// A truth value, which may stand in quotes.
fn boolean(is_nullable: bool) -> ObjectBuilder {
    let kinds = [Type::Boolean, Type::String, Type::Null];
    types(if is_nullable { &kinds } else { &kinds[..2] }).pattern(Some(r"^\s*(true|false)\s*$"))
}

fn guid() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(GUID))
}

fn date() -> ObjectBuilder {
    let description = "As the framework writes it; or ISO 8601, unless the plan is strict.";
    types(&[Type::String, Type::Null]).pattern(Some(DATE)).description(Some(description))
}

/// A number, which may stand in quotes.
fn integer(is_nullable: bool) -> ObjectBuilder {
    let kinds = [Type::Integer, Type::String, Type::Null];
    types(if is_nullable { &kinds } else { &kinds[..2] })
        .minimum(Some(f64::from(i32::MIN)))
        .maximum(Some(f64::from(i32::MAX)))
        .pattern(Some(r"^\s*[+-]?[0-9]{1,9}\s*$"))
}

fn list(item: ObjectBuilder) -> ArrayBuilder {
    ArrayBuilder::new().schema_type(SchemaType::Array(vec![Type::Array, Type::Null])).items(item)
}
