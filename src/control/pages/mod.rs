//! The inspector: pages that show what was called, who is there and what is armed, and forms that change it. Made by the server,
//! useful without scripts.

mod assets;
mod changes;
mod clock;
mod curl;
mod customer;
mod customers;
mod data;
mod data_forms;
mod diff;
mod extract;
mod faults;
mod format;
mod forms;
mod json_text;
mod keys;
mod layout;
mod login;
mod profile_section;
mod replay;
mod request;
mod request_parts;
mod requests;
mod tasks;
mod tenants;
mod tree;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::routing::{get, post};

use super::Control;
use extract::PageError;
pub(super) use layout::plain;

pub(crate) use json_text::laid_out;

/// What a page or form comes to.
type Shown = Result<Response<Body>, PageError>;

/// The pages that only those see whom the control API lets in.
pub(super) fn routes() -> Router<Arc<Control>> {
    let of_tenant = Router::new()
        .route("/", get(requests::page))
        .route("/rows", get(requests::rows))
        .route("/requests/clear", post(requests::clear))
        .route("/requests/{request}", get(request::page))
        .route("/replay", post(replay::send))
        .route("/customers", get(customers::page))
        .route("/customers/{customer}", get(customer::page))
        .route("/changes", get(changes::page))
        .route("/diff", get(diff::page))
        .route("/webhooks", get(webhooks::page))
        .route("/webhooks/resend", post(webhooks::resend))
        .route("/faults", get(faults::page).post(faults::add))
        .route("/faults/event", post(faults::add_event))
        .route("/faults/json", post(faults::add_json))
        .route("/faults/delete", post(faults::delete))
        .route("/clock", get(clock::page).post(clock::change))
        .route("/world", get(data::page))
        .route("/world/reset", post(data::reset))
        .route("/world/save", post(data::save))
        .route("/world/restore", post(data::restore))
        .route("/world/forget", post(data::forget))
        .route("/world/fork", post(data::fork))
        .route("/world/seed", post(data::seed))
        .route("/world/plan", post(data::replace_plan))
        .route("/world/delete", post(data::delete))
        .route("/keys", post(keys::add))
        .route("/keys/revoke", post(keys::revoke))
        .route("/keys/delete", post(keys::delete))
        .route("/tasks/{task}", get(tasks::page))
        .route("/{*rest}", get(extract::nothing_here));
    Router::new()
        .route("/_emulator", get(tenants::page).post(tenants::make))
        .route("/_emulator/unauthenticated", get(requests::unauthenticated))
        .route("/_emulator/unauthenticated/{request}", get(request::unauthenticated))
        .nest("/_emulator/t/{tenant}", of_tenant)
        .method_not_allowed_fallback(extract::only_a_form)
}

/// The pages that everybody sees.
pub(super) fn open_routes() -> Router<Arc<Control>> {
    Router::new()
        .route("/_emulator/login", get(login::page).post(login::sign_in))
        .route("/_emulator/assets/inspector.css", get(assets::style))
        .route("/_emulator/assets/inspector.js", get(assets::script))
        .route("/_emulator/assets/icon.svg", get(assets::icon))
}

/// Where a browser is sent that has not shown the token; it comes back to the page that it `wanted`.
pub(super) fn to_sign_in(wanted: Option<&str>) -> Response<Body> {
    match wanted.filter(|wanted| *wanted != login::HOME && login::is_own_page(wanted)) {
        Some(wanted) => see_other(&format!("/_emulator/login?next={}", format::encoded(wanted))),
        None => see_other("/_emulator/login"),
    }
}

/// Sends a browser on to another page.
fn see_other(path: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let location = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/_emulator"));
    response.headers_mut().insert(header::LOCATION, location);
    response
}
