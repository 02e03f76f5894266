//! The sso group: a login URL with a token, and the customer of a token.

use axum::http::StatusCode;

use super::error::{Error, Problem};
use super::query::Parameters;
use super::vendor::DirectScaleRequest as _;
use super::wire::IdentityJson;
use crate::customers::SsoToken;
use crate::gateway::{ApiRequest, Reply};

/// Get Login Address
///
/// The plan's `sso_login_url` with a token that is valid for one minute.
#[utoipa::path(
    get,
    path = "/v1/sso/{customerId}",
    operation_id = "GetSsoLoginUrl",
    params(
        ("customerId" = i32, Path, minimum = 1),
        ("dest" = Option<String>, Query, description = "Passed through in the address."),
        ("args" = Option<String>, Query, description = "Passed through in the address."),
    ),
    responses(
        (status = 200, description = "The address", body = String, content_type = "application/json"),
        (status = 404, description = "There is no such customer", body = Problem),
    ),
    extensions(("x-evidence" = json!({ "class": "documented", "source": "SSO pages; the address itself is chosen" })))
)]
pub(super) async fn login_url(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let id = request.customer_id()?;
    let token = request.services.customers.issue_token(&request.scope(), id).await?;
    Ok(Reply::json(StatusCode::OK, &address(request, &request.query(), &token)))
}

/// Use Token, or Get Login Address By External Id
///
/// With `token`: the customer of the token. With `externalId`: the login URL of the customer with this ExternalReferenceId.
#[utoipa::path(
    get,
    path = "/v1/sso",
    operation_id = "UseSsoToken",
    params(
        ("token" = Option<String>, Query),
        ("externalId" = Option<String>, Query),
        ("dest" = Option<String>, Query, description = "Passed through in the address."),
        ("args" = Option<String>, Query, description = "Passed through in the address."),
    ),
    responses(
        (status = 200, description = "The customer of the token, or the address", body = SsoAnswer),
        (
            status = 400,
            description = "The token is unknown or expired",
            body = Problem,
            extensions(("x-evidence" = json!({ "class": "chosen" })))
        ),
        (status = 404, description = "No customer has this ExternalReferenceId", body = Problem),
    ),
    extensions(("x-evidence" = json!({ "class": "documented", "source": "SSO pages; status and text of a bad token are chosen" })))
)]
pub(super) async fn use_token(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let parameters = request.query();
    let customers = &request.services.customers;
    if let Some(token) = parameters.value("token") {
        let scope = request.scope();
        let customer = customers.redeem_token(&scope, token).await?.ok_or(Error::Token)?;
        return Ok(Reply::json(StatusCode::OK, &IdentityJson::new(&customer, scope.plan)));
    }
    let reference = parameters.value("externalId").ok_or_else(|| {
        Error::parameter("$query", "required", "One of the parameters token or externalId is required.")
    })?;
    let token = customers.issue_token_for_reference(&request.scope(), reference).await?;
    Ok(Reply::json(StatusCode::OK, &address(request, &parameters, &token)))
}

/// Either response of [`use_token`].
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the response, which is written directly")]
pub(super) enum SsoAnswer<'a> {
    Identity(IdentityJson<'a>),
    Address(String),
}

/// The login address of the plan with the token, and with the parameters that the client passes through.
fn address(request: &ApiRequest<'_>, parameters: &Parameters, token: &SsoToken) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("token", token.reveal());
    for name in ["dest", "args"] {
        if let Some(value) = parameters.value(name) {
            query.append_pair(name, value);
        }
    }
    let login = &request.scope().plan.sso_login_url;
    let joint = if login.contains('?') { '&' } else { '?' };
    format!("{login}{joint}{}", query.finish())
}
