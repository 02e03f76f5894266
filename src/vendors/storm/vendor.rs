//! How Storm's API authenticates and rejects: a bearer token with an application id, JSON from the operations, and WCF's pages for
//! requests that reach no operation.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode, header};

use super::error::{ErrorCode, Rejection, StormError};
use super::error_body::{self, ErrorMessage, html_response, json_response, unauthorized};
use super::route;
use crate::gateway::{
    ApiRequest, GatewayRejection, InjectedStatus, MEMORY_FULL, RequestContext, TOO_MANY_LOOKUPS, Vendor, bearer_token,
    with_allow, with_retry_after,
};
use crate::journal::Reason;
use crate::tenants::{CredentialKind, presented};

/// The spellings of the header with the application's id that clients use.
const APPLICATION_ID: [&str; 2] = ["applicationid", "application-id"];

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Storm;

impl Vendor for Storm {
    type Error = StormError;

    const CREDENTIAL: CredentialKind = CredentialKind::AccessToken;

    /// The bearer token, where the request has an application id too.
    fn presented_credential<'a>(&self, parts: &'a Parts) -> Option<Cow<'a, str>> {
        let application = APPLICATION_ID.iter().find_map(|name| parts.headers.get(*name))?;
        let token = bearer_token(&parts.headers).filter(|_| !application.as_bytes().trim_ascii().is_empty())?;
        Some(Cow::Owned(presented(CredentialKind::AccessToken, "", token)))
    }

    fn canonical_path(&self, path: &str) -> Option<String> {
        route::without_base(path)
    }

    fn owns(&self, path: &str) -> bool {
        route::is_storm(path)
    }

    fn reject(&self, rejection: GatewayRejection, context: &RequestContext<'_>) -> Response<Bytes> {
        let json = |status: StatusCode, text: &str| json_response(status, unauthorized(text));
        let unavailable = |why: &str| {
            with_retry_after(html_response(StatusCode::SERVICE_UNAVAILABLE, error_body::request_error(why)), 1)
        };
        match rejection {
            GatewayRejection::MissingKey => challenged(json(
                StatusCode::UNAUTHORIZED,
                "Authorization has been denied: the headers Authorization (Bearer) and ApplicationId are required.",
            )),
            GatewayRejection::InvalidKey(_) => challenged(json(
                StatusCode::UNAUTHORIZED,
                "Authorization has been denied: the access token is unknown or has expired.",
            )),
            GatewayRejection::NoSuchOperation => html_response(StatusCode::NOT_FOUND, error_body::endpoint_not_found()),
            GatewayRejection::WrongMethod(allowed) => {
                let response = html_response(StatusCode::METHOD_NOT_ALLOWED, error_body::method_not_allowed());
                with_allow(response, allowed)
            }
            GatewayRejection::RateLimited(seconds) => {
                let text = format!("Too many requests. Try again in {seconds} seconds.");
                with_retry_after(json(StatusCode::TOO_MANY_REQUESTS, &text), seconds)
            }
            GatewayRejection::QuotaExceeded(seconds) => {
                let text = format!("The quota is used up. It is replenished in {seconds} seconds.");
                with_retry_after(json(StatusCode::FORBIDDEN, &text), seconds)
            }
            GatewayRejection::NotBuilt(missing) => {
                let body = ErrorMessage::without_code(
                    missing.sentence("Storm"),
                    context.now(),
                    context.plan().storm.time_zone,
                );
                json_response(StatusCode::NOT_IMPLEMENTED, body.to_bytes())
            }
            GatewayRejection::BodyTooLarge(limit) => {
                let why = format!("The request body is larger than the limit of {limit} bytes.");
                html_response(StatusCode::PAYLOAD_TOO_LARGE, error_body::request_error(&why))
            }
            GatewayRejection::MemoryFull => unavailable(MEMORY_FULL),
            GatewayRejection::TooManyLookups => unavailable(TOO_MANY_LOOKUPS),
            GatewayRejection::BackEndFailed(_) => {
                let body = ErrorMessage::internal(context.now(), context.plan().storm.time_zone);
                json_response(StatusCode::INTERNAL_SERVER_ERROR, body.to_bytes())
            }
        }
    }

    fn render_error(
        &self,
        error: StormError,
        context: &RequestContext<'_>,
    ) -> Result<(Response<Bytes>, Vec<Reason>), GatewayRejection> {
        error.response(context)
    }

    fn render_injected(&self, injected: InjectedStatus<'_>, context: &RequestContext<'_>) -> Response<Bytes> {
        let status = StatusCode::from_u16(injected.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let text = injected.message.unwrap_or(ErrorCode::CustomerMissing.text());
        error_body::rejected(status, vec![Rejection::new(ErrorCode::CustomerMissing, text)], context)
    }

    fn customer(&self, request: &ApiRequest<'_>) -> Option<i32> {
        request.query_parameter("id")?.parse().ok()
    }
}

fn challenged(mut response: Response<Bytes>) -> Response<Bytes> {
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}
