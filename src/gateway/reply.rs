//! What an operation answers when it succeeds.

use axum::body::Bytes;
use axum::http::{HeaderValue, Response, StatusCode, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

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

    pub(super) fn into_response(self, is_dry_run: bool) -> Response<Bytes> {
        let (content_type, body) = self.body.unzip();
        let mut response = Response::new(body.map(Bytes::from).unwrap_or_default());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if let Some(content_type) = content_type {
            headers.insert(header::CONTENT_TYPE, content_type);
        }
        let applied = match (self.representation, is_dry_run) {
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

#[must_use]
pub(crate) fn json_response(status: StatusCode, json: Vec<u8>) -> Response<Bytes> {
    typed(status, HeaderValue::from_static("application/json"), json)
}

/// What is percent-encoded in a header's value, besides all that is not ASCII.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// A text as a header's value. Plain ASCII stays as it is. Anything else cannot be sent by a .NET server and is read as Latin-1
/// by clients: such a text is percent-encoded, and with it `%`, so that decoding gives the text again.
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
