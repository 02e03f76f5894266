//! Paths in the spelling of the routes: some vendors' servers ignore the case, and accept a prefix before the path.

use std::collections::HashMap;

use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;
use utoipa::openapi::OpenApi;

use super::VENDORS;
use crate::gateway::OriginalUri;

/// The paths of a document, found in any case.
#[derive(Debug)]
pub(crate) struct RoutePaths {
    /// By their lower case.
    fixed: HashMap<String, String>,
    with_parameters: Vec<String>,
}

impl RoutePaths {
    pub(crate) fn new(document: &OpenApi) -> Self {
        let paths = document.paths.paths.keys().cloned();
        let (with_parameters, fixed): (Vec<String>, Vec<String>) = paths.partition(|path| path.contains('{'));
        let fixed = fixed.into_iter().map(|path| (path.to_ascii_lowercase(), path)).collect();
        Self { fixed, with_parameters }
    }

    /// The path as its route spells it. Parameters keep their spelling.
    pub(crate) fn canonical(&self, path: &str) -> Option<String> {
        let fixed = self.fixed.get(&path.to_ascii_lowercase()).cloned();
        fixed.or_else(|| self.with_parameters.iter().find_map(|pattern| fill(pattern, path)))
    }
}

/// The pattern with the parameters of a path, if the path fits.
fn fill(pattern: &str, path: &str) -> Option<String> {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    let mut filled = Vec::new();
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return Some(filled.join("/")),
            (Some(expected), Some(part)) if expected.starts_with('{') && !part.is_empty() => filled.push(part),
            (Some(expected), Some(part)) if expected.eq_ignore_ascii_case(part) => filled.push(expected),
            _ => return None,
        }
    }
}

/// The rest of a path after a prefix in any case.
pub(crate) fn without_prefix<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let head = path.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &path[prefix.len()..])
}

/// The request with its path in the spelling of the routes.
pub(crate) fn canonical_path(mut request: Request) -> Request {
    let path = request.uri().path();
    // Most requests: DirectScale's paths are read as they are.
    if path.starts_with("/v1/") || path.starts_with("/_emulator") {
        return request;
    }
    let canonical = VENDORS.iter().rev().find_map(|vendor| (vendor.canonical_path)(path));
    let Some(path) = canonical else { return request };
    if path != request.uri().path()
        && let Some(uri) = with_path(request.uri(), &path)
    {
        let original = std::mem::replace(request.uri_mut(), uri);
        request.extensions_mut().insert(OriginalUri(original));
    }
    request
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(text.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}
