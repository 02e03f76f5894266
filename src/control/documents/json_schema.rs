//! The JSON Schemas of seed files and plans (draft 2020-12), generated from the types that read them.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::ValueEnum;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::control::typed;
use crate::plan::Plan;
use crate::tenants::SeedFile;

/// A document with a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FileSchema {
    /// Seed files.
    Seed,
    /// Plans of tenants.
    Plan,
}

impl FileSchema {
    /// The schema as JSON with line breaks.
    ///
    /// # Panics
    /// Never: a schema is JSON.
    #[must_use]
    pub fn text(self) -> String {
        let schema = match self {
            Self::Seed => {
                schema_of::<SeedFile>("Seed file", "Tenants with their keys, plan and customers: docs/SEEDS.md.")
            }
            Self::Plan => schema_of::<Plan>("Plan", "The rules of a tenant. What is left out has its default."),
        };
        serde_json::to_string_pretty(&schema).expect("invariant: plain data is JSON") + "\n"
    }

    fn path(self) -> &'static str {
        match self {
            Self::Seed => "/_emulator/schemas/seed.json",
            Self::Plan => "/_emulator/schemas/plan.json",
        }
    }
}

/// Each schema is made for each request: they are rarely asked for, and take milliseconds.
pub(super) fn routes() -> Router {
    FileSchema::value_variants().iter().fold(Router::new(), |router, &schema| {
        router.route(schema.path(), get(async move |headers: HeaderMap| response(schema.text(), &headers)))
    })
}

/// The text, or 304 for a client that has it.
fn response(text: String, headers: &HeaderMap) -> Response<Body> {
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(Sha256::digest(&text)));
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut known = known.flat_map(|value| value.split(',')).map(|one| one.trim().trim_start_matches("W/"));
    let is_known = known.any(|one| one == tag || one == "*");
    let mut response = typed("application/schema+json", if is_known { Bytes::new() } else { text.into() });
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

fn schema_of<T: JsonSchema>(title: &str, description: &str) -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(as_read));
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema.insert("description".to_owned(), description.into());
    let mut schema = schema.to_value();
    // The same file in every build: the order of members depends on features of serde_json.
    schema.sort_all_objects();
    schema
}

/// States the ranges of integers, which the generator leaves to the names of Rust's types, and leaves out what the reader does not
/// demand.
fn as_read(schema: &mut Schema) {
    let Some(members) = schema.as_object_mut() else { return };
    let format = members.get("format").and_then(Value::as_str).map(str::to_owned);
    let range = match format.as_deref() {
        Some("uint8") => Some((0, i64::from(u8::MAX))),
        Some("uint16") => Some((0, i64::from(u16::MAX))),
        Some("int32") => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
        Some("uint32") => Some((0, i64::from(u32::MAX))),
        _ => None,
    };
    if let Some((min, max)) = range {
        members.entry("minimum").or_insert_with(|| json!(min));
        members.entry("maximum").or_insert_with(|| json!(max));
    }
    if !matches!(format.as_deref(), None | Some("date-time" | "uuid" | "uri")) {
        members.remove("format");
    }
    // A set is read from a list that may repeat a value. A file is only read, so that nothing is only written.
    members.remove("uniqueItems");
    members.remove("writeOnly");
    let is_time = format.as_deref() == Some("date-time");
    if is_time || members.get("default").is_some_and(Value::is_null) {
        members.remove("default");
    }
}
