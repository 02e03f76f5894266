//! The live list of calls.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use maud::{Markup, html};

use super::Shown;
use super::extract::{Asked, Visit};
use super::format::{call_id, clock_time, count, encoded, milliseconds, status};
use super::forms::Fields;
use super::layout::{self, Tab, field};
use crate::control::error::ControlError;
use crate::control::typed;
use crate::database::TenantId;
use crate::journal::{Entry, Filter, Journal};

/// So many calls are shown.
const MOST: usize = 100;

/// Whose calls are shown, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The tenant, with its name; nobody where there is none.
    pub tenant: Option<(TenantId, &'a str)>,
}

impl Place<'_> {
    /// The address of a call.
    pub(super) fn call(self, entry: &Entry) -> String {
        match self.tenant {
            Some((_, name)) => super::format::at(name, &format!("calls/{}", call_id(entry))),
            None => format!("/_emulator/nobody/{}", call_id(entry)),
        }
    }

    fn list(self) -> String {
        self.tenant.map_or_else(|| "/_emulator/nobody".to_owned(), |(_, name)| super::format::at(name, ""))
    }
}

/// The list of a tenant's calls.
pub(super) async fn page(visit: Visit) -> Shown {
    let place = Place { tenant: Some((visit.tenant.id, visit.name())) };
    let (problem, body) = body(&visit.asked, place)?;
    Ok(layout::of_tenant(&visit, Tab::Calls, "Calls", problem.as_ref(), &body))
}

/// The list of the calls without a key, or with one that opens nothing.
pub(super) async fn nobody(asked: Asked) -> Shown {
    let (problem, list) = body(&asked, Place { tenant: None })?;
    let body = html! {
        p.lead { "Those without a key, or with a key that opens nothing; and paths that are no operation." }
        (list)
    };
    Ok(layout::plain("Calls of nobody", problem.as_ref(), &body))
}

/// The rows that came since, for the script.
pub(super) async fn rows(asked: Asked) -> Shown {
    let filter = filter(&asked.query)?;
    let tenant = asked.tenants.tenant(asked.part("tenant")).await?;
    let place = Place { tenant: Some((tenant.id, &tenant.name)) };
    let found = journal(&asked)?.find(Some(tenant.id), &filter, MOST);
    let rows = html! { @for entry in &found { (row(entry, place)) } };
    let mut response: Response<Body> = typed("text/html; charset=utf-8", rows.into_string());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

pub(super) async fn clear(visit: Visit) -> Shown {
    visit.tenants().journal.clear(Some(visit.tenant.id));
    Ok(visit.to(""))
}

/// The journal, if it is on.
pub(super) fn journal(asked: &Asked) -> Result<&Journal, ControlError> {
    let journal = &asked.tenants.journal;
    if journal.is_on() { Ok(journal) } else { Err(ControlError::NotFound("the journal is off".to_owned())) }
}

fn filter(query: &Fields) -> Result<Filter, ControlError> {
    let status = query.filled("status").map(|text| text.to_ascii_lowercase().try_into()).transpose();
    Ok(Filter {
        operation: query.filled("operation").map(str::to_owned),
        status: status.map_err(ControlError::Bad)?,
        customer: query.value("customer", "the customer")?,
        request_id: None,
        since: query.value("since", "since")?,
    })
}

fn body(asked: &Asked, place: Place<'_>) -> Result<(Option<ControlError>, Markup), ControlError> {
    let journal = journal(asked)?;
    let (problem, filter) = match filter(&asked.query) {
        Ok(filter) => (None, filter),
        Err(error) => (Some(error), Filter::default()),
    };
    let found = journal.find(place.tenant.map(|(tenant, _)| tenant), &filter, MOST);
    let last = found.first().map_or(0, |entry| entry.number);
    let live = place.tenant.filter(|_| problem.is_none()).map(|(_, name)| encoded(name));
    let query = query_of(&filter);
    let body = html! {
        (filters(asked, place, &found))
        div #live data-stream=[live.as_ref().map(|name| format!("/_emulator/tenants/{name}/requests/stream?{query}"))]
            data-rows=[live.as_ref().map(|name| format!("/_emulator/t/{name}/rows?{query}"))] data-last=(last) data-most=(MOST) {
            (table(&found, place))
            p.empty hidden[!found.is_empty()] {
                @if query.is_empty() { "No call was made yet. " } @else { "No call is like this. " }
                @if place.tenant.is_some() { "Each one appears here as soon as it is answered." }
            }
        }
        p.hint.keys { kbd { "j" } " " kbd { "k" } " next and previous call, " kbd { "Enter" } " opens it, " kbd { "/" } " to filter" }
    };
    Ok((problem, body))
}

fn query_of(filter: &Filter) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(operation) = &filter.operation {
        query.append_pair("operation", operation);
    }
    if let Some(status) = filter.status {
        query.append_pair("status", &status.to_string());
    }
    if let Some(customer) = filter.customer {
        query.append_pair("customer", &customer.to_string());
    }
    query.finish()
}

fn filters(asked: &Asked, place: Place<'_>, found: &[Arc<Entry>]) -> Markup {
    let query = &asked.query;
    let input = |name: &str, list: Option<&str>, hint: &str| {
        html! { input id=(name) name=(name) value=(query.text(name)) list=[list] placeholder=(hint) autocomplete="off"; }
    };
    html! {
        div.bar {
            form.row method="get" action=(place.list()) role="search" aria-label="Filter the calls" {
                (field("operation", "Operation", &input("operation", Some("operations"), "UpgradeCustomer")))
                datalist #operations { @for name in asked.control.catalogue.operations() { option value=(name) {} } }
                div.narrow { (field("status", "Status", &input("status", None, "4xx"))) }
                div.narrow { (field("customer", "Customer", &input("customer", None, "3"))) }
                div.buttons {
                    button { "Filter" }
                    a.button.quiet href=(place.list()) { "All" }
                }
            }
            div.buttons {
                @if place.tenant.is_some() {
                    span #live-state.live role="status" hidden { "Live" }
                    button.quiet #pause type="button" aria-pressed="false" hidden { "Pause" }
                }
                a.button.quiet href={ (place.list()) "?" (asked.query_text) } { "Refresh" }
                @if let (Some((_, name)), false) = (place.tenant, found.is_empty()) {
                    form method="post" action=(super::format::at(name, "calls/clear")) { button.quiet { "Forget all" } }
                }
            }
        }
    }
}

pub(super) fn table(found: &[Arc<Entry>], place: Place<'_>) -> Markup {
    html! {
        table.calls.stack {
            thead { tr {
                th scope="col" { "Time" } th scope="col" { "Status" } th scope="col" { "Call" }
                th scope="col" { "Took" } th scope="col" { "Key" } th scope="col" { "Customer" } th scope="col" { "Notes" }
            } }
            tbody { @for entry in found { (row(entry, place)) } }
        }
    }
}

fn row(entry: &Entry, place: Place<'_>) -> Markup {
    html! {
        tr data-number=(entry.number) {
            td.time data-label="Time" { (clock_time(entry.at)) }
            td data-label="Status" { (status(entry.status)) }
            td.what data-label="Call" {
                a.call.clamped href=(place.call(entry)) title=(format!("{} {}", entry.method, entry.path)) { span.method { (entry.method) } " " (entry.path) }
                div.dim { @if entry.operation == "-" { "no operation" } @else { (entry.operation) } }
            }
            td.number data-label="Took" { (milliseconds(entry.ms)) }
            td data-label="Key" { (entry.key.as_deref().unwrap_or("none")) }
            td data-label="Customer" {
                @match (entry.customer, place.tenant) {
                    (Some(id), Some((_, name))) => a href=(super::format::at(name, &format!("customers/{id}"))) { (id) },
                    (Some(id), None) => (id),
                    (None, _) => span.dim { "–" },
                }
            }
            td.notes data-label="Notes" { (notes(entry)) }
        }
    }
}

fn notes(entry: &Entry) -> Markup {
    html! {
        @if let Some(fault) = &entry.fault { span.mark.bad { "fault " (fault.id) ": " (fault.what) } " " }
        @if entry.is_dry_run { span.mark.warn { "dry_run" } " " }
        @if !entry.changes.is_empty() { span.mark { (count(entry.changes.len(), "change", "changes")) } " " }
        @if !entry.hooks.is_empty() { span.mark { (count(entry.hooks.len(), "hook", "hooks")) } " " }
        @if !entry.events.is_empty() { span.mark { (count(entry.events.len(), "event", "events")) } " " }
        @if let Some(reason) = entry.reasons.first() {
            span.reason {
                (reason.message)
                @if entry.reasons.len() > 1 { span.dim { " and " (entry.reasons.len() - 1) " more" } }
            }
        }
    }
}
