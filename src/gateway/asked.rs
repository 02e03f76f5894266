//! The path as the caller wrote it, where a door has read it in its own way.

use axum::http::Uri;
use axum::http::request::Parts;

/// In the extensions of a request: what its URI was before a door brought it into the form of its routes.
#[derive(Debug, Clone)]
pub(crate) struct AskedUri(pub Uri);

/// The URI that the caller asked for.
#[must_use]
pub(crate) fn asked_uri(parts: &Parts) -> &Uri {
    parts.extensions.get::<AskedUri>().map_or(&parts.uri, |AskedUri(uri)| uri)
}

/// The path of it.
#[must_use]
pub(crate) fn asked_path(parts: &Parts) -> &str {
    asked_uri(parts).path()
}
