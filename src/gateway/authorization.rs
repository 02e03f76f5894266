//! What the header Authorization says.

use axum::http::header;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// User name and password of Basic credentials (RFC 7617).
pub(crate) fn basic_credentials(parts: &Parts) -> Option<(String, String)> {
    let decoded = STANDARD.decode(of_scheme(parts, "Basic")?).ok()?;
    let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// A bearer token (RFC 6750).
pub(crate) fn bearer_token(parts: &Parts) -> Option<&str> {
    of_scheme(parts, "Bearer")
}

fn of_scheme<'a>(parts: &'a Parts, wanted: &str) -> Option<&'a str> {
    let (scheme, credentials) = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let credentials = credentials.trim();
    (scheme.eq_ignore_ascii_case(wanted) && !credentials.is_empty()).then_some(credentials)
}
