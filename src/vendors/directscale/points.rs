//! The customers group: reward points.

use axum::http::StatusCode;

use super::error::{Error, Problem};
use super::vendor::DirectScaleRequest as _;
use super::wire::{Body, PointsToAdd, PointsToDeduct};
use crate::customers::Points;
use crate::gateway::{ApiRequest, Reply};

/// Add Reward Points
///
/// They can be used at once and expire after 365 days.
#[utoipa::path(
    post,
    path = "/v1/customers/{customerId}/reward-points",
    operation_id = "AddRewardPoints",
    params(("customerId" = i32, Path, minimum = 1)),
    request_body = PointsToAdd,
    responses(
        (status = 201, description = "The points were added"),
        (status = 400, description = "The number of points is missing or not a number above 0", body = Problem),
        (status = 404, description = "There is no such customer", body = Problem),
    ),
    extensions(("x-evidence" = json!({
        "class": "documented", "source": "the vendor's OpenAPI export; 404 from the status guide, the limits are chosen"
    })))
)]
pub(super) async fn add(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let body = Body::of(request).map_err(|error| Error::PointsBody(error.to_string()))?;
    request.ignore(body.ignored(&["pointsToAdd"]));
    let points = body.number("pointsToAdd").and_then(Points::new).ok_or(Error::Points("pointsToAdd"));
    let id = request.customer_id()?;
    let points = request.of_known(id, points).await?;
    request.services.customers.add_points(&request.scope(), id, points).await?;
    Ok(Reply::empty(StatusCode::CREATED))
}

/// Deduct Reward Points
///
/// The sign does not count; the balance may go below zero.
#[utoipa::path(
    delete,
    path = "/v1/customers/{customerId}/reward-points",
    operation_id = "DeductRewardPoints",
    params(("customerId" = i32, Path, minimum = 1)),
    request_body = PointsToDeduct,
    responses(
        (status = 200, description = "The points were deducted"),
        (status = 400, description = "The number of points is missing, or 0", body = Problem),
        (status = 404, description = "There is no such customer", body = Problem),
    ),
    extensions(("x-evidence" = json!({
        "class": "documented", "source": "the vendor's OpenAPI export and page; 404 from the status guide, the limits are chosen"
    })))
)]
pub(super) async fn deduct(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let body = Body::of(request).map_err(|error| Error::PointsBody(error.to_string()))?;
    request.ignore(body.ignored(&["pointsToDeduct"]));
    let points = body.number("pointsToDeduct").map(f64::abs);
    let points = points.and_then(Points::new).ok_or(Error::Points("pointsToDeduct"));
    let id = request.customer_id()?;
    let points = request.of_known(id, points).await?;
    request.services.customers.deduct_points(&request.scope(), id, points).await?;
    Ok(Reply::empty(StatusCode::OK))
}
