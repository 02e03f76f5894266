//! A client's connection: its peer, its phase, and what is left unread of a request that has its response, which is discarded as it
//! arrives.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, StatusCode};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::framing::Framing;
use crate::guesses::Peer;

#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Until the next request begins. Every response announces it, in whole seconds.
    pub idle: Duration,
    /// Until the head of a request is complete.
    pub head: Duration,
    /// Until a client that has its response stops sending.
    pub discard: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { idle: Duration::from_secs(75), head: Duration::from_secs(30), discard: Duration::from_secs(10) }
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
    is_reset: bool,
    is_stopping: bool,
    is_lingering: bool,
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
}

/// What a connection has waited for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    Request,
    /// The rest of a request's head.
    Head,
    /// The rest of a body that is discarded.
    Discard,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, peer: Peer, timeouts: Timeouts) -> (Self, Stream) {
        let state = State {
            phase: Phase::Idle(Instant::now()),
            framing: Framing::default(),
            unread: None,
            discard: None,
            withheld: None,
            is_reset: false,
            is_stopping: false,
            is_lingering: false,
        };
        let keep_alive = HeaderValue::try_from(format!("timeout={}", timeouts.idle.as_secs()));
        let keep_alive = keep_alive.expect("invariant: a number is plain ASCII");
        let connection = Self(Arc::new(Shared { peer, timeouts, keep_alive, state: Mutex::new(state) }));
        let stream = Stream { stream, connection: connection.clone() };
        (connection, stream)
    }

    pub(super) fn peer(&self) -> Peer {
        self.0.peer
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

    /// The head of a request is complete, and its response is on the way.
    pub(super) fn answering(&self) {
        self.state().phase = Phase::Answering;
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
        if let Some(discard) = &mut state.discard {
            match discard.poll(context) {
                Poll::Pending => return Some((discard.until, Overdue::Discard)),
                Poll::Ready(is_whole) => state.is_lingering |= !is_whole,
            }
            state.end_discard();
        }
        match state.phase {
            Phase::Idle(since) => Some((since + self.0.timeouts.idle, Overdue::Request)),
            Phase::Head(since) => Some((since + self.0.timeouts.head, Overdue::Head)),
            Phase::Answering | Phase::Written => None,
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

    /// Whether these bytes are the HTTP library's own response. Nothing else is written while no request is answered.
    fn withholds(&mut self, bytes: &[u8]) -> bool {
        if matches!(self.phase, Phase::Answering | Phase::Written) {
            return false;
        }
        let status = bytes.get(9..12).and_then(|digits| StatusCode::from_bytes(digits).ok());
        self.withheld.get_or_insert(status.unwrap_or(StatusCode::BAD_REQUEST));
        true
    }

    /// Everything that was written is flushed.
    fn flushed(&mut self) {
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

/// The stream of a connection. The HTTP library does not shut it down: the code that takes it out does.
#[derive(Debug)]
pub(super) struct Stream {
    stream: TcpStream,
    connection: Connection,
}

impl Stream {
    pub(super) fn into_inner(self) -> TcpStream {
        self.stream
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.connection.state().received(&buffer.filled()[before..]);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.connection.state().withholds(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.connection.state().flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = buffers.iter().find(|buffer| !buffer.is_empty());
        if let Some(first) = first
            && self.connection.state().withholds(first)
        {
            return Poll::Ready(Ok(buffers.iter().map(|buffer| buffer.len()).sum()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
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
