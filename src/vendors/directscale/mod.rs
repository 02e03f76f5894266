//! DirectScale's customer API: the route table.

mod customers;
mod draft;
mod error;
mod error_examples;
mod examples;
mod extension;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
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

use axum::routing::MethodFilter;
use utoipa::openapi::OpenApi;

use crate::gateway::{GatewayState, Table, operations};
use crate::model::Customer;
use crate::plan::Plan;
use crate::vendor_facts::CredentialKind;
use crate::vendors::{Access, Presentation, PresentedCredential, VendorApi, VendorRoutes};

pub(crate) use draft::draft;
use vendor::DirectScale;

pub(crate) static API: VendorApi = VendorApi {
    name: "directscale",
    title: "DirectScale",
    operation_prefix: "",
    undocumented_operations: &[extension::OPERATION.id],
    credential: CredentialKind::SubscriptionKey,
    credential_label: "DirectScale key",
    presented: PresentedCredential { variable: "EMULATOR_KEY", way: Presentation::Header("Ocp-Apim-Subscription-Key") },
    secret_headers: &vendor::SECRETS,
    access: Access {
        base_path: "/v1",
        sample_path: "/customers/customer-ids",
        token_path: None,
        account: None,
        secret: "subscription_key",
    },
    profile: None,
    document,
    routes,
    canonical_path: |_| None,
};

/// A customer as GET returns it, with its secrets.
pub(crate) fn customer_json(customer: &Customer, plan: &Plan) -> String {
    serde_json::to_string(&wire::CustomerJson::new(customer, plan)).expect("invariant: plain data is JSON")
}

fn routes(gateway: &GatewayState) -> VendorRoutes {
    VendorRoutes::new(DirectScale, gateway, with_operations(Table::of_routes()))
}

fn document() -> OpenApi {
    let mut document = with_operations(Table::with_document(openapi::head(), openapi::complete)).into_document();
    openapi::mark(&mut document);
    document
}

fn with_operations(table: Table<DirectScale>) -> Table<DirectScale> {
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
    built.add_unbuilt(&unbuilt::OPERATIONS).add_unbuilt_groups(&unbuilt::GROUPS).add_raw(
        extension::OPERATION,
        Some(MethodFilter::POST),
        |request, body| Box::pin(extension::call_back(request, body)),
    )
}
