//! The customers group: the trees.

use axum::http::StatusCode;

use super::error::{Error, Problem};
use super::query::{Parameters, no_tree};
use super::vendor::DirectScaleRequest as _;
use crate::customers::Tree;
use crate::gateway::{ApiRequest, Reply};
use crate::model::CustomerId;

/// Get Customer Downline
///
/// The ids of the customers below a customer, level by level.
#[utoipa::path(
    get,
    path = "/v1/customers/{customerId}/downline",
    operation_id = "GetCustomerDownline",
    params(
        ("customerId" = i32, Path, minimum = 1),
        ("tree" = Option<String>, Query, description = "`Unilevel`, the sponsor tree and the default, or `Enrollment`."),
        ("levels" = Option<i32>, Query, description = "The number of levels; all when not sent.", minimum = 1),
    ),
    responses(
        (status = 200, description = "The ids", body = Vec<i32>, content_type = "application/json"),
        (status = 404, description = "There is no such customer", body = Problem),
    ),
    extensions(("x-evidence" = json!({ "class": "client-observed", "source": "path, parameters and shape; the order is chosen" })))
)]
pub(super) async fn downline(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let id = request.customer_id()?;
    let (tree, levels) = request.of_known(id, depth(&request.query())).await?;
    let ids = request.services.customers.downline(&request.scope(), id, tree, levels).await?;
    Ok(Reply::json(StatusCode::OK, &ids))
}

/// Get Downline Ids
///
/// The older form: the whole sponsor tree below a customer.
#[utoipa::path(
    get,
    path = "/v1/customers/GetDownlineIds",
    operation_id = "GetDownlineIds",
    params(("associateId" = i32, Query, minimum = 1)),
    responses(
        (status = 200, description = "The ids", body = Vec<i32>, content_type = "application/json"),
        (status = 404, description = "There is no such customer", body = Problem),
    ),
    extensions(("x-evidence" = json!({ "class": "client-observed", "source": "a public client of 2020" })))
)]
pub(super) async fn downline_ids(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let id = request.query().required_integer("associateId")?;
    let ids = request.services.customers.downline(&request.scope(), CustomerId(id), Tree::Sponsor, None).await?;
    Ok(Reply::json(StatusCode::OK, &ids))
}

/// Place Node
///
/// Places a customer and its downline below another one. Neither tree has legs, so no position is ever occupied,
/// and `leg`, `findAvailable` and `reason` change nothing.
#[utoipa::path(
    post,
    path = "/v1/customers/{customerId}/downline/placenode",
    operation_id = "PlaceNode",
    params(
        ("customerId" = i32, Path, minimum = 1),
        ("tree" = Option<String>, Query, description = "`Unilevel`, the sponsor tree and the default, or `Enrollment`."),
        ("toUplineId" = i32, Query, minimum = 1),
        ("leg" = Option<String>, Query),
        ("reason" = Option<String>, Query),
        ("findAvailable" = Option<bool>, Query),
    ),
    responses(
        (status = 200, description = "The customer is placed"),
        (status = 404, description = "There is no such customer", body = Problem),
    ),
    extensions(("x-evidence" = json!({
        "class": "documented", "source": "Place Node page; the C# reference says that legs have no meaning in these trees"
    })))
)]
pub(super) async fn place_node(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let id = request.customer_id()?;
    let parameters = request.query();
    let (tree, upline) = request.of_known(id, place(&parameters)).await?;
    request.services.customers.place(&request.scope(), id, tree, upline).await?;
    let ignored = parameters.sent(&["leg", "reason", "findAvailable"]);
    Ok(Reply::empty(StatusCode::OK).ignoring(ignored))
}

/// Get Unplaced Associates
///
/// The ids of the customers that a customer enrolled and that have no place in the tree.
#[utoipa::path(
    get,
    path = "/v1/customers/{customerId}/downline/UnplacedAssociates",
    operation_id = "GetUnplacedAssociates",
    params(
        ("customerId" = i32, Path, minimum = 1),
        ("tree" = Option<String>, Query, description = "`Unilevel`, the sponsor tree and the default, or `Enrollment`."),
    ),
    responses(
        (status = 200, description = "The ids", body = Vec<i32>, content_type = "application/json"),
        (status = 404, description = "There is no such customer", body = Problem),
    ),
    extensions(("x-evidence" = json!({ "class": "documented", "source": "Unplaced Associates page; the shape is chosen" })))
)]
pub(super) async fn unplaced(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let id = request.customer_id()?;
    let tree = request.of_known(id, tree(&request.query())).await?;
    let ids = request.services.customers.unplaced(&request.scope(), id, tree).await?;
    Ok(Reply::json(StatusCode::OK, &ids))
}

/// Which tree, and how many levels of it.
fn depth(parameters: &Parameters) -> Result<(Tree, Option<i32>), Error> {
    let tree = tree(parameters)?;
    let levels = parameters.integer("levels")?;
    if levels.is_some_and(|levels| levels < 1) {
        return Err(Error::parameter("levels", "minimum", "levels must be at least 1."));
    }
    Ok((tree, levels))
}

fn place(parameters: &Parameters) -> Result<(Tree, i32), Error> {
    let tree = tree(parameters)?;
    let upline = parameters.required_integer("toUplineId")?;
    parameters.flag("findAvailable")?;
    Ok((tree, upline))
}

/// `TreeType` (vendor's C# reference).
fn tree(parameters: &Parameters) -> Result<Tree, Error> {
    match parameters.value("tree") {
        None => Ok(Tree::Sponsor),
        Some(name) if name.eq_ignore_ascii_case("Unilevel") => Ok(Tree::Sponsor),
        Some(name) if name.eq_ignore_ascii_case("Enrollment") => Ok(Tree::Enrollment),
        Some(_) => Err(no_tree()),
    }
}
