//! An answer whose body breaks off in the middle.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, Response, header};
use hyper::body::Frame;
use tokio::time::{Sleep, sleep};

use super::answer::BrokenOff;

/// How long the first half may take to leave, before the connection ends.
const TIMEOUT: Duration = Duration::from_millis(20);

/// The same answer, which says how long its body is and sends half of it; of an empty one it says that there are two bytes.
pub(super) fn cut(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let length = body.size_hint().exact().unwrap_or_default();
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length.max(2)));
    Response::from_parts(parts, Body::new(Half { whole: body, keep: length / 2, rest: Box::pin(sleep(TIMEOUT)) }))
}

/// The first half of a body, and then a failure.
struct Half {
    whole: Body,
    keep: u64,
    rest: Pin<Box<Sleep>>,
}

impl HttpBody for Half {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        if self.keep > 0
            && let Some(Ok(frame)) = ready!(Pin::new(&mut self.whole).poll_frame(context))
            && let Ok(mut data) = frame.into_data()
        {
            data.truncate(usize::try_from(self.keep).unwrap_or(usize::MAX));
            self.keep -= data.len() as u64;
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        ready!(self.rest.as_mut().poll(context));
        Poll::Ready(Some(Err(BrokenOff)))
    }
}
