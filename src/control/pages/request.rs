//! One call: what was asked, what was answered, why, and what came of it.

use std::sync::Arc;

use maud::{Markup, html};

use super::Shown;
use super::extract::{Asked, Visit};
use super::format::{milliseconds, status, time};
use super::layout::{self, Tab, facts};
use super::request_parts as parts;
use super::requests::{Place, journal};
use super::{curl, replay};
use crate::control::error::ControlError;
use crate::database::TenantId;
use crate::journal::{Entry, Filter};

/// A call of a tenant.
pub(super) async fn page(visit: Visit) -> Shown {
    let entry = find(&visit.asked, Some(visit.tenant.id), visit.asked.part("call"))?;
    let place = Place { tenant: Some((visit.tenant.id, visit.name())) };
    let body = html! {
        (shown(&entry, place))
        (replay::form(&visit, &replay::Draft::of(&entry)))
    };
    Ok(layout::of_tenant(&visit, Tab::Calls, &title(&entry), None, &body))
}

pub(super) async fn of_nobody(asked: Asked) -> Shown {
    let entry = find(&asked, None, asked.part("call"))?;
    Ok(layout::plain(&title(&entry), None, &shown(&entry, Place { tenant: None })))
}

/// A call by its id, or by its number where it has none.
pub(super) fn find(asked: &Asked, tenant: Option<TenantId>, text: &str) -> Result<Arc<Entry>, ControlError> {
    let journal = journal(asked)?;
    let found = if let Ok(number) = text.parse::<u64>() {
        let filter = Filter { since: number.checked_sub(1), ..Filter::default() };
        journal.find(tenant, &filter, usize::MAX).pop().filter(|entry| entry.number == number)
    } else {
        let id = text.parse().ok();
        id.and_then(|id| journal.find(tenant, &Filter { request_id: Some(id), ..Filter::default() }, 1).pop())
    };
    found.ok_or_else(|| ControlError::NotFound("the journal has no such call, or has it no more".to_owned()))
}

fn title(entry: &Entry) -> String {
    let path = entry.path.split('?').next().unwrap_or_default();
    format!("{} {path}", entry.method)
}

fn shown(entry: &Entry, place: Place<'_>) -> Markup {
    let tenant = place.tenant.map(|(_, name)| name);
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
            ("Came", time(entry.at)),
            ("Tenant's time", entry.tenant_time.filter(|at| (*at - entry.at).num_seconds().abs() > 1).map(time).unwrap_or_default()),
            ("Took", html! { (milliseconds(entry.ms)) ", of which " (milliseconds(entry.database_ms)) " in the database" }),
            ("Key", html! { (entry.key.as_deref().unwrap_or("none")) }),
            ("Customer", entry.customer.map(customer).unwrap_or_default()),
            ("Request id", html! { @if !entry.request_id.is_nil() { code { (entry.request_id) } } }),
        ]))
        @if entry.is_dry_run {
            div.alert.warn { strong { "A dry_run. " } "All that it changed was taken back." }
        }
        @if let Some(fault) = &entry.fault {
            div.alert.bad { strong { "It failed on purpose. " } "Fault " (fault.id) ": " (fault.what) "." }
        }
        (parts::why(entry))
        (parts::changes(entry, tenant))
        (parts::events(entry, tenant))
        (parts::hooks(entry))
        div.pair {
            (parts::message("Request", &entry.request_headers, &entry.request_body, true, &entry.reasons))
            (parts::message("Response", &entry.response_headers, &entry.response_body, entry.status.is_some(), &[]))
        }
        (curl::section(entry))
    }
}

fn reason_phrase(status: Option<u16>) -> &'static str {
    status
        .and_then(|code| axum::http::StatusCode::from_u16(code).ok())
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default()
}
