//! Pieces of the OpenAPI documents that are the same for every API.

use serde_json::Value;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder};
use utoipa::openapi::schema::{Schema, SchemaType};
use utoipa::openapi::server::{Server, ServerBuilder};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{RefOr, Required, Type};

/// The description of the server that serves the document.
pub(crate) const THIS_SERVER: &str = "This server";

/// The tag of operations that are not built, of any vendor.
pub(crate) const NOT_BUILT: (&str, &str) =
    ("not built", "Operations of the vendors that this emulator does not build. Each responds with 501 and its name.");

/// The description of the response of an operation that is not built.
pub(crate) const NOT_BUILT_HERE: &str = "This emulator does not build it";

/// A server of a document. A path is relative to the document's own URL.
pub(crate) fn server(url: &str, description: &str) -> Server {
    ServerBuilder::new().url(url).description(Some(description)).build()
}

/// Tags with their descriptions, in this order.
pub(crate) fn tags(described: &[(&str, &str)]) -> Vec<Tag> {
    described.iter().map(|(name, text)| TagBuilder::new().name(*name).description(Some(*text)).build()).collect()
}

/// Adds examples to parameters, each of the parameter's own type.
pub(crate) fn example_parameters(operation: &mut Operation, examples: &[(&str, &str)]) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        if let Some((_, value)) = examples.iter().find(|(name, _)| *name == parameter.name) {
            let text = || Value::String((*value).to_owned());
            let example = if is_text(parameter) { None } else { serde_json::from_str(value).ok() };
            let described = ParameterBuilder::from(std::mem::take(parameter));
            *parameter = described.example(Some(example.unwrap_or_else(text))).build();
        }
    }
}

/// Whether a parameter may be any text.
fn is_text(parameter: &Parameter) -> bool {
    let Some(RefOr::T(Schema::Object(object))) = &parameter.schema else { return true };
    match &object.schema_type {
        SchemaType::Type(kind) => *kind == Type::String,
        SchemaType::Array(kinds) => kinds.contains(&Type::String),
        SchemaType::AnyValue => true,
    }
}

/// Adds an example to each content type of an operation's body.
pub(crate) fn example_body(operation: &mut Operation, example: &Value) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    body.required.get_or_insert(Required::True);
    for content in body.content.values_mut() {
        if let RefOr::T(content) = content {
            content.example = Some(example.clone());
        }
    }
}
