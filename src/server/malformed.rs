//! Malformed requests: why the HTTP library cannot read them, and the response that says so.

use axum::http::{HeaderValue, StatusCode};
use serde_json::Value;

use crate::clock::Clock;

/// The most headers that a request may have (hyper's default).
const MAX_HEADERS: usize = 100;

/// The longest head of a request, in bytes.
pub(super) const MAX_HEAD_BYTES: usize = 64 * 1024;

/// Why a request is malformed. Repeats only the name of a header: the rest can contain secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MalformedRequest {
    pub status: StatusCode,
    pub reason: String,
}

impl MalformedRequest {
    fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into() }
    }

    fn bad(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason)
    }

    /// A head that did not arrive in time.
    pub(super) fn late(seconds: u64) -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            format!("The head of the request did not arrive within {seconds} seconds."),
        )
    }

    /// Plain HTTP on a connection of TLS.
    pub(super) fn plain_http() -> Self {
        Self::bad("This port speaks HTTPS and was sent plain HTTP; use https:// instead of http://.")
    }

    /// A connection for which there is no room.
    pub(super) fn too_many_connections() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "The server has no room for another connection; try again.")
    }

    /// A connection that makes room for another one.
    pub(super) fn displaced() -> Self {
        let reason = "The server has no room for more connections, and this one waited longest for its client.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, reason)
    }

    /// Why `received`, or what was read before it, is malformed. `None` where the client does not wait for a response: it has
    /// disconnected, or has a response. `withheld` is the status of the library's own response; `is_amid_head` means that a request has begun.
    pub(super) fn of(
        error: &hyper::Error,
        withheld: Option<StatusCode>,
        is_amid_head: bool,
        received: &[u8],
    ) -> Option<Self> {
        if error.is_parse_version_h2() {
            return Some(Self::new(
                StatusCode::HTTP_VERSION_NOT_SUPPORTED,
                "HTTP/2 is not supported; send the request with HTTP/1.1.",
            ));
        }
        if let Some(mut status) = withheld {
            if status == StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE && !received.contains(&b'\n') {
                status = StatusCode::URI_TOO_LONG;
            }
            return Some(Self::new(status, reason(status, &error.to_string(), received)));
        }
        (error.is_incomplete_message() && is_amid_head)
            .then(|| Self::bad("The request ended before the empty line that ends its head."))
    }

    /// The response, in the form of Azure API Management. The connection ends with it.
    pub(super) fn to_bytes(&self, cors_origin: Option<&HeaderValue>) -> Vec<u8> {
        let Self { status, reason } = self;
        let message = Value::from(reason.as_str());
        let body = format!(r#"{{ "statusCode": {}, "message": {message} }}"#, status.as_u16());
        let mut response = format!("HTTP/1.1 {status}\r\n").into_bytes();
        if let Some(origin) = cors_origin {
            for text in [&b"Access-Control-Allow-Origin: "[..], origin.as_bytes(), b"\r\n"] {
                response.extend_from_slice(text);
            }
            response.extend_from_slice(b"Access-Control-Expose-Headers: *\r\n");
        }
        let date = Clock::Real.now().format("%a, %d %b %Y %H:%M:%S GMT");
        let rest = format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\nDate: {date}\r\n\r\n{body}",
            body.len()
        );
        response.extend_from_slice(rest.as_bytes());
        response
    }
}

pub(super) fn reason(status: StatusCode, error: &str, received: &[u8]) -> String {
    if status == StatusCode::URI_TOO_LONG {
        return format!("The path and query do not fit into a head of {MAX_HEAD_BYTES} bytes.");
    }
    if status == StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE {
        return if lines(received).skip(1).count() > MAX_HEADERS {
            format!("The request has more than {MAX_HEADERS} headers.")
        } else {
            format!("The head of the request is longer than {MAX_HEAD_BYTES} bytes.")
        };
    }
    if received.starts_with(&[0x16, 0x03]) {
        return "This port speaks plain HTTP and was sent a TLS handshake; use http:// instead of https://.".to_owned();
    }
    // The library finds these after it has removed the head from its buffer, which holds the body then.
    let framing = [
        ("content-length", "Content-Length must be one whole number."),
        ("unexpected transfer-encoding", "A request with HTTP/1.0 cannot have a Transfer-Encoding."),
        ("transfer-encoding", "Transfer-Encoding must end with chunked."),
    ];
    if let Some((_, reason)) = framing.iter().find(|(words, _)| error.contains(words)) {
        return (*reason).to_owned();
    }
    let found = wrong_request_line(received).map(str::to_owned).or_else(|| wrong_header(received));
    found.unwrap_or_else(|| {
        let is_target = error.contains("URI");
        let reason = if is_target {
            "The path and query are not valid in a URI."
        } else {
            "The request does not follow HTTP/1.1."
        };
        reason.to_owned()
    })
}

/// The lines of a head, the request line first; the last one may be incomplete.
fn lines(received: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = received.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty())
}

fn wrong_request_line(received: &[u8]) -> Option<&'static str> {
    let line = lines(received).next()?;
    let parts: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let method = parts.first()?;
    if method.is_empty() {
        return Some("The request line begins with a blank instead of a method.");
    }
    if !is_token(method) {
        return Some("The method may only contain letters, digits and !#$%&'*+-.^_`|~, and one blank must follow it.");
    }
    match &parts[1..] {
        [] => Some(
            "The request line has a method and nothing else; it must be METHOD, path and HTTP/1.1, with one blank between.",
        ),
        [[], ..] => Some("There is more than one blank between the method and the path."),
        [target, ..] if target.iter().any(u8::is_ascii_control) => {
            Some("The path contains a control character; percent-encode it.")
        }
        [_] => Some("The request line must end with HTTP/1.1."),
        [_, version] if is_version(version) => None,
        [_, version] if version.starts_with(b"HTTP/") => {
            Some("The request line must end with HTTP/1.1 or HTTP/1.0, with nothing after it.")
        }
        [_, .., version] if is_version(version) => Some("The path contains a blank; write it as %20."),
        _ => Some("The request line must end with HTTP/1.1, with nothing after it."),
    }
}

fn is_version(text: &[u8]) -> bool {
    text == b"HTTP/1.1" || text == b"HTTP/1.0"
}

fn wrong_header(received: &[u8]) -> Option<String> {
    lines(received).skip(1).find_map(|line| {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            return Some("A header continues on another line, which HTTP no longer allows.".to_owned());
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            return Some("A line among the headers has no colon.".to_owned());
        };
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        if name.is_empty() {
            return Some("A header has no name.".to_owned());
        }
        if let Some(bare) = name.strip_suffix(b" ").or_else(|| name.strip_suffix(b"\t"))
            && is_token(bare.trim_ascii_end())
        {
            return Some(format!(
                "There is a blank before the colon of the header {}.",
                short_name(bare.trim_ascii_end())
            ));
        }
        if !is_token(name) {
            return Some("The name of a header may only contain letters, digits and !#$%&'*+-.^_`|~.".to_owned());
        }
        let is_control = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
        value
            .iter()
            .any(is_control)
            .then(|| format!("The value of the header {} contains a control character.", short_name(name)))
    })
}

/// The name of a header, short enough for a message.
fn short_name(name: &[u8]) -> String {
    name.iter().take(64).map(|byte| char::from(*byte)).collect()
}

/// A method or the name of a header (RFC 9110, 5.6.2).
fn is_token(text: &[u8]) -> bool {
    let is_one = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(is_one)
}
