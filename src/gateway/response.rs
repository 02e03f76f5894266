//! The responses of operations.

use axum::body::Bytes;
use axum::http::{HeaderValue, Response, StatusCode, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::request::prefer;

/// The response of an operation that succeeds.
#[derive(Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    body: Option<(HeaderValue, Vec<u8>)>,
    is_preferred: bool,
    /// Members of the request that have no effect.
    pub(super) ignored: Vec<String>,
}

impl Reply {
    #[must_use]
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, body: None, is_preferred: false, ignored: Vec::new() }
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

    #[must_use]
    pub(crate) fn of(status: StatusCode, content_type: HeaderValue, body: Vec<u8>) -> Self {
        Self { body: Some((content_type, body)), ..Self::empty(status) }
    }

    /// Marks a body that the client's `Prefer` header requested.
    #[must_use]
    pub(crate) fn preferred(self) -> Self {
        Self { is_preferred: true, ..self }
    }

    /// Names members of the request that have no effect.
    #[must_use]
    pub(crate) fn ignoring(self, ignored: Vec<String>) -> Self {
        Self { ignored, ..self }
    }

    pub(super) fn into_response(self, is_dry_run: bool) -> Response<Bytes> {
        let (content_type, body) = self.body.unzip();
        let mut response = Response::new(body.map(Bytes::from).unwrap_or_default());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if let Some(content_type) = content_type {
            headers.insert(header::CONTENT_TYPE, content_type);
        }
        let applied = match (self.is_preferred, is_dry_run) {
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

#[must_use]
pub(crate) fn typed(status: StatusCode, content_type: HeaderValue, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

#[must_use]
pub(crate) fn json_response(status: StatusCode, json: Vec<u8>) -> Response<Bytes> {
    typed(status, HeaderValue::from_static("application/json"), json)
}

/// The response with the header `Retry-After`.
pub(crate) fn with_retry_after(mut response: Response<Bytes>, seconds: u64) -> Response<Bytes> {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// The response with the methods that are allowed in the header `Allow`.
pub(crate) fn with_allow(mut response: Response<Bytes>, methods: String) -> Response<Bytes> {
    if let Ok(methods) = HeaderValue::try_from(methods) {
        response.headers_mut().insert(header::ALLOW, methods);
    }
    response
}

/// The ASCII characters that are percent-encoded in a header's value.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// A text as a header's value. Plain ASCII stays as it is. A .NET server cannot send anything else, and clients read it as
/// Latin-1: such a text is percent-encoded, `%` included, so that decoding gives the text again.
#[must_use]
pub(crate) fn header_text(text: &str) -> HeaderValue {
    let is_plain = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    let value = if is_plain {
        HeaderValue::from_str(text)
    } else {
        HeaderValue::try_from(utf8_percent_encode(text, ENCODED).to_string())
    };
    value.unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_headers_value_is_ascii() {
        for (text, value) in [
            ("FirstName is required.", "FirstName is required."),
            ("100% 'x' \"y\"", "100% 'x' \"y\""),
            ("Zo\u{eb}", "Zo%C3%AB"),
            ("100% \u{17c}", "100%25 %C5%BC"),
            ("a\r\nSet-Cookie: b\t\u{7f}", "a%0D%0ASet-Cookie: b%09%7F"),
            ("\u{85}\u{1f600}", "%C2%85%F0%9F%98%80"),
            ("", ""),
        ] {
            assert_eq!(header_text(text), value);
        }
    }
}
