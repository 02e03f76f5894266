//! The inspector: pages that show what was called, who is there and what is armed, and forms that change it. Made by the server,
//! useful without scripts.

mod assets;
mod beside;
mod call;
mod call_parts;
mod calls;
mod changes;
mod clock;
mod curl;
mod customer;
mod customers;
mod diff;
mod events;
mod faults;
mod forms;
mod json_text;
mod keys;
mod layout;
mod replay;
mod sign_in;
mod tasks;
mod tenants;
mod tree;
mod visit;
mod words;
mod world;
mod world_forms;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::routing::{get, post};

use super::Control;
pub(super) use layout::plain;
use visit::PageError;

pub(crate) use json_text::laid_out;

/// What a page or form comes to.
type Shown = Result<Response<Body>, PageError>;

/// The pages that only those see whom the control API lets in.
pub(super) fn routes() -> Router<Arc<Control>> {
    let of_tenant = Router::new()
        .route("/", get(calls::page))
        .route("/rows", get(calls::rows))
        .route("/calls/clear", post(calls::clear))
        .route("/calls/{call}", get(call::page))
        .route("/replay", post(replay::send))
        .route("/customers", get(customers::page))
        .route("/customers/{customer}", get(customer::page))
        .route("/changes", get(changes::page))
        .route("/diff", get(diff::page))
        .route("/events", get(events::page))
        .route("/events/resend", post(events::resend))
        .route("/faults", get(faults::page).post(faults::arm))
        .route("/faults/event", post(faults::arm_event))
        .route("/faults/json", post(faults::arm_json))
        .route("/faults/disarm", post(faults::disarm))
        .route("/clock", get(clock::page).post(clock::change))
        .route("/world", get(world::page))
        .route("/world/reset", post(world::reset))
        .route("/world/save", post(world::save))
        .route("/world/restore", post(world::restore))
        .route("/world/forget", post(world::forget))
        .route("/world/fork", post(world::fork))
        .route("/world/seed", post(world::seed))
        .route("/world/plan", post(world::replace_plan))
        .route("/world/delete", post(world::delete))
        .route("/keys", post(keys::add))
        .route("/keys/revoke", post(keys::revoke))
        .route("/keys/delete", post(keys::delete))
        .route("/tasks/{task}", get(tasks::page))
        .route("/{*rest}", get(visit::nothing_here));
    Router::new()
        .route("/_emulator", get(tenants::page).post(tenants::make))
        .route("/_emulator/nobody", get(calls::nobody))
        .route("/_emulator/nobody/{call}", get(call::of_nobody))
        .nest("/_emulator/t/{tenant}", of_tenant)
        .method_not_allowed_fallback(visit::only_a_form)
}

/// The pages that everybody sees.
pub(super) fn open_routes() -> Router<Arc<Control>> {
    Router::new()
        .route("/_emulator/login", get(sign_in::page).post(sign_in::sign_in))
        .route("/_emulator/assets/inspector.css", get(assets::style))
        .route("/_emulator/assets/inspector.js", get(assets::script))
        .route("/_emulator/assets/icon.svg", get(assets::icon))
}

/// Where a browser is sent that has not shown the token; it comes back to the page that it `wanted`.
pub(super) fn to_sign_in(wanted: Option<&str>) -> Response<Body> {
    match wanted.filter(|wanted| *wanted != sign_in::HOME && sign_in::is_own_page(wanted)) {
        Some(wanted) => see_other(&format!("/_emulator/login?next={}", words::encoded(wanted))),
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
