//! One request to the service, and its response.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{Extensions, HeaderMap, Method, Request, Response, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Incoming};
use hyper::ext::ReasonPhrase;
use thiserror::Error;

use super::body::{Begun, MAX_STORED_BODY, ProxyBody, Unreadable};
use super::headers::{end_to_end, pairs};
use super::reason;
use super::target::Target;
use crate::clock::Clock;
use crate::verify::har::LeftOutBody;
use crate::verify::{self, Exchange};
use crate::wire::coding::{CodingError, codings, decode};

/// How long the connection to the service may take.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest wait for a part of a message, from the client or the service.
pub(super) const MAX_SILENCE: Duration = Duration::from_secs(100);

/// Why a request has no response of the service.
#[derive(Debug, Error)]
pub(super) enum Failure {
    #[error("this is a reverse proxy: its address takes the place of the service's")]
    Tunnel,
    #[error("the path does not begin with a slash")]
    Path,
    #[error("the request ended before its body was complete")]
    Request,
    #[error("the body of the request was silent for {} seconds", MAX_SILENCE.as_secs())]
    Slow,
    #[error("the service gave no complete response: {0}")]
    Service(String),
}

/// A response to be passed on, and what is to be stored.
pub(super) struct Forwarded {
    pub response: Response<ProxyBody>,
    pub exchange: Observed,
}

/// An exchange with what is left out of it.
pub(super) struct Observed {
    pub exchange: Exchange,
    pub took: Duration,
    pub request_body: Option<LeftOutBody>,
    pub response_body: Option<LeftOutBody>,
}

pub(super) struct Forwarder {
    client: reqwest::Client,
    target: Target,
    /// The case of the names in responses, as the vendors' clients expect it.
    case_map: Extensions,
}

impl Forwarder {
    pub(super) fn new(client: reqwest::Client, target: Target, case_map: Extensions) -> Self {
        Self { client, target, case_map }
    }

    pub(super) async fn forward(&self, request: Request<Incoming>) -> Result<Forwarded, Failure> {
        if request.method() == Method::CONNECT {
            return Err(Failure::Tunnel);
        }
        let (at, begun) = (Clock::Real.now(), Instant::now());
        let (head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let address = self.target.address(&path).ok_or(Failure::Path)?;
        let mut headers = end_to_end(&head.headers);
        headers.remove(header::HOST);
        headers.remove(header::EXPECT);
        let body = Begun::read(body, MAX_SILENCE).await.map_err(|error| match error {
            Unreadable::Broken(_) => Failure::Request,
            Unreadable::Silent => Failure::Slow,
        })?;
        let (request_bytes, request_body) = stored_body(&body, &headers);
        let request =
            verify::Request { method: head.method.to_string(), path, headers: pairs(&headers), body: request_bytes };
        let sent = self.client.request(head.method, address).headers(headers).body(reqwest::Body::wrap(body)).send();
        let (head, body) =
            Response::<reqwest::Body>::from(sent.await.map_err(|error| Failure::Service(reason(error)))?).into_parts();
        let body = Begun::read(body, MAX_SILENCE).await.map_err(|error| match error {
            Unreadable::Broken(error) => Failure::Service(reason(error)),
            Unreadable::Silent => Failure::Service(format!("it was silent for {} seconds", MAX_SILENCE.as_secs())),
        })?;
        let headers = end_to_end(&head.headers);
        let (response_bytes, response_body) = stored_body(&body, &headers);
        let recorded =
            verify::Response { status: head.status.as_u16(), headers: pairs(&headers), body: response_bytes };
        let exchange = Exchange { at, request, response: recorded };
        let mut response = Response::new(body.map_err(Into::into).boxed_unsync());
        *response.status_mut() = head.status;
        *response.headers_mut() = headers;
        *response.extensions_mut() = self.case_map.clone();
        if let Some(phrase) = head.extensions.get::<ReasonPhrase>() {
            response.extensions_mut().insert(phrase.clone());
        }
        let exchange = Observed { exchange, took: begun.elapsed(), request_body, response_body };
        Ok(Forwarded { response, exchange })
    }
}

/// The decoded body, or why it is not stored.
fn stored_body<B: Body<Data = Bytes> + Unpin>(body: &Begun<B>, headers: &HeaderMap) -> (Vec<u8>, Option<LeftOutBody>) {
    if !body.is_whole() {
        return (Vec::new(), Some(LeftOutBody::TooLong));
    }
    if body.begin.is_empty() {
        return (Vec::new(), None);
    }
    let Ok(codings) = codings(headers) else { return (Vec::new(), Some(LeftOutBody::UnknownCoding)) };
    match decode(&body.begin, &codings, MAX_STORED_BODY) {
        Ok(decoded) => (decoded, None),
        Err(CodingError::TooLong) => (Vec::new(), Some(LeftOutBody::TooLong)),
        Err(_) => (Vec::new(), Some(LeftOutBody::UnknownCoding)),
    }
}
