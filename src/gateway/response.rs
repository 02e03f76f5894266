//! Responses: those of operations, and why a request did not reach its operation.

use axum::body::Bytes;
use axum::http::{HeaderValue, Response, StatusCode, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use thiserror::Error;
use uuid::Uuid;

use crate::journal::Reason;
use crate::wire::write_json::WriteJson;

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

    /// The same body, for values that write themselves.
    #[must_use]
    pub(crate) fn written(status: StatusCode, value: &(impl WriteJson + ?Sized)) -> Self {
        /// More than most customers take.
        const SIZE: usize = 2048;
        let mut json = Vec::with_capacity(SIZE);
        value.write(&mut json);
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

/// The `Prefer` header (RFC 7240). Both preferences are extensions of this emulator.
pub(super) mod prefer {
    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    const PREFER: HeaderName = HeaderName::from_static("prefer");

    /// The header that lists the preferences that the response follows.
    pub(in crate::gateway) const APPLIED: &str = "preference-applied";
    /// The response of a write has the customer as its body.
    pub(in crate::gateway) const REPRESENTATION: &str = "return=representation";
    /// A dry run.
    pub(in crate::gateway) const ROLLBACK: &str = "tx=rollback";
    /// Both, as `Preference-Applied` lists them.
    pub(in crate::gateway) const BOTH: &str = "return=representation, tx=rollback";

    pub(in crate::gateway) fn discard_changes() -> HeaderValue {
        HeaderValue::from_static(ROLLBACK)
    }

    pub(in crate::gateway) fn has(headers: &HeaderMap, expected: &str) -> bool {
        headers
            .get_all(PREFER)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split([',', ';']))
            .any(|preference| preference.trim().eq_ignore_ascii_case(expected))
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

/// Why a body is not read at the moment.
pub(crate) const MEMORY_FULL: &str = "The server is reading too many large request bodies at the moment; try again.";

/// Why a credential is not looked up at the moment.
pub(crate) const TOO_MANY_LOOKUPS: &str = "The server is looking up too many credentials at the moment; try again.";

/// The rule that a too long body breaks.
pub const BODY_TOO_LARGE: &str = "bodyTooLarge";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayRejection {
    MissingKey,
    InvalidKey(KeyProblem),
    /// No operation matches the path.
    NoSuchOperation,
    /// No operation of this path has this method. Holds the allowed methods, as `Allow` lists them.
    WrongMethod(String),
    /// The subscription sends too many requests; it may send the next one after this number of seconds.
    RateLimited(u64),
    /// The subscription's volume is used up; it is renewed after this number of seconds.
    QuotaExceeded(u64),
    NotBuilt(NotBuilt),
    /// The body is longer than this number of bytes.
    BodyTooLarge(usize),
    /// The bodies of other requests take all of the memory for bodies.
    MemoryFull,
    /// The credential was not looked up, because too many others were looked up at the same time.
    TooManyLookups,
    /// The database failed, is not ready yet, or a handler panicked. Holds the id of the request.
    BackEndFailed(Uuid),
}

/// Why a key is not valid. The responses are equal, but for the header `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyProblem {
    /// It is unknown, revoked, expired or of another kind.
    Unknown,
    /// It was not looked up; it may be sent again after this number of seconds.
    TooManyGuesses(u64),
    /// A browser sends it for a page of another site.
    AnotherSite,
}

/// An operation, or a group of operations, that this emulator does not build; with the vendor's name for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotBuilt {
    Operation(&'static str),
    /// A group of operations of which none is built.
    Group(&'static str),
}

/// A body that no operation can read.
#[derive(Debug, Error)]
pub(crate) enum BrokenBody {
    #[error("The request body did not arrive: {0}.")]
    Incomplete(String),
    /// It is not what its headers say. Holds the message.
    #[error("{0}")]
    Undecodable(String),
    /// Its Content-Encoding is not supported, which is 415. Holds the message.
    #[error("{0}")]
    Unsupported(String),
}

impl GatewayRejection {
    /// The reason in the journal. It has more details than the response.
    #[must_use]
    pub fn reason(&self) -> Reason {
        let (rule, message) = match self {
            Self::MissingKey => ("missingKey", "The request presents no key.".to_owned()),
            Self::InvalidKey(problem) => ("invalidKey", problem.message()),
            Self::NoSuchOperation => ("noSuchOperation", "No operation has this method and path.".to_owned()),
            Self::WrongMethod(allowed) => {
                ("noSuchOperation", format!("No operation has this method and path; the path allows {allowed}."))
            }
            Self::RateLimited(seconds) => ("rateLimit", format!("The plan's rate limit is used up for {seconds} s.")),
            Self::QuotaExceeded(seconds) => ("quota", format!("The plan's quota is used up for {seconds} s.")),
            Self::NotBuilt(missing) => ("notBuilt", format!("{} is not built here.", missing.name())),
            Self::BodyTooLarge(limit) => (BODY_TOO_LARGE, format!("The body is longer than {limit} bytes.")),
            Self::MemoryFull => ("memoryFull", MEMORY_FULL.to_owned()),
            Self::TooManyLookups => ("tooManyLookups", TOO_MANY_LOOKUPS.to_owned()),
            Self::BackEndFailed(_) => ("backEndFailed", "The back end failed; the server's log says why.".to_owned()),
        };
        Reason { field: "$".to_owned(), rule: rule.to_owned(), message }
    }
}

impl KeyProblem {
    fn message(self) -> String {
        match self {
            Self::Unknown => "The key is not valid: it is unknown, revoked, expired or of another kind.".to_owned(),
            Self::TooManyGuesses(seconds) => format!(
                "The key was not looked up: this network sent too many wrong ones. It may be sent again after {seconds} s."
            ),
            Self::AnotherSite => "A browser sent this for a page of another site, and EMULATOR_CORS_ORIGIN does not \
                                  permit that site."
                .to_owned(),
        }
    }
}

impl NotBuilt {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Operation(name) | Self::Group(name) => name,
        }
    }

    /// The sentence that a client of this vendor reads.
    pub(crate) fn sentence(self, vendor: &str) -> String {
        match self {
            Self::Operation(name) => {
                format!("{name} is an operation of {vendor}'s that this emulator does not build.")
            }
            Self::Group(name) => format!("This emulator does not build the operations of {vendor}'s {name}."),
        }
    }
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
