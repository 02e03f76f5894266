//! The control API: JSON in and out, described in the same document as the vendor's operations.

mod ca;
mod clock;
mod data;
mod errors;
mod faults;
mod integration;
mod keys;
mod object;
mod requests;
mod seeds;
mod status;
mod tasks;
mod tenants;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::audit::CreatedTenant;
use super::error::{ControlError, ControlProblem};
use super::{Control, read_decoded_body};
use crate::gateway::{THIS_SERVER, example_body, example_parameters, server, tags};
use crate::tasks::{StartedTask, TaskStatus, Tasks};
use crate::tenants::{MAX_SEED_BYTES, TenantError, read_text};
use crate::wire::misread::without_value;
use object::Object;

pub(super) use seeds::Exports;

/// The tag of the control API's operations.
const TAG: &str = "control";

/// Values of parameters that succeed on the demo data.
const PARAMETERS: [(&str, &str); 7] = [
    ("tenant", "demo"),
    ("snapshot", "before"),
    ("name", "ci"),
    ("hook", "Associates.Enrollment.UpdateAssociateBaseType"),
    ("from", "demo@seed"),
    ("to", "demo"),
    ("fault", "1"),
];

/// Bodies that succeed on the demo data, by operation.
const BODIES: [(&str, &str); 14] = [
    ("CreateTenant", r#"{ "name": "mine" }"#),
    ("ReplacePlan", r#"{ "rejection_status": 400 }"#),
    ("ReplaceIntegration", r#"{ "events": { "subscriptions": [] } }"#),
    ("TryHook", "{}"),
    ("AddKey", r#"{ "name": "ci" }"#),
    ("RotateKey", r#"{ "slot": "primary" }"#),
    ("RevokeKey", r#"{ "slot": "primary" }"#),
    ("LoadSeed", r#"{ "version": 1, "tenants": [{ "name": "loaded" }] }"#),
    ("SeedTenant", r#"{ "population": { "distributors": 10, "retail": 20, "random_seed": 7 } }"#),
    ("ForkTenant", r#"{ "name": "copy" }"#),
    ("FreezeClock", r#"{ "at": "2030-01-31T12:00:00Z" }"#),
    ("SetClock", r#"{ "at": "2030-01-31T12:00:00Z" }"#),
    ("AdvanceClock", r#"{ "seconds": 86400 }"#),
    (
        "AddFault",
        r#"{ "operation": "UpgradeCustomer", "when": { "first": 1 }, "point": "after", "response": "reset" }"#,
    ),
];

/// Adds an operation's examples.
///
/// # Panics
/// When a body above is not JSON, which the tests rule out.
fn add_examples(operation: &mut utoipa::openapi::path::Operation) {
    let id = operation.operation_id.clone().unwrap_or_default();
    example_parameters(operation, &PARAMETERS);
    // A reader who tries them must not lose the demo data.
    if matches!(id.as_str(), "DeleteTenant" | "SeedTenant") {
        example_parameters(operation, &[("tenant", "copy")]);
    }
    // Every tenant has this snapshot.
    if id == "ExportTenant" {
        example_parameters(operation, &[("snapshot", "seed")]);
    }
    if let Some((_, body)) = BODIES.iter().find(|(name, _)| *name == id) {
        example_body(operation, &serde_json::from_str(body).expect("invariant: the examples are JSON"));
    }
}

/// The longest body of a request, in bytes: that of a seed.
const MAX_BODY_BYTES: usize = MAX_SEED_BYTES;

type Answer = Result<Response<Body>, ControlError>;

/// The routes and their description.
pub(super) fn router() -> (Router<Arc<Control>>, OpenApi) {
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The admin token (EMULATOR_ADMIN_TOKEN). On loopback none is needed unless one is set."));
    let token = SecurityScheme::Http(token.build());
    let description = "What this emulator adds to the vendor APIs: tenants and their keys, reset, snapshots, forks, \
                       injected faults, clocks, the journal. docs/CONTROL.md is the manual.";
    let head = OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("directscale-emulator control API")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(description)),
        )
        .servers(Some([server("/", THIS_SERVER)]))
        .tags(Some(tags(&[(TAG, "The emulator's own API. Needs the admin token where one is set.")])))
        .components(Some(ComponentsBuilder::new().security_scheme("adminToken", token).build()))
        .build();
    let (router, mut document) = OpenApiRouter::with_openapi(head)
        .routes(routes!(tenants::list, tenants::create))
        .routes(routes!(tenants::get, tenants::delete))
        .routes(routes!(tenants::plan, tenants::replace_plan))
        .routes(routes!(integration::get, integration::connect))
        .routes(routes!(integration::try_hook))
        .routes(routes!(keys::list, keys::add))
        .routes(routes!(keys::delete))
        .routes(routes!(keys::rotate))
        .routes(routes!(keys::revoke))
        .routes(routes!(seeds::load))
        .routes(routes!(seeds::export))
        .routes(routes!(data::seed))
        .routes(routes!(data::reset))
        .routes(routes!(data::snapshots))
        .routes(routes!(data::save, data::delete_snapshot))
        .routes(routes!(data::restore))
        .routes(routes!(data::fork))
        .routes(routes!(data::diff))
        .routes(routes!(clock::get, clock::real))
        .routes(routes!(clock::freeze))
        .routes(routes!(clock::set))
        .routes(routes!(clock::advance))
        .routes(routes!(faults::list, faults::add, faults::delete_all))
        .routes(routes!(faults::delete))
        .routes(routes!(requests::list, requests::clear))
        .routes(routes!(requests::wait))
        .routes(routes!(requests::stream))
        .routes(routes!(requests::get))
        .routes(routes!(requests::unauthenticated))
        .routes(routes!(webhooks::list))
        .routes(routes!(webhooks::resend))
        .routes(routes!(webhooks::resend_one))
        .routes(routes!(status::get))
        .routes(routes!(tasks::list))
        .routes(routes!(tasks::get))
        .split_for_parts();
    for item in document.paths.paths.values_mut() {
        [&mut item.post, &mut item.put, &mut item.delete].into_iter().flatten().for_each(add_pending);
        for operation in [&mut item.get, &mut item.post, &mut item.put, &mut item.delete].into_iter().flatten() {
            operation.tags = Some(vec![TAG.to_owned()]);
            operation.security = Some(vec![SecurityRequirement::new("adminToken", [] as [&str; 0])]);
            add_examples(operation);
            errors::document(operation);
        }
    }
    document.merge(open_routes().1);
    (router, document)
}

/// The routes that need no token, and their description.
pub(super) fn open_routes() -> (Router<Arc<Control>>, OpenApi) {
    let (router, mut document) = OpenApiRouter::new().routes(routes!(ca::get)).split_for_parts();
    for operation in document.paths.paths.values_mut().filter_map(|item| item.get.as_mut()) {
        operation.tags = Some(vec![TAG.to_owned()]);
        operation.security = Some(vec![SecurityRequirement::default()]);
        errors::document_open(operation);
    }
    (router, document)
}

/// Describes the header of a change that not every server knows.
fn add_pending(operation: &mut utoipa::openapi::path::Operation) {
    use utoipa::openapi::{HeaderBuilder, Object, RefOr, Type};
    let description = "The names of the servers of the same database that did not know the change after one second, separated by commas; \
                       absent where all do.";
    let text = Object::with_type(Type::String);
    let header = HeaderBuilder::new().schema(Some(text)).description(Some(description)).build();
    for (_, response) in operation.responses.responses.iter_mut().filter(|(status, _)| status.starts_with('2')) {
        if let RefOr::T(response) = response {
            response.headers.insert("X-Emulator-Pending".to_owned(), RefOr::T(header.clone()));
        }
    }
}

/// The parameters in the path of a request.
struct Path<T>(T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ControlError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ControlError> {
        let read = axum::extract::Path::from_request_parts(parts, state).await;
        read.map(|axum::extract::Path(read)| Self(read)).map_err(|_| bad_path())
    }
}

fn bad_path() -> ControlError {
    ControlError::Bad("the path must be UTF-8, percent-encoded".to_owned())
}

/// The decoded body of a request, within the limit.
struct Content(Bytes);

impl FromRequest<Arc<Control>> for Content {
    type Rejection = ControlError;

    async fn from_request(request: Request, control: &Arc<Control>) -> Result<Self, ControlError> {
        let (parts, body) = request.into_parts();
        read_decoded_body(control, &parts.headers, body, MAX_BODY_BYTES).await.map(Self)
    }
}

fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    let text = serde_json::to_vec(value).expect("invariant: plain data is JSON");
    let mut response = super::typed("application/json", text);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// Reads a body: YAML where `Content-Type` says so, otherwise JSON. An empty one is `{}`.
fn read<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, ControlError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let text = std::str::from_utf8(body).map_err(|_| {
        ControlError::Bad("the body must be UTF-8, or written as the charset in Content-Type says".to_owned())
    })?;
    // A text in Postgres cannot contain it.
    if text.contains('\0') || text.contains("\\u0000") {
        return Err(ControlError::Bad("the body must not contain the character NUL".to_owned()));
    }
    let text = if text.trim().is_empty() { "{}" } else { text };
    let Object(value) = read_text(text, !kind.contains("yaml")).map_err(ControlError::Bad)?;
    Ok(value)
}

/// Reads a seed, which can be long, on a thread that blocks no other request.
async fn read_seed<T: DeserializeOwned + Send + 'static>(headers: HeaderMap, body: Bytes) -> Result<T, ControlError> {
    let read = tokio::task::spawn_blocking(move || read(&headers, &body));
    read.await.map_err(|_| ControlError::Interrupted)?
}

/// Reads a query. An error names the parameter and not its value, which may be a secret in the wrong place.
fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, ControlError> {
    let read = Query::<T>::try_from_uri(uri).map_err(|error| {
        let text = error.body_text();
        let reason = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
        ControlError::Bad(without_value(reason))
    })?;
    Ok(read.0)
}

/// The result of a task; or its status, for a client that does not wait (`Prefer: respond-async`).
async fn finished(tasks: &Tasks, headers: &HeaderMap, begun: StartedTask<TenantError>, status: StatusCode) -> Answer {
    let prefer = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let is_async = prefer.flat_map(|value| value.split(',')).any(|value| value.trim() == "respond-async");
    // A task that could not begin has no status: its error is the response.
    if is_async && let Some(status_of_task) = tasks.status(begun.id).await? {
        let mut response = with_tenant(json(StatusCode::ACCEPTED, &status_of_task), Some(status_of_task));
        if let Ok(location) = HeaderValue::try_from(format!("/_emulator/tasks/{}", begun.id)) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        return Ok(response);
    }
    let result = begun.end.await.map_err(|_| ControlError::Interrupted)??;
    // A key in it is shown in this response, and not again. The work is done, so the result is returned even if the task is not found.
    let ended = tasks.status(begun.id).await.ok().flatten();
    Ok(with_tenant(json(status, &result), ended))
}

/// The response with the task's tenant for the audit.
fn with_tenant(mut response: Response<Body>, task: Option<TaskStatus>) -> Response<Body> {
    if let Some(task) = task {
        response.extensions_mut().insert(CreatedTenant(task.tenant));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::TaskResult;

    #[tokio::test]
    async fn a_task_that_cannot_begin_is_an_error_for_a_client_that_does_not_wait() {
        let tasks = Tasks::default();
        let headers = HeaderMap::from_iter(
            [(header::HeaderName::from_static("prefer"), "respond-async")]
                .map(|(name, value)| (name, HeaderValue::from_static(value))),
        );
        let reset = async |number| {
            let pending = |_| std::future::pending::<Result<TaskResult, TenantError>>();
            let begun = tasks.begin(uuid::Uuid::from_u128(number), "t", "reset", pending);
            finished(&tasks, &headers, begun, StatusCode::OK).await
        };
        for number in 0..50 {
            assert_eq!(reset(number).await.expect("a task").status(), StatusCode::ACCEPTED);
        }
        let error = reset(50).await.expect_err("one too many");
        assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(error.to_string(), "50 tasks are running: try again when one of them has ended");
    }
}
