//! What describes the API: the OpenAPI document, the page to read and try it, and the coverage. Open to all, because nothing in
//! them is anybody's.

mod coverage;
mod docs;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Response, header};
use axum::routing::get;
use utoipa::openapi::OpenApi;

use super::typed;
pub use coverage::Coverage;

/// The pages and documents, made once.
#[derive(Debug)]
struct Documents {
    openapi: String,
    coverage_json: String,
    coverage_page: String,
}

/// The routes under `/_emulator` that describe `document`; the coverage is of the vendor's operations alone.
///
/// # Panics
/// Never: a document is JSON.
pub(super) fn routes(document: &OpenApi, vendor: &OpenApi) -> Router {
    let coverage = Coverage::of(vendor);
    let documents = Documents {
        openapi: document.to_json().expect("invariant: plain data is JSON"),
        coverage_json: coverage.to_json(),
        coverage_page: coverage.to_page(),
    };
    Router::new()
        .route("/_emulator/openapi.json", get(openapi))
        .route("/_emulator/coverage", get(coverage_of))
        .route("/_emulator/docs", get(docs::entry))
        .route("/_emulator/docs/{*file}", get(docs::file))
        .with_state(Arc::new(documents))
}

async fn openapi(State(documents): State<Arc<Documents>>) -> Response<Body> {
    typed("application/json", documents.openapi.clone())
}

/// JSON for programs, a page for browsers.
async fn coverage_of(State(documents): State<Arc<Documents>>, headers: HeaderMap) -> Response<Body> {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut response = if accept.contains("text/html") {
        typed("text/html; charset=utf-8", documents.coverage_page.clone())
    } else {
        typed("application/json", documents.coverage_json.clone())
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    response
}
