//! Paths that are no operation: the gateway's 404, and in the journal the operations that may have been meant.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;
use axum::http::request::Parts;

use super::DirectScale;
use crate::gateway::{Exchange, GatewayRefusal, Replayed, Served, presented_key};

/// The operation of a request that is none.
const NONE: &str = "-";

/// So many near operations are named.
const MOST: usize = 3;

/// From here on two paths are near: 1 is the same.
const NEAR: f64 = 0.7;

/// An operation, as it is compared with what was asked for.
#[derive(Debug)]
pub(super) struct Known {
    /// Its method and path.
    pub call: String,
    /// Its name.
    pub id: String,
}

/// Answers a path that is no operation.
pub(super) async fn unknown(directscale: Arc<DirectScale>, known: Arc<Vec<Known>>, parts: Parts) -> Response<Body> {
    let mut served = Served::new(NONE, NONE);
    let refusal = GatewayRefusal::NoSuchOperation;
    let mut exchange = Exchange::begin(&directscale.journal, &parts, NONE);
    if directscale.journal.is_on() {
        served.caller = match (parts.extensions.get(), directscale.back_end.get(), presented_key(&parts)) {
            (Some(Replayed(caller)), ..) => Some(caller.clone()),
            (None, Some(back_end), Some(key)) => back_end.directory.caller(&key).await.ok().flatten(),
            _ => None,
        };
        exchange.near = near(&format!("{} {}", parts.method, parts.uri.path()), &known);
        exchange.reasons.extend(refusal.reason());
    }
    let response = refusal.into_response();
    exchange.end(&directscale.journal, &served, Some(&response));
    let mut response = response.map(Body::from);
    response.extensions_mut().insert(Served { caller: None, ..served });
    response
}

/// The operations that are near to a method and path, the nearest first.
fn near(asked: &str, known: &[Known]) -> Vec<String> {
    // Long enough for every path; what comes behind makes no path nearer.
    let asked: String = asked.chars().take(200).collect();
    let like = |known: &Known| {
        // A parameter is like whatever stands at its place.
        let parts = known.call.split('/').zip(asked.split('/').map(Some).chain(std::iter::repeat(None)));
        let filled: Vec<&str> =
            parts.map(|(part, asked)| if part.starts_with('{') { asked.unwrap_or(part) } else { part }).collect();
        strsim::normalized_levenshtein(&filled.join("/").to_lowercase(), &asked.to_lowercase())
    };
    let mut found: Vec<(f64, &Known)> = known.iter().map(|known| (like(known), known)).collect();
    found.retain(|(likeness, _)| *likeness >= NEAR);
    found.sort_by(|(left, _), (right, _)| right.total_cmp(left));
    found.into_iter().take(MOST).map(|(_, known)| format!("{} ({})", known.call, known.id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_operations_are_named() {
        let known = ["GET /v1/customers/{customerId}", "PUT /v1/customers/upgrade/{customerId}", "GET /v1/sso/{token}"];
        let known: Vec<Known> =
            known.iter().map(|call| Known { call: (*call).to_owned(), id: "X".to_owned() }).collect();
        assert_eq!(near("PUT /v1/customer/upgrade/7", &known)[0], "PUT /v1/customers/upgrade/{customerId} (X)");
        assert_eq!(near("POST /v1/customers/upgrade/7", &known)[0], "PUT /v1/customers/upgrade/{customerId} (X)");
        assert!(near("GET /favicon.ico", &known).is_empty());
    }
}
