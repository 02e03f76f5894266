//! Failures on purpose, at their three points in a call.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderValue, Response, StatusCode};
use uuid::Uuid;

use super::DirectScaleOptions;
use super::endpoint::header_text;
use super::error::{NOT_FOUND, Refused};
use crate::faults::{Answer, Fired, Point};
use crate::gateway::{Ending, GatewayRefusal};

/// A failure that a call met.
#[derive(Debug)]
pub(super) struct Fault {
    fired: Fired,
    request_id: Uuid,
    realm: String,
    extra_headers: bool,
    max_body_bytes: usize,
}

/// What a failure does within the call's transaction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    /// The transaction is held open for so long.
    pub delay: Duration,
    /// It is rolled back.
    pub is_rolled_back: bool,
}

impl Fault {
    pub(super) fn new(fired: Fired, request_id: Uuid, realm: String, options: &DirectScaleOptions) -> Self {
        let DirectScaleOptions { extra_headers, max_body_bytes } = *options;
        Self { fired, request_id, realm, extra_headers, max_body_bytes }
    }

    /// What happens before the handler: a wait, and the answer where there is one.
    pub(super) async fn before(&self, ending: &mut Ending) -> Option<Response<Bytes>> {
        if self.fired.rule.point != Point::Before {
            return None;
        }
        self.wait().await;
        let answer = self.fired.rule.answer.as_ref()?;
        // Nothing was done that could be answered.
        let mut nothing = GatewayRefusal::BackEndFailed(self.request_id).into_response();
        nothing.headers_mut().insert("x-directscale-requestid", header_text(&self.request_id.to_string()));
        Some(self.answered(answer, nothing, ending))
    }

    /// What happens within the transaction, if anything does.
    pub(super) fn held(&self) -> Option<Held> {
        let rule = &self.fired.rule;
        let delay = rule.delay(self.fired.call).unwrap_or_default();
        (rule.point == Point::Inside).then_some(Held { delay, is_rolled_back: rule.answer.is_some() })
    }

    /// What happens to the answer of the handler.
    pub(super) async fn after(&self, response: Response<Bytes>, ending: &mut Ending) -> Response<Bytes> {
        let rule = &self.fired.rule;
        if rule.point == Point::After {
            self.wait().await;
        }
        match &rule.answer {
            Some(answer) => self.answered(answer, response, ending),
            None => self.marked(response),
        }
    }

    async fn wait(&self) {
        if let Some(delay) = self.fired.rule.delay(self.fired.call) {
            tokio::time::sleep(delay).await;
        }
    }

    fn answered(&self, answer: &Answer, response: Response<Bytes>, ending: &mut Ending) -> Response<Bytes> {
        let response = match answer {
            Answer::Status { code, message, retry_after } => self.status(*code, message.as_deref(), *retry_after),
            Answer::Reset => {
                *ending = Ending::Reset;
                response
            }
            Answer::Empty => {
                *ending = Ending::Empty;
                response
            }
            Answer::Cut => {
                *ending = Ending::Cut;
                response
            }
        };
        self.marked(response)
    }

    /// A failure as the gateway or the back end answers it.
    fn status(&self, code: u16, message: Option<&str>, retry_after: Option<u32>) -> Response<Bytes> {
        let seconds = u64::from(retry_after.unwrap_or(1));
        let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let of_back_end = |message: &str| {
            let refused = Refused { status, message: message.to_owned(), errors: Vec::new() };
            let mut response = refused.response(self.request_id, self.extra_headers);
            response.headers_mut().insert("x-directscale-requestid", header_text(&self.request_id.to_string()));
            response
        };
        match (code, message) {
            (401, _) => GatewayRefusal::InvalidKey(self.realm.clone()).into_response(),
            (403, _) => GatewayRefusal::QuotaSpent(seconds).into_response(),
            (413, _) => GatewayRefusal::BodyTooLarge(self.max_body_bytes).into_response(),
            (429, _) => GatewayRefusal::RateLimited(seconds).into_response(),
            (_, Some(message)) => of_back_end(message),
            (404, None) => of_back_end(NOT_FOUND),
            (500, None) => GatewayRefusal::BackEndFailed(self.request_id).into_response(),
            (_, None) => of_back_end(status.canonical_reason().unwrap_or("Refused.")),
        }
    }

    fn marked(&self, mut response: Response<Bytes>) -> Response<Bytes> {
        if self.extra_headers {
            response.headers_mut().insert("x-emulator-fault", HeaderValue::from(self.fired.id));
        }
        response
    }
}
