//! Norce Storm's API (Storm API 1.1, CustomerService): its JSON, its error codes, its routes, and the mapping of its customers to the
//! domain's.
//!
//! A request is read into a [`wire::request::Customer`]. [`merge`] merges that into the stored customer as Storm shows it ([`view`]),
//! and [`changes`] writes the difference.

mod changes;
mod countries;
mod error;
mod error_body;
mod error_examples;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod merge;
mod openapi;
mod query;
mod read;
mod route;
mod size;
#[cfg(test)]
mod tests;
mod token;
mod unbuilt;
mod vendor;
mod view;
mod violations;
mod wire;
mod write;

use utoipa::openapi::OpenApi;

use crate::gateway::{GatewayState, Table, operations};
use crate::vendor_facts::{CredentialKind, ProfileOwner};
use crate::vendors::{Access, Presentation, PresentedCredential, VendorApi, VendorRoutes};

use vendor::Storm;

pub(crate) static API: VendorApi = VendorApi {
    name: "storm",
    title: "Storm",
    operation_prefix: "Storm",
    undocumented_operations: &[token::OPERATION.id],
    credential: CredentialKind::OauthClient,
    credential_label: "Storm client",
    presented: PresentedCredential { variable: "EMULATOR_TOKEN", way: Presentation::Bearer },
    secret_headers: &["authorization"],
    access: Access {
        base_path: "/api/1.1",
        sample_path: "",
        token_path: Some("/1.0/connect/token"),
        account: Some("client_id"),
        secret: "client_secret",
    },
    profile: Some(ProfileOwner::Storm),
    document,
    routes,
    canonical_path: route::canonical_path,
};

fn routes(gateway: &GatewayState) -> VendorRoutes {
    VendorRoutes::new(Storm, gateway, with_operations(Table::of_routes()))
}

fn document() -> OpenApi {
    with_operations(Table::with_document(openapi::head(), openapi::complete)).into_document()
}

fn with_operations(table: Table<Storm>) -> Table<Storm> {
    let built = operations![
        table;
        write::update_customer,
        write::update_customer2,
        write::update_customer3,
        write::create_customer,
        write::create_customer2,
        write::create_customer3,
        read::by_id,
        read::by_email,
        read::by_key,
        read::search,
    ];
    built.add_unbuilt(unbuilt::OPERATIONS).add_unbuilt_groups(&unbuilt::GROUPS).add_raw(
        token::OPERATION,
        None,
        |request, body| Box::pin(token::issue(request, body)),
    )
}
