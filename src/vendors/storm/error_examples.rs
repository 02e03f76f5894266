//! The bodies of documented errors in the OpenAPI document, made by the code that responds with them.

use chrono::{DateTime, Utc};
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::content::Content;
use utoipa::openapi::path::Operation;
use utoipa::openapi::response::Response;

use super::error::{ErrorCode, StormError};
use super::query;
use super::vendor::Storm;
use super::wire::json;
use crate::gateway::{NotBuilt, example_errors};
use crate::plan::Plan;
use crate::wire::coding::CodingError;
use crate::wire::json::JsonError;

/// The time in the examples.
const TIME: DateTime<Utc> = DateTime::from_timestamp_nanos(1_704_157_445_678_000_000);

/// Makes the error of a request that the framework cannot read.
type Unreadable = fn() -> StormError;

/// Adds the body of each error that an operation documents; `unreadable` is what [`unreadable`] returns for it.
pub(super) fn add(operation: &mut Operation, unreadable: Option<Unreadable>, missing: Option<NotBuilt>) {
    example_errors(operation, &Storm, &["*/*"], missing, || {
        let unsupported = CodingError::Unsupported("zstd".to_owned()).to_string();
        let mut errors = vec![ErrorCode::CustomerMissing.into(), StormError::UnsupportedEncoding(unsupported)];
        errors.extend(unreadable.map(|error| error()));
        errors
    });
    operation.responses.responses.values_mut().for_each(fix_time);
}

/// What the framework cannot read in the example of its page, if it reads anything of the operation's requests.
pub(super) fn unreadable(operation: &Operation) -> Option<Unreadable> {
    if operation.request_body.is_some() {
        return Some(|| StormError::Unreadable(JsonError::NoObject.to_string()));
    }
    let has = |name: &str| {
        operation.parameters.iter().flatten().any(|known| matches!(known, RefOr::T(known) if known.name == name))
    };
    let parameters: [(&str, Unreadable); 3] = [
        ("id", || query::no_integer("id")),
        ("key", || query::no_guid("key")),
        ("companyId", || query::no_integer("companyId")),
    ];
    parameters.into_iter().find(|(name, _)| has(name)).map(|(_, error)| error)
}

/// Replaces the time of the example in an error, so that the document is the same at any time.
fn fix_time(response: &mut RefOr<Response>) {
    let RefOr::T(response) = response else { return };
    for content in response.content.values_mut() {
        if let RefOr::T(Content { example: Some(Value::Object(error)), .. }) = content
            && let Some(time) = error.get_mut("TimeStamp")
        {
            *time = json::format_date(TIME, Plan::default().storm.time_zone).into();
        }
    }
}
