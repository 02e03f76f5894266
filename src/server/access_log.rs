//! The access log: a line for each request, for machines or for people.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};

use crate::clock::milliseconds;
use crate::gateway::{RequestSummary, Transmission};
use crate::journal::{redacted_path, redacted_text};

/// The target of the log's events for a console, which replace those of the target `access` there.
pub const CONSOLE_TARGET: &str = "access::console";

pub(super) fn log(summary: Option<&RequestSummary>, status: u16, elapsed: Duration, waited: Duration) {
    let ms = milliseconds(elapsed);
    let Some(summary) = summary else {
        // Health checks and metrics.
        tracing::debug!(target: "access", status, ms, "health check or metrics");
        return;
    };
    let RequestSummary { operation, route, request_id, caller, fault, .. } = summary;
    let request_id = request_id.as_ref().map(tracing::field::display);
    let tenant = caller.as_ref().map(|caller| caller.tenant.id.0);
    let waited = milliseconds(waited);
    tracing::event!(
        target: "access",
        tracing::Level::INFO,
        { request.id = request_id, tenant.id = tenant, operation, route, status, ms, database.ms = waited, fault.id = fault },
        "request"
    );
}

/// A request as the log shows it to people. A subscriber selects this line or the one for machines.
pub(super) struct ConsoleLine {
    method: Method,
    path: String,
}

impl ConsoleLine {
    /// `None` if no subscriber selects it.
    pub(super) fn begin(request: &Request<Body>) -> Option<Self> {
        if !tracing::enabled!(target: CONSOLE_TARGET, tracing::Level::INFO) {
            return None;
        }
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Some(Self { method: request.method().clone(), path })
    }

    pub(super) fn end(self, summary: &RequestSummary, status: u16, elapsed: Duration) {
        let status = (!matches!(summary.transmission, Transmission::Reset | Transmission::Empty)).then_some(status);
        let reason = summary.reason.as_ref().map(|reason| redacted_text(reason));
        tracing::event!(
            target: CONSOLE_TARGET,
            tracing::Level::INFO,
            method = self.method.as_str(),
            path = redacted_path(&self.path, summary.route),
            tenant = summary.caller.as_ref().map(|caller| caller.tenant.name.as_str()),
            status,
            ms = milliseconds(elapsed),
            fault = summary.fault,
            reason,
        );
    }
}
