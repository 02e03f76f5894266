//! ByDesign's manners: Basic credentials, a tenant in the path, and the framework's answers in XML or JSON.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::error::Error;
use super::negotiate::{AnswerType, BodyType, answer_type};
use super::route;
use super::violations::MemberViolation;
use super::wire::result;
use super::wire::tree::Answer;
use crate::database::DatabaseError;
use crate::gateway::{
    Call, GatewayRejection, RequestContext, Services, StatusFailure, Vendor, basic_credentials, original_uri, realm,
    typed,
};
use crate::journal::Reason;
use crate::plan::{ByDesignPlan, DefaultFormat};
use crate::tenants::{Caller, CredentialKind, presented};
use crate::vendors::PathTenant;

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ByDesign;

impl Vendor for ByDesign {
    type Error = Error;

    const KEY: CredentialKind = CredentialKind::Basic;

    fn presented<'a>(&self, parts: &'a Parts) -> Option<Cow<'a, str>> {
        let (user, password) = basic_credentials(parts)?;
        Some(Cow::Owned(presented(CredentialKind::Basic, &user, &password)))
    }

    /// Whether the segment before `/api` names no other tenant than the caller's.
    async fn admits(&self, services: &Services, caller: &Caller, parts: &Parts) -> Result<bool, DatabaseError> {
        match parts.extensions.get::<PathTenant>() {
            Some(PathTenant(name)) if !name.eq_ignore_ascii_case(&caller.tenant.name) => {
                Ok(!services.tenants.has_name(name).await?)
            }
            _ => Ok(true),
        }
    }

    fn canonical_path(&self, path: &str) -> Option<String> {
        route::without_tenant(path).map(str::to_owned)
    }

    fn owns(&self, path: &str) -> bool {
        // Where an extension of the first door calls back.
        route::is_below_api(path) && !path.starts_with("/api/extension/")
    }

    fn rejected(&self, rejection: GatewayRejection, about: &RequestContext<'_>) -> Response<Bytes> {
        let http_error = |status: StatusCode, sentence: &str| answer_to(about, status, &result::http_error(sentence));
        match rejection {
            GatewayRejection::MissingKey | GatewayRejection::InvalidKey => {
                let mut response = http_error(StatusCode::UNAUTHORIZED, result::DENIED);
                response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
                response
            }
            GatewayRejection::NoSuchOperation => {
                let path = original_uri(about.parts).path_and_query().map_or("/", |path| path.as_str());
                http_error(StatusCode::NOT_FOUND, &result::no_route(&realm(about.parts, path)))
            }
            GatewayRejection::WrongMethod(allowed) => {
                let sentence = result::wrong_method(about.parts.method.as_str());
                let mut response = http_error(StatusCode::METHOD_NOT_ALLOWED, &sentence);
                if let Ok(allowed) = HeaderValue::try_from(allowed) {
                    response.headers_mut().insert(header::ALLOW, allowed);
                }
                response
            }
            GatewayRejection::RateLimited(seconds) => {
                let sentence = format!("API calls quota exceeded. Try again in {seconds} seconds.");
                with_retry(http_error(StatusCode::TOO_MANY_REQUESTS, &sentence), seconds)
            }
            GatewayRejection::QuotaSpent(seconds) => {
                let sentence = format!("API calls quota exceeded. Try again in {seconds} seconds.");
                with_retry(http_error(StatusCode::FORBIDDEN, &sentence), seconds)
            }
            GatewayRejection::NotBuilt(missing) => {
                http_error(StatusCode::NOT_IMPLEMENTED, &missing.sentence("ByDesign"))
            }
            GatewayRejection::BodyTooLarge(limit) => {
                let sentence = format!("The request entity is larger than the limit of {limit} bytes.");
                http_error(StatusCode::PAYLOAD_TOO_LARGE, &sentence)
            }
            GatewayRejection::BackEndFailed(_) => http_error(StatusCode::INTERNAL_SERVER_ERROR, result::BROKEN),
        }
    }

    fn failed(
        &self,
        error: Error,
        about: &RequestContext<'_>,
    ) -> Result<(Response<Bytes>, Vec<Reason>), GatewayRejection> {
        error.response(about)
    }

    fn failure(&self, failure: StatusFailure<'_>, about: &RequestContext<'_>) -> Response<Bytes> {
        let StatusFailure { code, message, retry_after } = failure;
        let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let rejection = match (code, message) {
            (400, message) => {
                let violation = MemberViolation::new("", "REJECTED", message.unwrap_or("The request is invalid."));
                return answer_to(about, status, &result::rejection(&[violation], with(about).error));
            }
            (401, _) => GatewayRejection::InvalidKey,
            (403, _) => GatewayRejection::QuotaSpent(retry_after),
            (413, _) => GatewayRejection::BodyTooLarge(about.options.max_body_bytes),
            (429, _) => GatewayRejection::RateLimited(retry_after),
            (500, None) => GatewayRejection::BackEndFailed(about.request_id),
            (_, message) => {
                let sentence = message.or(status.canonical_reason()).unwrap_or(result::BROKEN);
                return answer_to(about, status, &result::http_error(sentence));
            }
        };
        self.rejected(rejection, about)
    }

    fn customer(&self, _call: &Call) -> Option<i32> {
        None
    }
}

/// How the tenant wants its answers.
pub(super) fn with<'a>(about: &RequestContext<'a>) -> &'a ByDesignPlan {
    &about.plan().bydesign
}

/// An answer in the form that the request asks for.
pub(super) fn answer_to(about: &RequestContext<'_>, status: StatusCode, answer: &Answer<'_>) -> Response<Bytes> {
    let answer_type = asked_type(&about.parts.headers, with(about).default_format);
    typed(status, HeaderValue::from_static(answer_type.content_type()), answer.bytes(answer_type.format()))
}

/// The type of the answer to a request.
pub(super) fn asked_type(headers: &HeaderMap, default: DefaultFormat) -> AnswerType {
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    answer_type(accept, &body_type(headers), default)
}

/// What the request says that its body is.
pub(super) fn body_type(headers: &HeaderMap) -> BodyType {
    BodyType::of(headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()))
}

fn with_retry(mut response: Response<Bytes>, seconds: u64) -> Response<Bytes> {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}
