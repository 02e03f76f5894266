//! A request whose credential was accepted, as its handler reads it. Its body is read whole, within the limit, without codings, in
//! UTF-8, without a byte order mark.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::RawPathParams;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use chrono::{DateTime, Utc};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json_borrow::Value;
use thiserror::Error;
use uuid::Uuid;

use super::context::Services;
use super::response::{BrokenBody, prefer};
use crate::customers::Scope;
use crate::journal::Recorder;
use crate::model::filled;
use crate::tenants::Caller;
use crate::wire::coding::{CharsetError, CodingError, codings, decode, to_utf8};
use crate::wire::json::{JsonError, Rewritten, Source};
use crate::wire::members::Notes;
use crate::wire::relaxed::Leniency;

/// What a handler reads.
#[derive(Debug)]
pub(crate) struct ApiRequest<'a> {
    pub services: &'a Services,
    pub parts: &'a Parts,
    /// Decoded and in UTF-8; empty for a read.
    pub body: &'a Bytes,
    /// The customer that the path or the query names.
    pub customer: Option<i32>,
    pub(super) caller: &'a Caller,
    pub(super) path: Option<&'a RawPathParams>,
    pub(super) now: DateTime<Utc>,
    pub(super) id: Uuid,
    pub(super) recorder: &'a Recorder,
    /// The body as strict JSON, if it is not.
    pub(super) rewritten: Rewritten,
    pub(super) ignored: Mutex<Notes>,
}

impl ApiRequest<'_> {
    #[must_use]
    pub(crate) fn scope(&self) -> Scope<'_> {
        self.scope_of(false)
    }

    /// The scope for a vendor API that requires no field.
    #[must_use]
    pub(crate) fn lenient_scope(&self) -> Scope<'_> {
        self.scope_of(true)
    }

    fn scope_of(&self, is_lenient: bool) -> Scope<'_> {
        self.caller.tenant.scope(is_lenient, self.now, &self.caller.key_name, self.id, self.recorder)
    }

    /// The body as JSON. The plan can demand strict JSON, whatever `leniency` allows.
    ///
    /// # Errors
    /// When the body is empty, or not such JSON.
    pub(crate) fn json(&self, leniency: Leniency) -> Result<Value<'_>, JsonError> {
        self.source(leniency).parse()
    }

    /// The body with the leniency that applies to it, not yet parsed.
    #[must_use]
    pub(crate) fn source(&self, leniency: Leniency) -> Source<'_> {
        let leniency = if self.is_strict() { Leniency::Strict } else { leniency };
        Source { bytes: self.body, leniency, buffer: &self.rewritten }
    }

    /// Whether the plan demands strict JSON.
    #[must_use]
    pub(crate) fn is_strict(&self) -> bool {
        self.caller.tenant.plan.strict_json
    }

    /// Notes members of the request that have no effect. The response lists them, also a rejection.
    pub(crate) fn ignore(&self, notes: Notes) {
        self.ignored.lock().unwrap_or_else(PoisonError::into_inner).join(notes);
    }

    pub(super) fn take_ignored(&self) -> Notes {
        std::mem::take(&mut *self.ignored.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The first query parameter of this name, in any case. `None` when it is blank or an unfilled placeholder.
    #[must_use]
    pub(crate) fn query_parameter(&self, name: &str) -> Option<String> {
        let query = self.parts.uri.query().unwrap_or_default();
        let mut pairs = parameters(query);
        let value = pairs.find(|(sent, _)| sent.eq_ignore_ascii_case(name)).map(|(_, value)| value.into_owned());
        value.filter(|value| filled(value).is_some())
    }

    /// A parameter of the path, decoded. `None` when it is not UTF-8.
    #[must_use]
    pub(crate) fn path_parameter(&self, name: &str) -> Option<&str> {
        self.path.into_iter().flatten().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

/// The maximum length of a placeholder's name, in bytes.
const MAX_PLACEHOLDER: usize = 64;

/// The parameters of a query, decoded. A parameter whose value is an unfilled placeholder is absent: the vendor's portal shows
/// addresses such as `?tree={}&levels={1}&{body}`, and clients send them as they are.
pub(crate) fn parameters(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !is_placeholder(value))
}

/// Whether a value is a placeholder, or a list of placeholders: `{}`, `{date}`, `{{customerId}}`. A Guid in braces is a value.
fn is_placeholder(value: &str) -> bool {
    let is_one = |text: &str| {
        let text = text.trim();
        let Some(inner) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) else { return false };
        let name = inner.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(inner);
        let is_of_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | ' ' | '$');
        name.len() <= MAX_PLACEHOLDER && name.chars().all(is_of_name) && name.parse::<Uuid>().is_err()
    };
    value.split(',').all(is_one)
}

/// Whether the client prefers the customer as the response of a write.
#[must_use]
pub(crate) fn wants_representation(headers: &HeaderMap) -> bool {
    prefer::has(headers, prefer::REPRESENTATION)
}

/// Whether the client requests a dry run.
pub(super) fn wants_rollback(headers: &HeaderMap) -> bool {
    prefer::has(headers, prefer::ROLLBACK)
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfilled_placeholder_is_recognized() {
        for value in ["{}", "{1}", "{date}", "{customer-id}", "{{customerId}}", " {tree} ", "{a},{b}", "{$guid}"] {
            assert!(is_placeholder(value), "{value}");
        }
        for value in [
            "",
            "1",
            "{",
            "}",
            "{date",
            "date}",
            r#"{"a":1}"#,
            "{a}{b}",
            "1,{b}",
            "{3f2504e0-4f89-11d3-9a0c-0305e82c3301}",
            "{3F2504E04F8911D39A0C0305E82C3301}",
        ] {
            assert!(!is_placeholder(value), "{value}");
        }
    }

    #[test]
    fn parameters_are_decoded_and_stay_in_order() {
        let read: Vec<_> = parameters("tree=%7B%7D&levels=2&{body}&A=x%20y&levels={1}").collect();
        let pairs: Vec<(&str, &str)> = read.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(pairs, [("levels", "2"), ("{body}", ""), ("A", "x y")]);
    }
}
