//! From a request to its response, its log line and its metrics.

use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody as _};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version, header};
use hyper::body::Incoming;
use tower::ServiceExt as _;

use super::Server;
use super::access_log::{ConsoleLine, log};
use super::connection::{Connection, ResponseBody};
use super::malformed::MalformedRequest;
use super::request_body::RequestBody;
use super::truncate::{ConnectionEnded, truncated};
use crate::control::Peer;
use crate::database::{ShareOf, measured};
use crate::gateway::{NO_OPERATION, RequestSummary, Transmission};

impl Server {
    pub(super) async fn respond(
        self,
        request: Request<Incoming>,
        connection: &Connection,
    ) -> Result<Response<ResponseBody>, ConnectionEnded> {
        let start = Instant::now();
        let (parts, body) = request.into_parts();
        let is_head = parts.method == Method::HEAD;
        let persistence = Persistence::of(&parts);
        let expects_continue = parts.headers.contains_key(header::EXPECT);
        let body = if body.is_end_stream() { Body::empty() } else { Body::new(RequestBody::new(body, connection)) };
        let mut request = Request::from_parts(parts, body);
        let console = ConsoleLine::begin(&request);
        let share = match request.uri().path() {
            "/livez" | "/readyz" => ShareOf::Control,
            path if path.starts_with("/_emulator") => {
                request.extensions_mut().insert(connection.peer());
                ShareOf::Control
            }
            _ => ShareOf::Unauthenticated,
        };
        let (responded, waited) = measured(share, self.stack.oneshot(request)).await;
        let Ok(mut response) = responded;
        let summary = response.extensions_mut().remove::<RequestSummary>();
        let elapsed = start.elapsed();
        let status = response.status().as_u16();
        let operation = summary.as_ref().map_or(NO_OPERATION, |summary| summary.operation);
        self.shared.metrics.observe(operation, status, elapsed);
        if summary.as_ref().is_some_and(|summary| summary.fault.is_some()) {
            self.shared.metrics.observe_injected_fault(operation);
        }
        log(summary.as_ref(), status, elapsed, waited);
        if let (Some(console), Some(summary)) = (console, &summary) {
            console.end(summary, status, elapsed);
        }
        // axum adds it for a wrong method. Only the vendors that answer 405 list the methods.
        if response.status() != StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().remove(header::ALLOW);
        }
        if connection.discard_unread(expects_continue) {
            persistence.announce(response.headers_mut(), connection);
        } else {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response.extensions_mut().extend(self.shared.case_map.clone());
        match summary.map_or(Transmission::Complete, |summary| summary.transmission) {
            Transmission::Complete => Ok(response.map(|body| connection.response_body(body))),
            Transmission::Truncated if !is_head => Ok(truncated(response).map(|body| connection.response_body(body))),
            // A response to HEAD has no body to truncate.
            Transmission::Truncated | Transmission::Empty => Err(ConnectionEnded),
            Transmission::Reset => {
                connection.reset();
                Err(ConnectionEnded)
            }
        }
    }

    /// The bytes of the response to a malformed request, which is counted and logged.
    pub(super) fn reject(&self, malformed: &MalformedRequest, peer: Peer) -> Vec<u8> {
        let MalformedRequest { status, reason } = malformed;
        let status = status.as_u16();
        self.shared.metrics.observe(NO_OPERATION, status, Duration::ZERO);
        tracing::info!(target: "access", operation = NO_OPERATION, status, peer = %peer.0, reason, "malformed request");
        malformed.to_bytes(self.shared.cors_origin.as_ref())
    }
}

/// Whether the client may use the connection again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Persistence {
    Kept,
    /// The HTTP library may decide against it: a request that also has a length is suspicious.
    Chunked,
    Closed,
}

impl Persistence {
    fn of(parts: &Parts) -> Self {
        let has = |expected: &str| {
            let values = parts.headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
            values.flat_map(|value| value.split(',')).any(|option| option.trim().eq_ignore_ascii_case(expected))
        };
        let is_kept =
            if parts.version == Version::HTTP_10 { has("keep-alive") && !has("close") } else { !has("close") };
        match (is_kept, parts.headers.contains_key(header::TRANSFER_ENCODING)) {
            (false, _) => Self::Closed,
            (true, true) => Self::Chunked,
            (true, false) => Self::Kept,
        }
    }

    /// Adds for how long the connection stays open. Java's client reads it only together with `Connection: keep-alive`.
    fn announce(self, headers: &mut HeaderMap, connection: &Connection) {
        if self == Self::Closed || connection.is_stopping() {
            return;
        }
        headers.insert(KEEP_ALIVE, connection.keep_alive());
        if self == Self::Kept {
            headers.insert(header::CONNECTION, HeaderValue::from_static("keep-alive"));
        }
    }
}

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
