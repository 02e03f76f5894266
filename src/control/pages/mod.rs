//! The inspector: pages that show requests, customers and injected faults, and forms that change them. The server renders them,
//! and they work without scripts.

mod assets;
mod changes;
mod clock;
mod code;
mod connect;
mod copy;
mod customer;
mod customer_form;
mod customer_writes;
mod customers;
mod data;
mod data_forms;
mod diff;
mod diff_lines;
mod dress;
mod explorer;
mod extract;
mod fault_forms;
mod fault_rules;
mod faults;
mod fix;
mod format;
mod forms;
mod json_edit;
mod json_text;
mod keys;
mod layout;
mod listing;
mod login;
mod palette;
mod plan;
mod plan_form;
mod profile_section;
mod replay;
mod request;
mod request_parts;
mod requests;
mod tables;
mod tables_csv;
mod tabs;
mod tasks;
mod tenants;
mod tree;
mod undo;
mod undo_switch;
mod vendor_call;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::routing::{get, post};

use super::Control;
pub(super) use dress::dressed;
use extract::PageError;
pub(super) use layout::plain;

pub(crate) use json_text::pretty_json;

/// The response of a page or form.
type PageResult = Result<Response<Body>, PageError>;

/// The pages that need the token of the control API.
pub(super) fn routes() -> Router<Arc<Control>> {
    let of_tenant = Router::new()
        .route("/", get(requests::page))
        .route("/rows", get(requests::rows))
        .route("/requests/clear", post(requests::clear))
        .route("/requests/{request}", get(request::page))
        .route("/replay", post(replay::send))
        .route("/fix", post(fix::complete))
        .route("/customers", get(customers::page))
        .route("/customers/new", get(customer_writes::new).post(customer_writes::create))
        .route("/customers/{customer}", get(customer::page))
        .route("/customers/{customer}/edit", get(customer_writes::edit).post(customer_writes::change))
        .route("/customers/{customer}/upgrade", get(customer_writes::upgrade_form).post(customer_writes::upgrade))
        .route("/customers/{customer}/delete", post(customer_writes::delete))
        .route("/tree", get(explorer::page))
        .route("/tree/branch", get(explorer::branch))
        .route("/tree/move", post(explorer::submit))
        .route("/changes", get(changes::page))
        .route("/diff", get(diff::page))
        .route("/webhooks", get(webhooks::page))
        .route("/webhooks/resend", post(webhooks::resend))
        .route("/webhooks/subscription", post(webhooks::subscription))
        .route("/webhooks/extension", post(webhooks::extension))
        .route("/webhooks/test", post(webhooks::test_event))
        .route("/webhooks/hook", post(webhooks::test_hook))
        .route("/tables", get(tables::list))
        .route("/tables/{table}", get(tables::rows))
        .route("/tables/{table}/csv", get(tables::csv))
        .route("/faults", get(faults::page).post(faults::add))
        .route("/faults/event", post(faults::add_event))
        .route("/faults/preset", post(faults::add_preset))
        .route("/faults/sentence", get(faults::sentence))
        .route("/faults/json", post(faults::add_json))
        .route("/faults/delete", post(faults::delete))
        .route("/clock", get(clock::page).post(clock::change))
        .route("/data", get(data::page))
        .route("/data/reset", post(data::reset))
        .route("/data/save", post(data::save))
        .route("/data/restore", post(data::restore))
        .route("/data/delete-snapshot", post(data::delete_snapshot))
        .route("/data/fork", post(data::fork))
        .route("/data/seed", post(data::seed))
        .route("/data/delete", post(data::delete))
        .route("/plan", get(plan::page).post(plan::replace))
        .route("/keys", get(keys::page).post(keys::add))
        .route("/keys/revoke", post(keys::revoke))
        .route("/keys/delete", post(keys::delete))
        .route("/tasks/{task}", get(tasks::page))
        .route("/undo/on", post(undo_switch::turn_on))
        .route("/undo/off", post(undo_switch::turn_off))
        .route("/undo/{request}", get(undo::page).post(undo::go_back))
        .route("/go", get(palette::of_tenant))
        .route("/{*rest}", get(extract::nothing_here));
    Router::new()
        .route("/_emulator", get(tenants::page).post(tenants::create))
        .route("/_emulator/go", get(palette::page))
        .route("/_emulator/unauthenticated", get(requests::unauthenticated))
        .route("/_emulator/unauthenticated/{request}", get(request::unauthenticated))
        .nest("/_emulator/t/{tenant}", of_tenant)
        .method_not_allowed_fallback(extract::only_a_form)
}

/// The pages that need no token.
pub(super) fn open_routes() -> Router<Arc<Control>> {
    Router::new()
        .route("/_emulator/login", get(login::page).post(login::login))
        .route("/_emulator/logout", post(login::logout))
        .route("/_emulator/theme/{theme}", post(dress::choose))
        .route("/_emulator/assets/inspector.css", get(assets::style))
        .route("/_emulator/assets/inspector.js", get(assets::script))
        .route("/_emulator/assets/icon.svg", get(assets::icon))
}

/// Redirects a browser without the token to the login page, which redirects back to the requested page.
pub(super) fn to_login(requested: Option<&str>) -> Response<Body> {
    match requested.filter(|address| *address != format::HOME && format::is_own_page(address)) {
        Some(address) => see_other(&format!("/_emulator/login?next={}", format::encoded(address))),
        None => see_other("/_emulator/login"),
    }
}

/// Redirects a browser to another page.
fn see_other(path: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let location = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/_emulator"));
    response.headers_mut().insert(header::LOCATION, location);
    response
}
