//! The customers group: the customers themselves.

use std::sync::Arc;

use axum::http::StatusCode;

use super::call::DirectScaleCall as _;
use super::error::{Error, Problem};
use super::query::look_up;
use super::wire::{Body, CustomFieldsJson, CustomerJson, CustomerPatch, CustomerRequest, PasswordRequest};
use crate::gateway::{Call, Reply, wants_representation};
use crate::model::CustomerId;
use crate::plan::UnsupportedPatchFields;

/// Get Customers By Parameter
///
/// The customers with this value; `[]` when nobody has it. One parameter is honoured, the first in this order.
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
pub(super) async fn by_parameter(call: Arc<Call>) -> Result<Reply, Error> {
    let parameters = call.query();
    let (by, ignored) = look_up(&parameters);
    let by = by.ok_or_else(|| {
        Error::parameter(
            "$query",
            "required",
            "One of the parameters backOfficeId, externalReferenceId, email, username or webAlias is required.",
        )
    })?;
    let scope = call.scope();
    let found = call.services.customers.look_up(&scope, by).await?;
    let found: Vec<_> = found.iter().map(|customer| CustomerJson::new(customer, scope.plan)).collect();
    let ignored = ignored.into_iter().map(str::to_owned).collect();
    Ok(Reply::json(StatusCode::OK, &found).ignoring(ignored))
}

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
pub(super) async fn get(call: Arc<Call>) -> Result<Reply, Error> {
    let id = call.customer_id()?;
    representation(&call, id, StatusCode::OK).await
}

/// Create Customer
///
/// Answers the new id as a bare number.
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
pub(super) async fn create(call: Arc<Call>) -> Result<Reply, Error> {
    let (fields, violations) = call.noted(Body::of(&call)?.fields());
    let id = call.services.customers.create(&call.scope(), fields, violations).await?;
    if wants_representation(&call.parts.headers) {
        return Ok(representation(&call, id, StatusCode::CREATED).await?.preferred());
    }
    Ok(Reply::json(StatusCode::CREATED, &id.0))
}

/// Update Customer
///
/// Everything that is not sent is cleared.
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
        "class": "client-observed", "source": "the call and its status; named on the Upgrade Customer page, which says what it clears"
    })))
)]
pub(super) async fn replace(call: Arc<Call>) -> Result<Reply, Error> {
    let (fields, violations) = call.noted(Body::of(&call)?.fields());
    let id = call.customer_id()?;
    call.services.customers.replace(&call.scope(), id, fields, violations).await?;
    written(&call, id, StatusCode::OK).await
}

/// Update Customer By Parameter
///
/// Only what is sent changes.
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
pub(super) async fn patch(call: Arc<Call>) -> Result<Reply, Error> {
    let reject_unsupported = call.scope().plan.unsupported_patch_fields == UnsupportedPatchFields::Reject;
    let (fields, violations) = call.noted(Body::of(&call)?.patch(reject_unsupported));
    let id = call.customer_id()?;
    call.services.customers.patch(&call.scope(), id, fields, violations).await?;
    written(&call, id, StatusCode::OK).await
}

/// Delete Customer
///
/// The customer is voided: its status becomes Deleted, its values stay taken, its node stays.
#[utoipa::path(
    delete,
    path = "/v1/customers/{customerId}",
    operation_id = "DeleteCustomer",
    params(("customerId" = i32, Path, minimum = 1)),
    responses(
        (status = 200, description = "The customer is voided"),
        (status = 404, description = "There is no such customer", body = Problem),
    ),
    extensions(("x-evidence" = json!({
        "class": "inferred", "source": "one public client calls it; what it leaves behind is inferred"
    })))
)]
pub(super) async fn delete(call: Arc<Call>) -> Result<Reply, Error> {
    let id = call.customer_id()?;
    call.services.customers.soft_delete(&call.scope(), id).await?;
    Ok(Reply::empty(StatusCode::OK))
}

/// Upgrade Customer
///
/// Makes a customer a distributor, through the hook `Associates.Enrollment.UpdateAssociateBaseType`: replaces it, places it
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
pub(super) async fn upgrade(call: Arc<Call>) -> Result<Reply, Error> {
    let (fields, violations) = call.noted(Body::of(&call)?.fields());
    let id = call.customer_id().map_err(Error::on_upgrade)?;
    let upgraded = call.services.customers.upgrade(&call.scope(), id, fields, violations).await;
    upgraded.map_err(|error| Error::from(error).on_upgrade())?;
    written(&call, id, StatusCode::CREATED).await
}

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
        "class": "client-observed", "source": "the call is; its body and answer are chosen"
    })))
)]
pub(super) async fn reset_password(call: Arc<Call>) -> Result<Reply, Error> {
    let (fields, violations) = call.noted(Body::of(&call)?.password());
    let id = call.customer_id()?;
    call.services.customers.reset_password(&call.scope(), id, fields, violations).await?;
    Ok(Reply::empty(StatusCode::OK))
}

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
pub(super) async fn custom_fields(call: Arc<Call>) -> Result<Reply, Error> {
    let id = call.customer_id()?;
    let scope = call.scope();
    let customer = call.services.customers.get(&scope, id).await?;
    Ok(Reply::json(StatusCode::OK, &CustomFieldsJson::new(&customer, scope.plan)))
}

/// The answer of a write: empty, or the customer where the caller prefers it.
async fn written(call: &Call, id: CustomerId, status: StatusCode) -> Result<Reply, Error> {
    if wants_representation(&call.parts.headers) {
        return Ok(representation(call, id, status).await?.preferred());
    }
    Ok(Reply::empty(status))
}

async fn representation(call: &Call, id: CustomerId, status: StatusCode) -> Result<Reply, Error> {
    let scope = call.scope();
    let customer = call.services.customers.get(&scope, id).await?;
    Ok(Reply::json(status, &CustomerJson::new(&customer, scope.plan)))
}
