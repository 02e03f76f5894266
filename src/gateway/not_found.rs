//! Requests whose method and path no operation has; the journal names similar operations.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{Method, Response};

use super::context::{
    GatewayState, Operation, Replayed, RequestContext, VendorState, original_path_and_query, original_uri,
};
use super::request_log::{RequestLog, RequestSummary};
use super::response::GatewayRejection;
use super::vendor::Vendor;
use crate::journal::{Suggestions, redacted_path};
use crate::tenants::Caller;
use crate::vendor_facts::CredentialKind;

/// How many similar operations are named.
const MAX_SIMILAR: usize = 3;

/// How many characters of a request are compared with operations.
const MAX_COMPARED: usize = 200;

/// The minimum similarity of a similar path; equal paths have 1.
const SIMILAR: f64 = 0.7;

/// An operation that the document describes, to be compared with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DocumentedRoute {
    pub method: &'static str,
    pub path: &'static str,
    pub id: &'static str,
}

impl DocumentedRoute {
    /// In the order of the document: by path, and by method in the order in which `Allow` lists them.
    pub(crate) fn order(&self) -> (&'static str, usize) {
        const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
        (self.path, METHODS.iter().position(|method| *method == self.method).unwrap_or(METHODS.len()))
    }
}

/// Responds to a request that no operation has, and journals it with this caller's requests.
pub(crate) fn not_found<V: Vendor>(
    state: &VendorState<V>,
    routes: &Arc<[DocumentedRoute]>,
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
        let method = parts.method.clone();
        let (asked, routes) = (request(&method, canonical.as_deref().unwrap_or(path)), Arc::clone(routes));
        log.did_you_mean = Suggestions::new(move || similar(&asked, &routes));
        let mut reason = rejection.reason();
        reason.message.push_str(&hints(method.as_str(), path));
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

/// The caller whose journal gets a request that no operation has, given what it presents to each vendor.
pub(crate) async fn caller_of_unknown(
    gateway: &GatewayState,
    parts: &Parts,
    presented: &[(CredentialKind, Cow<'_, str>)],
) -> Option<Caller> {
    if let Some(Replayed(caller)) = parts.extensions.get() {
        return Some(caller.clone());
    }
    let credentials = &gateway.services.get()?.credentials;
    credentials.holder_of_any(presented, Operation::NONE.id, &gateway.guesses).await.ok()
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

/// The obvious mistakes in the method and path.
fn hints(method: &str, path: &str) -> String {
    let is_lower = method.bytes().any(|byte| byte.is_ascii_lowercase());
    let hints = [
        is_lower.then(|| " Methods are written in capitals.".to_owned()),
        path.contains("//").then(|| " The path has a doubled slash.".to_owned()),
    ];
    hints.into_iter().flatten().collect()
}

/// A method and path, without superfluous slashes.
fn request(method: &Method, path: &str) -> String {
    let path = path.split('/').filter(|part| !part.is_empty());
    // Long enough for every path; the rest makes no path more similar.
    let parts = std::iter::once(method.as_str()).chain([" "]).chain(path.flat_map(|part| ["/", part]));
    parts.flat_map(str::chars).take(MAX_COMPARED).collect()
}

/// The operations that are similar to a request, the most similar first.
fn similar(request: &str, routes: &[DocumentedRoute]) -> Vec<String> {
    let lower = request.to_lowercase();
    let likeness = |route: &DocumentedRoute| {
        let pattern = format!("{} {}", route.method, route.path);
        let likeness = |filled: String| {
            let (length, other) = (filled.chars().count(), lower.chars().count());
            // The distance is at least the difference of the lengths.
            let may_be_similar = length.min(other) * 10 >= length.max(other) * 7;
            if may_be_similar { strsim::normalized_levenshtein(&filled.to_lowercase(), &lower) } else { 0.0 }
        };
        // The path may have too few parts, or too many, before a parameter or after it.
        likeness(filled(&pattern, request, false)).max(likeness(filled(&pattern, request, true)))
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
            DocumentedRoute { method, path, id: "X" }
        };
        let routes: Vec<DocumentedRoute> = routes.iter().map(of).collect();
        for (method, path) in [
            ("PUT", "/v1/customer/upgrade/7"),
            ("POST", "/v1/customers/upgrade/7"),
            ("put", "/v1//customers/upgrade/7/"),
        ] {
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let first = &similar(&request(&method, path), &routes)[0];
            assert_eq!(first, "PUT /v1/customers/upgrade/{customerId} (X)", "{method} {path}");
        }
        assert!(similar(&request(&Method::GET, "/favicon.ico"), &routes).is_empty());
        assert_eq!(allowed_methods("/v1/customers/7", &routes), "GET");
        assert_eq!(allowed_methods("/v1/customers/7/x", &routes), "");
        assert_eq!(allowed_methods("/v1/customers/", &routes), "");
    }
}
