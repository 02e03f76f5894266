//! How ByDesign's API authenticates and rejects: Basic credentials, a tenant in the path, and the framework's responses in XML or
//! JSON.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode, header};

use super::error::Error;
use super::error_body;
use super::response::error_response;
use super::route;
use super::violations::MemberViolation;
use crate::gateway::{
    ApiRequest, GatewayRejection, InjectedStatus, MEMORY_FULL, RequestContext, TOO_MANY_LOOKUPS, Vendor,
    basic_credentials, original_path_and_query, realm, with_allow, with_retry_after,
};
use crate::journal::Reason;
use crate::tenants::{CredentialKind, presented};

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ByDesign;

impl Vendor for ByDesign {
    type Error = Error;

    const CREDENTIAL: CredentialKind = CredentialKind::Basic;

    fn presented_credential<'a>(&self, parts: &'a Parts) -> Option<Cow<'a, str>> {
        let (user, password) = basic_credentials(&parts.headers)?;
        Some(Cow::Owned(presented(CredentialKind::Basic, &user, &password)))
    }

    fn canonical_path(&self, path: &str) -> Option<String> {
        route::without_client(path).map(str::to_owned)
    }

    fn owns(&self, path: &str) -> bool {
        // Without the path of DirectScale's callbacks.
        route::is_below_api(path) && !path.starts_with("/api/extension/")
    }

    fn reject(&self, rejection: GatewayRejection, context: &RequestContext<'_>) -> Response<Bytes> {
        let http_error =
            |status: StatusCode, sentence: &str| error_response(context, status, &error_body::http_error(sentence));
        match rejection {
            GatewayRejection::MissingKey | GatewayRejection::InvalidKey(_) => {
                let mut response = http_error(StatusCode::UNAUTHORIZED, error_body::DENIED);
                response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
                response
            }
            GatewayRejection::NoSuchOperation => {
                let url = realm(context.parts, original_path_and_query(context.parts));
                http_error(StatusCode::NOT_FOUND, &error_body::no_route(&url))
            }
            GatewayRejection::WrongMethod(allowed) => {
                let sentence = error_body::wrong_method(context.parts.method.as_str());
                with_allow(http_error(StatusCode::METHOD_NOT_ALLOWED, &sentence), allowed)
            }
            GatewayRejection::RateLimited(seconds) => {
                let sentence = format!("API calls quota exceeded. Try again in {seconds} seconds.");
                with_retry_after(http_error(StatusCode::TOO_MANY_REQUESTS, &sentence), seconds)
            }
            GatewayRejection::QuotaExceeded(seconds) => {
                let sentence = format!("API calls quota exceeded. Try again in {seconds} seconds.");
                with_retry_after(http_error(StatusCode::FORBIDDEN, &sentence), seconds)
            }
            GatewayRejection::NotBuilt(missing) => {
                http_error(StatusCode::NOT_IMPLEMENTED, &missing.sentence("ByDesign"))
            }
            GatewayRejection::BodyTooLarge(limit) => {
                let sentence = format!("The request entity is larger than the limit of {limit} bytes.");
                http_error(StatusCode::PAYLOAD_TOO_LARGE, &sentence)
            }
            GatewayRejection::MemoryFull => {
                with_retry_after(http_error(StatusCode::SERVICE_UNAVAILABLE, MEMORY_FULL), 1)
            }
            GatewayRejection::TooManyLookups => {
                with_retry_after(http_error(StatusCode::SERVICE_UNAVAILABLE, TOO_MANY_LOOKUPS), 1)
            }
            GatewayRejection::BackEndFailed(_) => http_error(StatusCode::INTERNAL_SERVER_ERROR, error_body::FAILED),
        }
    }

    fn render_error(
        &self,
        error: Error,
        context: &RequestContext<'_>,
    ) -> Result<(Response<Bytes>, Vec<Reason>), GatewayRejection> {
        error.response(context)
    }

    fn render_injected(&self, injected: InjectedStatus<'_>, context: &RequestContext<'_>) -> Response<Bytes> {
        let InjectedStatus { code, message, .. } = injected;
        let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if status == StatusCode::BAD_REQUEST {
            let violations = [MemberViolation::new("", "REJECTED", message.unwrap_or("The request is invalid."))];
            let body = error_body::rejection(&violations, context.plan().bydesign.error);
            return error_response(context, status, &body);
        }
        let sentence = message.or(status.canonical_reason()).unwrap_or(error_body::FAILED);
        error_response(context, status, &error_body::http_error(sentence))
    }

    fn customer(&self, _request: &ApiRequest<'_>) -> Option<i32> {
        None
    }
}
