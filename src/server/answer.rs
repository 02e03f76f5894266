//! One request in, one answer, one log line, one entry in the metrics.

use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody as _};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version, header};
use hyper::body::Incoming;
use thiserror::Error;
use tower::ServiceExt as _;

use super::connection::{AnswerBody, Connection};
use super::cut::cut;
use super::rejected::Rejected;
use super::request_body::RequestBody;
use super::{CONSOLE_TARGET, NO_OPERATION, Server};
use crate::control::Peer;
use crate::database::measured;
use crate::gateway::{Ending, Served};
use crate::journal::{shown_path, shown_text};

/// An answer that is not sent: the connection ends instead.
#[derive(Debug, Error)]
#[error("a failure on purpose ended the connection")]
pub(super) struct BrokenOff;

impl Server {
    pub(super) async fn answer(
        self,
        request: Request<Incoming>,
        connection: &Connection,
    ) -> Result<Response<AnswerBody>, BrokenOff> {
        let start = Instant::now();
        let (parts, body) = request.into_parts();
        let is_head = parts.method == Method::HEAD;
        let persistence = Persistence::of(&parts);
        let expects_continue = parts.headers.contains_key(header::EXPECT);
        let body = if body.is_end_stream() { Body::empty() } else { Body::new(RequestBody::new(body, connection)) };
        let mut request = Request::from_parts(parts, body);
        let console = ConsoleLine::begin(&request);
        if request.uri().path().starts_with("/_emulator") {
            request.extensions_mut().insert(connection.peer());
        }
        let (answered, waited) = measured(self.stack.oneshot(request)).await;
        let Ok(mut response) = answered;
        let served = response.extensions_mut().remove::<Served>();
        let elapsed = start.elapsed();
        let status = response.status().as_u16();
        let operation = served.as_ref().map_or(NO_OPERATION, |served| served.operation);
        self.shared.metrics.observe(operation, status, elapsed);
        let fault = served.as_ref().and_then(|served| served.fault);
        if fault.is_some() {
            self.shared.metrics.observe_fault(operation);
        }
        log(served.as_ref(), status, elapsed, waited);
        if let (Some(console), Some(served)) = (console, &served) {
            console.end(served, status, elapsed);
        }
        // axum's for a wrong method. Only doors whose vendor knows methods say which there are.
        if response.status() != StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().remove(header::ALLOW);
        }
        if connection.settle_unread(expects_continue) {
            persistence.tell(response.headers_mut(), connection);
        } else {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response.extensions_mut().extend(self.shared.case_map.clone());
        let answer = |response: Response<Body>| response.map(|body| connection.answer(body));
        match served.map_or(Ending::Whole, |served| served.ending) {
            Ending::Whole => Ok(answer(response)),
            Ending::Cut if !is_head => Ok(answer(cut(response))),
            // An answer to HEAD has no body to cut.
            Ending::Cut | Ending::Empty => Err(BrokenOff),
            Ending::Reset => {
                connection.reset();
                Err(BrokenOff)
            }
        }
    }

    /// The answer to what is no request, counted and logged.
    pub(super) fn reject(&self, rejected: &Rejected, peer: Peer) -> Vec<u8> {
        let Rejected { status, reason } = rejected;
        let status = status.as_u16();
        self.shared.metrics.observe(NO_OPERATION, status, Duration::ZERO);
        tracing::info!(target: "access", operation = NO_OPERATION, status, peer = %peer.0, reason, "rejected: not a request");
        rejected.to_bytes(self.shared.cors_origin.as_ref())
    }
}

/// Whether the caller means to use the connection again, and is to be told for how long it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Persistence {
    Kept,
    /// The HTTP library may decide against it: a request that also has a length is suspicious.
    Chunked,
    Closed,
}

impl Persistence {
    fn of(parts: &Parts) -> Self {
        let says = |wanted: &str| {
            let values = parts.headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
            values.flat_map(|value| value.split(',')).any(|option| option.trim().eq_ignore_ascii_case(wanted))
        };
        let is_kept =
            if parts.version == Version::HTTP_10 { says("keep-alive") && !says("close") } else { !says("close") };
        match (is_kept, parts.headers.contains_key(header::TRANSFER_ENCODING)) {
            (false, _) => Self::Closed,
            (true, true) => Self::Chunked,
            (true, false) => Self::Kept,
        }
    }

    /// Says for how long the connection stays open. Java's client only reads it beside `Connection: keep-alive`.
    fn tell(self, headers: &mut HeaderMap, connection: &Connection) {
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

fn log(served: Option<&Served>, status: u16, elapsed: Duration, waited: Duration) {
    let ms = milliseconds(elapsed);
    let Some(served) = served else {
        // Health checks and metrics.
        tracing::debug!(target: "access", status, ms, "own route");
        return;
    };
    let Served { operation, route, request_id, caller, fault, .. } = served;
    let request_id = request_id.as_ref().map(tracing::field::display);
    let tenant = caller.as_ref().map(|caller| caller.tenant.id.0);
    let waited = milliseconds(waited);
    tracing::event!(
        target: "access",
        tracing::Level::INFO,
        { request.id = request_id, tenant.id = tenant, operation, route, status, ms, database.ms = waited, fault.id = fault },
        "request"
    );
}

/// A request as the log shows it to people, in place of the line for machines: a subscriber takes one of the two.
struct ConsoleLine {
    method: Method,
    path: String,
}

impl ConsoleLine {
    /// `None` where nobody takes it.
    fn begin(request: &Request<Body>) -> Option<Self> {
        if !tracing::enabled!(target: CONSOLE_TARGET, tracing::Level::INFO) {
            return None;
        }
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Some(Self { method: request.method().clone(), path })
    }

    fn end(self, served: &Served, status: u16, elapsed: Duration) {
        let status = (!matches!(served.ending, Ending::Reset | Ending::Empty)).then_some(status);
        let reason = served.reason.get().map(|reason| shown_text(reason));
        tracing::event!(
            target: CONSOLE_TARGET,
            tracing::Level::INFO,
            method = self.method.as_str(),
            path = shown_path(&self.path, served.route),
            tenant = served.caller.as_ref().map(|caller| caller.tenant.name.as_str()),
            status,
            ms = milliseconds(elapsed),
            fault = served.fault,
            reason,
        );
    }
}

/// To the microsecond: more digits are noise.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
