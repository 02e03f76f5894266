//! What an operation answers when it succeeds.

use axum::body::Bytes;
use axum::http::{HeaderValue, Response, StatusCode, header};

use super::prefer;

/// What an operation answers when it succeeds.
#[derive(Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    body: Option<(HeaderValue, Vec<u8>)>,
    representation: bool,
    /// What was sent and does not count.
    pub(super) ignored: Vec<String>,
}

impl Reply {
    /// No body.
    #[must_use]
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, body: None, representation: false, ignored: Vec::new() }
    }

    /// A JSON body.
    ///
    /// # Panics
    /// Never: plain data is JSON.
    #[must_use]
    pub(crate) fn json(status: StatusCode, value: &impl serde::Serialize) -> Self {
        let json = serde_json::to_vec(value).expect("invariant: plain data is JSON");
        Self::of(status, HeaderValue::from_static("application/json"), json)
    }

    /// A body of some type.
    #[must_use]
    pub(crate) fn of(status: StatusCode, content_type: HeaderValue, body: Vec<u8>) -> Self {
        Self { body: Some((content_type, body)), ..Self::empty(status) }
    }

    /// Says that the body is there because the caller preferred it.
    #[must_use]
    pub(crate) fn preferred(self) -> Self {
        Self { representation: true, ..self }
    }

    /// Names what was sent and does not count.
    #[must_use]
    pub(crate) fn ignoring(self, ignored: Vec<String>) -> Self {
        Self { ignored, ..self }
    }

    /// The answer.
    pub(super) fn into_response(self, is_rehearsal: bool) -> Response<Bytes> {
        let (content_type, body) = self.body.unzip();
        let mut response = Response::new(body.map(Bytes::from).unwrap_or_default());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if let Some(content_type) = content_type {
            headers.insert(header::CONTENT_TYPE, content_type);
        }
        let applied = match (self.representation, is_rehearsal) {
            (false, false) => None,
            (true, false) => Some(prefer::REPRESENTATION),
            (false, true) => Some(prefer::ROLLBACK),
            (true, true) => Some(prefer::BOTH),
        };
        if let Some(applied) = applied {
            headers.insert(prefer::APPLIED, HeaderValue::from_static(applied));
        }
        response
    }
}

/// An answer of some type.
#[must_use]
pub(crate) fn typed(status: StatusCode, content_type: HeaderValue, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

/// A JSON answer.
#[must_use]
pub(crate) fn json_response(status: StatusCode, json: Vec<u8>) -> Response<Bytes> {
    typed(status, HeaderValue::from_static("application/json"), json)
}

/// A text as a header's value: in UTF-8, line breaks and other control characters as blanks.
#[must_use]
pub(crate) fn header_text(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| {
        let text: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        HeaderValue::from_bytes(text.as_bytes()).unwrap_or(HeaderValue::from_static(""))
    })
}
