//! Paths that are no operation, and methods that none of a path has; in the journal the operations that may have been meant.

use axum::body::{Body, Bytes};
use axum::http::Response;
use axum::http::request::Parts;
use utoipa::openapi::{OpenApi, PathItem};

use super::exchange::Exchange;
use super::original_uri::{original_path, original_uri};
use super::rejection::GatewayRejection;
use super::replayed::Replayed;
use super::served::Served;
use super::vendor::{RequestContext, Vendor, VendorState};
use crate::journal::shown_path;
use crate::tenants::Caller;

/// The operation of a request that is none.
const NONE: &str = "-";

/// So many near operations are named.
const MOST: usize = 3;

/// From here on two paths are near: 1 is the same.
const NEAR: f64 = 0.7;

/// An operation, as it is compared with what was asked for.
#[derive(Debug)]
pub(crate) struct Known {
    method: &'static str,
    path: String,
    id: String,
}

/// The operations of a document.
#[must_use]
pub(crate) fn known(document: &OpenApi) -> Vec<Known> {
    let of_path = |(path, item): (&String, &PathItem)| {
        let methods = [
            ("GET", &item.get),
            ("POST", &item.post),
            ("PUT", &item.put),
            ("PATCH", &item.patch),
            ("DELETE", &item.delete),
        ];
        let known = methods.into_iter().filter_map(|(method, operation)| {
            let id = operation.as_ref()?.operation_id.clone().unwrap_or_default();
            Some(Known { method, path: path.clone(), id })
        });
        known.collect::<Vec<_>>()
    };
    document.paths.paths.iter().flat_map(of_path).collect()
}

/// Answers a request that is no operation, and journals it with this caller's.
pub(crate) fn unknown<D: Vendor>(
    front: &VendorState<D>,
    known: &[Known],
    parts: &Parts,
    caller: Option<Caller>,
) -> Response<Body> {
    let VendorState { door, house } = front;
    let served = Served { caller, ..Served::new(NONE, NONE) };
    let allowed = allowed(parts.uri.path(), known);
    let rejection =
        if allowed.is_empty() { GatewayRejection::NoSuchOperation } else { GatewayRejection::WrongMethod(allowed) };
    let mut exchange = Exchange::begin(&house.journal, parts, NONE);
    if house.journal.is_on() {
        let asked = original_path(parts);
        let canonical = door.canonical_path(asked);
        exchange.near = near(parts.method.as_str(), canonical.as_deref().unwrap_or(asked), known);
        let mut reason = rejection.reason();
        reason.message.push_str(&hints(parts.method.as_str(), asked, &exchange.near));
        exchange.reasons.push(reason);
    }
    let about = RequestContext {
        parts,
        operation: None,
        request_id: house.random.uuid(),
        options: house.options,
        tenant: None,
    };
    let response = door.rejected(rejection, &about);
    exchange.end(&house.journal, &served, Some(&without_path(&response, parts)));
    let mut response = response.map(Body::from);
    response.extensions_mut().insert(Served { caller: None, ..served });
    response
}

/// The answer as the journal keeps it: a door may repeat the path, in which secrets can stand.
fn without_path(response: &Response<Bytes>, parts: &Parts) -> Response<Bytes> {
    let mut kept = response.clone();
    let asked = original_uri(parts).path_and_query().map_or("/", |path| path.as_str());
    let shown = shown_path(asked, NONE);
    if shown != asked {
        let text = String::from_utf8_lossy(response.body());
        *kept.body_mut() = text.replace(asked, &shown).replace(&asked.replace('&', "&amp;"), &shown).into();
    }
    kept
}

/// Whose journal a request belongs into that is no operation.
pub(crate) async fn caller<D: Vendor>(front: &VendorState<D>, parts: &Parts) -> Option<Caller> {
    if let Some(Replayed(caller)) = parts.extensions.get() {
        return Some(caller.clone());
    }
    let services = front.house.services.get()?;
    let caller = services.credentials.holder(&front.door.presented(parts)?).await.ok().flatten();
    caller.filter(|caller| caller.kind == D::KEY)
}

/// The methods that a path has, as `Allow` lists them; nothing where it is no operation's.
fn allowed(path: &str, known: &[Known]) -> String {
    let fits = |known: &&Known| {
        let (mut pattern, mut asked) = (known.path.split('/'), path.split('/'));
        loop {
            match (pattern.next(), asked.next()) {
                (None, None) => return true,
                (Some(part), Some(asked)) if part == asked || (part.starts_with('{') && !asked.is_empty()) => {}
                _ => return false,
            }
        }
    };
    let methods: Vec<&str> = known.iter().filter(fits).map(|known| known.method).collect();
    methods.join(", ")
}

/// What is wrong with a request whose path is no operation, where that can be seen, and what may have been meant.
fn hints(method: &str, path: &str, near: &[String]) -> String {
    let is_lower = method.bytes().any(|byte| byte.is_ascii_lowercase());
    let hints = [
        is_lower.then(|| " Methods are written in capitals.".to_owned()),
        path.contains("//").then(|| " The path has a doubled slash.".to_owned()),
        near.first().map(|nearest| format!(" Did you mean {nearest}?")),
    ];
    hints.into_iter().flatten().collect()
}

/// The operations that are near to a method and path, the nearest first. Slashes too many count for nothing.
fn near(method: &str, path: &str, known: &[Known]) -> Vec<String> {
    let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    // Long enough for every path; what comes behind makes no path nearer.
    let asked: String = format!("{method} /{}", path.join("/")).chars().take(200).collect();
    let lower = asked.to_lowercase();
    let like = |known: &Known| {
        let call = format!("{} {}", known.method, known.path);
        let like = |filled: String| strsim::normalized_levenshtein(&filled.to_lowercase(), &lower);
        // The path may have too few parts, or too many, before a parameter or behind it.
        like(filled(&call, &asked, false)).max(like(filled(&call, &asked, true)))
    };
    let mut found: Vec<(f64, &Known)> = known.iter().map(|known| (like(known), known)).collect();
    found.retain(|(likeness, _)| *likeness >= NEAR);
    found.sort_by(|(left, _), (right, _)| right.total_cmp(left));
    found.into_iter().take(MOST).map(|(_, known)| format!("{} {} ({})", known.method, known.path, known.id)).collect()
}

/// A pattern with its parameters as they were asked for: a parameter is like whatever stands at its place, counted from the
/// beginning or from the end.
fn filled(pattern: &str, asked: &str, from_end: bool) -> String {
    let parts = |text: &str| {
        let mut parts: Vec<String> = text.split('/').map(str::to_owned).collect();
        if from_end {
            parts.reverse();
        }
        parts
    };
    let (mut pattern, asked) = (parts(pattern), parts(asked));
    for (part, asked) in pattern.iter_mut().zip(asked) {
        if part.starts_with('{') {
            *part = asked;
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
    fn the_nearest_operations_are_named() {
        let known = ["GET /v1/customers/{customerId}", "PUT /v1/customers/upgrade/{customerId}", "GET /v1/sso/{token}"];
        let of = |call: &&'static str| {
            let (method, path) = call.split_once(' ').expect("a method and a path");
            Known { method, path: path.to_owned(), id: "X".to_owned() }
        };
        let known: Vec<Known> = known.iter().map(of).collect();
        for (method, path) in [
            ("PUT", "/v1/customer/upgrade/7"),
            ("POST", "/v1/customers/upgrade/7"),
            ("put", "/v1//customers/upgrade/7/"),
        ] {
            let nearest = &near(method, path, &known)[0];
            assert_eq!(nearest, "PUT /v1/customers/upgrade/{customerId} (X)", "{method} {path}");
        }
        assert!(near("GET", "/favicon.ico", &known).is_empty());
        assert_eq!(allowed("/v1/customers/7", &known), "GET");
        assert_eq!(allowed("/v1/customers/7/x", &known), "");
        assert_eq!(allowed("/v1/customers/", &known), "");
    }
}
