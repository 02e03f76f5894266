//! The live list of requests.

use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use maud::{Markup, html};

use super::PageResult;
use super::extract::{PageRequest, TenantPage};
use super::format::{clock_time, count, encoded, milliseconds, request_id, status};
use super::forms::Fields;
use super::layout::{self, field};
use super::tabs::{self, Tab};
use crate::control::error::ControlError;
use crate::control::journal::{journal, listed};
use crate::control::typed;
use crate::database::TenantId;
use crate::journal::{Entry, Filter};

const MAX_SHOWN: usize = 100;

/// The requests that a page shows: a tenant's, or the unauthenticated ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestScope<'a> {
    /// The tenant with its name; `None` for unauthenticated requests.
    pub tenant: Option<(TenantId, &'a str)>,
}

impl RequestScope<'_> {
    /// The path of a request's page.
    pub(super) fn request(self, entry: &Entry) -> String {
        match self.tenant {
            Some((_, name)) => super::format::at(name, &format!("requests/{}", request_id(entry))),
            None => format!("/_emulator/unauthenticated/{}", request_id(entry)),
        }
    }

    fn list(self) -> String {
        self.tenant.map_or_else(|| "/_emulator/unauthenticated".to_owned(), |(_, name)| super::format::at(name, ""))
    }
}

pub(super) async fn page(page: TenantPage) -> PageResult {
    let scope = RequestScope { tenant: Some((page.tenant.id, page.name())) };
    let (problem, body) = body(&page.request, scope).await?;
    Ok(tabs::of_tenant(&page, Tab::Requests, "Requests", problem.as_ref(), &body))
}

pub(super) async fn unauthenticated(request: PageRequest) -> PageResult {
    let (problem, list) = body(&request, RequestScope { tenant: None }).await?;
    let body = html! {
        p.lead { "Requests without a key, or with a key that is not valid." }
        (list)
    };
    Ok(layout::plain("Unauthenticated requests", problem.as_ref(), &body))
}

/// The rows of newer requests, for the script.
pub(super) async fn rows(request: PageRequest) -> PageResult {
    let filter = filter(&request.query)?;
    let tenant = request.tenants.tenant(request.part("tenant")).await?;
    let scope = RequestScope { tenant: Some((tenant.id, &tenant.name)) };
    let found = listed(journal(&request.tenants)?, Some(tenant.id), &filter, MAX_SHOWN).await?;
    let rows = html! { @for entry in &found { (row(entry, scope)) } };
    let mut response: Response<Body> = typed("text/html; charset=utf-8", rows.into_string());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

pub(super) async fn clear(page: TenantPage) -> PageResult {
    page.tenants().journal.clear(Some(page.tenant.id)).await?;
    Ok(page.to(""))
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

async fn body(request: &PageRequest, scope: RequestScope<'_>) -> Result<(Option<ControlError>, Markup), ControlError> {
    let journal = journal(&request.tenants)?;
    let (problem, filter) = match filter(&request.query) {
        Ok(filter) => (None, filter),
        Err(error) => (Some(error), Filter::default()),
    };
    let query = query_of(&filter);
    let found = listed(journal, scope.tenant.map(|(tenant, _)| tenant), &filter, MAX_SHOWN).await?;
    let last = found.first().map_or(0, |entry| entry.number);
    let live = scope.tenant.filter(|_| problem.is_none()).map(|(_, name)| encoded(name));
    let body = html! {
        (filters(request, scope, &found))
        div #live data-stream=[live.as_ref().map(|name| format!("/_emulator/tenants/{name}/requests/stream?{query}"))]
            data-rows=[live.as_ref().map(|name| format!("/_emulator/t/{name}/rows?{query}"))] data-last=(last) data-max-rows=(MAX_SHOWN) {
            (table(&found, scope))
            p.empty hidden[!found.is_empty()] {
                @if query.is_empty() { "No requests yet. " } @else { "No request matches. " }
                @if scope.tenant.is_some() { "Each request appears here when it has its response." }
            }
        }
        p.hint.keys { kbd { "j" } " " kbd { "k" } " next and previous request, " kbd { "Enter" } " opens it, " kbd { "/" } " to filter" }
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

fn filters(request: &PageRequest, scope: RequestScope<'_>, found: &[Entry]) -> Markup {
    let query = &request.query;
    let input = |name: &str, list: Option<&str>, hint: &str| {
        html! { input id=(name) name=(name) value=(query.text(name)) list=[list] placeholder=(hint) autocomplete="off"; }
    };
    html! {
        div.bar {
            form.row method="get" action=(scope.list()) role="search" aria-label="Filter the requests" {
                (field("operation", "Operation", &input("operation", Some("operations"), "UpgradeCustomer")))
                datalist #operations { @for name in request.control.catalog.operations() { option value=(name) {} } }
                div.narrow { (field("status", "Status", &input("status", None, "4xx"))) }
                div.narrow { (field("customer", "Customer", &input("customer", None, "3"))) }
                div.buttons {
                    button { "Filter" }
                    a.button.quiet href=(scope.list()) { "All" }
                }
            }
            div.buttons {
                @if scope.tenant.is_some() {
                    span #live-state.live role="status" hidden { "Live" }
                    button.quiet #pause type="button" aria-pressed="false" hidden { "Pause" }
                }
                a.button.quiet href={ (scope.list()) "?" (request.query_text) } { "Refresh" }
                @if let (Some((_, name)), false) = (scope.tenant, found.is_empty()) {
                    form method="post" action=(super::format::at(name, "requests/clear")) { button.quiet { "Clear" } }
                }
            }
        }
    }
}

pub(super) fn table(found: &[Entry], scope: RequestScope<'_>) -> Markup {
    html! {
        table.requests.stack {
            thead { tr {
                th scope="col" { "Time" } th scope="col" { "Status" } th scope="col" { "Request" }
                th scope="col" { "Duration" } th scope="col" { "Key" } th scope="col" { "Customer" } th scope="col" { "Notes" }
            } }
            tbody { @for entry in found { (row(entry, scope)) } }
        }
    }
}

fn row(entry: &Entry, scope: RequestScope<'_>) -> Markup {
    html! {
        tr data-number=(entry.number) {
            td.time data-label="Time" { (clock_time(entry.received_at)) }
            td data-label="Status" { (status(entry.status)) }
            td.what data-label="Request" {
                a.request.clamped href=(scope.request(entry)) title=(format!("{} {}", entry.method, entry.path)) { span.method { (entry.method) } " " (entry.path) }
                div.dim { @if entry.operation == "-" { "no operation" } @else { (entry.operation) } }
            }
            td.number data-label="Duration" { (milliseconds(entry.duration_ms)) }
            td data-label="Key" { (entry.key.as_deref().unwrap_or("none")) }
            td data-label="Customer" {
                @match (entry.customer, scope.tenant) {
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
        @if let Some(fault) = &entry.fault { span.mark.bad { "fault " (fault.id) ": " (fault.description) } " " }
        @if entry.is_dry_run { span.mark.warn { "dry run" } " " }
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
