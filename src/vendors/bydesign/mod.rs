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
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod lists;
mod locales;
mod mapping;
mod members;
mod negotiate;
mod openapi;
mod reader;
mod response;
mod route;
mod schema;
mod settings;
mod unbuilt;
mod vendor;
mod violations;
mod xml;

use utoipa::openapi::OpenApi;

use crate::gateway::{GatewayState, Table, operations};
use crate::vendor_facts::{CredentialKind, ProfileOwner};
use crate::vendors::{Access, Presentation, PresentedCredential, VendorApi, VendorRoutes};

use vendor::ByDesign;

pub(crate) static API: VendorApi = VendorApi {
    name: "bydesign",
    title: "ByDesign",
    operation_prefix: "ByDesign",
    undocumented_operations: &[],
    credential: CredentialKind::Basic,
    credential_label: "ByDesign user",
    presented: PresentedCredential { variable: "EMULATOR_USER_AND_PASSWORD", way: Presentation::Basic },
    secret_headers: &["authorization"],
    access: Access {
        base_path: "/Demo",
        sample_path: "/api/Admin/CustomerType",
        token_path: None,
        account: Some("user_name"),
        secret: "password",
    },
    profile: Some(ProfileOwner::ByDesign),
    document,
    routes,
    canonical_path: route::canonical_path,
};

fn routes(gateway: &GatewayState) -> VendorRoutes {
    VendorRoutes::new(ByDesign, gateway, with_operations(Table::of_routes()))
}

fn document() -> OpenApi {
    with_operations(Table::with_document(openapi::head(), openapi::complete)).into_document()
}

fn with_operations(table: Table<ByDesign>) -> Table<ByDesign> {
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

#[cfg(test)]
mod reader_tests;
#[cfg(test)]
mod round_trip_tests;
