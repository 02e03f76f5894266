//! Storm's manners: a bearer token and an application id in front, JSON from the operations, and WCF's pages for what reaches
//! none.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode, header};

use super::error::{ErrorMessage, unauthorized};
use super::html;
use super::problem::{Problem, json_answer, message, page};
use super::rejected::{Key, Rejected};
use super::route;
use crate::gateway::{Call, GatewayRejection, RequestContext, StatusFailure, Vendor, bearer_token};
use crate::journal::Reason;
use crate::tenants::{CredentialKind, presented};

/// The spellings of the header with the application's id that clients use.
const APPLICATION_ID: [&str; 2] = ["applicationid", "application-id"];

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Storm;

impl Vendor for Storm {
    type Error = Problem;

    const KEY: CredentialKind = CredentialKind::AccessToken;

    /// The bearer token, where an application id stands beside it.
    fn presented<'a>(&self, parts: &'a Parts) -> Option<Cow<'a, str>> {
        let application = APPLICATION_ID.iter().find_map(|name| parts.headers.get(*name))?;
        let token = bearer_token(parts).filter(|_| !application.as_bytes().trim_ascii().is_empty())?;
        Some(Cow::Owned(presented(CredentialKind::AccessToken, "", token)))
    }

    fn canonical_path(&self, path: &str) -> Option<String> {
        route::without_base(path)
    }

    fn owns(&self, path: &str) -> bool {
        route::is_storm(path)
    }

    fn rejected(&self, rejection: GatewayRejection, about: &RequestContext<'_>) -> Response<Bytes> {
        let said = |status: StatusCode, text: &str| json_answer(status, unauthorized(text));
        match rejection {
            GatewayRejection::MissingKey => challenged(said(
                StatusCode::UNAUTHORIZED,
                "Authorization has been denied: the headers Authorization (Bearer) and ApplicationId are required.",
            )),
            GatewayRejection::InvalidKey => challenged(said(
                StatusCode::UNAUTHORIZED,
                "Authorization has been denied: the access token is unknown or has expired.",
            )),
            GatewayRejection::NoSuchOperation => page(StatusCode::NOT_FOUND, html::endpoint_not_found()),
            GatewayRejection::WrongMethod(allowed) => {
                let mut response = page(StatusCode::METHOD_NOT_ALLOWED, html::method_not_allowed());
                if let Ok(allowed) = HeaderValue::try_from(allowed) {
                    response.headers_mut().insert(header::ALLOW, allowed);
                }
                response
            }
            GatewayRejection::RateLimited(seconds) => {
                let text = format!("Too many requests. Try again in {seconds} seconds.");
                with_retry(said(StatusCode::TOO_MANY_REQUESTS, &text), seconds)
            }
            GatewayRejection::QuotaSpent(seconds) => {
                let text = format!("The quota is spent. It is replenished in {seconds} seconds.");
                with_retry(said(StatusCode::FORBIDDEN, &text), seconds)
            }
            GatewayRejection::NotBuilt(missing) => {
                let body = ErrorMessage::said(missing.sentence("Storm"), about.now(), about.plan().storm.time_zone);
                json_answer(StatusCode::NOT_IMPLEMENTED, body.to_bytes())
            }
            GatewayRejection::BodyTooLarge(limit) => {
                let why = format!("The request body is larger than the limit of {limit} bytes.");
                page(StatusCode::PAYLOAD_TOO_LARGE, html::request_error(&why))
            }
            GatewayRejection::BackEndFailed(_) => {
                let body = ErrorMessage::internal(about.now(), about.plan().storm.time_zone);
                json_answer(StatusCode::INTERNAL_SERVER_ERROR, body.to_bytes())
            }
        }
    }

    fn failed(
        &self,
        error: Problem,
        about: &RequestContext<'_>,
    ) -> Result<(Response<Bytes>, Vec<Reason>), GatewayRejection> {
        error.response(about)
    }

    fn failure(&self, failure: StatusFailure<'_>, about: &RequestContext<'_>) -> Response<Bytes> {
        let StatusFailure { code, message: text, retry_after } = failure;
        let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let rejection = match code {
            401 => GatewayRejection::InvalidKey,
            403 => GatewayRejection::QuotaSpent(retry_after),
            413 => GatewayRejection::BodyTooLarge(about.options.max_body_bytes),
            429 => GatewayRejection::RateLimited(retry_after),
            500 if text.is_none() => GatewayRejection::BackEndFailed(about.request_id),
            _ => {
                let text = text.unwrap_or(Key::CustomerMissing.text());
                return message(status, vec![Rejected::new(Key::CustomerMissing, text)], about);
            }
        };
        self.rejected(rejection, about)
    }

    /// The customer in the query.
    fn customer(&self, call: &Call) -> Option<i32> {
        call.query_parameter("id")?.parse().ok()
    }
}

fn challenged(mut response: Response<Bytes>) -> Response<Bytes> {
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

fn with_retry(mut response: Response<Bytes>, seconds: u64) -> Response<Bytes> {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}
