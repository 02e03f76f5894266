//! DirectScale's customer API: the route table.

mod call;
mod customers;
mod error;
mod examples;
mod extension;
mod key;
mod lookups;
mod openapi;
mod points;
mod query;
mod rejection;
mod sso;
mod trees;
mod unbuilt;
mod validate;
mod vendor;
mod wire;

use axum::body::Bytes;
use axum::http::Response;
use utoipa::openapi::OpenApi;

use crate::gateway::{GatewayRejection, GatewayState, Table, operations};
use crate::tenants::CredentialKind;
use crate::vendors::{CurlCredential, VendorApi, VendorRoutes};

use vendor::DirectScale;

pub(crate) static API: VendorApi = VendorApi {
    name: "directscale",
    title: "DirectScale",
    operation_prefix: "",
    undocumented_operations: &[extension::OPERATION],
    credential: CredentialKind::SubscriptionKey,
    credential_label: "DirectScale key",
    curl: CurlCredential { variable: "EMULATOR_KEY", argument: r#"-H "Ocp-Apim-Subscription-Key: $EMULATOR_KEY""# },
    document,
    routes,
    canonical_path: |_| None,
};

fn routes(gateway: &GatewayState) -> VendorRoutes {
    let (router, mut document) = table().split();
    openapi::mark(&mut document);
    VendorRoutes::new(DirectScale, gateway, router.merge(extension::routes()), document)
}

fn document() -> OpenApi {
    let mut document = table().split().1;
    openapi::mark(&mut document);
    document
}

/// The gateway's response to a request that reaches no vendor's routes.
#[must_use]
pub(crate) fn rejected(rejection: &GatewayRejection) -> Response<Bytes> {
    rejection::response(rejection, String::new)
}

fn table() -> Table<DirectScale> {
    let table = Table::new(openapi::head(), openapi::complete);
    let built = operations![
        table;
        customers::by_parameter,
        customers::create,
        customers::get,
        customers::replace,
        customers::patch,
        customers::delete,
        customers::upgrade,
        customers::reset_password,
        customers::custom_fields,
        lookups::search,
        lookups::customer_ids,
        lookups::website_info,
        lookups::countries,
        lookups::stats,
        trees::downline,
        trees::downline_ids,
        trees::place_node,
        trees::unplaced,
        points::add,
        points::deduct,
        validate::email_address,
        validate::username,
        validate::username_availability,
        validate::tax_id,
        validate::web_alias,
        validate::back_office_id,
        validate::login,
        validate::login_by_query,
        sso::login_url,
        sso::use_token,
    ];
    built.add_unbuilt(&unbuilt::OPERATIONS).add_unbuilt_groups(&unbuilt::GROUPS)
}
