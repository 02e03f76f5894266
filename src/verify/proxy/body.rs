//! Bodies that are passed on: their beginning is in memory, a long rest is not.

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderValue, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::timeout;

/// The maximum size of a body that is stored, in bytes, as it is sent and decoded.
pub(super) const MAX_STORED_BODY: usize = 4 * 1024 * 1024;

pub(super) type ProxyBody = UnsyncBoxBody<Bytes, Box<dyn Error + Send + Sync>>;

/// A body of which at least the beginning is in memory.
pub(super) struct Begun<B> {
    /// All of it, unless there is a rest.
    pub begin: Bytes,
    /// What follows, of a body that is longer than [`MAX_STORED_BODY`].
    rest: Option<B>,
}

/// Why a body has not begun.
pub(super) enum Unreadable<E> {
    Broken(E),
    /// It was silent for too long.
    Silent,
}

impl<B: Body<Data = Bytes> + Unpin> Begun<B> {
    /// Reads a body up to the limit. `silence` is the longest wait for a part of it.
    pub(super) async fn read(mut body: B, silence: Duration) -> Result<Self, Unreadable<B::Error>> {
        let mut begin = Vec::new();
        while let Some(frame) = timeout(silence, body.frame()).await.map_err(|_| Unreadable::Silent)? {
            // Trailers are not passed on.
            if let Ok(part) = frame.map_err(Unreadable::Broken)?.into_data() {
                begin.extend_from_slice(&part);
            }
            if begin.len() > MAX_STORED_BODY {
                return Ok(Self { begin: begin.into(), rest: Some(body) });
            }
        }
        Ok(Self { begin: begin.into(), rest: None })
    }

    pub(super) fn is_whole(&self) -> bool {
        self.rest.is_none()
    }
}

/// The whole body, from its beginning.
impl<B: Body<Data = Bytes> + Unpin> Body for Begun<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if !self.begin.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.begin)))));
        }
        match &mut self.rest {
            Some(rest) => Pin::new(rest).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.begin.is_empty() && self.rest.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match self.rest {
            None => SizeHint::with_exact(self.begin.len() as u64),
            Some(_) => SizeHint::default(),
        }
    }
}

/// A response of the proxy itself.
pub(super) fn text(status: StatusCode, text: &str) -> Response<ProxyBody> {
    let body = Full::from(format!("{text}\n")).map_err(|never: Infallible| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
