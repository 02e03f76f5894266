//! Collects what the journal, the log line and the metrics record of a request.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{Method, Response};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::context::{GatewayState, Operation, original_path_and_query};
use super::response::GatewayRejection;
use crate::clock::Clock;
use crate::database::waited;
use crate::journal::{FaultNote, Journal, RawEntry, RawMessages, Reason, Recorder, Suggestions};
use crate::tenants::Caller;

/// The log of one request. It is journaled exactly once: when the request is finished, or when it is dropped because the client
/// disconnected.
#[derive(Debug)]
pub(crate) struct RequestLog {
    journal: Journal,
    start: Instant,
    operation: Operation,
    pub request_id: Uuid,
    /// `None` where the journal is off.
    head: Option<RequestHead>,
    /// `None` for an unauthenticated request.
    pub caller: Option<Caller>,
    pub tenant_time: Option<DateTime<Utc>>,
    pub customer: Option<i32>,
    pub fault: Option<FaultNote>,
    pub is_dry_run: bool,
    /// The operation records its changes here.
    pub recorder: Recorder,
    pub reasons: Vec<Reason>,
    /// Members of the request that have no effect.
    pub ignored: Vec<String>,
    /// Similar operations, if no operation has the method and path.
    pub did_you_mean: Suggestions,
    /// Whether the whole operation is in one transaction, which may be rolled back at its end.
    pub is_in_transaction: bool,
    progress: Progress,
}

/// The progress of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Its operation may be running.
    Running,
    /// Its operation has ended.
    Ran,
    /// It is in the journal.
    Journaled,
}

/// A request as the journal keeps it, before it has its response.
#[derive(Debug)]
struct RequestHead {
    received_at: DateTime<Utc>,
    method: Cow<'static, str>,
    messages: RawMessages,
    /// See [`Vendor::PREVIEW_HEADER`](super::vendor::Vendor::PREVIEW_HEADER).
    credential_header: Option<&'static str>,
}

/// A request that has its response, for the log line and the metrics: in the extensions of the response.
#[derive(Debug, Clone)]
pub struct RequestSummary {
    pub operation: &'static str,
    pub route: &'static str,
    pub request_id: Option<Uuid>,
    pub caller: Option<Caller>,
    /// The number of the fault rule that the request triggered.
    pub fault: Option<i32>,
    pub transmission: Transmission,
    /// Why the request was rejected: the first reason. It can repeat what the client sent.
    pub reason: Option<String>,
    /// Similar operations, if no operation has the method and path.
    pub did_you_mean: Suggestions,
}

/// How a response is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Transmission {
    #[default]
    Complete,
    /// The connection is reset instead.
    Reset,
    /// The connection is closed instead.
    Empty,
    /// The connection is closed in the middle of the body.
    Truncated,
}

impl RequestSummary {
    /// A request that no operation has.
    #[must_use]
    pub fn without_operation() -> Self {
        let Operation { id, route } = Operation::NONE;
        Self {
            operation: id,
            route,
            request_id: None,
            caller: None,
            fault: None,
            transmission: Transmission::Complete,
            reason: None,
            did_you_mean: Suggestions::default(),
        }
    }
}

impl RequestLog {
    /// `preview_header`: see [`Vendor::PREVIEW_HEADER`](super::vendor::Vendor::PREVIEW_HEADER).
    pub(super) fn begin(
        gateway: &GatewayState,
        operation: Operation,
        parts: &Parts,
        preview_header: Option<&'static str>,
    ) -> Self {
        let journal = gateway.journal.clone();
        Self {
            start: Instant::now(),
            operation,
            request_id: gateway.random.uuid(),
            head: journal.is_on().then(|| RequestHead::new(operation, parts, preview_header)),
            caller: None,
            tenant_time: None,
            customer: None,
            fault: None,
            is_dry_run: false,
            recorder: journal.recorder(),
            reasons: Vec::new(),
            ignored: Vec::new(),
            did_you_mean: Suggestions::default(),
            is_in_transaction: false,
            progress: Progress::Running,
            journal,
        }
    }

    pub(super) fn read(&mut self, body: &Bytes) {
        if let Some(head) = &mut self.head {
            head.messages.read(body);
        }
    }

    /// The operation has ended: its recorded changes are final, also if the client disconnects now.
    pub(super) fn ran(&mut self) {
        self.progress = Progress::Ran;
    }

    pub(super) fn rejected(&mut self, rejection: &GatewayRejection) {
        self.reasons.push(rejection.reason());
    }

    /// Journals the request, and leaves its summary in the extensions of the response.
    pub(super) fn finish(self, response: Response<Bytes>, transmission: Transmission) -> Response<Body> {
        let is_sent = !matches!(transmission, Transmission::Reset | Transmission::Empty);
        let summary = self.journal_with(is_sent.then_some(&response), transmission);
        let mut response = response.map(Body::from);
        response.extensions_mut().insert(summary);
        response
    }

    /// As [`Self::finish`], where the journal keeps the response in another form than the client gets it.
    pub(super) fn finish_as(self, journaled: &Response<Bytes>) -> RequestSummary {
        self.journal_with(Some(journaled), Transmission::Complete)
    }

    fn journal_with(mut self, response: Option<&Response<Bytes>>, transmission: Transmission) -> RequestSummary {
        let reason = self.reasons.first().map(|reason| reason.message.clone());
        let did_you_mean = self.did_you_mean.clone();
        self.write_entry(response);
        RequestSummary {
            operation: self.operation.id,
            route: self.operation.route,
            request_id: Some(self.request_id),
            caller: self.caller.take(),
            fault: self.fault.as_ref().map(|fault| fault.id),
            transmission,
            reason,
            did_you_mean,
        }
    }

    fn write_entry(&mut self, response: Option<&Response<Bytes>>) {
        self.progress = Progress::Journaled;
        let Some(mut head) = self.head.take() else { return };
        if let Some(response) = response {
            head.messages.respond(response.headers(), response.body());
        }
        let caller = self.caller.as_ref();
        self.journal.add(RawEntry {
            request_id: self.request_id,
            received_at: head.received_at,
            tenant_time: self.tenant_time,
            tenant: caller.map(|caller| caller.tenant.id),
            key: caller.map(|caller| Arc::clone(&caller.key_name)),
            credential_header: head.credential_header,
            operation: self.operation.id,
            route: self.operation.route,
            method: head.method,
            customer: self.customer,
            status: response.map(|response| response.status().as_u16()),
            messages: head.messages,
            duration: self.start.elapsed(),
            waited: waited(),
            fault: self.fault.clone(),
            reasons: std::mem::take(&mut self.reasons),
            ignored: std::mem::take(&mut self.ignored),
            did_you_mean: std::mem::take(&mut self.did_you_mean),
            is_dry_run: self.is_dry_run,
            effects: self.recorder.take(),
        });
    }
}

impl Drop for RequestLog {
    fn drop(&mut self) {
        if self.progress == Progress::Journaled {
            return;
        }
        // Other transactions dropped their changes themselves if they were not committed.
        if self.progress == Progress::Running && self.is_in_transaction {
            self.recorder.discard_changes();
        }
        let (rule, message) = if std::thread::panicking() {
            ("panicked", "The server failed, which is a defect; what was done by then stays.")
        } else {
            ("hungUp", "The client hung up before the response; what was done by then stays.")
        };
        let (field, rule, message) = ("$".to_owned(), rule.to_owned(), message.to_owned());
        self.reasons.push(Reason { field, rule, message });
        self.write_entry(None);
    }
}

impl RequestHead {
    fn new(operation: Operation, parts: &Parts, credential_header: Option<&'static str>) -> Self {
        let path = original_path_and_query(parts);
        Self {
            received_at: Clock::Real.now(),
            method: method_name(&parts.method),
            messages: RawMessages::of_request(path, operation.route, &parts.headers),
            credential_header,
        }
    }
}

/// Without an allocation for the usual methods.
fn method_name(method: &Method) -> Cow<'static, str> {
    for known in ["GET", "PUT", "PATCH", "POST", "DELETE", "HEAD", "OPTIONS"] {
        if method.as_str() == known {
            return Cow::Borrowed(known);
        }
    }
    Cow::Owned(method.to_string())
}
