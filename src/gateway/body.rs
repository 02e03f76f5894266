//! Bodies as operations read them: whole, within the limit, without codings, in UTF-8, without a byte order mark.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::HeaderMap;
use axum::http::Method;
use axum::http::request::Parts;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use thiserror::Error;

use super::rejection::BrokenBody;
use crate::wire::charset::{CharsetError, to_utf8};
use crate::wire::coding::{CodingError, codings, decode};

/// How long a body may take to arrive.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Why a body cannot be decoded.
#[derive(Debug, Error)]
pub(crate) enum DecodeError {
    #[error("{0}")]
    UnsupportedCoding(String),
    /// It is not what its headers say.
    #[error("{0}")]
    Malformed(String),
    /// Decoded, it is longer than the limit.
    #[error("The request body is longer than the limit.")]
    TooLong,
}

impl From<CodingError> for DecodeError {
    fn from(error: CodingError) -> Self {
        match error {
            CodingError::Unsupported(_) => Self::UnsupportedCoding(error.to_string()),
            CodingError::Broken(_) => Self::Malformed(error.to_string()),
            CodingError::TooLong => Self::TooLong,
        }
    }
}

impl From<CharsetError> for DecodeError {
    fn from(error: CharsetError) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// Why there is no body.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// It is longer than the limit.
    TooLong,
    Broken(BrokenBody),
}

impl From<DecodeError> for BodyError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::TooLong => Self::TooLong,
            DecodeError::Malformed(why) => Self::Broken(BrokenBody::Undecodable(why)),
            DecodeError::UnsupportedCoding(why) => Self::Broken(BrokenBody::Unsupported(why)),
        }
    }
}

/// Whether a method is neither GET nor HEAD.
pub(super) fn writes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}

/// The body of a write, decoded; at most `limit` bytes of it. The body of a read is ignored.
pub(super) async fn read_body(parts: &Parts, body: Body, limit: usize) -> Result<Bytes, BodyError> {
    if !writes(&parts.method) {
        return Ok(Bytes::new());
    }
    // Before any of it is read: a client that waits for `100 Continue` need not send it.
    if body.size_hint().lower() > limit as u64 {
        return Err(BodyError::TooLong);
    }
    let incomplete = |why: String| BodyError::Broken(BrokenBody::Incomplete(why));
    match tokio::time::timeout(TIMEOUT, Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => Ok(decode_body(&parts.headers, collected.to_bytes(), limit).await?),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyError::TooLong),
        Ok(Err(error)) => Err(incomplete(why_incomplete(&*error).to_owned())),
        Err(_) => Err(incomplete(format!("{} seconds passed", TIMEOUT.as_secs()))),
    }
}

/// The body that these headers describe, in UTF-8; at most `limit` bytes of it are ever decoded.
///
/// # Errors
/// When a coding is not supported, or the body is not what the headers say, or too long.
pub(crate) async fn decode_body(headers: &HeaderMap, body: Bytes, limit: usize) -> Result<Bytes, DecodeError> {
    let codings = codings(headers)?;
    let body = if codings.is_empty() || body.is_empty() {
        body
    } else {
        // A long body takes some milliseconds, during which the runtime's threads serve other requests.
        let work = tokio::task::spawn_blocking(move || decode(&body, &codings, limit));
        let decoded =
            work.await.map_err(|_| DecodeError::Malformed("The request body cannot be decoded.".to_owned()))?;
        Bytes::from(decoded?)
    };
    Ok(to_utf8(body, headers)?)
}

fn why_incomplete(error: &(dyn std::error::Error + 'static)) -> &'static str {
    use std::io::ErrorKind::{InvalidData, InvalidInput};
    let causes = std::iter::successors(Some(error), |error| error.source());
    let is_malformed = |error: &std::io::Error| matches!(error.kind(), InvalidData | InvalidInput);
    if causes.filter_map(|cause| cause.downcast_ref()).any(is_malformed) {
        "its chunks are not written as HTTP says"
    } else {
        "it broke off"
    }
}
