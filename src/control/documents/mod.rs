//! The OpenAPI documents, the page to read and try them, the coverage, and the schemas of files. They need no token, because they contain no tenant data.

mod coverage;
mod docs;
mod json_schema;
mod openapi;

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Response, header};
use axum::routing::get;
use utoipa::openapi::OpenApi;

use super::{Control, typed};
use crate::recordings::Folder;
use crate::vendors;
pub use coverage::Coverage;
pub use json_schema::FileSchema;
pub use openapi::{Api, at_address, document};

/// The coverage of the vendor APIs.
static COVERAGE: LazyLock<Coverage> = LazyLock::new(|| Coverage::of(&vendors::document()));

/// The evidence class and the source of an operation's response with this status; `None` for an operation that the documents do not
/// describe.
pub(super) fn evidence(operation: &str, status: Option<u16>) -> Option<(&'static str, &'static str)> {
    COVERAGE.evidence(operation, status)
}

/// Each document is made when it is first asked for: most servers are never asked, and all of them take megabytes.
pub(super) fn routes(control: Arc<Control>) -> Router {
    let router = Api::all().iter().fold(served("/_emulator/openapi.json", document), |router, api| {
        router.merge(served(&format!("/_emulator/openapi/{}.json", api.name()), || api.document()))
    });
    router
        .merge(json_schema::routes())
        .merge(Router::new().route("/_emulator/coverage", get(coverage_of)).with_state(control))
        .route("/_emulator/docs", get(docs::entry))
        .route("/_emulator/docs/{*file}", get(docs::file))
}

/// Serves a document that is serialized once.
///
/// # Panics
/// Never: a document is JSON.
fn served(path: &str, document: impl FnOnce() -> OpenApi + Send + 'static) -> Router {
    let text = move || Bytes::from(document().to_json().expect("invariant: plain data is JSON"));
    let text = Arc::new(LazyLock::new(text));
    Router::new().route(path, get(async move || typed("application/json", Bytes::clone(&text))))
}

/// JSON for programs, a page for browsers.
async fn coverage_of(
    State(control): State<Arc<Control>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let read = tokio::task::spawn_blocking(move || control.recordings.get().map(Folder::verified)).await;
    let verified = read.ok().flatten();
    let coverage = match verified {
        Some(verified) => Cow::Owned(COVERAGE.clone().with_recordings(&verified)),
        None => Cow::Borrowed(&*COVERAGE),
    };
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut response = if accept.contains("text/html") {
        coverage.page(query.as_deref().unwrap_or_default())
    } else {
        typed("application/json", coverage.to_json())
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    response
}
