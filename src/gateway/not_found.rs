//! Requests whose method and path no operation has; the journal names similar operations.

use axum::body::{Body, Bytes};
use axum::http::Response;
use axum::http::request::Parts;
use utoipa::openapi::{OpenApi, PathItem};

use super::context::{Operation, Replayed, RequestContext, VendorState, original_path_and_query, original_uri};
use super::request_log::{RequestLog, RequestSummary};
use super::response::GatewayRejection;
use super::vendor::Vendor;
use crate::journal::redacted_path;
use crate::tenants::Caller;

/// How many similar operations are named.
const MAX_SIMILAR: usize = 3;

/// The minimum similarity of a similar path; equal paths have 1.
const SIMILAR: f64 = 0.7;

/// An operation of a document, to be compared with a request.
#[derive(Debug)]
pub(crate) struct DocumentedRoute {
    method: &'static str,
    path: String,
    id: String,
}

#[must_use]
pub(crate) fn documented_routes(document: &OpenApi) -> Vec<DocumentedRoute> {
    let of_path = |(path, item): (&String, &PathItem)| {
        let methods = [
            ("GET", &item.get),
            ("POST", &item.post),
            ("PUT", &item.put),
            ("PATCH", &item.patch),
            ("DELETE", &item.delete),
        ];
        let routes = methods.into_iter().filter_map(|(method, operation)| {
            let id = operation.as_ref()?.operation_id.clone().unwrap_or_default();
            Some(DocumentedRoute { method, path: path.clone(), id })
        });
        routes.collect::<Vec<_>>()
    };
    document.paths.paths.iter().flat_map(of_path).collect()
}

/// Responds to a request that no operation has, and journals it with this caller's requests.
pub(crate) fn not_found<V: Vendor>(
    state: &VendorState<V>,
    routes: &[DocumentedRoute],
    parts: &Parts,
    caller: Option<Caller>,
) -> Response<Body> {
    let VendorState { vendor, gateway } = state;
    let mut log = RequestLog::begin(gateway, Operation::NONE, parts, V::PREVIEW_HEADER);
    log.caller = caller;
    let allowed = allowed_methods(parts.uri.path(), routes);
    let rejection =
        if allowed.is_empty() { GatewayRejection::NoSuchOperation } else { GatewayRejection::WrongMethod(allowed) };
    if gateway.journal.is_on() {
        let path = original_uri(parts).path();
        let canonical = vendor.canonical_path(path);
        log.did_you_mean = similar(parts.method.as_str(), canonical.as_deref().unwrap_or(path), routes);
        let mut reason = rejection.reason();
        reason.message.push_str(&hints(parts.method.as_str(), path, &log.did_you_mean));
        log.reasons.push(reason);
    }
    let context = RequestContext {
        parts,
        operation: Operation::NONE,
        request_id: log.request_id,
        options: gateway.options,
        tenant: None,
    };
    let response = vendor.reject(rejection, &context);
    let summary = log.finish_as(&without_secrets(&response, parts));
    let mut response = response.map(Body::from);
    // The log line names no tenant: the request is not authenticated.
    response.extensions_mut().insert(RequestSummary { caller: None, ..summary });
    response
}

/// The response as the journal keeps it: some vendors repeat the path, which can hold secrets.
fn without_secrets(response: &Response<Bytes>, parts: &Parts) -> Response<Bytes> {
    let mut kept = response.clone();
    let path = original_path_and_query(parts);
    let redacted = redacted_path(path, Operation::NONE.route);
    if redacted != path {
        let text = String::from_utf8_lossy(response.body());
        *kept.body_mut() = text.replace(path, &redacted).replace(&path.replace('&', "&amp;"), &redacted).into();
    }
    kept
}

/// The caller whose journal gets a request that no operation has.
pub(crate) async fn caller_of_unknown<V: Vendor>(state: &VendorState<V>, parts: &Parts) -> Option<Caller> {
    if let Some(Replayed(caller)) = parts.extensions.get() {
        return Some(caller.clone());
    }
    let services = state.gateway.services.get()?;
    let caller = services.credentials.holder(&state.vendor.presented_credential(parts)?).await.ok().flatten();
    caller.filter(|caller| caller.kind == V::CREDENTIAL)
}

/// The methods that a path has, as `Allow` lists them; empty where no operation has the path.
fn allowed_methods(path: &str, routes: &[DocumentedRoute]) -> String {
    let fits = |route: &&DocumentedRoute| {
        let (mut pattern, mut parts) = (route.path.split('/'), path.split('/'));
        loop {
            match (pattern.next(), parts.next()) {
                (None, None) => return true,
                (Some(expected), Some(part)) if expected == part || (expected.starts_with('{') && !part.is_empty()) => {
                }
                _ => return false,
            }
        }
    };
    let methods: Vec<&str> = routes.iter().filter(fits).map(|route| route.method).collect();
    methods.join(", ")
}

/// The obvious mistakes in the method and path, and the most similar operation.
fn hints(method: &str, path: &str, similar: &[String]) -> String {
    let is_lower = method.bytes().any(|byte| byte.is_ascii_lowercase());
    let hints = [
        is_lower.then(|| " Methods are written in capitals.".to_owned()),
        path.contains("//").then(|| " The path has a doubled slash.".to_owned()),
        similar.first().map(|nearest| format!(" Did you mean {nearest}?")),
    ];
    hints.into_iter().flatten().collect()
}

/// The operations that are similar to a method and path, the most similar first. Superfluous slashes are ignored.
fn similar(method: &str, path: &str, routes: &[DocumentedRoute]) -> Vec<String> {
    let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    // Long enough for every path; the rest makes no path more similar.
    let request: String = format!("{method} /{}", path.join("/")).chars().take(200).collect();
    let lower = request.to_lowercase();
    let likeness = |route: &DocumentedRoute| {
        let pattern = format!("{} {}", route.method, route.path);
        let likeness = |filled: String| strsim::normalized_levenshtein(&filled.to_lowercase(), &lower);
        // The path may have too few parts, or too many, before a parameter or after it.
        likeness(filled(&pattern, &request, false)).max(likeness(filled(&pattern, &request, true)))
    };
    let mut found: Vec<(f64, &DocumentedRoute)> = routes.iter().map(|route| (likeness(route), route)).collect();
    found.retain(|(likeness, _)| *likeness >= SIMILAR);
    found.sort_by(|(left, _), (right, _)| right.total_cmp(left));
    found
        .into_iter()
        .take(MAX_SIMILAR)
        .map(|(_, route)| format!("{} {} ({})", route.method, route.path, route.id))
        .collect()
}

/// A pattern with each parameter replaced by the part of the request at its place, counted from the beginning or from the end.
fn filled(pattern: &str, request: &str, from_end: bool) -> String {
    let parts = |text: &str| {
        let mut parts: Vec<String> = text.split('/').map(str::to_owned).collect();
        if from_end {
            parts.reverse();
        }
        parts
    };
    let (mut pattern, request) = (parts(pattern), parts(request));
    for (part, value) in pattern.iter_mut().zip(request) {
        if part.starts_with('{') {
            *part = value;
        }
    }
    if from_end {
        pattern.reverse();
    }
    pattern.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_similar_operations_are_named() {
        let routes =
            ["GET /v1/customers/{customerId}", "PUT /v1/customers/upgrade/{customerId}", "GET /v1/sso/{token}"];
        let of = |route: &&'static str| {
            let (method, path) = route.split_once(' ').expect("a method and a path");
            DocumentedRoute { method, path: path.to_owned(), id: "X".to_owned() }
        };
        let routes: Vec<DocumentedRoute> = routes.iter().map(of).collect();
        for (method, path) in [
            ("PUT", "/v1/customer/upgrade/7"),
            ("POST", "/v1/customers/upgrade/7"),
            ("put", "/v1//customers/upgrade/7/"),
        ] {
            let first = &similar(method, path, &routes)[0];
            assert_eq!(first, "PUT /v1/customers/upgrade/{customerId} (X)", "{method} {path}");
        }
        assert!(similar("GET", "/favicon.ico", &routes).is_empty());
        assert_eq!(allowed_methods("/v1/customers/7", &routes), "GET");
        assert_eq!(allowed_methods("/v1/customers/7/x", &routes), "");
        assert_eq!(allowed_methods("/v1/customers/", &routes), "");
    }
}
