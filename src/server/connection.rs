//! A caller's connection: where it comes from, what it is doing, and what is left of a request when it is answered.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, StatusCode};
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::framing::Framing;
use super::request_body::{Discard, Unread};
use crate::control::Peer;

/// How long a connection may wait for what.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For the next request to begin. Every answer says it, in whole seconds.
    pub idle: Duration,
    /// For the head of a request that has begun.
    pub head: Duration,
    /// For what a caller still sends after it has its answer.
    pub discard: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { idle: Duration::from_secs(75), head: Duration::from_secs(30), discard: Duration::from_secs(10) }
    }
}

/// What is known of a connection while its requests are answered. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Connection(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    peer: Peer,
    timeouts: Timeouts,
    /// What answers say of the time that it may be idle.
    keep_alive: HeaderValue,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Where in a request the bytes are that came so far.
    framing: Framing,
    /// What the handler of the request under way left of its body.
    unread: Option<Unread>,
    /// What is being read of a request that has its answer already.
    discard: Option<Discard>,
    /// The status of the HTTP library's own answer to what is no request. It has no body, so another one is sent for it.
    withheld: Option<StatusCode>,
    is_reset: bool,
    is_stopping: bool,
    is_lingering: bool,
}

/// What a connection is doing.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// It waits for a request.
    Idle(Instant),
    /// A request has begun, its head is not whole yet.
    Head(Instant),
    Answering,
    /// The answer is written, but some of it may not have left yet.
    Written,
}

/// What a connection must not wait for any longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    Request,
    /// The rest of a request's head.
    Head,
    /// The rest of a body that nobody reads.
    Discard,
}

impl Connection {
    /// A connection from `peer`, and its stream.
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
        let known = Self(Arc::new(Shared { peer, timeouts, keep_alive, state: Mutex::new(state) }));
        let stream = Stream { stream, known: known.clone() };
        (known, stream)
    }

    pub(super) fn peer(&self) -> Peer {
        self.0.peer
    }

    /// For how long it may be idle, as answers say it.
    pub(super) fn keep_alive(&self) -> HeaderValue {
        self.0.keep_alive.clone()
    }

    /// When the connection ends, it ends with a reset.
    pub(super) fn reset(&self) {
        self.state().is_reset = true;
    }

    /// Whether it ends with a reset.
    pub(super) fn is_reset(&self) -> bool {
        self.state().is_reset
    }

    /// No request is answered after the one under way.
    pub(super) fn stop(&self) {
        self.state().is_stopping = true;
    }

    /// Whether the server is about to stop.
    pub(super) fn is_stopping(&self) -> bool {
        self.state().is_stopping
    }

    /// A request is whole, and is answered from here on.
    pub(super) fn answering(&self) {
        self.state().phase = Phase::Answering;
    }

    /// Keeps what a handler did not read of a request's body.
    pub(super) fn keep_unread(&self, unread: Unread) {
        self.state().unread = Some(unread);
    }

    /// Sees to what the handler left of the request, now that there is an answer: it is read and thrown away, because a
    /// caller that sends its whole request first would find the connection reset otherwise. False when the connection cannot
    /// take another request after it.
    pub(super) fn settle_unread(&self, expects_continue: bool) -> bool {
        let mut state = self.state();
        let Some(unread) = state.unread.take() else { return true };
        state.discard = unread.discard(expects_continue, self.0.timeouts.discard);
        state.is_lingering |= state.discard.is_none();
        state.discard.is_some()
    }

    /// A body cannot be read to its end: the caller may still be sending when the connection ends.
    pub(super) fn linger(&self) {
        self.state().is_lingering = true;
    }

    /// Whether the caller may still be sending when the connection ends.
    pub(super) fn is_lingering(&self) -> bool {
        let state = self.state();
        state.is_lingering || state.discard.is_some()
    }

    /// The status of the HTTP library's answer that was not sent.
    pub(super) fn withheld(&self) -> Option<StatusCode> {
        self.state().withheld
    }

    /// Whether a request has begun and its head is not whole.
    pub(super) fn is_amid_head(&self) -> bool {
        matches!(self.state().phase, Phase::Head(_))
    }

    /// Reads on in what is thrown away, and says until when the connection may go on as it is.
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

    /// Reads no more of what is thrown away.
    pub(super) fn end_discard(&self) {
        self.state().end_discard();
    }

    /// An answer's body, by which the connection knows when the answer is written.
    pub(super) fn answer(&self, body: Body) -> AnswerBody {
        AnswerBody { body, known: self.clone() }
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

    /// From here on it waits for the next request, or for the rest of its head where the HTTP library has read its beginning.
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

    /// Whether these bytes are the HTTP library's own answer. Nothing else is written while no request is answered.
    fn withholds(&mut self, bytes: &[u8]) -> bool {
        if matches!(self.phase, Phase::Answering | Phase::Written) {
            return false;
        }
        let status = bytes.get(9..12).and_then(|digits| StatusCode::from_bytes(digits).ok());
        self.withheld.get_or_insert(status.unwrap_or(StatusCode::BAD_REQUEST));
        true
    }

    /// All that was written has left.
    fn flushed(&mut self) {
        if matches!(self.phase, Phase::Written) {
            self.wait();
        }
    }
}

/// The body of an answer.
#[derive(Debug)]
pub(super) struct AnswerBody {
    body: Body,
    known: Connection,
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.known.state().phase = Phase::Written;
    }
}

impl HttpBody for AnswerBody {
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

/// The stream of a connection. It is shut down by whoever takes it out, not by the HTTP library.
#[derive(Debug)]
pub(super) struct Stream {
    stream: TcpStream,
    known: Connection,
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
            self.known.state().received(&buffer.filled()[before..]);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.known.state().withholds(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.known.state().flushed();
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
            && self.known.state().withholds(first)
        {
            return Poll::Ready(Ok(buffers.iter().map(|buffer| buffer.len()).sum()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
