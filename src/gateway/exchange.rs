//! One call on its way into the journal.

use std::borrow::Cow;
use std::time::Instant;

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Response, header};
use chrono::{DateTime, Utc};

use super::original_uri::original_uri;
use super::served::{Ending, Served};
use crate::clock::Clock;
use crate::database::waited;
use crate::journal::{
    Effects, Entry, FaultNote, HIDDEN, Headers, Journal, Reason, Recorder, Text, shown_header, shown_path, shown_text,
};

/// What is known of a call so far. Nothing is gathered where the journal is off.
#[derive(Debug)]
pub struct Exchange {
    start: Instant,
    heard: Option<Heard>,
    /// Where what the call does is noted.
    pub recorder: Recorder,
    /// The request's body, as far as it was read.
    pub body: Bytes,
    is_body_read: bool,
    /// The customer in the path.
    pub customer: Option<i32>,
    pub reasons: Vec<Reason>,
    /// What was sent and does not count.
    pub ignored: Vec<String>,
    /// Operations that are near to a path that is none.
    pub near: Vec<String>,
    /// The fault that it met.
    pub fault: Option<FaultNote>,
    /// Whether all that it does is taken back.
    pub is_dry_run: bool,
    pub tenant_time: Option<DateTime<Utc>>,
}

/// The head of a request, as it is kept.
#[derive(Debug)]
struct Heard {
    at: DateTime<Utc>,
    method: Cow<'static, str>,
    path: String,
    headers: Headers,
    /// How long the body is; `None` where there is none or the request does not say it.
    length: Option<usize>,
    is_chunked: bool,
    /// What is shown of the key, should it open nothing.
    key: Option<HeaderValue>,
}

impl Exchange {
    #[must_use]
    pub fn begin(journal: &Journal, parts: &Parts, route: &str) -> Self {
        let heard = journal.is_on().then(|| Heard {
            at: Clock::Real.now(),
            method: name(&parts.method),
            path: shown_path(original_uri(parts).path_and_query().map_or("/", |path| path.as_str()), route),
            headers: shown(&parts.headers),
            length: parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok()),
            is_chunked: parts.headers.contains_key(header::TRANSFER_ENCODING),
            key: parts.headers.get("ocp-apim-subscription-key").cloned(),
        });
        Self {
            start: Instant::now(),
            heard,
            recorder: journal.recorder(),
            body: Bytes::new(),
            is_body_read: false,
            customer: None,
            reasons: Vec::new(),
            ignored: Vec::new(),
            near: Vec::new(),
            fault: None,
            is_dry_run: false,
            tenant_time: None,
        }
    }

    /// The request's body, once it was read.
    pub fn read(&mut self, body: &Bytes) {
        self.body = body.clone();
        self.is_body_read = true;
    }

    /// The call ends with this answer; without one where the caller hung up before it came.
    pub fn end(self, journal: &Journal, served: &Served, response: Option<&Response<Bytes>>) {
        if let Some(reason) = self.reasons.first() {
            // It ends once.
            let _ = served.reason.set(reason.message.clone());
        }
        let Some(Heard { at, method, path, headers, length, is_chunked, key }) = self.heard else { return };
        let Effects { changes, events, hooks } = self.recorder.take();
        let response = response.filter(|_| !matches!(served.ending, Ending::Reset | Ending::Empty));
        let request_body = match length.filter(|length| *length > 0) {
            Some(length) if self.body.is_empty() => Text::unread(length),
            // How long it would have been is not known.
            None if is_chunked && !self.is_body_read => Text::unread(0),
            _ => Text::request(&self.body),
        };
        let created = || changes.iter().find(|change| change.table == "customers")?.id.parse().ok();
        let caller = served.caller.as_ref();
        let shown_reason = |reason: Reason| Reason { message: shown_text(&reason.message), ..reason };
        journal.add(Entry {
            // Given by the journal.
            number: 0,
            request_id: served.request_id.unwrap_or_default(),
            received_at: at,
            tenant_time: self.tenant_time,
            tenant: caller.map(|caller| caller.tenant.id),
            key: match caller {
                Some(caller) => Some(caller.key_name.to_string()),
                None => key.map(|key| ending(key.as_bytes())),
            },
            operation: served.operation,
            route: served.route,
            method,
            path,
            customer: self.customer.or_else(created),
            request_headers: headers,
            request_body,
            status: response.map(|response| response.status().as_u16()),
            response_headers: response.map(|response| shown(response.headers())).unwrap_or_default(),
            response_body: response.map(|response| Text::response(response.body())).unwrap_or_default(),
            duration_ms: milliseconds(self.start.elapsed()),
            database_ms: milliseconds(waited()),
            fault: self.fault,
            reasons: self.reasons.into_iter().map(shown_reason).collect(),
            ignored: self.ignored,
            did_you_mean: self.near,
            is_dry_run: self.is_dry_run,
            changes,
            events,
            hooks,
        });
    }
}

fn shown(headers: &HeaderMap) -> Headers {
    let mut shown = Headers::with_capacity(headers.len());
    for (name, value) in headers {
        shown.add(name.as_str(), value.as_bytes());
    }
    shown
}

/// A method's name, without an allocation where it is an ordinary one.
fn name(method: &Method) -> Cow<'static, str> {
    for known in ["GET", "PUT", "PATCH", "POST", "DELETE", "HEAD", "OPTIONS"] {
        if method.as_str() == known {
            return Cow::Borrowed(known);
        }
    }
    Cow::Owned(method.to_string())
}

/// The last four characters of a key that is long enough not to be told by them.
fn ending(key: &[u8]) -> String {
    let shown = shown_header("ocp-apim-subscription-key", key);
    if shown == HIDDEN { shown.into_owned() } else { shown.replace(HIDDEN, "…") }
}

/// To the microsecond: more digits are noise.
fn milliseconds(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
