//! Responses that an injected fault truncates or prevents.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, Response, header};
use hyper::body::Frame;
use thiserror::Error;
use tokio::time::{Sleep, sleep};

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
