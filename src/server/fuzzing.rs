//! The readers of a request's head for `crate::fuzzing`.

use axum::http::StatusCode;

use super::framing::Framing;
use super::malformed::{MalformedRequest, reason};

/// Reads a head in one piece, in two and byte by byte.
pub(crate) fn head(bytes: &[u8]) {
    let mut whole = Framing::default();
    whole.take(bytes);
    let mut single = Framing::default();
    bytes.chunks(1).for_each(|byte| single.take(byte));
    assert_eq!(whole.is_amid_head(), single.is_amid_head(), "the same in pieces");
    for (status, error) in [
        (StatusCode::BAD_REQUEST, "invalid HTTP header parsed"),
        (StatusCode::BAD_REQUEST, "invalid URI"),
        (StatusCode::URI_TOO_LONG, ""),
        (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, ""),
    ] {
        let response = MalformedRequest { status, reason: reason(status, error, bytes) }.to_bytes(None);
        let body = response.windows(4).position(|window| window == b"\r\n\r\n").expect("an end of the head") + 4;
        assert!(serde_json::from_slice::<serde_json::Value>(&response[body..]).is_ok(), "the body is JSON");
        assert!(response.len() < 1024, "the response is short");
    }
}
