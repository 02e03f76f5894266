//! A request as the journal keeps it: the bytes as they came and went, with their secrets. Nothing of it is shown or written anywhere:
//! these types are not serialized, and `Debug` shows no content. [`Entry`](super::Entry) is made of it when somebody looks.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::bounds::{MAX_PATH, MAX_REASON, keep_first, of_items, shorten};
use super::entry::{EventNote, FaultNote, HookNote, MAX_LENGTH, Reason, Suggestions};
use super::recorder::{Effects, RawChange};
use super::rows::Tables;
use super::{redacted_path, redacted_text};
use crate::database::TenantId;

/// A request that ended, with its response and effects; see [`Entry`](super::Entry).
pub struct RawEntry {
    pub request_id: Uuid,
    pub received_at: DateTime<Utc>,
    pub tenant_time: Option<DateTime<Utc>>,
    pub tenant: Option<TenantId>,
    /// The name of the key.
    pub key: Option<Arc<str>>,
    /// The header with the credential of an unauthenticated request.
    pub credential_header: Option<&'static str>,
    pub operation: &'static str,
    pub route: &'static str,
    pub method: Cow<'static, str>,
    pub customer: Option<i32>,
    pub status: Option<u16>,
    pub messages: RawMessages,
    pub duration: Duration,
    /// The part of the duration during which the request waited for the database.
    pub waited: Duration,
    pub fault: Option<FaultNote>,
    pub reasons: Vec<Reason>,
    pub ignored: Vec<String>,
    pub did_you_mean: Suggestions,
    pub is_dry_run: bool,
    pub effects: Effects,
}

impl fmt::Debug for RawEntry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RawEntry(…)")
    }
}

/// The bytes of a request and its response, one part after the other in one piece of memory: path, headers, body, headers, body. The
/// headers are lines.
#[derive(Default)]
pub struct RawMessages {
    bytes: Vec<u8>,
    /// Where the first four parts end.
    ends: [usize; 4],
    /// Long paths are redacted at once, because they are not kept whole.
    pub(super) is_path_redacted: bool,
    /// The length of the whole body in bytes; `None` where it was not read.
    pub(super) request_length: Option<usize>,
    /// The length of the whole body in bytes.
    pub(super) response_length: usize,
}

impl fmt::Debug for RawMessages {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RawMessages(…)")
    }
}

/// The name and value of a header, the name in lower case.
type Header<'a> = (&'a str, &'a [u8]);

impl RawMessages {
    /// A request before its body is read. `route` is the pattern of the path.
    #[must_use]
    pub fn of_request(path: &str, route: &str, headers: &HeaderMap) -> Self {
        let is_path_redacted = path.len() > MAX_PATH;
        let mut path = Cow::Borrowed(path);
        if is_path_redacted {
            path = Cow::Owned(redacted_path(&path, route));
            shorten(path.to_mut(), MAX_PATH);
        }
        let (count, length) = kept_headers(headers);
        let mut bytes = Vec::with_capacity(path.len() + length);
        bytes.extend_from_slice(path.as_bytes());
        write_headers(&mut bytes, headers, count);
        let ends = [path.len(), bytes.len(), bytes.len(), bytes.len()];
        Self { bytes, ends, is_path_redacted, ..Self::default() }
    }

    /// Adds the request's body, of which only the beginning is kept.
    pub fn read(&mut self, body: &[u8]) {
        let kept = &body[..body.len().min(MAX_LENGTH)];
        self.request_length = Some(body.len());
        self.bytes.truncate(self.ends[1]);
        self.bytes.reserve_exact(kept.len());
        self.bytes.extend_from_slice(kept);
        self.ends[2] = self.bytes.len();
        self.ends[3] = self.bytes.len();
    }

    /// Adds the response, of whose body only the beginning is kept.
    pub fn respond(&mut self, headers: &HeaderMap, body: &[u8]) {
        let kept = &body[..body.len().min(MAX_LENGTH)];
        let (count, length) = kept_headers(headers);
        self.response_length = body.len();
        self.bytes.truncate(self.ends[2]);
        self.bytes.reserve_exact(length + kept.len());
        write_headers(&mut self.bytes, headers, count);
        self.ends[3] = self.bytes.len();
        self.bytes.extend_from_slice(kept);
    }

    pub(super) fn path(&self) -> &[u8] {
        &self.bytes[..self.ends[0]]
    }

    pub(super) fn request_headers(&self) -> impl Iterator<Item = Header<'_>> {
        headers_in(&self.bytes[self.ends[0]..self.ends[1]])
    }

    /// The first header of the request with this name.
    pub(super) fn request_header(&self, name: &str) -> Option<&[u8]> {
        self.request_headers().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub(super) fn request_body(&self) -> &[u8] {
        &self.bytes[self.ends[1]..self.ends[2]]
    }

    pub(super) fn response_headers(&self) -> impl Iterator<Item = Header<'_>> {
        headers_in(&self.bytes[self.ends[2]..self.ends[3]])
    }

    pub(super) fn response_body(&self) -> &[u8] {
        &self.bytes[self.ends[3]..]
    }

    /// In bytes, without the struct itself.
    pub(super) fn size(&self) -> usize {
        self.bytes.capacity()
    }
}

/// The maximum size of the headers of a message, in bytes: as much as the head of a request may have.
const MAX_RAW_HEADERS: usize = 64 * 1024;

/// How many headers are kept, and the length of their lines in bytes.
fn kept_headers(headers: &HeaderMap) -> (usize, usize) {
    let (mut count, mut length) = (0, 0);
    for (name, value) in headers {
        let line = name.as_str().len() + value.len() + ": \n".len();
        if length + line > MAX_RAW_HEADERS {
            break;
        }
        count += 1;
        length += line;
    }
    (count, length)
}

fn write_headers(lines: &mut Vec<u8>, headers: &HeaderMap, count: usize) {
    for (name, value) in headers.iter().take(count) {
        lines.extend_from_slice(name.as_str().as_bytes());
        lines.extend_from_slice(b": ");
        lines.extend_from_slice(value.as_bytes());
        lines.push(b'\n');
    }
}

/// No name or value of a header has a line break, and no name a colon.
fn headers_in(lines: &[u8]) -> impl Iterator<Item = Header<'_>> {
    lines.split(|byte| *byte == b'\n').filter_map(|line| {
        let colon = memchr::memchr(b':', line)?;
        Some((std::str::from_utf8(&line[..colon]).ok()?, line.get(colon + 2..)?))
    })
}

/// A request in the memory of the journal.
pub(super) struct Kept {
    pub request: RawEntry,
    /// Long reasons are redacted at once, because they are not kept whole.
    pub are_reasons_redacted: bool,
    /// The customer of the first row of a customer that changed. Looked for once.
    changed_customer: OnceLock<Option<i32>>,
    pub ended_at: Instant,
    /// In bytes.
    pub size: usize,
}

/// A request with its number.
#[derive(Clone)]
pub(super) struct Numbered {
    pub number: u64,
    pub kept: Arc<Kept>,
}

impl Kept {
    /// Cuts what a client can make long.
    pub(super) fn new(mut request: RawEntry) -> Self {
        let RawEntry { method, reasons, ignored, .. } = &mut request;
        if let Cow::Owned(method) = method {
            shorten(method, MAX_REASON);
        }
        let are_reasons_redacted = reasons.iter().any(|reason| reason.message.len() > MAX_REASON);
        keep_first(reasons, |reason| {
            let Reason { field, rule, message } = reason;
            if are_reasons_redacted {
                *message = redacted_text(message);
            }
            for text in [field, rule, message] {
                shorten(text, MAX_REASON);
            }
            reason.size()
        });
        keep_first(ignored, |note| {
            shorten(note, MAX_REASON);
            note.capacity()
        });
        let (changed_customer, ended_at) = (OnceLock::new(), Instant::now());
        let mut kept = Self { request, are_reasons_redacted, changed_customer, ended_at, size: 0 };
        kept.size = kept.bytes();
        kept
    }

    /// The bytes in memory.
    fn bytes(&self) -> usize {
        let RawEntry { key, method, messages, fault, reasons, ignored, did_you_mean, effects, .. } = &self.request;
        // The counts of the `Arc`.
        size_of::<Self>()
            + 2 * size_of::<usize>()
            + size_of::<Numbered>()
            + key.as_ref().map_or(0, |key| key.len())
            + method.len()
            + messages.size()
            + fault.as_ref().map_or(0, |fault| fault.description.capacity())
            + of_items(reasons, Reason::size)
            + of_items(ignored, |note| note.capacity() + size_of::<String>())
            + did_you_mean.size()
            + of_items(&effects.changes, RawChange::size)
            + of_items(&effects.events, EventNote::size)
            + of_items(&effects.hooks, HookNote::size)
    }

    /// The customer of the request, or the one that it changed, for example created.
    pub(super) fn customer(&self, tables: &Tables) -> Option<i32> {
        let changed = || {
            let mut customers = self.request.effects.changes.iter().filter(|change| change.table() == "customers");
            customers.find_map(|change| change.shown(tables))?.id.parse().ok()
        };
        self.request.customer.or_else(|| *self.changed_customer.get_or_init(changed))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A request whose path has this length.
    pub(in super::super) fn request(tenant: TenantId, length: usize) -> RawEntry {
        RawEntry {
            request_id: Uuid::nil(),
            received_at: DateTime::<Utc>::UNIX_EPOCH,
            tenant_time: None,
            tenant: Some(tenant),
            key: None,
            credential_header: None,
            operation: "-",
            route: "-",
            method: Cow::Borrowed("GET"),
            customer: None,
            status: Some(200),
            messages: RawMessages::of_request(&"x".repeat(length), "-", &HeaderMap::new()),
            duration: Duration::ZERO,
            waited: Duration::ZERO,
            fault: None,
            reasons: Vec::new(),
            ignored: Vec::new(),
            did_you_mean: Suggestions::default(),
            is_dry_run: false,
            effects: Effects::default(),
        }
    }
}
