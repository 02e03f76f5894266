//! The customers group.

use axum::http::StatusCode;

use super::endpoint::{Call, Reply};
use super::error::Error;
use super::prefer::wants_representation;
use super::query::Parameters;
use super::wire::{Body, CustomerJson};
use crate::customers::CustomerId;
use crate::plan::UnsupportedPatchFields;

/// Get Customers By Parameter: an array, empty when nobody matches.
pub(super) async fn by_parameter(call: Call) -> Result<Reply, Error> {
    let parameters = Parameters::parse(call.parts.uri.query().unwrap_or_default());
    let (by, ignored) = parameters.look_up();
    let by = by.ok_or(Error::Query(
        "One of the parameters backOfficeId, externalReferenceId, email, username or webAlias is required.",
    ))?;
    let found = call.back_end.customers.look_up(&call.scope(), by).await?;
    let found: Vec<CustomerJson<'_>> = found.iter().map(CustomerJson::from).collect();
    let ignored = ignored.into_iter().map(str::to_owned).collect();
    Ok(Reply::json(StatusCode::OK, &found).ignoring(ignored))
}

/// Get Customer.
pub(super) async fn get(mut call: Call) -> Result<Reply, Error> {
    let id = call.customer_id().await.ok_or(Error::UnknownCustomer)?;
    representation(&call, id, StatusCode::OK).await
}

/// Create Customer: 201 and the new id as a bare number.
pub(super) async fn create(call: Call) -> Result<Reply, Error> {
    let request = Body::parse(&call.body)?.values();
    let id = call.back_end.customers.create(&call.scope(), request.wanted, request.faults).await?;
    if wants_representation(&call.parts.headers) {
        return Ok(representation(&call, id, StatusCode::CREATED).await?.preferred());
    }
    Ok(Reply::json(StatusCode::CREATED, &id.0))
}

/// Update Customer: everything that is not sent is cleared.
pub(super) async fn replace(mut call: Call) -> Result<Reply, Error> {
    let request = Body::parse(&call.body)?.values();
    let (wanted, faults) = (request.wanted, request.faults);
    let id = call.customer_id().await.ok_or(Error::UnknownCustomer)?;
    call.back_end.customers.replace(&call.scope(), id, wanted, faults).await?;
    written(&call, id, StatusCode::OK).await
}

/// `UpdateCustomerByParameter`: only what is sent changes.
pub(super) async fn patch(mut call: Call) -> Result<Reply, Error> {
    let refuse_unsupported = call.scope().plan.unsupported_patch_fields == UnsupportedPatchFields::Refuse;
    let request = Body::parse(&call.body)?.patch(refuse_unsupported);
    let id = call.customer_id().await.ok_or(Error::UnknownCustomer)?;
    call.back_end.customers.patch(&call.scope(), id, request.wanted, request.faults).await?;
    Ok(written(&call, id, StatusCode::OK).await?.ignoring(request.ignored))
}

/// Delete, which one public client calls: the customer is voided, and stays.
pub(super) async fn delete(mut call: Call) -> Result<Reply, Error> {
    let id = call.customer_id().await.ok_or(Error::UnknownCustomer)?;
    call.back_end.customers.void(&call.scope(), id).await?;
    Ok(Reply::empty(StatusCode::OK))
}

/// Upgrade Customer.
pub(super) async fn upgrade(mut call: Call) -> Result<Reply, Error> {
    let request = Body::parse(&call.body)?.values();
    let (wanted, faults) = (request.wanted, request.faults);
    let id = call.customer_id().await.ok_or(Error::UnknownOnUpgrade)?;
    call.back_end.customers.upgrade(&call.scope(), id, wanted, faults).await.map_err(|error| {
        match Error::from(error) {
            Error::UnknownCustomer => Error::UnknownOnUpgrade,
            other => other,
        }
    })?;
    written(&call, id, StatusCode::CREATED).await
}

/// The answer of a write: empty, or the customer where the caller prefers it.
async fn written(call: &Call, id: CustomerId, status: StatusCode) -> Result<Reply, Error> {
    if wants_representation(&call.parts.headers) {
        return Ok(representation(call, id, status).await?.preferred());
    }
    Ok(Reply::empty(status))
}

async fn representation(call: &Call, id: CustomerId, status: StatusCode) -> Result<Reply, Error> {
    let customer = call.back_end.customers.get(&call.scope(), id).await?;
    Ok(Reply::json(status, &CustomerJson::from(&customer)))
}
