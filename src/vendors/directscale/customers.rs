//! The customers group: the customers themselves.

use axum::http::StatusCode;

use super::error::{Error, Problem};
use super::query::{look_up, no_look_up};
use super::vendor::DirectScaleRequest as _;
use super::wire::{Body, CustomFieldsJson, CustomerJson, CustomerPatch, CustomerRequest, PasswordRequest};
use crate::gateway::{ApiRequest, Reply, wants_representation};
use crate::model::CustomerId;
use crate::plan::UnsupportedPatchFields;

/// Get Customers By Parameter
///
/// The customers with this value; `[]` if there are none. Only the first parameter in this order counts.
#[utoipa::path(
    get,
    path = "/v1/customers",
    operation_id = "GetCustomersByParameter",
    params(
        ("backOfficeId" = Option<String>, Query),
        ("externalReferenceId" = Option<String>, Query, description = "Also `externalId`."),
        ("email" = Option<String>, Query, description = "Also `emailAddress`."),
        ("username" = Option<String>, Query),
        ("webAlias" = Option<String>, Query),
    ),
    responses((status = 200, description = "The customers", body = Vec<CustomerJson>)),
    extensions(("x-evidence" = json!({
        "class": "documented",
        "source": "Get Customers By Parameter page; the names email and backOfficeId are client-observed, the others inferred"
    })))
)]
pub(super) async fn by_parameter(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let parameters = request.query();
    let (by, ignored) = look_up(&parameters);
    let by = by.ok_or_else(no_look_up)?;
    let scope = request.scope();
    let found = request.services.customers.look_up(&scope, by).await?;
    let found: Vec<_> = found.iter().map(|customer| CustomerJson::new(customer, scope.plan)).collect();
    let ignored = ignored.into_iter().map(str::to_owned).collect();
    Ok(Reply::written(StatusCode::OK, found.as_slice()).ignoring(ignored))
}

/// Get Customer
#[utoipa::path(
    get,
    path = "/v1/customers/{customerId}",
    operation_id = "GetCustomer",
    params(("customerId" = i32, Path, minimum = 1)),
    responses(
        (status = 200, description = "The customer", body = CustomerJson),
        (status = 404, description = "There is no such customer", body = Problem),
    ),
    extensions(("x-evidence" = json!({ "class": "client-observed", "source": "named on the Upgrade Customer page" })))
)]
pub(super) async fn get(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let id = request.customer_id()?;
    representation(request, id, StatusCode::OK).await
}

/// Create Customer
///
/// Responds with the new id as a bare number.
#[utoipa::path(
    post,
    path = "/v1/customers",
    operation_id = "CreateCustomer",
    request_body = CustomerRequest,
    responses((status = 201, description = "The new customer's id", body = i32, content_type = "application/json")),
    extensions(("x-evidence" = json!({
        "class": "documented", "source": "Creating an Associate with the Public API page; the body is client-observed"
    })))
)]
pub(super) async fn create(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let (fields, violations) = request.noted(Body::of(request)?.fields());
    let id = request.services.customers.create(&request.scope(), fields, violations).await?;
    if wants_representation(&request.parts.headers) {
        return Ok(representation(request, id, StatusCode::CREATED).await?.preferred());
    }
    Ok(Reply::json(StatusCode::CREATED, &id.0))
}

/// Update Customer
///
/// Clears every field that is not sent.
#[utoipa::path(
    put,
    path = "/v1/customers/{customerId}",
    operation_id = "UpdateCustomer",
    params(("customerId" = i32, Path, minimum = 1)),
    request_body = CustomerRequest,
    responses(
        (status = 200, description = "The customer was updated"),
        (status = 404, description = "There is no such customer", body = Problem),
    ),
    extensions(("x-evidence" = json!({
        "class": "client-observed", "source": "the request and its status; named on the Upgrade Customer page, which says what it clears"
    })))
)]
pub(super) async fn replace(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let (fields, violations) = request.noted(Body::of(request)?.fields());
    let id = request.customer_id()?;
    request.services.customers.replace(&request.scope(), id, Box::new(fields), violations).await?;
    written(request, id, StatusCode::OK).await
}

/// Update Customer By Parameter
///
/// Changes only the fields that are sent.
#[utoipa::path(
    patch,
    path = "/v1/customers/{customerId}",
    operation_id = "UpdateCustomerByParameter",
    params(("customerId" = i32, Path, minimum = 1)),
    request_body = CustomerPatch,
    responses(
        (status = 200, description = "The customer was updated"),
        (status = 404, description = "There is no such customer", body = Problem),
    ),
    extensions(("x-evidence" = json!({ "class": "documented", "source": "PATCH Customer page" })))
)]
pub(super) async fn patch(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let reject_unsupported = request.scope().plan.unsupported_patch_fields == UnsupportedPatchFields::Reject;
    let (patch, violations) = request.noted(Body::of(request)?.patch(reject_unsupported));
    let id = request.customer_id()?;
    request.services.customers.patch(&request.scope(), id, Box::new(patch), violations).await?;
    written(request, id, StatusCode::OK).await
}

/// Delete Customer
///
/// A soft delete: the status becomes Deleted; the customer keeps its unique values and its place in the tree.
#[utoipa::path(
    delete,
    path = "/v1/customers/{customerId}",
    operation_id = "DeleteCustomer",
    params(("customerId" = i32, Path, minimum = 1)),
    responses(
        (status = 200, description = "The customer was deleted"),
        (status = 404, description = "There is no such customer", body = Problem),
    ),
    extensions(("x-evidence" = json!({
        "class": "inferred", "source": "one public client calls it; its effect is inferred"
    })))
)]
pub(super) async fn delete(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let id = request.customer_id()?;
    request.services.customers.soft_delete(&request.scope(), id).await?;
    Ok(Reply::empty(StatusCode::OK))
}

/// Upgrade Customer
///
/// Upgrades a customer to a distributor, through the hook `Associates.Enrollment.UpdateAssociateBaseType`: replaces it, places it
/// in the sponsor tree and logs the change to CRM_AssociateTypeChanges.
#[utoipa::path(
    put,
    path = "/v1/customers/upgrade/{customerId}",
    operation_id = "UpgradeCustomer",
    params(("customerId" = i32, Path, minimum = 1)),
    request_body = CustomerRequest,
    responses(
        (status = 201, description = "The customer was upgraded"),
        (status = 404, description = "There is no such customer; 500 where the plan says so", body = Problem),
    ),
    extensions(("x-evidence" = json!({
        "class": "documented", "source": "Upgrade Customer page; 404 from the status guide"
    })))
)]
pub(super) async fn upgrade(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let (fields, violations) = request.noted(Body::of(request)?.fields());
    let id = request.customer_id().map_err(Error::on_upgrade)?;
    let upgraded = request.services.customers.upgrade(&request.scope(), id, Box::new(fields), violations).await;
    upgraded.map_err(|error| Error::from(error).on_upgrade())?;
    written(request, id, StatusCode::CREATED).await
}

/// Reset Password
#[utoipa::path(
    put,
    path = "/v1/customers/{customerId}/reset-password",
    operation_id = "ResetPassword",
    params(("customerId" = i32, Path, minimum = 1)),
    request_body = PasswordRequest,
    responses(
        (status = 200, description = "The password was set"),
        (status = 404, description = "There is no such customer", body = Problem),
    ),
    extensions(("x-evidence" = json!({
        "class": "client-observed", "source": "the request is; its body and response are chosen"
    })))
)]
pub(super) async fn reset_password(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let (fields, violations) = request.noted(Body::of(request)?.password());
    let id = request.customer_id()?;
    request.services.customers.reset_password(&request.scope(), id, fields, violations).await?;
    Ok(Reply::empty(StatusCode::OK))
}

/// Get Customer Custom Fields
#[utoipa::path(
    get,
    path = "/v1/customers/{customerId}/customFields",
    operation_id = "GetCustomerCustomFields",
    params(("customerId" = i32, Path, minimum = 1)),
    responses(
        (status = 200, description = "Field1 to Field10", body = CustomFieldsJson),
        (status = 404, description = "There is no such customer", body = Problem),
    ),
    extensions(("x-evidence" = json!({ "class": "client-observed", "source": "a public client reads Field6" })))
)]
pub(super) async fn custom_fields(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let id = request.customer_id()?;
    let scope = request.scope();
    let customer = request.services.customers.get(&scope, id).await?;
    Ok(Reply::written(StatusCode::OK, &CustomFieldsJson::new(&customer, scope.plan)))
}

/// The response of a write: empty, or the customer if the client's `Prefer` header requests it.
async fn written(request: &ApiRequest<'_>, id: CustomerId, status: StatusCode) -> Result<Reply, Error> {
    if wants_representation(&request.parts.headers) {
        // Boxed, because it is rare.
        return Ok(Box::pin(representation(request, id, status)).await?.preferred());
    }
    Ok(Reply::empty(status))
}

async fn representation(request: &ApiRequest<'_>, id: CustomerId, status: StatusCode) -> Result<Reply, Error> {
    let scope = request.scope();
    let customer = request.services.customers.get(&scope, id).await?;
    Ok(Reply::written(status, &CustomerJson::new(&customer, scope.plan)))
}
