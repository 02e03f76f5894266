//! Reading customers. One who is not there is an empty answer.

use std::sync::Arc;

use axum::http::StatusCode;

use super::document::view;
use super::problem::Problem;
use super::query;
use super::wire::{answer, json};
use super::write::{reply, shown};
use crate::customers::{CustomerId, Error as CustomerError, LookUp, ProfileOwner, Profiled, Scope, Search};
use crate::gateway::{Call, Reply};

/// Get a customer
#[utoipa::path(
    get,
    path = "/CustomerService.svc/rest/GetCustomer",
    operation_id = "StormGetCustomer",
    params(("id" = Option<i32>, Query, description = "None is like one whom nobody has."), ("cultureCode" = Option<String>, Query), ("format" = Option<String>, Query)),
    responses((status = 200, description = "The customer; empty where there is none", body = answer::Customer)),
    extensions(("x-evidence" = json!({
        "class": "documented", "source": "the service's published contract; the empty answer is the framework's default"
    })))
)]
pub(super) async fn by_id(call: Arc<Call>) -> Result<Reply, Problem> {
    let scope = call.lenient_scope();
    let id = query::integer(&call, "id")?.unwrap_or_default();
    found(&call, &scope, Some(CustomerId(id))).await
}

/// Get a customer by e-mail address
#[utoipa::path(
    get,
    path = "/CustomerService.svc/rest/GetCustomerByEmail",
    operation_id = "StormGetCustomerByEmail",
    params(("email" = Option<String>, Query), ("cultureCode" = Option<String>, Query), ("format" = Option<String>, Query)),
    responses((status = 200, description = "The customer; empty where there is none", body = answer::Customer)),
    extensions(("x-evidence" = json!({
        "class": "documented", "source": "the service's published contract; the empty answer is the framework's default"
    })))
)]
pub(super) async fn by_email(call: Arc<Call>) -> Result<Reply, Problem> {
    let scope = call.lenient_scope();
    let email = call.query_parameter("email").unwrap_or_default();
    let customers = call.services.customers.look_up(&scope, LookUp::EmailAddress(&email)).await?;
    found(&call, &scope, customers.first().map(|customer| customer.id)).await
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
    responses((status = 200, description = "The customer; empty where there is none", body = answer::Customer)),
    extensions(("x-evidence" = json!({
        "class": "documented", "source": "the service's published contract; the empty answer is the framework's default"
    })))
)]
pub(super) async fn by_key(call: Arc<Call>) -> Result<Reply, Problem> {
    let scope = call.lenient_scope();
    let key = query::guid(&call, "key")?.unwrap_or_default();
    let id = call.services.customers.find_by_key(&scope, key).await?;
    found(&call, &scope, id).await
}

/// Search customers
///
/// The first fifty that hold the term, or as many as `size` says; of a company where `companyId` names one.
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
    responses((status = 200, description = "The customers, by Id", body = Vec<answer::Customer>)),
    extensions(("x-evidence" = json!({
        "class": "client-observed", "source": "that there is such an operation with these parameters; its answer is chosen"
    })))
)]
pub(super) async fn search(call: Arc<Call>) -> Result<Reply, Problem> {
    let scope = call.lenient_scope();
    let company = query::integer(&call, "companyId")?.filter(|id| *id != 0);
    let size = query::integer(&call, "size")?.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0);
    let term = call.query_parameter("searchString").unwrap_or_default();
    let search = Search { term, company, ..Search::default() };
    let found = call.services.customers.search(&scope, &search).await?;
    let mut answers = Vec::new();
    for customer in found.into_iter().take(size.unwrap_or(usize::MAX)) {
        if let Some(profiled) = profiled(&call, &scope, customer.id).await? {
            answers.push(view(&profiled, &scope.plan.storm));
        }
    }
    Ok(shown(json::to_bytes(&answers)))
}

async fn found(call: &Call, scope: &Scope<'_>, id: Option<CustomerId>) -> Result<Reply, Problem> {
    let Some(id) = id else { return Ok(Reply::empty(StatusCode::OK)) };
    let found = profiled(call, scope, id).await?;
    Ok(found.map_or_else(|| Reply::empty(StatusCode::OK), |customer| reply(&customer, scope)))
}

async fn profiled(call: &Call, scope: &Scope<'_>, id: CustomerId) -> Result<Option<Profiled>, Problem> {
    match call.services.customers.profiled(scope, id, ProfileOwner::Storm).await {
        Ok(found) => Ok(Some(found)),
        Err(CustomerError::UnknownCustomer) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
