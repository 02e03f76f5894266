//! The style sheet, the script and the icon, which are compiled into the binary.

use axum::body::Body;
use axum::http::{HeaderValue, Response, header};

use crate::control::typed;

/// Part of the URLs of the assets, so that browsers load them again after an update.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(super) async fn style() -> Response<Body> {
    cached("text/css; charset=utf-8", concat!(include_str!("assets/inspector.css"), include_str!("assets/data.css")))
}

pub(super) async fn script() -> Response<Body> {
    cached(
        "text/javascript; charset=utf-8",
        concat!(include_str!("assets/inspector.js"), include_str!("assets/data.js")),
    )
}

pub(super) async fn icon() -> Response<Body> {
    cached("image/svg+xml", include_str!("assets/icon.svg"))
}

fn cached(content_type: &'static str, text: &'static str) -> Response<Body> {
    let mut response = typed(content_type, text);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
