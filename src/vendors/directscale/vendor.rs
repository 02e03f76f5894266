//! How DirectScale's API authenticates and rejects, and what its operations read of a request: a subscription key, and the responses
//! of Azure API Management and of the back end behind it.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{HeaderName, Response, StatusCode};
use uuid::Uuid;

use super::error::{Error, NOT_FOUND, Rejected};
use super::query::{Parameters, no_path};
use super::rejection;
use super::wire::Request;
use crate::customers::Violation;
use crate::gateway::{
    ApiRequest, GatewayRejection, InjectedStatus, RequestContext, Vendor, header_text, parameters, realm,
};
use crate::journal::Reason;
use crate::model::CustomerId;
use crate::tenants::CredentialKind;

/// The header that carries the key (DirectScale, Getting API Keys page).
pub(super) const HEADER: &str = "ocp-apim-subscription-key";

const KEY: HeaderName = HeaderName::from_static(HEADER);

/// The header of every response of the back end.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-directscale-requestid");

/// The query parameter that may carry it instead (the gateway's default).
const PARAMETER: &str = "subscription-key";

/// The two names of the header with a callback's token: the vendor's shipped sample sends the first, its reference page names the
/// second.
pub(super) const CALLBACK_TOKENS: [&str; 2] = ["x-directscale-callbacktoken", "x-directscale-callback"];

/// All of them, and the extension's own token.
pub(super) const SECRETS: [&str; 5] = [HEADER, PARAMETER, CALLBACK_TOKENS[0], CALLBACK_TOKENS[1], "authorization"];

/// The key that a request presents: the header's, else the query's. A blank one counts as none.
pub(super) fn presented_key(parts: &Parts) -> Option<Cow<'_, str>> {
    let header = parts.headers.get(KEY).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let key = header.or_else(|| query_parameter(parts.uri.query()?))?;
    (!key.trim().is_empty()).then_some(key)
}

fn query_parameter(query: &str) -> Option<Cow<'_, str>> {
    parameters(query).find(|(name, _)| name.eq_ignore_ascii_case(PARAMETER)).map(|(_, value)| value)
}

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
        let mut buffer = Uuid::encode_buffer();
        response.headers_mut().insert(REQUEST_ID, header_text(request_id.hyphenated().encode_lower(&mut buffer)));
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

pub(super) trait DirectScaleRequest {
    /// The customer in the path. A text that is not an id is the id of no customer.
    fn customer_id(&self) -> Result<CustomerId, Error>;

    /// A text in the path, decoded.
    fn path_text(&self, name: &str) -> Result<String, Error>;

    /// `read`, or its error; the error of an unknown customer comes first.
    async fn of_known<T>(&self, id: CustomerId, read: Result<T, Error>) -> Result<T, Error>;

    /// The value of a body and its violations. Notes the members without effect.
    fn noted<T>(&self, body: Request<T>) -> (T, Vec<Violation>);

    /// The parameters in the query.
    fn query(&self) -> Parameters;
}

impl DirectScaleRequest for ApiRequest<'_> {
    fn customer_id(&self) -> Result<CustomerId, Error> {
        self.customer.map(CustomerId).ok_or(Error::UNKNOWN_CUSTOMER)
    }

    fn path_text(&self, name: &str) -> Result<String, Error> {
        let text = self.path_parameter(name).map(str::to_owned);
        text.ok_or_else(no_path)
    }

    async fn of_known<T>(&self, id: CustomerId, read: Result<T, Error>) -> Result<T, Error> {
        if read.is_err() {
            self.services.customers.check_exists(&self.scope(), id).await?;
        }
        read
    }

    fn noted<T>(&self, body: Request<T>) -> (T, Vec<Violation>) {
        self.ignore(body.ignored);
        (body.content, body.violations)
    }

    fn query(&self) -> Parameters {
        Parameters::parse(self.parts.uri.query().unwrap_or_default())
    }
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
