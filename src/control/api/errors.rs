//! The errors in the description of the control API, each with the body that the server responds with.

use axum::http::{StatusCode, Uri};
use serde::Deserialize;
use serde_json::Value;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};
use uuid::Uuid;

use super::object::Object;
use super::{MAX_BODY_BYTES, bad_path, ca, query, tasks};
use crate::control::access::{ANOTHER_SITE, WRONG_TOKEN};
use crate::control::error::{ControlError, ControlProblem, DATABASE_FAILED};
use crate::guesses::TooManyGuesses;
use crate::tenants::{CredentialError, TenantError, read_text};
use crate::wire::coding::CodingError;

/// The type of the bodies of errors.
const PROBLEM: &str = "application/problem+json";

/// The names in the examples.
const UNKNOWN_TENANT: &str = "team-b";
const UNKNOWN_TASK: Uuid = Uuid::from_u128(0x0191_8f3a_7c1e_7b52_9d1a_3c5e_7f90_1b2d);

/// Describes the errors of an operation that needs the token.
pub(super) fn document(operation: &mut Operation) {
    let errors = [
        unreadable(operation).map(|error| ("The request cannot be read, or has an impossible value", error)),
        Some(("The token is missing or wrong", ControlError::Unauthorized(WRONG_TOKEN.to_owned()))),
        Some((
            "The request comes from another machine, or from a page of another site",
            ControlError::Forbidden(ANOTHER_SITE.to_owned()),
        )),
        unknown(operation).map(|error| ("There is nothing with this name", error)),
        conflict(operation).map(|error| ("The name is in use, or a concurrent request made the same change", error)),
        has_body(operation).then_some(("The request's body is too long", ControlError::TooLong(MAX_BODY_BYTES))),
        has_body(operation).then(|| {
            let unsupported = CodingError::Unsupported("zstd".to_owned()).to_string();
            ("The Content-Encoding of the body is not supported", ControlError::Unsupported(unsupported))
        }),
        Some(("This network sent too many wrong tokens", TooManyGuesses(42).into())),
        Some(("The server is not ready yet, or reads too many large bodies", ControlError::NotReady)),
    ];
    for (meaning, error) in errors.into_iter().flatten() {
        describe(operation, meaning, error.status(), error.detail());
    }
    describe(operation, "The database failed", StatusCode::INTERNAL_SERVER_ERROR, DATABASE_FAILED.to_owned());
}

/// Describes the error of the operation that needs no token.
pub(super) fn document_open(operation: &mut Operation) {
    let error = ca::no_local_ca();
    describe(operation, "There is nothing with this name", error.status(), error.detail());
}

/// Adds the response, if the operation does not describe it itself, and the example of its body.
fn describe(operation: &mut Operation, meaning: &str, status: StatusCode, detail: String) {
    let problem = || {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ControlProblem"))).build();
        RefOr::T(ResponseBuilder::new().description(meaning).content(PROBLEM, content).build())
    };
    let response = operation.responses.responses.entry(status.as_str().to_owned()).or_insert_with(problem);
    if let RefOr::T(response) = response
        && let Some(RefOr::T(content)) = response.content.get_mut(PROBLEM)
    {
        content.example = serde_json::to_value(ControlProblem::new(status, detail)).ok();
    }
}

/// What is wrong with a request that cannot be read: its body `x`, else its parameter `limit=x`, else its path `%ff`.
fn unreadable(operation: &Operation) -> Option<ControlError> {
    #[derive(Debug, Deserialize)]
    struct Limit {
        #[serde(rename = "limit")]
        _limit: usize,
    }
    if has_body(operation) {
        return read_text::<Object<Value>>("x", true).err().map(ControlError::Bad);
    }
    let has_limit = parameters(operation).any(|parameter| parameter.name == "limit");
    if has_limit {
        return query::<Limit>(&Uri::from_static("/?limit=x")).err();
    }
    has_path_parameter(operation).then(bad_path)
}

fn unknown(operation: &Operation) -> Option<ControlError> {
    match operation.operation_id.as_deref() {
        Some("GetTask") => return Some(tasks::unknown(&UNKNOWN_TASK.to_string())),
        // A tenant that is being created has tasks and no name yet.
        Some("ListTasks") => return None,
        Some("ListUnauthenticatedRequests") => return Some(crate::control::journal::is_off()),
        _ => {}
    }
    let names_tenant = parameters(operation).any(|parameter| ["tenant", "from"].contains(&parameter.name.as_str()));
    names_tenant.then(|| TenantError::UnknownTenant(UNKNOWN_TENANT.to_owned()).into())
}

/// `None` for operations that only read.
fn conflict(operation: &Operation) -> Option<ControlError> {
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let error = match id {
        "CreateTenant" | "ForkTenant" => TenantError::NameTaken("demo".to_owned()),
        "AddKey" => CredentialError::InUse("default".to_owned()).into(),
        _ if ["Get", "List", "Diff", "Export", "Wait", "Stream"].iter().any(|read| id.starts_with(read)) => {
            return None;
        }
        _ => TenantError::Conflict,
    };
    Some(error.into())
}

fn has_body(operation: &Operation) -> bool {
    operation.request_body.is_some()
}

fn has_path_parameter(operation: &Operation) -> bool {
    parameters(operation).any(|parameter| matches!(parameter.parameter_in, ParameterIn::Path))
}

fn parameters(operation: &Operation) -> impl Iterator<Item = &Parameter> {
    operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    })
}
