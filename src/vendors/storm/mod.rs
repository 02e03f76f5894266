//! Storm's door (Storm API 1.1, CustomerService): its JSON, its words, its routes, and how its customers fit the domain's.
//!
//! A call reads a [`wire::Request`], finds the customer whom it means, and lays the request over what is kept of that
//! customer ([`written`]); an answer is a view of what is kept then ([`document`]).

mod countries;
mod document;
mod error;
mod find;
mod html;
mod merge;
mod names;
mod openapi;
mod problem;
mod query;
mod rejected;
pub(crate) mod route;
mod schema;
#[cfg(test)]
mod tests;
mod token;
mod unbuilt;
mod vendor;
mod violation;
mod wire;
mod write;
mod written;

use std::sync::Arc;

use axum::Router;
use utoipa::openapi::OpenApi;

use crate::gateway::{Table, VendorState, operations};

pub(crate) use token::OPERATION as TOKEN_OPERATION;
pub(crate) use vendor::Storm;

/// The routes and the document that describes them.
pub(crate) fn routes(state: Arc<VendorState<Storm>>) -> (Router, OpenApi) {
    let (router, document) = table().split();
    (router.with_state(state), document)
}

#[must_use]
pub(crate) fn document() -> OpenApi {
    table().split().1
}

fn table() -> Table<Storm> {
    let table = Table::new(openapi::head(), openapi::complete);
    let built = operations![
        table;
        write::update_customer,
        write::update_customer2,
        write::update_customer3,
        write::create_customer,
        write::create_customer2,
        write::create_customer3,
        find::by_id,
        find::by_email,
        find::by_key,
        find::search,
    ];
    built.add_unbuilt(unbuilt::OPERATIONS).add_unbuilt_groups(&unbuilt::GROUPS).add_raw(
        token::OPERATION,
        None,
        |request, body| Box::pin(token::issue(request, body)),
    )
}
