//! DirectScale's manners: a subscription key in front, Azure API Management's rejections, and the back end's.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use uuid::Uuid;

use super::call::DirectScaleCall as _;
use super::error::{Error, NOT_FOUND, Rejected};
use super::key::presented_key;
use super::rejection;
use crate::gateway::{Call, GatewayRejection, RequestContext, StatusFailure, Vendor, header_text, realm};
use crate::journal::Reason;
use crate::tenants::CredentialKind;

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DirectScale;

impl Vendor for DirectScale {
    type Error = Error;

    const KEY: CredentialKind = CredentialKind::SubscriptionKey;

    fn presented<'a>(&self, parts: &'a Parts) -> Option<Cow<'a, str>> {
        presented_key(parts)
    }

    /// All paths that are nobody else's.
    fn owns(&self, _path: &str) -> bool {
        true
    }

    fn rejected(&self, rejection: GatewayRejection, about: &RequestContext<'_>) -> Response<Bytes> {
        let mut response = rejection::response(&rejection, || realm_of(about));
        if matches!(rejection, GatewayRejection::NotBuilt(_)) {
            self.sign(&mut response, about.request_id);
        }
        response
    }

    fn failed(
        &self,
        error: Error,
        about: &RequestContext<'_>,
    ) -> Result<(Response<Bytes>, Vec<Reason>), GatewayRejection> {
        let rejected = error.rejected(about.plan(), about.request_id)?;
        let reasons = rejected.reasons();
        Ok((rejected.response(about.request_id, about.options.extra_headers), reasons))
    }

    fn failure(&self, failure: StatusFailure<'_>, about: &RequestContext<'_>) -> Response<Bytes> {
        let StatusFailure { code, message, retry_after } = failure;
        let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let of_back_end = |message: &str| {
            let rejected = Rejected { status, message: message.to_owned(), errors: Vec::new() };
            let mut response = rejected.response(about.request_id, about.options.extra_headers);
            self.sign(&mut response, about.request_id);
            response
        };
        let of_gateway = match (code, message) {
            (401, _) => GatewayRejection::InvalidKey,
            (403, _) => GatewayRejection::QuotaSpent(retry_after),
            (413, _) => GatewayRejection::BodyTooLarge(about.options.max_body_bytes),
            (429, _) => GatewayRejection::RateLimited(retry_after),
            (500, None) => GatewayRejection::BackEndFailed(about.request_id),
            (404, None) => return of_back_end(NOT_FOUND),
            (_, None) => return of_back_end(status.canonical_reason().unwrap_or("Rejected.")),
            (_, Some(message)) => return of_back_end(message),
        };
        self.rejected(of_gateway, about)
    }

    fn sign(&self, response: &mut Response<Bytes>, request_id: Uuid) {
        response.headers_mut().insert("x-directscale-requestid", header_text(&request_id.to_string()));
    }

    fn customer(&self, call: &Call) -> Option<i32> {
        call.customer_id().ok().map(|id| id.0)
    }
}

/// The base path of an operation's API at the gateway: `/v1/customers`.
fn realm_of(about: &RequestContext<'_>) -> String {
    realm(about.parts, about.operation.map_or("", |operation| base(operation.route)))
}

fn base(route: &str) -> &str {
    let end = route.match_indices('/').nth(2).map_or(route.len(), |(end, _)| end);
    &route[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_of_an_operation_is_its_group() {
        for (route, group) in [
            ("/v1/customers", "/v1/customers"),
            ("/v1/customers/{customerId}/stats", "/v1/customers"),
            ("/v1/sso/{customerId}", "/v1/sso"),
        ] {
            assert_eq!(base(route), group);
        }
    }
}
