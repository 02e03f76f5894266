//! Injected faults, at their three points in a request.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderValue, Response};

use super::context::RequestContext;
use super::request_log::Transmission;
use super::response::{GatewayRejection, KeyProblem};
use super::vendor::{InjectedStatus, Vendor};
use crate::fault_injection::{FaultResponse, Point, TriggeredFault};
use crate::journal::FaultNote;

/// A fault that a request triggered.
#[derive(Debug)]
pub(super) struct InjectedFault(TriggeredFault);

/// The effect of a fault within the transaction of its request.
#[derive(Debug, Clone, Copy)]
pub(super) struct InsideFault {
    /// The transaction stays open for this long.
    pub delay: Duration,
    pub is_rolled_back: bool,
}

/// A response, and how it is sent.
pub(super) type Sent = (Response<Bytes>, Transmission);

impl InjectedFault {
    pub(super) fn new(triggered: TriggeredFault) -> Self {
        Self(triggered)
    }

    pub(super) fn note(&self) -> FaultNote {
        FaultNote { id: self.0.id, description: self.0.rule.description() }
    }

    /// Waits before the handler; returns the response if the rule has one.
    pub(super) async fn before<V: Vendor>(&self, vendor: &V, context: &RequestContext<'_>) -> Option<Sent> {
        if self.0.rule.point != Point::Before {
            return None;
        }
        self.wait().await;
        let replacement = self.0.rule.response.as_ref()?;
        // The handler has not run, so a truncated response is that of a failure.
        let mut failure = vendor.reject(GatewayRejection::BackEndFailed(context.request_id), context);
        vendor.add_response_headers(&mut failure, context.request_id);
        Some(self.replaced(vendor, context, replacement, failure))
    }

    pub(super) fn inside(&self) -> Option<InsideFault> {
        let rule = &self.0.rule;
        let delay = rule.delay(self.0.number).unwrap_or_default();
        (rule.point == Point::Inside).then_some(InsideFault { delay, is_rolled_back: rule.response.is_some() })
    }

    /// Waits after the handler, and replaces its response if the rule has one.
    pub(super) async fn after<V: Vendor>(
        &self,
        vendor: &V,
        context: &RequestContext<'_>,
        response: Response<Bytes>,
    ) -> Sent {
        let rule = &self.0.rule;
        if rule.point == Point::After {
            self.wait().await;
        }
        match &rule.response {
            Some(replacement) => self.replaced(vendor, context, replacement, response),
            None => (self.marked(context, response), Transmission::Complete),
        }
    }

    async fn wait(&self) {
        if let Some(delay) = self.0.rule.delay(self.0.number) {
            tokio::time::sleep(delay).await;
        }
    }

    fn replaced<V: Vendor>(
        &self,
        vendor: &V,
        context: &RequestContext<'_>,
        replacement: &FaultResponse,
        response: Response<Bytes>,
    ) -> Sent {
        let (response, transmission) = match replacement {
            FaultResponse::Status { code, message, retry_after } => {
                let retry_after = u64::from(retry_after.unwrap_or(1));
                let injected = InjectedStatus { code: *code, message: message.as_deref(), retry_after };
                (respond(vendor, injected, context), Transmission::Complete)
            }
            FaultResponse::Reset => (response, Transmission::Reset),
            FaultResponse::Empty => (response, Transmission::Empty),
            FaultResponse::Truncated => (response, Transmission::Truncated),
        };
        (self.marked(context, response), transmission)
    }

    fn marked(&self, context: &RequestContext<'_>, mut response: Response<Bytes>) -> Response<Bytes> {
        if context.options.extra_headers {
            response.headers_mut().insert("x-emulator-fault", HeaderValue::from(self.0.id));
        }
        response
    }
}

/// The gateway's rejection with this status; the response of the vendor's back end if the gateway has none.
fn respond<V: Vendor>(vendor: &V, injected: InjectedStatus<'_>, context: &RequestContext<'_>) -> Response<Bytes> {
    let rejection = match injected.code {
        401 => GatewayRejection::InvalidKey(KeyProblem::Unknown),
        403 => GatewayRejection::QuotaExceeded(injected.retry_after),
        413 => GatewayRejection::BodyTooLarge(context.options.max_body_bytes),
        429 => GatewayRejection::RateLimited(injected.retry_after),
        500 if injected.message.is_none() => GatewayRejection::BackEndFailed(context.request_id),
        _ => return vendor.render_injected(injected, context),
    };
    vendor.reject(rejection, context)
}
