//! ByDesign's API: its routes, formats and messages.
//!
//! A request goes from [`body`] (bytes to [`members::Members`]) through [`reader`] (to [`creation::CustomerCreation`]) and
//! [`mapping`] (to the domain's fields). A response goes from [`customer`] or [`lists`] through [`response`] to JSON or XML.

mod body;
mod countries;
mod creation;
mod customer;
mod customers;
mod dates;
mod error;
mod error_body;
mod lists;
mod locales;
mod mapping;
mod members;
mod negotiate;
mod openapi;
mod reader;
mod response;
pub(crate) mod route;
mod schema;
mod settings;
mod unbuilt;
mod vendor;
mod violations;
mod xml;

#[cfg(test)]
mod reader_tests;
#[cfg(test)]
mod round_trip_tests;

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
        settings::customer_types,
        settings::customer_type,
        settings::countries,
        settings::list_locales,
    ];
    built.add_unbuilt(&unbuilt::OPERATIONS).add_unbuilt_groups(&unbuilt::GROUPS)
}
