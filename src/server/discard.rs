//! What handlers do not read of their requests' bodies.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::HttpBody as _;
use hyper::body::Incoming;
use tokio::time::Instant;

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
