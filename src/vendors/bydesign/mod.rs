//! ByDesign's door: its only serde, its formats, its words, its routes.
//!
//! A request's body becomes [`wire::members::Members`], those a [`wire::request::CustomerCreation`], that the domain's
//! values ([`mapping`]); a customer becomes a [`wire::customer::CustomerAnswer`], that a [`wire::tree::Answer`], that bytes.

mod admin;
mod countries;
mod customers;
mod error;
mod locales;
mod mapping;
mod negotiate;
mod openapi;
mod render;
pub(crate) mod route;
mod schema;
mod unbuilt;
mod vendor;
mod violations;
mod wire;

use std::sync::Arc;

use axum::Router;
use utoipa::openapi::OpenApi;

use crate::gateway::{Table, VendorState, operations};

pub(crate) use vendor::ByDesign;

/// The routes and the document that describes them.
pub(crate) fn routes(state: Arc<VendorState<ByDesign>>) -> (Router, OpenApi) {
    let (router, document) = table().split();
    (router.with_state(state), document)
}

#[must_use]
pub(crate) fn document() -> OpenApi {
    table().split().1
}

fn table() -> Table<ByDesign> {
    let table = Table::new(openapi::head(), openapi::complete);
    let built = operations![
        table;
        customers::create,
        customers::look_up,
        customers::public_info,
        admin::customer_types,
        admin::customer_type,
        admin::countries,
        admin::list_locales,
    ];
    built.add_unbuilt(&unbuilt::OPERATIONS).add_unbuilt_groups(&unbuilt::GROUPS)
}
