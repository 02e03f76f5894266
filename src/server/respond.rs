//! From a request to its response, its log line and its metrics: the request's body as its handler reads it, the response that an
//! injected fault truncates, and the access log, for machines or for people.

use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version, header};
use hyper::body::{Frame, Incoming, SizeHint};
use thiserror::Error;
use tokio::time::{Sleep, sleep};
use tower::ServiceExt as _;

use super::connection::{Connection, ResponseBody, Unread};
use super::malformed::MalformedRequest;
use super::{Server, panicked};
use crate::clock::milliseconds;
use crate::database::measured;
use crate::gateway::{NO_OPERATION, OverTls, RequestSummary, Transmission, caught};
use crate::guesses::Peer;
use crate::journal::{redacted_path, redacted_text};

impl Server {
    pub(super) async fn respond(
        &self,
        request: Request<Incoming>,
        connection: &Connection,
        is_tls: bool,
    ) -> Result<Response<ResponseBody>, ConnectionEnded> {
        let start = Instant::now();
        let (mut parts, body) = request.into_parts();
        if is_tls {
            parts.extensions.insert(OverTls);
        }
        let is_head = parts.method == Method::HEAD;
        let persistence = Persistence::of(&parts);
        let expects_continue = parts.headers.contains_key(header::EXPECT);
        let body = if body.is_end_stream() { Body::empty() } else { Body::new(RequestBody::new(body, connection)) };
        let request = Request::from_parts(parts, body);
        let console = ConsoleLine::begin(&request);
        // Pinned here, because each function that takes it would move it.
        let responding = pin!(self.stack.clone().oneshot(request));
        let (responded, waited) = connection.peer().requests(measured(caught(responding))).await;
        let mut response = responded.map_or_else(panicked, |Ok(response)| response);
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
        *response.extensions_mut() = self.shared.case_map.clone();
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

/// The body of a request. When it is dropped, its connection gets what is left unread.
#[derive(Debug)]
pub(super) struct RequestBody {
    /// `None` once it has ended.
    body: Option<Incoming>,
    is_begun: bool,
    /// Whether the connection knows that the handler waits for more.
    is_awaited: bool,
    connection: Connection,
}

impl RequestBody {
    pub(super) fn new(body: Incoming, connection: &Connection) -> Self {
        Self { body: Some(body), is_begun: false, is_awaited: false, connection: connection.clone() }
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if self.is_awaited {
            self.connection.awaits_body(false);
        }
        if let Some(body) = self.body.take()
            && !body.is_end_stream()
        {
            self.connection.keep_unread(Unread { body, is_begun: self.is_begun });
        }
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.is_begun = true;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let Poll::Ready(frame) = Pin::new(body).poll_frame(context) else {
            if !self.is_awaited {
                self.is_awaited = true;
                self.connection.awaits_body(true);
            }
            return Poll::Pending;
        };
        match &frame {
            Some(Ok(_)) => {}
            Some(Err(_)) => {
                self.body = None;
                self.connection.linger();
            }
            None => self.body = None,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Incoming::size_hint)
    }
}

/// A response that is not sent to its end: the connection ends instead.
#[derive(Debug, Error)]
#[error("an injected fault ended the connection")]
pub(super) struct ConnectionEnded;

/// How long the first half may take to be sent, before the connection ends.
const TIMEOUT: Duration = Duration::from_millis(20);

/// The same response with half of its body, and the Content-Length of the whole; an empty body has Content-Length 2.
pub(super) fn truncated(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let length = body.size_hint().exact().unwrap_or_default();
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length.max(2)));
    Response::from_parts(parts, Body::new(Half { whole: body, left: length / 2, timeout: Box::pin(sleep(TIMEOUT)) }))
}

/// The first half of a body, and then a failure.
struct Half {
    whole: Body,
    left: u64,
    timeout: Pin<Box<Sleep>>,
}

impl HttpBody for Half {
    type Data = Bytes;
    type Error = ConnectionEnded;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ConnectionEnded>>> {
        if self.left > 0
            && let Some(Ok(frame)) = ready!(Pin::new(&mut self.whole).poll_frame(context))
            && let Ok(mut data) = frame.into_data()
        {
            data.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
            self.left -= data.len() as u64;
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        ready!(self.timeout.as_mut().poll(context));
        Poll::Ready(Some(Err(ConnectionEnded)))
    }
}

/// The target of the log's events for a console, which replace those of the target `access` there.
pub const CONSOLE_TARGET: &str = "access::console";

pub(super) fn log(summary: Option<&RequestSummary>, status: u16, elapsed: Duration, waited: Duration) {
    let ms = milliseconds(elapsed);
    let Some(summary) = summary else {
        // Health checks and metrics.
        tracing::debug!(target: "access", status, ms, "health check or metrics");
        return;
    };
    if !tracing::enabled!(target: "access", tracing::Level::INFO) {
        return;
    }
    let RequestSummary { operation, route, request_id, caller, fault, reason, .. } = summary;
    let request_id = request_id.as_ref().map(tracing::field::display);
    let tenant = caller.as_ref().map(|caller| &caller.tenant);
    let (id, name) = (tenant.map(|tenant| tenant.id.0), tenant.map(|tenant| tenant.name.as_str()));
    let waited = milliseconds(waited);
    let reason = reason.as_ref().map(|reason| redacted_text(reason));
    tracing::event!(
        target: "access",
        tracing::Level::INFO,
        {
            request.id = request_id, tenant.id = id, tenant.name = name, operation, route, status, ms, database.ms = waited,
            fault.id = fault, reason
        },
        "request"
    );
}

/// Whether an operation that is similar to a request may be looked for: the search takes longer than a request, so once a second.
fn may_search() -> bool {
    static LAST: Mutex<Option<Instant>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let is_due = last.is_none_or(|last| last.elapsed() >= Duration::from_secs(1));
    if is_due {
        *last = Some(Instant::now());
    }
    is_due
}

/// A request as the log shows it to people. A subscriber selects this line or the one for machines.
pub(super) struct ConsoleLine {
    method: Method,
    path: String,
}

impl ConsoleLine {
    /// `None` if no subscriber selects it.
    pub(super) fn begin(request: &Request<Body>) -> Option<Self> {
        if !tracing::enabled!(target: CONSOLE_TARGET, tracing::Level::INFO) {
            return None;
        }
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Some(Self { method: request.method().clone(), path })
    }

    pub(super) fn end(self, summary: &RequestSummary, status: u16, elapsed: Duration) {
        let status = (!matches!(summary.transmission, Transmission::Reset | Transmission::Empty)).then_some(status);
        let is_unknown = !summary.did_you_mean.is_none();
        let nearest = (is_unknown && may_search()).then(|| summary.did_you_mean.names().first()).flatten();
        let hint = nearest.map_or_else(String::new, |nearest| format!(" Did you mean {nearest}?"));
        let reason = summary.reason.as_ref().map(|reason| format!("{}{hint}", redacted_text(reason)));
        tracing::event!(
            target: CONSOLE_TARGET,
            tracing::Level::INFO,
            method = self.method.as_str(),
            path = redacted_path(&self.path, summary.route),
            tenant = summary.caller.as_ref().map(|caller| caller.tenant.name.as_str()),
            status,
            ms = milliseconds(elapsed),
            fault = summary.fault,
            reason,
        );
    }
}
