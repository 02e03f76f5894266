//! One request: its response, the reasons of a rejection, and its effects.

use maud::{Markup, html};

use super::PageResult;
use super::extract::{PageRequest, TenantPage};
use super::format::{milliseconds, status, time};
use super::layout::{self, facts};
use super::request_parts as parts;
use super::requests::RequestScope;
use super::tabs::{self, Tab};
use super::{curl, replay};
use crate::control::journal::{find_request, journal};
use crate::journal::Entry;

pub(super) async fn page(page: TenantPage) -> PageResult {
    let entry = find_request(journal(page.tenants())?, Some(page.tenant.id), page.request.part("request")).await?;
    let scope = RequestScope { tenant: Some((page.tenant.id, page.name())) };
    let body = html! {
        (render(&entry, scope, &page.request.vendor_address()))
        (replay::form(&page, &replay::Draft::of(&entry)))
    };
    Ok(tabs::of_tenant(&page, Tab::Requests, &title(&entry), None, &body))
}

pub(super) async fn unauthenticated(request: PageRequest) -> PageResult {
    let entry = find_request(journal(&request.tenants)?, None, request.part("request")).await?;
    Ok(layout::plain(&title(&entry), None, &render(&entry, RequestScope { tenant: None }, &request.vendor_address())))
}

fn title(entry: &Entry) -> String {
    let path = entry.path.split('?').next().unwrap_or_default();
    format!("{} {path}", entry.method)
}

/// `server` is the address of the vendor APIs.
fn render(entry: &Entry, scope: RequestScope<'_>, server: &str) -> Markup {
    let tenant = scope.tenant.map(|(_, name)| name);
    let customer = |id: i32| {
        html! {
            @if let Some(name) = tenant { a href=(super::format::at(name, &format!("customers/{id}"))) { (id) } }
            @else { (id) }
        }
    };
    html! {
        (facts(&[
            ("Status", html! { (status(entry.status)) " " span.dim { (reason_phrase(entry.status)) } }),
            ("Operation", html! { @if entry.operation == "-" { "none" } @else { (entry.operation) } }),
            ("Path and query", html! { @if entry.path.contains('?') { code { (entry.path) } } }),
            ("Received at", time(entry.received_at)),
            ("Tenant's time", entry.tenant_time.filter(|at| (*at - entry.received_at).num_seconds().abs() > 1).map(time).unwrap_or_default()),
            ("Duration", html! { (milliseconds(entry.duration_ms)) ", of which " (milliseconds(entry.database_ms)) " in the database" }),
            ("Key", html! { (entry.key.as_deref().unwrap_or("none")) }),
            ("Customer", entry.customer.map(customer).unwrap_or_default()),
            ("Request id", html! { @if !entry.request_id.is_nil() { code { (entry.request_id) } } }),
        ]))
        @if entry.is_dry_run {
            div.alert.warn { strong { "A dry run. " } "All changes were rolled back." }
        }
        @if let Some(fault) = &entry.fault {
            div.alert.bad { strong { "An injected fault. " } "Fault " (fault.id) ": " (fault.description) "." }
        }
        (parts::why(entry))
        (parts::changes(entry, tenant))
        (parts::events(entry, tenant))
        (parts::left_out(entry))
        (parts::hooks(entry))
        div.pair {
            (parts::message("Request", &entry.request_headers, &entry.request_body, true, &entry.reasons))
            (parts::message("Response", &entry.response_headers, &entry.response_body, entry.status.is_some(), &[]))
        }
        (curl::section(entry, server))
    }
}

fn reason_phrase(status: Option<u16>) -> &'static str {
    status
        .and_then(|code| axum::http::StatusCode::from_u16(code).ok())
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default()
}
