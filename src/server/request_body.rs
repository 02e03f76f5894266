//! A request's body, and what becomes of what its handler does not read.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::Instant;

use super::connection::Connection;

/// The most bytes of an unwanted body that are read and discarded, so that its sender sees the answer: 64 times the default limit of
/// a body of the vendors' APIs. A longer one is cut off.
pub(super) const MAX_DISCARD_BYTES: u64 = 64 * 1024 * 1024;

/// A request's body. What is left of it when it is dropped goes back to its connection.
#[derive(Debug)]
pub(super) struct RequestBody {
    /// There until it has ended.
    body: Option<Incoming>,
    is_begun: bool,
    known: Connection,
}

impl RequestBody {
    pub(super) fn new(body: Incoming, known: &Connection) -> Self {
        Self { body: Some(body), is_begun: false, known: known.clone() }
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if let Some(body) = self.body.take()
            && !body.is_end_stream()
        {
            self.known.keep_unread(Unread { body, is_begun: self.is_begun });
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
        let frame = ready!(Pin::new(body).poll_frame(context));
        match &frame {
            Some(Ok(_)) => {}
            Some(Err(_)) => {
                self.body = None;
                self.known.linger();
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

/// What a handler left of a body.
#[derive(Debug)]
pub(super) struct Unread {
    body: Incoming,
    /// Whether the handler read some of it: then a caller that waited for `100 Continue` was told to go on.
    is_begun: bool,
}

impl Unread {
    /// Begins to throw it away. `None` when that would not come to an end: when it is too long, and when a caller that waits for
    /// `100 Continue` may not send it at all. Then the connection ends with the answer.
    pub(super) fn discard(self, expects_continue: bool, timeout: Duration) -> Option<Discard> {
        let is_held_back = expects_continue && !self.is_begun;
        if is_held_back || self.body.size_hint().lower() > MAX_DISCARD_BYTES {
            return None;
        }
        Some(Discard { body: self.body, left: MAX_DISCARD_BYTES, until: Instant::now() + timeout })
    }
}

/// A body that is thrown away as it comes.
#[derive(Debug)]
pub(super) struct Discard {
    body: Incoming,
    left: u64,
    /// When to stop waiting for more.
    pub until: Instant,
}

impl Discard {
    /// Reads on; ready when it has ended, or enough was read. False when it was no body.
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
