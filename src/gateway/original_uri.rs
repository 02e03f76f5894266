//! The path as the caller wrote it, where a door has read it in its own way.

use axum::http::Uri;
use axum::http::request::Parts;

/// In the extensions of a request: what its URI was before a door brought it into the form of its routes.
#[derive(Debug, Clone)]
pub(crate) struct OriginalUri(pub Uri);

/// The URI that the caller asked for.
#[must_use]
pub(crate) fn original_uri(parts: &Parts) -> &Uri {
    parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(uri)| uri)
}

#[must_use]
pub(crate) fn original_path(parts: &Parts) -> &str {
    original_uri(parts).path()
}
