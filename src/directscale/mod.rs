//! DirectScale's customer API: the route table.

mod customers;
mod endpoint;
mod error;
mod extension;
mod fault;
mod lookups;
mod message;
mod openapi;
mod operation;
mod points;
mod prefer;
mod query;
mod sso;
mod trees;
mod unbuilt;
mod unknown;
mod validate;
mod wire;

use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use utoipa::openapi::OpenApi;

use crate::customers::Customers;
use crate::journal::Journal;
use crate::tenants::Directory;
use operation::{Table, operations};

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
    /// Where calls are kept.
    pub journal: Journal,
}

/// The routes and the document that describes them. A path with a trailing slash has lost it before it comes here.
pub fn routes(directscale: Arc<DirectScale>) -> (Router, OpenApi) {
    let (router, document) = table().split();
    (router.merge(extension::routes()).with_state(directscale), document)
}

/// What answers a request whose path is no operation.
pub fn fallback(
    directscale: Arc<DirectScale>,
    document: &OpenApi,
) -> impl Fn(Request) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> + Clone + Send + Sync + 'static {
    let known = Arc::new(operation::calls(document));
    move |request: Request| {
        let (directscale, known) = (Arc::clone(&directscale), Arc::clone(&known));
        Box::pin(unknown::unknown(directscale, known, request.into_parts().0))
    }
}

/// The document alone.
#[must_use]
pub fn document() -> OpenApi {
    table().split().1
}

fn table() -> Table {
    operations![
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
    ]
    .with_unbuilt()
}
