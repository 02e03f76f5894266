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
mod route;
mod schema;
mod unbuilt;
mod vendor;
mod violations;
mod wire;

use utoipa::openapi::OpenApi;

use crate::gateway::{GatewayState, Table, operations};
use crate::tenants::CredentialKind;
use crate::vendors::{CurlCredential, VendorApi, VendorRoutes};

use vendor::ByDesign;

pub(crate) static API: VendorApi = VendorApi {
    name: "bydesign",
    title: "ByDesign",
    operation_prefix: "ByDesign",
    undocumented_operations: &[],
    credential: CredentialKind::Basic,
    credential_label: "ByDesign user",
    curl: CurlCredential { variable: "EMULATOR_USER_AND_PASSWORD", argument: r#"-u "$EMULATOR_USER_AND_PASSWORD""# },
    document,
    routes,
    canonical_path: route::canonical_path,
};

fn routes(gateway: &GatewayState) -> VendorRoutes {
    let (router, document) = table().split();
    VendorRoutes::new(ByDesign, gateway, router, document)
}

fn document() -> OpenApi {
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
