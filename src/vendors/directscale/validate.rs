//! The validate group: whether a value is free, and whether a password is right.

use axum::http::{HeaderValue, StatusCode};

use super::error::{Error, Problem};
use super::request::DirectScaleRequest as _;
use super::wire::{Body, CustomerJson, LoginRequest};
use crate::gateway::{ApiRequest, Reply};
use crate::plan::{UniqueField, ValidateBooleans, ValidatePolarity};
use crate::secret::Password;

/// Validate Email Address
///
/// `true` when the address is free to use; the other way round where the plan's `validate_polarity` says so.
#[utoipa::path(
    get,
    path = "/v1/validate/email-address/{emailAddress}",
    operation_id = "ValidateEmailAddress",
    params(("emailAddress" = String, Path)),
    responses((status = 200, description = "Whether it is free", body = bool, content_type = "application/json")),
    extensions(("x-evidence" = json!({ "class": "client-observed", "source": "two public clients; what true means is chosen" })))
)]
pub(super) async fn email_address(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    availability(request, UniqueField::EmailAddress, "emailAddress").await
}

/// Validate Username
///
/// `true` when the username is free to use; the other way round where the plan's `validate_polarity` says so.
#[utoipa::path(
    get,
    path = "/v1/validate/username/{username}",
    operation_id = "ValidateUsername",
    params(("username" = String, Path)),
    responses((status = 200, description = "Whether it is free", body = bool, content_type = "application/json")),
    extensions(("x-evidence" = json!({ "class": "client-observed", "source": "a public client of 2020; what true means is chosen" })))
)]
pub(super) async fn username(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    availability(request, UniqueField::Username, "username").await
}

/// Check Username Availability
///
/// `true` when the username is free to use; the other way round where the plan's `validate_polarity` says so.
#[utoipa::path(
    get,
    path = "/v1/validate/availability-check/usernames/{username}",
    operation_id = "CheckUsernameAvailability",
    params(("username" = String, Path)),
    responses((status = 200, description = "Whether it is free", body = bool, content_type = "application/json")),
    extensions(("x-evidence" = json!({ "class": "client-observed", "source": "a public client and a developer's double of 2022" })))
)]
pub(super) async fn username_availability(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    availability(request, UniqueField::Username, "username").await
}

/// Validate Tax Id
///
/// `true` when the tax id is free to use; the other way round where the plan's `validate_polarity` says so.
#[utoipa::path(
    get,
    path = "/v1/validate/tax-id/{taxId}",
    operation_id = "ValidateTaxId",
    params(("taxId" = String, Path)),
    responses((status = 200, description = "Whether it is free", body = bool, content_type = "application/json")),
    extensions(("x-evidence" = json!({ "class": "client-observed", "source": "a public client; what true means is chosen" })))
)]
pub(super) async fn tax_id(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    availability(request, UniqueField::TaxId, "taxId").await
}

/// Validate Web Alias
///
/// `true` when the alias is free to use; the other way round where the plan's `validate_polarity` says so.
#[utoipa::path(
    get,
    path = "/v1/validate/web-alias/{webAlias}",
    operation_id = "ValidateWebAlias",
    params(("webAlias" = String, Path)),
    responses((status = 200, description = "Whether it is free", body = bool, content_type = "application/json")),
    extensions(("x-evidence" = json!({ "class": "chosen", "source": "the Upgrade Customer page says that there is such a call; its path is chosen" })))
)]
pub(super) async fn web_alias(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    availability(request, UniqueField::WebAlias, "webAlias").await
}

/// Validate Back Office Id
///
/// `true` when the id is free to use; the other way round where the plan's `validate_polarity` says so.
#[utoipa::path(
    get,
    path = "/v1/validate/back-office-id/{backOfficeId}",
    operation_id = "ValidateBackOfficeId",
    params(("backOfficeId" = String, Path)),
    responses((status = 200, description = "Whether it is free", body = bool, content_type = "application/json")),
    extensions(("x-evidence" = json!({ "class": "chosen", "source": "the Upgrade Customer page says that there is such a call; its path is chosen" })))
)]
pub(super) async fn back_office_id(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    availability(request, UniqueField::BackOfficeId, "backOfficeId").await
}

async fn availability(request: &ApiRequest<'_>, field: UniqueField, parameter: &str) -> Result<Reply, Error> {
    let value = request.path_text(parameter)?;
    let scope = request.scope();
    let is_free = request.services.customers.is_free(&scope, field, &value).await?;
    let answer = is_free == (scope.plan.validate_polarity == ValidatePolarity::Free);
    Ok(match scope.plan.validate_booleans {
        ValidateBooleans::Json => Reply::json(StatusCode::OK, &answer),
        ValidateBooleans::Dotnet => {
            let text = if answer { "True" } else { "False" };
            Reply::of(StatusCode::OK, HeaderValue::from_static("text/plain; charset=utf-8"), text.into())
        }
    })
}

/// Login
///
/// The customer with this username and password, whatever its status.
#[utoipa::path(
    post,
    path = "/v1/validate/login",
    operation_id = "Login",
    request_body = LoginRequest,
    responses(
        (status = 200, description = "The customer", body = CustomerJson),
        (
            status = 400,
            description = "Username or password is incorrect",
            body = Problem,
            extensions(("x-evidence" = json!({ "class": "chosen", "source": "that it is not 2xx is client-observed" })))
        ),
    ),
    extensions(("x-evidence" = json!({ "class": "client-observed", "source": "a public client; status and text of a failure are chosen" })))
)]
pub(super) async fn login(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let body = Body::of(request)?;
    request.ignore(body.ignored(&["username", "password"]));
    let (username, password) = (body.text("username")?, body.text("password")?);
    sign_in(request, username.as_deref().unwrap_or_default(), password.as_deref().unwrap_or_default()).await
}

#[utoipa::path(
    get,
    path = "/v1/validate/login",
    operation_id = "LoginByQuery",
    params(("username" = String, Query), ("password" = String, Query)),
    responses(
        (status = 200, description = "The customer", body = CustomerJson),
        (
            status = 400,
            description = "Username or password is incorrect",
            body = Problem,
            extensions(("x-evidence" = json!({ "class": "chosen", "source": "that it is not 2xx is client-observed" })))
        ),
    ),
    extensions(("x-evidence" = json!({ "class": "client-observed", "source": "a public client of 2020; the answer's shape is inferred" })))
)]
pub(super) async fn login_by_query(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let parameters = request.query();
    let (username, password) = (parameters.value("username"), parameters.value("password"));
    sign_in(request, username.unwrap_or_default(), password.unwrap_or_default()).await
}

/// What is missing or blank is nobody's: it fails as what is wrong does.
async fn sign_in(request: &ApiRequest<'_>, username: &str, password: &str) -> Result<Reply, Error> {
    let password = Password::new(password.to_owned());
    let scope = request.scope();
    let customer = request.services.customers.sign_in(&scope, username, &password).await?;
    let customer = customer.ok_or(Error::Credentials)?;
    Ok(Reply::json(StatusCode::OK, &CustomerJson::new(&customer, scope.plan)))
}
