//! One request in, one answer, one log line, one entry in the metrics.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use thiserror::Error;
use tower::ServiceExt as _;

use super::connection::Connection;
use super::cut::cut;
use super::{CONSOLE_TARGET, NO_OPERATION, Server};
use crate::database::measured;
use crate::gateway::{Ending, Served};
use crate::journal::{shown_path, shown_text};

/// An answer that is not sent: the connection ends instead.
#[derive(Debug, Error)]
#[error("a failure on purpose ended the connection")]
pub(super) struct BrokenOff;

impl Server {
    pub(super) async fn answer(
        self,
        request: Request<Incoming>,
        connection: &Connection,
    ) -> Result<Response<Body>, BrokenOff> {
        let start = Instant::now();
        let mut request = request.map(Body::new);
        let console = ConsoleLine::begin(&request);
        let is_head = request.method() == Method::HEAD;
        if request.uri().path().starts_with("/_emulator") {
            request.extensions_mut().insert(connection.peer);
        }
        let (answered, waited) = measured(self.stack.oneshot(request)).await;
        let Ok(mut response) = answered;
        let served = response.extensions_mut().remove::<Served>();
        let elapsed = start.elapsed();
        let status = response.status().as_u16();
        let operation = served.as_ref().map_or(NO_OPERATION, |served| served.operation);
        self.shared.metrics.observe(operation, status, elapsed);
        let fault = served.as_ref().and_then(|served| served.fault);
        if fault.is_some() {
            self.shared.metrics.observe_fault(operation);
        }
        log(served.as_ref(), status, elapsed, waited);
        if let (Some(console), Some(served)) = (console, &served) {
            console.end(served, status, elapsed);
        }
        // axum's for a wrong method. Only doors whose vendor knows methods say which there are.
        if response.status() != StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().remove(header::ALLOW);
        }
        response.extensions_mut().extend(self.shared.case_map.clone());
        match served.map_or(Ending::Whole, |served| served.ending) {
            Ending::Whole => Ok(response),
            Ending::Cut if !is_head => Ok(cut(response)),
            // An answer to HEAD has no body to cut.
            Ending::Cut | Ending::Empty => Err(BrokenOff),
            Ending::Reset => {
                connection.reset();
                Err(BrokenOff)
            }
        }
    }
}

fn log(served: Option<&Served>, status: u16, elapsed: Duration, waited: Duration) {
    let ms = milliseconds(elapsed);
    let Some(served) = served else {
        // Health checks and metrics.
        tracing::debug!(target: "access", status, ms, "own route");
        return;
    };
    let Served { operation, route, request_id, caller, fault, .. } = served;
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

/// A request as the log shows it to people, in place of the line for machines: a subscriber takes one of the two.
struct ConsoleLine {
    method: Method,
    path: String,
}

impl ConsoleLine {
    /// `None` where nobody takes it.
    fn begin(request: &Request<Body>) -> Option<Self> {
        if !tracing::enabled!(target: CONSOLE_TARGET, tracing::Level::INFO) {
            return None;
        }
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Some(Self { method: request.method().clone(), path })
    }

    fn end(self, served: &Served, status: u16, elapsed: Duration) {
        let status = (!matches!(served.ending, Ending::Reset | Ending::Empty)).then_some(status);
        let reason = served.reason.get().map(|reason| shown_text(reason));
        tracing::event!(
            target: CONSOLE_TARGET,
            tracing::Level::INFO,
            method = self.method.as_str(),
            path = shown_path(&self.path, served.route),
            tenant = served.caller.as_ref().map(|caller| caller.tenant.name.as_str()),
            status,
            ms = milliseconds(elapsed),
            fault = served.fault,
            reason,
        );
    }
}

/// To the microsecond: more digits are noise.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
