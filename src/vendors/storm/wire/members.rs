//! The members of the vendor's objects as data, and their description in the OpenAPI document. No member is required: zero, blank
//! and null count as absent.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};

use crate::model::Field;

/// No control character but tab and line breaks.
const TEXT: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";

/// The forms in which clients send dates.
const DATE: &str = concat!(
    r"^\s*(/Date\(-?[0-9]{1,13}([+-][0-9]{4})?\)/",
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?)?)\s*$",
);

const GUID: &str = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$";

/// A member of an object in requests.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    /// The customer field that the member sets.
    pub(crate) field: Option<Field>,
    pub(crate) description: Option<&'static str>,
}

/// The JSON that a member takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    Text { max_length: usize },
    Integer { is_nullable: bool },
    Integers,
    Boolean { is_nullable: bool },
    Guid,
    Date,
    Object(&'static [Member]),
    List(&'static [Member]),
}

/// The schema of an object with these members.
pub(crate) fn object(members: &[Member]) -> ObjectBuilder {
    with_members(ObjectBuilder::new(), members)
}

fn with_members(object: ObjectBuilder, members: &[Member]) -> ObjectBuilder {
    members.iter().fold(object, |object, member| object.property(member.name, schema(member)))
}

fn schema(member: &Member) -> RefOr<Schema> {
    let builder = match member.shape {
        Shape::Text { max_length } => {
            types(&[Type::String, Type::Null]).pattern(Some(TEXT)).max_length(Some(max_length))
        }
        Shape::Integer { is_nullable } => integer(is_nullable),
        Shape::Boolean { is_nullable } => boolean(is_nullable),
        Shape::Guid => ObjectBuilder::new().schema_type(Type::String).pattern(Some(GUID)),
        Shape::Date => types(&[Type::String, Type::Null]).pattern(Some(DATE)),
        Shape::Object(members) => with_members(types(&[Type::Object, Type::Null]), members),
        Shape::Integers => return list(integer(false)),
        Shape::List(members) => return list(object(members)),
    };
    builder.description(member.description).into()
}

fn list(item: ObjectBuilder) -> RefOr<Schema> {
    ArrayBuilder::new().schema_type(SchemaType::Array(vec![Type::Array, Type::Null])).items(item).into()
}

fn types(types: &[Type]) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Array(types.to_vec()))
}

/// A truth value, quoted or not.
fn boolean(is_nullable: bool) -> ObjectBuilder {
    let kinds = [Type::Boolean, Type::String, Type::Null];
    types(if is_nullable { &kinds } else { &kinds[..2] }).pattern(Some(r"^\s*(true|false)\s*$"))
}

/// A number, quoted or not.
fn integer(is_nullable: bool) -> ObjectBuilder {
    let kinds = [Type::Integer, Type::String, Type::Null];
    types(if is_nullable { &kinds } else { &kinds[..2] })
        .minimum(Some(f64::from(i32::MIN)))
        .maximum(Some(f64::from(i32::MAX)))
        .pattern(Some(r"^\s*[+-]?[0-9]{1,9}\s*$"))
}
