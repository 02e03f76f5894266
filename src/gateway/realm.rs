//! The realm of the gateway's challenge.

use axum::http::header::HOST;
use axum::http::request::Parts;

/// Scheme, host and base path of the API that was called, as the caller named it.
#[must_use]
pub(crate) fn realm(parts: &Parts, base: &str) -> String {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = match header("x-forwarded-proto") {
        Some("https") => "https",
        _ => "http",
    };
    let is_plain = |host: &&str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte));
    let host = header("x-forwarded-host").or_else(|| header(HOST.as_str())).filter(is_plain).unwrap_or("localhost");
    format!("{scheme}://{host}{base}")
}
