//! One request in, one answer, one log line, one entry in the metrics.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use thiserror::Error;
use tower::ServiceExt as _;

use super::connection::Connection;
use super::cut::cut;
use super::{NO_OPERATION, Server};
use crate::database::measured;
use crate::gateway::{Ending, Served};

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
    let Served { operation, route, request_id, caller, fault, ending: _ } = served;
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

/// To the microsecond: more digits are noise.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
