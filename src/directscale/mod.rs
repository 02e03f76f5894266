//! DirectScale's customer API: the route table.

mod customers;
mod endpoint;
mod error;
mod message;
mod prefer;
mod query;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::customers::Customers;
use crate::tenants::Directory;
use endpoint::{Operation, endpoint};

/// What the operations need.
#[derive(Debug, Clone)]
pub struct BackEnd {
    /// From key to tenant.
    pub directory: Directory,
    /// The customers.
    pub customers: Customers,
}

/// How DirectScale's API answers, beyond what a tenant's plan says.
#[derive(Debug, Clone)]
pub struct DirectScaleOptions {
    /// The largest body, in bytes.
    pub max_body_bytes: usize,
    /// Whether answers carry anything that the vendor's do not: `X-Emulator-*` headers and the list of faults.
    pub extra_headers: bool,
}

/// DirectScale's side of the server.
#[derive(Debug)]
pub struct DirectScale {
    /// How it answers.
    pub options: DirectScaleOptions,
    /// Set once the database is open, migrated and seeded; until then the gateway says that there is no back end.
    pub back_end: Arc<std::sync::OnceLock<BackEnd>>,
    /// Where request ids come from.
    pub random: Arc<crate::random::Random>,
}

const GET_CUSTOMERS_BY_PARAMETER: Operation = Operation::customers("GetCustomersByParameter");
const CREATE_CUSTOMER: Operation = Operation::customers("CreateCustomer");
const GET_CUSTOMER: Operation = Operation::customers("GetCustomer");
const UPDATE_CUSTOMER: Operation = Operation::customers("UpdateCustomer");
const PATCH_CUSTOMER: Operation = Operation::customers("UpdateCustomerByParameter");
const DELETE_CUSTOMER: Operation = Operation::customers("DeleteCustomer");
const UPGRADE_CUSTOMER: Operation = Operation::customers("UpgradeCustomer");

/// The routes. A path with a trailing slash has lost it before it comes here.
pub fn routes(directscale: Arc<DirectScale>) -> Router {
    Router::new()
        .route(
            "/v1/customers",
            get(endpoint(GET_CUSTOMERS_BY_PARAMETER, customers::by_parameter))
                .post(endpoint(CREATE_CUSTOMER, customers::create)),
        )
        .route(
            "/v1/customers/{id}",
            get(endpoint(GET_CUSTOMER, customers::get))
                .put(endpoint(UPDATE_CUSTOMER, customers::replace))
                .patch(endpoint(PATCH_CUSTOMER, customers::patch))
                .delete(endpoint(DELETE_CUSTOMER, customers::delete)),
        )
        .route("/v1/customers/upgrade/{id}", axum::routing::put(endpoint(UPGRADE_CUSTOMER, customers::upgrade)))
        .with_state(directscale)
}
