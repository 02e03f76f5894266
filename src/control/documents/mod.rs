//! The OpenAPI documents, the page to read and try them, and the coverage. They need no token, because they contain no tenant data.

mod coverage;
mod docs;
mod openapi;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Response, header};
use axum::routing::get;
use utoipa::openapi::OpenApi;

use super::typed;
pub use coverage::Coverage;
pub use openapi::{Api, at_address, document};

#[derive(Debug)]
struct Documents {
    coverage: Coverage,
    coverage_json: String,
}

/// `vendor` is the document of the vendor APIs, whose operations the coverage lists.
pub(super) fn routes(vendor: &OpenApi) -> Router {
    let coverage = Coverage::of(vendor);
    let documents = Documents { coverage_json: coverage.to_json(), coverage };
    let whole = served("/_emulator/openapi.json", &document());
    let router = Api::all().iter().fold(whole, |router, api| {
        router.merge(served(&format!("/_emulator/openapi/{}.json", api.name()), &api.document()))
    });
    router
        .route("/_emulator/coverage", get(coverage_of))
        .route("/_emulator/docs", get(docs::entry))
        .route("/_emulator/docs/{*file}", get(docs::file))
        .with_state(Arc::new(documents))
}

/// Serves a document that is serialized once.
///
/// # Panics
/// Never: a document is JSON.
fn served(path: &str, document: &OpenApi) -> Router<Arc<Documents>> {
    let text = Bytes::from(document.to_json().expect("invariant: plain data is JSON"));
    Router::new().route(path, get(async move || typed("application/json", text)))
}

/// JSON for programs, a page for browsers.
async fn coverage_of(
    State(documents): State<Arc<Documents>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut response = if accept.contains("text/html") {
        documents.coverage.page(query.as_deref().unwrap_or_default())
    } else {
        typed("application/json", documents.coverage_json.clone())
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    response
}
