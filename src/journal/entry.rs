//! One call in the journal.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::Text;
use super::record::{EventNote, HookNote};
use super::rows::Change;
use super::shown_header;
use crate::database::TenantId;

/// A call and its answer, and what they came to. Secrets in it are hidden.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Entry {
    /// Ascends with every call that this server answered, in the order in which the journal got them.
    pub number: u64,
    /// The id of the call, which the caller got in `X-DirectScale-RequestId`.
    pub request_id: Uuid,
    /// When the call came, in real time.
    pub at: DateTime<Utc>,
    /// The tenant's own time, where the key opened one.
    pub tenant_time: Option<DateTime<Utc>>,
    /// Whose key it was.
    #[serde(skip)]
    pub tenant: Option<TenantId>,
    /// The name of the key, or the last four characters of one that opens nothing.
    pub key: Option<String>,
    /// The operation's name; `-` for a path that is none.
    pub operation: &'static str,
    /// The pattern of the path.
    pub route: &'static str,
    /// The method.
    pub method: Cow<'static, str>,
    /// The path and query.
    pub path: String,
    /// The customer whom it was about, if it was about one.
    pub customer: Option<i32>,
    /// The request's headers.
    #[schema(value_type = Vec<Vec<String>>)]
    pub request_headers: Headers,
    /// The request's body.
    pub request_body: Text,
    /// The status of the answer; null where the connection was reset or closed without one.
    pub status: Option<u16>,
    /// The answer's headers.
    #[schema(value_type = Vec<Vec<String>>)]
    pub response_headers: Headers,
    /// The answer's body.
    pub response_body: Text,
    /// How long it took, in milliseconds.
    pub ms: f64,
    /// How long of that it waited for the database, in milliseconds.
    pub database_ms: f64,
    /// The fault that it met.
    pub fault: Option<FaultNote>,
    /// Why it was rejected: each rule that failed.
    pub reasons: Vec<Reason>,
    /// What was sent and does not count.
    pub ignored: Vec<String>,
    /// Operations whose path is near to one that is none.
    pub near: Vec<String>,
    /// Whether it was a dry run: all that it changed was taken back.
    pub is_dry_run: bool,
    /// The rows that it changed.
    pub changes: Vec<Change>,
    /// The events that it caused.
    pub events: Vec<EventNote>,
    /// The hooks that an extension answered for it.
    pub hooks: Vec<HookNote>,
}

/// Headers, in one text, a line each: a call has many, and few are looked at. Secrets in them are hidden.
#[derive(Debug, Clone, Default)]
pub struct Headers(String);

impl Headers {
    /// No headers, with room for so many of the usual length.
    #[must_use]
    pub fn with_room(headers: usize) -> Self {
        Self(String::with_capacity(headers * 48))
    }

    /// Adds a header.
    pub fn add(&mut self, name: &str, value: &[u8]) {
        for text in [name, ": ", &shown_header(name, value), "\n"] {
            self.0.push_str(text);
        }
    }

    /// Each header's name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.lines().filter_map(|line| line.split_once(": "))
    }
}

impl Serialize for Headers {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// Why a call was rejected.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Reason {
    /// The field, or what stands for the request as a whole.
    pub field: String,
    /// The name of the rule.
    pub rule: String,
    /// The sentence that says so.
    pub message: String,
}

/// The fault that a call met.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FaultNote {
    /// Its number.
    pub id: i32,
    /// What it did.
    pub what: String,
}

/// Which calls are asked for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only of this operation.
    pub operation: Option<String>,
    /// Only with this status, or of this class: `404`, `4xx`.
    pub status: Option<StatusFilter>,
    /// Only about this customer.
    pub customer: Option<i32>,
    /// Only the call with this id.
    pub request_id: Option<Uuid>,
    /// Only after the call with this number.
    pub since: Option<u64>,
}

/// A status, or a class of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum StatusFilter {
    /// Exactly this one.
    Exactly(u16),
    /// Those that begin with this digit.
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
    /// Whether a call is one of those asked for.
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
    /// About how many bytes it takes.
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
            + self.ignored.iter().chain(&self.near).map(String::len).sum::<usize>()
    }
}
