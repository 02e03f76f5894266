//! One request of the journal, as it is shown: without secrets, bodies as text, and of a long one only the beginning.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::redact::{redacted, redacted_response};
use super::redacted_header;
use super::rows::{Cell, Change};
use crate::database::TenantId;

/// The maximum size of the headers of a request or response, in bytes.
pub(super) const MAX_HEADERS: usize = 32 * 1024;

/// A request with its response and effects. Secrets are hidden.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// Ascends in the order in which the requests ended, at this server or at all servers on the database.
    #[serde(default)]
    pub number: u64,
    /// The value of `X-DirectScale-RequestId` in the response.
    pub request_id: Uuid,
    /// In real time.
    pub received_at: DateTime<Utc>,
    /// The tenant's own time; null for an unauthenticated request.
    pub tenant_time: Option<DateTime<Utc>>,
    #[serde(skip)]
    pub tenant: Option<TenantId>,
    /// The name of the key; the last four characters of a key that is not valid.
    pub key: Option<String>,
    /// The `operationId`; `-` when the path is no operation.
    pub operation: Cow<'static, str>,
    /// The pattern of the path.
    pub route: Cow<'static, str>,
    pub method: Cow<'static, str>,
    /// The path with the query.
    pub path: String,
    /// The customer's id, if the request is about one.
    pub customer: Option<i32>,
    #[schema(value_type = Vec<Vec<String>>)]
    pub request_headers: Headers,
    pub request_body: Text,
    /// Null when the connection was reset or closed without a response.
    pub status: Option<u16>,
    #[schema(value_type = Vec<Vec<String>>)]
    pub response_headers: Headers,
    pub response_body: Text,
    pub duration_ms: f64,
    /// The part of the duration during which the request waited for the database.
    pub database_ms: f64,
    /// The injected fault that the request triggered.
    pub fault: Option<FaultNote>,
    /// Why the request was rejected: each violation.
    pub reasons: Vec<Reason>,
    /// Fields and parameters that were sent and have no effect.
    pub ignored: Vec<String>,
    /// Operations with a similar path, when the path is no operation.
    #[schema(value_type = Vec<String>)]
    pub did_you_mean: Suggestions,
    /// Whether the request was a dry run: all changes were rolled back.
    #[serde(rename = "dry_run")]
    pub is_dry_run: bool,
    /// The rows that the request changed.
    pub changes: Vec<Change>,
    /// The events that the request caused.
    pub events: Vec<EventNote>,
    /// The hooks that an extension answered.
    pub hooks: Vec<HookNote>,
    /// How many further changes, events and hooks there were: the journal keeps those of one request up to 256 KiB.
    pub left_out: usize,
}

impl Entry {
    /// The same without headers and bodies.
    pub(super) fn without_messages(self) -> Self {
        let (request_headers, response_headers) = (Headers::default(), Headers::default());
        let (request_body, response_body) = (Text::default(), Text::default());
        Self { request_headers, request_body, response_headers, response_body, ..self }
    }
}

/// Headers in one text, a line each, because a request has many and few are read. Secrets are hidden. Those beyond 32 KiB are left out.
#[derive(Debug, Clone, Default)]
pub struct Headers(pub(super) String);

impl Headers {
    /// Hides the values of `secret_headers` and of headers with the names of secrets.
    pub(super) fn new<'a>(headers: impl IntoIterator<Item = (&'a str, &'a [u8])>, secret_headers: &[&str]) -> Self {
        let headers = headers.into_iter();
        // Space for values of usual length.
        let mut lines = String::with_capacity(headers.size_hint().0 * 48);
        for (name, value) in headers {
            if lines.len() + name.len() + value.len() > MAX_HEADERS {
                break;
            }
            for text in [name, ": ", &redacted_header(name, value, secret_headers), "\n"] {
                lines.push_str(text);
            }
        }
        Self(lines)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.lines().filter_map(|line| line.split_once(": "))
    }
}

impl Serialize for Headers {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let headers: Vec<(String, String)> = Vec::deserialize(deserializer)?;
        let lines = headers.iter().flat_map(|(name, value)| [name.as_str(), ": ", value.as_str(), "\n"]);
        Ok(Self(lines.collect()))
    }
}

/// The names of similar operations. They are looked for when somebody reads them, which few do: the search takes longer than a request.
#[derive(Debug, Clone, Default)]
pub struct Suggestions(Option<Arc<LazyLock<Vec<String>, Search>>>);

type Search = Box<dyn FnOnce() -> Vec<String> + Send>;

impl Suggestions {
    #[must_use]
    pub fn new(search: impl FnOnce() -> Vec<String> + Send + 'static) -> Self {
        Self(Some(Arc::new(LazyLock::new(Box::new(search)))))
    }

    #[must_use]
    pub fn names(&self) -> &[String] {
        self.0.as_ref().map_or(&[], |names| names)
    }

    /// Whether there is nothing to look for.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// Approximate size in bytes.
    pub(super) fn size(&self) -> usize {
        if self.0.is_some() { 512 } else { 0 }
    }
}

impl Serialize for Suggestions {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.names().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Suggestions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names: Vec<String> = Vec::deserialize(deserializer)?;
        Ok(if names.is_empty() { Self::default() } else { Self::new(move || names) })
    }
}

/// Why a request was rejected.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Reason {
    /// The field, or `$` with a name such as `$body` for a part of the request.
    pub field: String,
    /// The name of the violated rule.
    pub rule: String,
    pub message: String,
}

/// An injected fault that a request triggered.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FaultNote {
    pub id: i32,
    /// Such as `status 500 before`.
    pub description: String,
}

/// The maximum length of a kept body in bytes.
pub(super) const MAX_LENGTH: usize = 16 * 1024;

/// A body. Secrets are hidden.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Text {
    /// The first 16 KiB.
    pub text: String,
    /// The length of the whole body in bytes; 0 if it is not known.
    pub bytes: usize,
    /// Whether `text` is not the whole body.
    pub is_truncated: bool,
}

impl Text {
    #[must_use]
    pub fn request(body: &[u8]) -> Self {
        Self::new(body, body.len(), redacted)
    }

    #[must_use]
    pub fn response(body: &[u8]) -> Self {
        Self::new(body, body.len(), redacted_response)
    }

    /// The beginning of a request's body that has this many bytes.
    pub(super) fn request_of(kept: &[u8], bytes: usize) -> Self {
        Self::new(kept, bytes, redacted)
    }

    /// The beginning of a response's body that has this many bytes.
    pub(super) fn response_of(kept: &[u8], bytes: usize) -> Self {
        Self::new(kept, bytes, redacted_response)
    }

    fn new(kept: &[u8], bytes: usize, redacted: fn(&str) -> Cow<'_, str>) -> Self {
        let kept = &kept[..kept.len().min(MAX_LENGTH)];
        // Checked first, because almost every body is UTF-8.
        let kept = std::str::from_utf8(kept).map_or_else(|_| String::from_utf8_lossy(kept), Cow::Borrowed);
        Self { text: redacted(&kept).into_owned(), bytes, is_truncated: bytes > MAX_LENGTH }
    }

    #[must_use]
    pub fn unread(bytes: usize) -> Self {
        Self { text: String::new(), bytes, is_truncated: true }
    }

    /// Whether the request had a body that the server did not read.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        self.text.is_empty() && self.is_truncated
    }
}

/// An event that a request caused.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EventNote {
    /// The id that its deliveries have too.
    pub id: Uuid,
    pub event_type: Cow<'static, str>,
    pub customer: i32,
    #[schema(value_type = Object)]
    pub payload: Cell,
}

/// A hook that an extension answered.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HookNote {
    /// The hook's id.
    pub hook: Cow<'static, str>,
    pub url: String,
    pub request: Text,
    /// Null when the extension did not respond.
    pub status: Option<u16>,
    /// The response, or why there is none.
    pub response: Text,
    pub duration_ms: f64,
    /// Whether the extension's callback wrote the change.
    pub has_called_back: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_long_body_is_kept() {
        let text = Text::request(&vec![b'x'; MAX_LENGTH + 1]);
        assert_eq!((text.text.len(), text.bytes, text.is_truncated), (MAX_LENGTH, MAX_LENGTH + 1, true));
        // A secret at the end of the kept part is hidden too.
        let mut body = vec![b' '; MAX_LENGTH - 20];
        body.extend(b"\"Password\": \"a-long-secret\"");
        assert!(!Text::request(&body).text.contains("secret"));
    }
}
