//! One request in the journal.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::Text;
use super::record::{EventNote, HookNote};
use super::redacted_header;
use super::rows::Change;
use crate::database::TenantId;

/// A request with its response and effects. Secrets are hidden.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Entry {
    /// Ascends in the order in which the journal of this server got the requests.
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
    pub operation: &'static str,
    /// The pattern of the path.
    pub route: &'static str,
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
    pub did_you_mean: Vec<String>,
    /// Whether the request was a dry run: all changes were rolled back.
    #[serde(rename = "dry_run")]
    pub is_dry_run: bool,
    /// The rows that the request changed.
    pub changes: Vec<Change>,
    /// The events that the request caused.
    pub events: Vec<EventNote>,
    /// The hooks that an extension answered.
    pub hooks: Vec<HookNote>,
}

/// Headers in one text, a line each, because a request has many and few are read. Secrets are hidden.
#[derive(Debug, Clone, Default)]
pub struct Headers(String);

impl Headers {
    /// Hides the values of `secret_headers` and of headers with the names of secrets.
    pub(super) fn new<'a>(headers: impl IntoIterator<Item = (&'a str, &'a [u8])>, secret_headers: &[&str]) -> Self {
        let headers = headers.into_iter();
        // Space for values of usual length.
        let mut lines = String::with_capacity(headers.size_hint().0 * 48);
        for (name, value) in headers {
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

/// Why a request was rejected.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Reason {
    /// The field, or `$` with a name such as `$body` for a part of the request.
    pub field: String,
    /// The name of the violated rule.
    pub rule: String,
    pub message: String,
}

/// An injected fault that a request triggered.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FaultNote {
    pub id: i32,
    /// Such as `status 500 before`.
    pub description: String,
}

/// Selects requests that match all criteria that are set.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub operation: Option<String>,
    pub status: Option<StatusFilter>,
    pub customer: Option<i32>,
    pub request_id: Option<Uuid>,
    /// Only requests with a higher number.
    pub since: Option<u64>,
}

/// `404`, or a class such as `4xx`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum StatusFilter {
    Exactly(u16),
    /// The first digit.
    Class(u16),
}

impl TryFrom<String> for StatusFilter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let failed = || "must be a status such as 404, or a class such as 4xx".to_owned();
        match text.strip_suffix("xx") {
            Some(class) => class.parse().ok().filter(|class| (1..=5).contains(class)).map(Self::Class),
            None => text.parse().ok().filter(|status| (100..=599).contains(status)).map(Self::Exactly),
        }
        .ok_or_else(failed)
    }
}

impl std::fmt::Display for StatusFilter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exactly(status) => write!(formatter, "{status}"),
            Self::Class(class) => write!(formatter, "{class}xx"),
        }
    }
}

impl Filter {
    #[must_use]
    pub fn matches(&self, entry: &Entry) -> bool {
        let has_status = |status: StatusFilter| match status {
            StatusFilter::Exactly(status) => entry.status == Some(status),
            StatusFilter::Class(class) => entry.status.is_some_and(|status| status / 100 == class),
        };
        self.operation.as_ref().is_none_or(|operation| operation == entry.operation)
            && self.status.is_none_or(has_status)
            && self.customer.is_none_or(|customer| entry.customer == Some(customer))
            && self.request_id.is_none_or(|id| entry.request_id == id)
            && self.since.is_none_or(|since| entry.number > since)
    }
}

impl Entry {
    /// Approximate size in bytes.
    pub(super) fn size(&self) -> usize {
        let changes: usize = self.changes.iter().map(|change| 64 + change.fields.len() * 160).sum();
        let hooks: usize = self.hooks.iter().map(|hook| hook.request.text.len() + hook.response.text.len() + 200).sum();
        let reasons: usize = self.reasons.iter().map(|reason| reason.message.len() + 120).sum();
        512 + self.path.len()
            + self.request_body.text.len()
            + self.response_body.text.len()
            + self.request_headers.0.len()
            + self.response_headers.0.len()
            + changes
            + hooks
            + reasons
            + self.events.len() * 1024
            + self.ignored.iter().chain(&self.did_you_mean).map(String::len).sum::<usize>()
    }
}
