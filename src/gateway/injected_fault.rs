//! Failures on purpose, at their three points in a call.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderValue, Response};

use super::rejection::GatewayRejection;
use super::served::Ending;
use super::vendor::{RequestContext, StatusFailure, Vendor};
use crate::fault_injection::{FaultResponse, Point, TriggeredFault};

/// A failure that a call met.
#[derive(Debug)]
pub(super) struct Fault(TriggeredFault);

/// What a failure does within the call's transaction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    /// The transaction is held open for so long.
    pub delay: Duration,
    pub is_rolled_back: bool,
}

impl Fault {
    pub(super) fn new(fired: TriggeredFault) -> Self {
        Self(fired)
    }

    pub(super) fn id(&self) -> i32 {
        self.0.id
    }

    /// What it does, in words.
    pub(super) fn what(&self) -> String {
        self.0.rule.description()
    }

    /// What happens before the handler: a wait, and the answer where there is one.
    pub(super) async fn before<D: Vendor>(
        &self,
        door: &D,
        about: &RequestContext<'_>,
        ending: &mut Ending,
    ) -> Option<Response<Bytes>> {
        if self.0.rule.point != Point::Before {
            return None;
        }
        self.wait().await;
        let answer = self.0.rule.response.as_ref()?;
        // Nothing was done that could be answered.
        let mut nothing = door.rejected(GatewayRejection::BackEndFailed(about.request_id), about);
        door.sign(&mut nothing, about.request_id);
        Some(self.answered(door, about, answer, nothing, ending))
    }

    /// What happens within the transaction, if anything does.
    pub(super) fn held(&self) -> Option<Held> {
        let rule = &self.0.rule;
        let delay = rule.delay(self.0.number).unwrap_or_default();
        (rule.point == Point::Inside).then_some(Held { delay, is_rolled_back: rule.response.is_some() })
    }

    /// What happens to the answer of the handler.
    pub(super) async fn after<D: Vendor>(
        &self,
        door: &D,
        about: &RequestContext<'_>,
        response: Response<Bytes>,
        ending: &mut Ending,
    ) -> Response<Bytes> {
        let rule = &self.0.rule;
        if rule.point == Point::After {
            self.wait().await;
        }
        match &rule.response {
            Some(answer) => self.answered(door, about, answer, response, ending),
            None => self.marked(about, response),
        }
    }

    async fn wait(&self) {
        if let Some(delay) = self.0.rule.delay(self.0.number) {
            tokio::time::sleep(delay).await;
        }
    }

    fn answered<D: Vendor>(
        &self,
        door: &D,
        about: &RequestContext<'_>,
        answer: &FaultResponse,
        response: Response<Bytes>,
        ending: &mut Ending,
    ) -> Response<Bytes> {
        let response = match answer {
            FaultResponse::Status { code, message, retry_after } => {
                let retry_after = u64::from(retry_after.unwrap_or(1));
                door.failure(StatusFailure { code: *code, message: message.as_deref(), retry_after }, about)
            }
            FaultResponse::Reset => {
                *ending = Ending::Reset;
                response
            }
            FaultResponse::Empty => {
                *ending = Ending::Empty;
                response
            }
            FaultResponse::Truncated => {
                *ending = Ending::Cut;
                response
            }
        };
        self.marked(about, response)
    }

    fn marked(&self, about: &RequestContext<'_>, mut response: Response<Bytes>) -> Response<Bytes> {
        if about.options.extra_headers {
            response.headers_mut().insert("x-emulator-fault", HeaderValue::from(self.0.id));
        }
        response
    }
}
