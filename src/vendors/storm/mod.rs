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
mod route;
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

use axum::routing::any;
use utoipa::openapi::OpenApi;

use crate::gateway::{GatewayState, Table, operations};
use crate::tenants::CredentialKind;
use crate::vendors::{CanonicalPath, CurlCredential, VendorApi, VendorRoutes};

use vendor::Storm;

pub(crate) static API: VendorApi = VendorApi {
    name: "storm",
    title: "Storm",
    operation_prefix: "Storm",
    undocumented_operations: &[token::OPERATION],
    credential: CredentialKind::OauthClient,
    credential_label: "Storm client",
    curl: CurlCredential { variable: "EMULATOR_TOKEN", argument: r#"-H "Authorization: Bearer $EMULATOR_TOKEN""# },
    document,
    routes,
    canonical_path: |path| route::canonical_path(path).map(CanonicalPath::from),
};

fn routes(gateway: &GatewayState) -> VendorRoutes {
    let (router, document) = table().split();
    VendorRoutes::new(Storm, gateway, router.route(route::TOKEN, any(token::issue)), document)
}

fn document() -> OpenApi {
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
    built.add_unbuilt(unbuilt::OPERATIONS).add_unbuilt_groups(&unbuilt::GROUPS)
}
