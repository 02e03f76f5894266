//! The body of a request, as its handler reads it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};

use super::connection::Connection;
use super::discard::Unread;

/// The body of a request. When it is dropped, its connection gets what is left unread.
#[derive(Debug)]
pub(super) struct RequestBody {
    /// `None` once it has ended.
    body: Option<Incoming>,
    is_begun: bool,
    connection: Connection,
}

impl RequestBody {
    pub(super) fn new(body: Incoming, connection: &Connection) -> Self {
        Self { body: Some(body), is_begun: false, connection: connection.clone() }
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
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
        let frame = ready!(Pin::new(body).poll_frame(context));
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
