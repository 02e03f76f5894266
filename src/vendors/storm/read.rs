//! Reads customers. The response for an unknown customer is empty.

use axum::http::StatusCode;

use super::error::StormError;
use super::query;
use super::view::customer_response;
use super::wire::{json, response};
use super::write::{json_reply, reply};
use crate::customers::{Error as CustomerError, LookUp, Profiled, Scope, Search};
use crate::gateway::{ApiRequest, Reply};
use crate::model::CustomerId;
use crate::vendor_facts::ProfileOwner;

/// Get a customer
#[utoipa::path(
    get,
    path = "/CustomerService.svc/rest/GetCustomer",
    operation_id = "StormGetCustomer",
    params(("id" = Option<i32>, Query, description = "Without it, the response is empty."), ("cultureCode" = Option<String>, Query), ("format" = Option<String>, Query)),
    responses((status = 200, description = "The customer; empty if there is none", body = response::Customer)),
    extensions(("x-evidence" = json!({
        "class": "documented", "source": "the service's published contract; the empty response is the framework's default"
    })))
)]
pub(super) async fn by_id(request: &ApiRequest<'_>) -> Result<Reply, StormError> {
    let scope = request.lenient_scope();
    let id = query::integer(request, "id")?.unwrap_or_default();
    customer(request, &scope, Some(CustomerId(id))).await
}

/// Get a customer by e-mail address
#[utoipa::path(
    get,
    path = "/CustomerService.svc/rest/GetCustomerByEmail",
    operation_id = "StormGetCustomerByEmail",
    params(("email" = Option<String>, Query), ("cultureCode" = Option<String>, Query), ("format" = Option<String>, Query)),
    responses((status = 200, description = "The customer; empty if there is none", body = response::Customer)),
    extensions(("x-evidence" = json!({
        "class": "documented", "source": "the service's published contract; the empty response is the framework's default"
    })))
)]
pub(super) async fn by_email(request: &ApiRequest<'_>) -> Result<Reply, StormError> {
    let scope = request.lenient_scope();
    let email = request.query_parameter("email").unwrap_or_default();
    let customers = request.services.customers.look_up(&scope, LookUp::EmailAddress(&email)).await?;
    customer(request, &scope, customers.first().map(|customer| customer.id)).await
}

/// Get a customer by key
#[utoipa::path(
    get,
    path = "/CustomerService.svc/rest/GetCustomerByKey",
    operation_id = "StormGetCustomerByKey",
    params(
        ("key" = Option<String>, Query, pattern = r"^\s*([0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12})?\s*$"),
        ("cultureCode" = Option<String>, Query),
        ("format" = Option<String>, Query),
    ),
    responses((status = 200, description = "The customer; empty if there is none", body = response::Customer)),
    extensions(("x-evidence" = json!({
        "class": "documented", "source": "the service's published contract; the empty response is the framework's default"
    })))
)]
pub(super) async fn by_key(request: &ApiRequest<'_>) -> Result<Reply, StormError> {
    let scope = request.lenient_scope();
    let key = query::guid(request, "key")?.unwrap_or_default();
    let id = request.services.customers.find_by_uuid(&scope, key).await?;
    customer(request, &scope, id).await
}

/// Search customers
///
/// The first fifty that contain the term, or as many as `size` says; only those of a company if `companyId` names one.
#[utoipa::path(
    get,
    path = "/CustomerService.svc/rest/SearchCustomer",
    operation_id = "StormSearchCustomer",
    params(
        ("searchString" = Option<String>, Query),
        ("companyId" = Option<i32>, Query),
        ("size" = Option<i32>, Query),
        ("cultureCode" = Option<String>, Query),
        ("format" = Option<String>, Query),
    ),
    responses((status = 200, description = "The customers, by Id", body = Vec<response::Customer>)),
    extensions(("x-evidence" = json!({
        "class": "client-observed", "source": "that there is such an operation with these parameters; its response is chosen"
    })))
)]
pub(super) async fn search(request: &ApiRequest<'_>) -> Result<Reply, StormError> {
    let scope = request.lenient_scope();
    let company = query::integer(request, "companyId")?.filter(|id| *id != 0);
    let size = query::integer(request, "size")?.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0);
    let term = request.query_parameter("searchString").unwrap_or_default();
    let search = Search { term, company, ..Search::default() };
    let found = request.services.customers.search(&scope, &search).await?;
    let ids: Vec<CustomerId> = found.iter().map(|customer| customer.id).take(size.unwrap_or(usize::MAX)).collect();
    let stored = request.services.customers.profiled_all(&scope, ProfileOwner::Storm, &ids).await?;
    let customers: Vec<_> = stored.iter().map(|stored| customer_response(stored, &scope.plan.storm)).collect();
    Ok(json_reply(json::to_bytes(&customers)))
}

async fn customer(request: &ApiRequest<'_>, scope: &Scope<'_>, id: Option<CustomerId>) -> Result<Reply, StormError> {
    let Some(id) = id else { return Ok(Reply::empty(StatusCode::OK)) };
    let found = profiled(request, scope, id).await?;
    Ok(found.map_or_else(|| Reply::empty(StatusCode::OK), |customer| reply(&customer, scope)))
}

async fn profiled(request: &ApiRequest<'_>, scope: &Scope<'_>, id: CustomerId) -> Result<Option<Profiled>, StormError> {
    match request.services.customers.profiled(scope, id, ProfileOwner::Storm).await {
        Ok(found) => Ok(Some(found)),
        Err(CustomerError::UnknownCustomer) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
