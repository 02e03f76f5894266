//! Bodies as their operations read them: without codings, in UTF-8, without a byte order mark.

use axum::body::Bytes;
use axum::http::HeaderMap;
use thiserror::Error;

use crate::wire::charset::{CharsetError, to_utf8};
use crate::wire::coding::{CodingError, codings, decode};

/// Why a body cannot be decoded.
#[derive(Debug, Error)]
pub(crate) enum Undecoded {
    /// A coding that is not read: the whole of what is said.
    #[error("{0}")]
    Unsupported(String),
    /// It is not what the headers say: the whole of what is said.
    #[error("{0}")]
    Broken(String),
    /// Decoded, it is longer than the limit.
    #[error("The request body is longer than the limit.")]
    TooLong,
}

impl From<CodingError> for Undecoded {
    fn from(error: CodingError) -> Self {
        match error {
            CodingError::Unsupported(_) => Self::Unsupported(error.to_string()),
            CodingError::Broken(_) => Self::Broken(error.to_string()),
            CodingError::TooLong => Self::TooLong,
        }
    }
}

impl From<CharsetError> for Undecoded {
    fn from(error: CharsetError) -> Self {
        Self::Broken(error.to_string())
    }
}

/// The body that these headers describe, in UTF-8; at most `limit` bytes of it are ever decoded.
///
/// # Errors
/// When a coding is not supported, or the body is not what the headers say, or too long.
pub(crate) async fn decoded(headers: &HeaderMap, body: Bytes, limit: usize) -> Result<Bytes, Undecoded> {
    let codings = codings(headers)?;
    let body = if codings.is_empty() || body.is_empty() {
        body
    } else {
        // Some milliseconds for a long one: not on a thread that serves others.
        let work = tokio::task::spawn_blocking(move || decode(&body, &codings, limit));
        Bytes::from(work.await.map_err(|_| Undecoded::Broken("The request body cannot be decoded.".to_owned()))??)
    };
    Ok(to_utf8(body, headers)?)
}
