//! A client's connection: its peer, its phase, and what is left unread of a request that has its response, which is discarded as it
//! arrives.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, StatusCode};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::Instant;

use super::framing::Framing;
use crate::guesses::Peer;

#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Until the next request begins. Every response announces it, in whole seconds.
    pub idle: Duration,
    /// Until the head of a request is complete, and before the first one until TLS has begun.
    pub head: Duration,
    /// Until a client that has its response stops sending.
    pub discard: Duration,
    /// Until a client has taken the next [`PROGRESS`] bytes of a response, or all that is left of it.
    pub write: Duration,
}

/// How many bytes of a response a slow client must take within the timeout.
const PROGRESS: usize = 64 * 1024;

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(75),
            head: Duration::from_secs(30),
            discard: Duration::from_secs(10),
            write: Duration::from_secs(30),
        }
    }
}

/// A connection, as the requests on it see it. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Connection(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    peer: Peer,
    timeouts: Timeouts,
    /// The header that announces how long it may be idle.
    keep_alive: HeaderValue,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Where in a request the last received byte is.
    framing: Framing,
    /// What the handler of the current request did not read of its body.
    unread: Option<Unread>,
    /// What is discarded of a request that has its response already.
    discard: Option<Discard>,
    /// The status of the HTTP library's own response to a malformed request. It has no body, so another one replaces it.
    withheld: Option<StatusCode>,
    /// What its client does not take of a response.
    stalled: Option<Stalled>,
    /// Since when the handler waits for more of the body.
    awaits_body: Option<Instant>,
    is_reset: bool,
    is_stopping: bool,
    is_lingering: bool,
    task: Task,
}

/// The task that serves the connection.
#[derive(Debug, Default)]
struct Task {
    waker: Option<Waker>,
    /// Another connection gets its place.
    is_displaced: bool,
}

#[derive(Debug, Clone, Copy)]
struct Stalled {
    since: Instant,
    /// The bytes that the client has taken since then.
    taken: usize,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// It waits for a request.
    Idle(Instant),
    /// A request has begun, and its head is not complete.
    Head(Instant),
    Answering,
    /// The response is written, and not flushed yet.
    Written,
    /// It is closed, and what the client still sends is discarded.
    Closing(Instant),
}

/// Since when a connection waits for its client, in the order in which connections make room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wait {
    /// Whether it makes room only after those that are idle: it is amid a request, or has not been idle for long.
    is_later: bool,
    pub since: Instant,
    pub is_amid_request: bool,
}

/// How long a client has to begin a request before its connection counts as idle: a new one is not sacrificed for a still newer one.
const GRACE: Duration = Duration::from_secs(1);

/// What a connection has waited for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    Request,
    /// The rest of a request's head.
    Head,
    /// The rest of a body that is discarded.
    Discard,
    /// That the client takes its response.
    Write,
    /// It has to make room for another connection.
    Room(Wait),
}

impl Connection {
    pub(super) fn new(peer: Peer, timeouts: Timeouts) -> Self {
        let state = State {
            phase: Phase::Idle(Instant::now()),
            framing: Framing::default(),
            unread: None,
            discard: None,
            withheld: None,
            stalled: None,
            awaits_body: None,
            is_reset: false,
            is_stopping: false,
            is_lingering: false,
            task: Task::default(),
        };
        let keep_alive = HeaderValue::try_from(format!("timeout={}", timeouts.idle.as_secs()));
        let keep_alive = keep_alive.expect("invariant: a number is plain ASCII");
        Self(Arc::new(Shared { peer, timeouts, keep_alive, state: Mutex::new(state) }))
    }

    pub(super) fn peer(&self) -> Peer {
        self.0.peer
    }

    pub(super) fn timeouts(&self) -> Timeouts {
        self.0.timeouts
    }

    /// The header that announces how long it may be idle.
    pub(super) fn keep_alive(&self) -> HeaderValue {
        self.0.keep_alive.clone()
    }

    /// Lets the connection end with a reset.
    pub(super) fn reset(&self) {
        self.state().is_reset = true;
    }

    pub(super) fn is_reset(&self) -> bool {
        self.state().is_reset
    }

    /// The current request is the last one.
    pub(super) fn stop(&self) {
        self.state().is_stopping = true;
    }

    /// Whether the server is about to stop.
    pub(super) fn is_stopping(&self) -> bool {
        self.state().is_stopping
    }

    /// It can take requests from now on: TLS has begun.
    pub(super) fn begin(&self) {
        self.state().phase = Phase::Idle(Instant::now());
    }

    /// The head of a request is complete, and its response is on the way.
    pub(super) fn answering(&self) {
        self.state().phase = Phase::Answering;
    }

    /// It is closed, and what the client still sends is discarded.
    pub(super) fn closing(&self) {
        let mut state = self.state();
        (state.phase, state.stalled) = (Phase::Closing(Instant::now()), None);
    }

    /// Since when it waits for its client; `None` where the server works.
    pub(super) fn wait(&self) -> Option<Wait> {
        self.state().wait_of_client()
    }

    /// Lets the connection end, so that another one gets its place. False when it no longer waits for its client.
    pub(super) fn displace(&self) -> bool {
        let mut state = self.state();
        state.task.is_displaced = state.wait_of_client().is_some();
        if let Some(waker) = state.task.waker.as_ref().filter(|_| state.task.is_displaced) {
            waker.wake_by_ref();
        }
        state.task.is_displaced
    }

    /// Ready when another connection gets the place of this one.
    pub(super) fn poll_displaced(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state();
        state.keep_waker(context);
        if state.task.is_displaced { Poll::Ready(()) } else { Poll::Pending }
    }

    /// The handler waits for more of the body, or no longer.
    pub(super) fn awaits_body(&self, is_waiting: bool) {
        self.state().awaits_body = is_waiting.then(Instant::now);
    }

    pub(super) fn received(&self, bytes: &[u8]) {
        self.state().received(bytes);
    }

    /// Whether these bytes are the HTTP library's own response. Nothing else is written while no request is answered.
    pub(super) fn withholds(&self, bytes: &[u8]) -> bool {
        self.state().withholds(bytes)
    }

    /// The client does not take what is written.
    pub(super) fn stalled(&self) {
        self.state().stalled = Some(Stalled { since: Instant::now(), taken: 0 });
    }

    /// The client has taken more of what it did not take before.
    pub(super) fn took(&self, bytes: usize) {
        if let Some(stalled) = &mut self.state().stalled {
            stalled.taken += bytes;
            if stalled.taken >= PROGRESS {
                *stalled = Stalled { since: Instant::now(), taken: 0 };
            }
        }
    }

    /// Everything that was written is flushed.
    pub(super) fn flushed(&self) {
        self.state().flushed();
    }

    /// Keeps what a handler did not read of a request's body.
    pub(super) fn keep_unread(&self, unread: Unread) {
        self.state().unread = Some(unread);
    }

    /// Begins to discard what the handler did not read of the request: a client that sends its whole request first would find the
    /// connection reset otherwise. False when the connection cannot take another request.
    pub(super) fn discard_unread(&self, expects_continue: bool) -> bool {
        let mut state = self.state();
        let Some(unread) = state.unread.take() else { return true };
        state.discard = unread.discard(expects_continue, self.0.timeouts.discard);
        state.is_lingering |= state.discard.is_none();
        state.discard.is_some()
    }

    /// A body cannot be read to its end: the client may still be sending when the connection ends.
    pub(super) fn linger(&self) {
        self.state().is_lingering = true;
    }

    /// Whether the client may still be sending when the connection ends.
    pub(super) fn is_lingering(&self) -> bool {
        let state = self.state();
        state.is_lingering || state.discard.is_some()
    }

    /// The status of the HTTP library's response that was not sent.
    pub(super) fn withheld(&self) -> Option<StatusCode> {
        self.state().withheld
    }

    /// Whether a request has begun and its head is not complete.
    pub(super) fn is_amid_head(&self) -> bool {
        matches!(self.state().phase, Phase::Head(_))
    }

    /// Reads on in what is discarded; returns until when the connection may wait, and for what.
    pub(super) fn poll_due(&self, context: &mut Context<'_>) -> Option<(Instant, Overdue)> {
        let mut state = self.state();
        state.keep_waker(context);
        if state.task.is_displaced {
            match state.wait_of_client() {
                Some(wait) => return Some((wait.since, Overdue::Room(wait))),
                // A request has arrived in the meantime.
                None => state.task.is_displaced = false,
            }
        }
        let write = state.stalled.map(|stalled| (stalled.since + self.0.timeouts.write, Overdue::Write));
        if let Some(discard) = &mut state.discard {
            match discard.poll(context) {
                Poll::Pending => {
                    let until = discard.until;
                    return Some(write.filter(|write| write.0 < until).unwrap_or((until, Overdue::Discard)));
                }
                Poll::Ready(is_whole) => state.is_lingering |= !is_whole,
            }
            state.end_discard();
        }
        if write.is_some() {
            return write;
        }
        match state.phase {
            Phase::Idle(since) => Some((since + self.0.timeouts.idle, Overdue::Request)),
            Phase::Head(since) => Some((since + self.0.timeouts.head, Overdue::Head)),
            Phase::Answering | Phase::Written | Phase::Closing(_) => None,
        }
    }

    /// Reads no more of what is discarded.
    pub(super) fn end_discard(&self) {
        self.state().end_discard();
    }

    /// The body of a response, which reports to the connection when it is written.
    pub(super) fn response_body(&self, body: Body) -> ResponseBody {
        ResponseBody { body, connection: self.clone() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn keep_waker(&mut self, context: &Context<'_>) {
        if !self.task.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            self.task.waker = Some(context.waker().clone());
        }
    }

    fn wait_of_client(&self) -> Option<Wait> {
        let (since, is_amid_request) = match (self.stalled, self.phase) {
            (Some(stalled), _) => (stalled.since, true),
            (None, Phase::Idle(since)) => (since, self.discard.is_some()),
            (None, Phase::Head(since) | Phase::Closing(since)) => (since, true),
            (None, Phase::Answering) => (self.awaits_body?, true),
            (None, Phase::Written) => return None,
        };
        Some(Wait { is_later: is_amid_request || since.elapsed() < GRACE, since, is_amid_request })
    }

    fn end_discard(&mut self) {
        self.discard = None;
        if matches!(self.phase, Phase::Idle(_)) {
            self.wait();
        }
    }

    /// Waits for the next request, or for the rest of its head where the HTTP library has read its beginning.
    fn wait(&mut self) {
        let now = Instant::now();
        let is_amid_head = self.discard.is_none() && self.framing.is_amid_head();
        self.phase = if is_amid_head { Phase::Head(now) } else { Phase::Idle(now) };
    }

    fn received(&mut self, bytes: &[u8]) {
        self.framing.take(bytes);
        if matches!(self.phase, Phase::Idle(_)) && self.discard.is_none() {
            self.phase = Phase::Head(Instant::now());
        }
    }

    fn withholds(&mut self, bytes: &[u8]) -> bool {
        if matches!(self.phase, Phase::Answering | Phase::Written) {
            return false;
        }
        let status = bytes.get(9..12).and_then(|digits| StatusCode::from_bytes(digits).ok());
        self.withheld.get_or_insert(status.unwrap_or(StatusCode::BAD_REQUEST));
        true
    }

    fn flushed(&mut self) {
        self.stalled = None;
        if matches!(self.phase, Phase::Written) {
            self.wait();
        }
    }
}

#[derive(Debug)]
pub(super) struct ResponseBody {
    body: Body,
    connection: Connection,
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        self.connection.state().phase = Phase::Written;
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The most bytes of an unwanted body that are read and discarded, so that its sender gets the response: 64 times the default limit of
/// a body of the vendor APIs. A longer one is cut off.
pub(super) const MAX_DISCARD_BYTES: u64 = 64 * 1024 * 1024;

/// The part of a body that its handler did not read.
#[derive(Debug)]
pub(super) struct Unread {
    pub(super) body: Incoming,
    /// Whether the handler read some of it. A client that waited for `100 Continue` has received it then.
    pub(super) is_begun: bool,
}

impl Unread {
    /// Begins to discard it. `None` when that might not end: when it is too long, and when a client that waits for `100 Continue`
    /// may not send it at all. Then the connection ends with the response.
    pub(super) fn discard(self, expects_continue: bool, timeout: Duration) -> Option<Discard> {
        let is_held_back = expects_continue && !self.is_begun;
        if is_held_back || self.body.size_hint().lower() > MAX_DISCARD_BYTES {
            return None;
        }
        Some(Discard { body: self.body, left: MAX_DISCARD_BYTES, until: Instant::now() + timeout })
    }
}

/// A body that is discarded as it arrives.
#[derive(Debug)]
pub(super) struct Discard {
    body: Incoming,
    left: u64,
    /// When to stop waiting for more.
    pub until: Instant,
}

impl Discard {
    /// Reads on; ready when the body has ended, or enough was read. False when the body is malformed.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        while self.left > 0 {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => {
                    let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                    self.left = self.left.saturating_sub(length);
                }
                Some(Err(_)) => return Poll::Ready(false),
                None => break,
            }
        }
        Poll::Ready(true)
    }
}
