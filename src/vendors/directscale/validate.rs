//! The validate group: whether a value is free, and whether a password is correct.

use axum::http::{HeaderValue, StatusCode};

use super::error::{Error, Problem};
use super::vendor::DirectScaleRequest as _;
use super::wire::{Body, CustomerJson, LoginRequest};
use crate::gateway::{ApiRequest, Reply};
use crate::plan::{UniqueField, ValidateBooleans, ValidatePolarity};
use crate::secret::Password;

/// Declares an operation that responds whether a value is free.
macro_rules! availability_operations {
    ($(
        $(#[doc = $doc:literal])*
        $name:ident($field:ident, $path:literal, $parameter:literal, $id:literal, $class:literal, $source:literal);
    )*) => {$(
        $(#[doc = $doc])*
        #[utoipa::path(
            get,
            path = $path,
            operation_id = $id,
            params(($parameter = String, Path)),
            responses((status = 200, description = "Whether it is free", body = bool, content_type = "application/json")),
            extensions(("x-evidence" = json!({ "class": $class, "source": $source })))
        )]
        pub(super) async fn $name(request: &ApiRequest<'_>) -> Result<Reply, Error> {
            availability(request, UniqueField::$field, $parameter).await
        }
    )*};
}

availability_operations! {
    /// Validate Email Address
    ///
    /// `true` when the address is free to use; with the plan's `validate_polarity` = `taken` the reverse.
    email_address(
        EmailAddress, "/v1/validate/email-address/{emailAddress}", "emailAddress", "ValidateEmailAddress",
        "client-observed", "two public clients; what true means is chosen"
    );

    /// Validate Username
    ///
    /// `true` when the username is free to use; with the plan's `validate_polarity` = `taken` the reverse.
    username(
        Username, "/v1/validate/username/{username}", "username", "ValidateUsername",
        "client-observed", "a public client of 2020; what true means is chosen"
    );

    /// Check Username Availability
    ///
    /// `true` when the username is free to use; with the plan's `validate_polarity` = `taken` the reverse.
    username_availability(
        Username, "/v1/validate/availability-check/usernames/{username}", "username", "CheckUsernameAvailability",
        "client-observed", "a public client and a developer's double of 2022"
    );

    /// Validate Tax Id
    ///
    /// `true` when the tax id is free to use; with the plan's `validate_polarity` = `taken` the reverse.
    tax_id(
        TaxId, "/v1/validate/tax-id/{taxId}", "taxId", "ValidateTaxId",
        "client-observed", "a public client; what true means is chosen"
    );

    /// Validate Web Alias
    ///
    /// `true` when the alias is free to use; with the plan's `validate_polarity` = `taken` the reverse.
    web_alias(
        WebAlias, "/v1/validate/web-alias/{webAlias}", "webAlias", "ValidateWebAlias",
        "chosen", "the Upgrade Customer page says that there is such an operation; its path is chosen"
    );

    /// Validate Back Office Id
    ///
    /// `true` when the id is free to use; with the plan's `validate_polarity` = `taken` the reverse.
    back_office_id(
        BackOfficeId, "/v1/validate/back-office-id/{backOfficeId}", "backOfficeId", "ValidateBackOfficeId",
        "chosen", "the Upgrade Customer page says that there is such an operation; its path is chosen"
    );
}

async fn availability(request: &ApiRequest<'_>, field: UniqueField, parameter: &str) -> Result<Reply, Error> {
    let value = request.path_text(parameter)?;
    let scope = request.scope();
    let is_free = request.services.customers.is_free(&scope, field, &value).await?;
    let result = is_free == (scope.plan.validate_polarity == ValidatePolarity::Free);
    Ok(match scope.plan.validate_booleans {
        ValidateBooleans::Json => Reply::json(StatusCode::OK, &result),
        ValidateBooleans::Dotnet => {
            let text = if result { "True" } else { "False" };
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
    login_with(request, username.as_deref().unwrap_or_default(), password.as_deref().unwrap_or_default()).await
}

/// Login (older)
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
    extensions(("x-evidence" = json!({ "class": "client-observed", "source": "a public client of 2020; the response's shape is inferred" })))
)]
pub(super) async fn login_by_query(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let parameters = request.query();
    let (username, password) = (parameters.value("username"), parameters.value("password"));
    login_with(request, username.unwrap_or_default(), password.unwrap_or_default()).await
}

/// A missing or blank value fails like a wrong one.
async fn login_with(request: &ApiRequest<'_>, username: &str, password: &str) -> Result<Reply, Error> {
    let password = Password::new(password.to_owned());
    let scope = request.scope();
    let customer = request.services.customers.log_in(&scope, username, &password).await?;
    let customer = customer.ok_or(Error::Credentials)?;
    Ok(Reply::written(StatusCode::OK, &CustomerJson::new(&customer, scope.plan)))
}
