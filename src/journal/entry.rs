//! One request in the journal, and the recorder of its effects while it runs. Bodies are kept as text, without secrets, and of a long
//! one only the beginning.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::redact::{redacted, redacted_response};
use super::redacted_header;
use super::row_texts::RowTexts;
use super::rows::{Cell, Change, Tables};
use crate::database::TenantId;

/// The maximum size of the changes, events and hooks of a request, in bytes.
const MAX_EFFECTS: usize = 256 * 1024;

/// The maximum size of the headers of a request or response, in bytes.
const MAX_HEADERS: usize = 32 * 1024;

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

/// The maximum length of a kept body in bytes.
const MAX_LENGTH: usize = 16 * 1024;

/// A body. Secrets are hidden.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
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
        Self::new(body, redacted)
    }

    #[must_use]
    pub fn response(body: &[u8]) -> Self {
        Self::new(body, redacted_response)
    }

    fn new(body: &[u8], redacted: fn(&str) -> Cow<'_, str>) -> Self {
        let kept = &body[..body.len().min(MAX_LENGTH)];
        // Checked first, because almost every body is UTF-8.
        let kept = std::str::from_utf8(kept).map_or_else(|_| String::from_utf8_lossy(kept), Cow::Borrowed);
        Self { text: redacted(&kept).into_owned(), bytes: body.len(), is_truncated: body.len() > MAX_LENGTH }
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

/// Records nothing when the journal is off.
#[derive(Debug, Default)]
pub struct Recorder(Option<Recording>);

#[derive(Debug)]
struct Recording {
    tables: Arc<Tables>,
    effects: Mutex<Effects>,
}

/// The effects of a request.
#[derive(Debug, Default)]
pub struct Effects {
    pub changes: Vec<Change>,
    pub events: Vec<EventNote>,
    pub hooks: Vec<HookNote>,
    /// How many more there were.
    pub left_out: usize,
    /// The size of those that are kept, in bytes.
    bytes: usize,
}

/// An event that a request caused.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventNote {
    /// The id that its deliveries have too.
    pub id: Uuid,
    pub event_type: &'static str,
    pub customer: i32,
    #[schema(value_type = Object)]
    pub payload: Cell,
}

/// A hook that an extension answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HookNote {
    /// The hook's id.
    pub hook: &'static str,
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

impl Recorder {
    pub const OFF: &'static Self = &Self(None);

    pub(super) fn on(tables: Arc<Tables>) -> Self {
        Self(Some(Recording { tables, effects: Mutex::default() }))
    }

    /// Statements return rows only for a recorder that is on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Records a row that was written: each column as text, before and after.
    pub fn row(&self, table: &'static str, before: Option<&RowTexts>, after: Option<&RowTexts>) {
        if let Some(recording) = &self.0
            && (before.is_some() || after.is_some())
            && let Some(change) = recording.tables.change(table, before, after)
        {
            recording.with(|effects| effects.keep(change.size(), |effects| effects.changes.push(change)));
        }
    }

    /// Records a row that a statement may have written; `after` is `None` if it did not.
    pub fn update(&self, table: &'static str, before: Option<&RowTexts>, after: Option<&RowTexts>) {
        if after.is_some() {
            self.row(table, before, after);
        }
    }

    /// Records an event that was written to the outbox.
    pub fn event(&self, note: impl FnOnce() -> EventNote) {
        if let Some(recording) = &self.0 {
            let note = note();
            recording.with(|effects| effects.keep(note.size(), |effects| effects.events.push(note)));
        }
    }

    /// Records a hook that an extension answered.
    pub fn hook(&self, note: impl FnOnce() -> HookNote) {
        if let Some(recording) = &self.0 {
            let note = note();
            recording.with(|effects| effects.keep(note.size(), |effects| effects.hooks.push(note)));
        }
    }

    /// Drops the changes and events of a request that was rejected or rolled back.
    pub fn discard_changes(&self) {
        if let Some(recording) = &self.0 {
            recording.with(|effects| effects.truncate(0, 0, 0));
        }
    }

    /// Begins to record a transaction. Its changes and events are dropped unless it is committed: also when its client hangs up.
    pub fn transaction(&self) -> RecordedTransaction<'_> {
        let before = self
            .0
            .as_ref()
            .map(|recording| recording.with(|effects| (effects.changes.len(), effects.events.len(), effects.left_out)));
        RecordedTransaction { recorder: self, before }
    }

    /// The effects until now.
    #[must_use]
    pub fn take(&self) -> Effects {
        self.0.as_ref().map(|recording| recording.with(std::mem::take)).unwrap_or_default()
    }
}

/// The recording of a transaction that is not committed yet.
#[derive(Debug)]
#[must_use]
pub struct RecordedTransaction<'a> {
    recorder: &'a Recorder,
    /// How many changes and events there were before, and how many were left out; `None` when they are final.
    before: Option<(usize, usize, usize)>,
}

impl RecordedTransaction<'_> {
    /// The transaction is committed.
    pub fn committed(mut self) {
        self.before = None;
    }
}

impl Drop for RecordedTransaction<'_> {
    fn drop(&mut self) {
        if let (Some(recording), Some((changes, events, left_out))) = (&self.recorder.0, self.before) {
            recording.with(|effects| effects.truncate(changes, events, left_out));
        }
    }
}

impl Effects {
    /// Keeps one more effect of this size, unless they would be too large together.
    fn keep(&mut self, size: usize, push: impl FnOnce(&mut Self)) {
        if self.bytes + size > MAX_EFFECTS {
            self.left_out += 1;
            return;
        }
        self.bytes += size;
        push(self);
    }

    /// Drops the changes and events after the first ones.
    fn truncate(&mut self, changes: usize, events: usize, left_out: usize) {
        self.changes.truncate(changes);
        self.events.truncate(events);
        self.left_out = left_out;
        self.bytes = self.size();
    }
}

impl Recording {
    fn with<T>(&self, work: impl FnOnce(&mut Effects) -> T) -> T {
        work(&mut self.effects.lock().unwrap_or_else(PoisonError::into_inner))
    }
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
