//! The docs page: Swagger UI, compiled in, so that it works without a network.

use std::sync::{Arc, LazyLock};

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderValue, Response, StatusCode, header};
use utoipa_swagger_ui::Config;

/// Swagger UI has styles and images within its code; it sends requests to the vendor APIs, which may have a listener of their own.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src http: https:; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// Without a validator the page needs no network.
static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    let config = Config::from("/_emulator/openapi.json").try_it_out_enabled(true).persist_authorization(false);
    Arc::new(config.validator_url("none"))
});

/// Redirects to the page's own name, because its files are relative to it.
pub(super) async fn entry() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/_emulator/docs/index.html"));
    response
}

pub(super) async fn file(Path(name): Path<String>) -> Response<Body> {
    let served = utoipa_swagger_ui::serve(&name, Arc::clone(&CONFIG));
    let Ok(Some(file)) = served else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    let mut response = Response::new(Body::from(file.bytes.into_owned()));
    if let Ok(content_type) = HeaderValue::from_str(&file.content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}
