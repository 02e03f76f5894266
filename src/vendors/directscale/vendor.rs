//! How DirectScale's API authenticates and rejects: a subscription key, and the responses of Azure API Management and of the back
//! end behind it.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use uuid::Uuid;

use super::error::{Error, NOT_FOUND, Rejected};
use super::key::{HEADER, presented_key};
use super::rejection;
use crate::gateway::{ApiRequest, GatewayRejection, InjectedStatus, RequestContext, Vendor, header_text, realm};
use crate::journal::Reason;
use crate::tenants::CredentialKind;

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DirectScale;

impl Vendor for DirectScale {
    type Error = Error;

    const CREDENTIAL: CredentialKind = CredentialKind::SubscriptionKey;

    const PREVIEW_HEADER: Option<&'static str> = Some(HEADER);

    fn presented_credential<'a>(&self, parts: &'a Parts) -> Option<Cow<'a, str>> {
        presented_key(parts)
    }

    /// All paths that no other vendor owns.
    fn owns(&self, _path: &str) -> bool {
        true
    }

    fn reject(&self, rejection: GatewayRejection, context: &RequestContext<'_>) -> Response<Bytes> {
        let mut response = rejection::response(&rejection, || realm_of(context));
        if matches!(rejection, GatewayRejection::NotBuilt(_)) {
            self.add_response_headers(&mut response, context.request_id);
        }
        response
    }

    fn render_error(
        &self,
        error: Error,
        context: &RequestContext<'_>,
    ) -> Result<(Response<Bytes>, Vec<Reason>), GatewayRejection> {
        let rejected = error.rejected(context.plan(), context.request_id)?;
        let reasons = rejected.reasons();
        Ok((rejected.response(context.request_id, context.options.extra_headers), reasons))
    }

    fn render_injected(&self, injected: InjectedStatus<'_>, context: &RequestContext<'_>) -> Response<Bytes> {
        let status = StatusCode::from_u16(injected.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let message = match (status, injected.message) {
            (_, Some(message)) => message,
            (StatusCode::NOT_FOUND, None) => NOT_FOUND,
            (status, None) => status.canonical_reason().unwrap_or("Rejected."),
        };
        let rejected = Rejected { status, message: message.to_owned(), errors: Vec::new() };
        let mut response = rejected.response(context.request_id, context.options.extra_headers);
        self.add_response_headers(&mut response, context.request_id);
        response
    }

    fn add_response_headers(&self, response: &mut Response<Bytes>, request_id: Uuid) {
        response.headers_mut().insert("x-directscale-requestid", header_text(&request_id.to_string()));
    }

    fn customer(&self, request: &ApiRequest<'_>) -> Option<i32> {
        let text = request.path_parameter("customerId")?;
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|id| is_number && *id > 0)
    }
}

/// The base path of an operation's API at the gateway: `/v1/customers`.
fn realm_of(context: &RequestContext<'_>) -> String {
    realm(context.parts, base(context.operation.route))
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
