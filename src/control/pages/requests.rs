//! The live list of requests.

use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use maud::{Markup, html};

use super::PageResult;
use super::connect::Connection;
use super::extract::{PageRequest, TenantPage};
use super::format::{clock_time, count, encoded, grouped, milliseconds, request_id, status};
use super::layout::{self, field};
use super::listing::{Listing, PAGE, Search};
use super::tabs::{self, Tab};
use super::undo_switch;
use crate::control::error::ControlError;
use crate::control::typed;
use crate::database::TenantId;
use crate::journal::{Entry, StatusFilter};

/// The maximum number of rows while the list follows new requests.
const MAX_LIVE: usize = 500;

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

    fn id(self) -> Option<TenantId> {
        self.tenant.map(|(tenant, _)| tenant)
    }
}

pub(super) async fn page(page: TenantPage) -> PageResult {
    let scope = RequestScope { tenant: Some((page.tenant.id, page.name())) };
    let (problem, search) = search(&page.request);
    let listing = search.list(page.tenants(), scope.id()).await?;
    let connection = Connection::of(&page.request, page.tenant.id, page.name()).await?;
    let body = html! {
        (list(&page.request, scope, &search, &listing, problem.is_none()))
        @if listing.kept == 0 {
            section.connect #connect aria-labelledby="connect-title" { h2 #connect-title { "Connect a program" } (connection.panel()) }
        } @else {
            details.connect #connect { summary { "Connect a program" } (connection.panel()) }
        }
        (undo_switch::switch(&page))
    };
    Ok(tabs::of_tenant(&page, Tab::Requests, "Requests", problem.as_ref(), &body))
}

pub(super) async fn unauthenticated(request: PageRequest) -> PageResult {
    let scope = RequestScope { tenant: None };
    let (problem, search) = search(&request);
    let listing = search.list(&request.tenants, None).await?;
    let body = html! {
        p.lead { "Requests without a key, or with a key that is not valid." }
        (list(&request, scope, &search, &listing, problem.is_none()))
    };
    Ok(layout::plain("Unauthenticated requests", problem.as_ref(), &body))
}

/// The rows of newer requests, and the counts of all, for the script.
pub(super) async fn rows(request: PageRequest) -> PageResult {
    let search = Search::read(&request.query)?;
    let tenant = request.tenants.tenant(request.part("tenant")).await?;
    let scope = RequestScope { tenant: Some((tenant.id, &tenant.name)) };
    let listing = search.list(&request.tenants, scope.id()).await?;
    let query = search.query();
    let suffix = if query.is_empty() { String::new() } else { format!("?{query}") };
    let rows = html! {
        table { tbody { @for entry in &listing.shown { (row(entry, scope, &suffix)) } } }
        (chips(scope, &search, &listing))
    };
    let mut response: Response<Body> = typed("text/html; charset=utf-8", rows.into_string());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

pub(super) async fn clear(page: TenantPage) -> PageResult {
    page.tenants().journal.clear(Some(page.tenant.id)).await?;
    Ok(page.to(""))
}

/// The search of an address. An impossible one is reported, and finds everything.
pub(super) fn search(request: &PageRequest) -> (Option<ControlError>, Search) {
    match Search::read(&request.query) {
        Ok(search) => (None, search),
        Err(error) => (Some(error), Search::default()),
    }
}

/// `follows` says whether new requests are added while the page is open: only to the first page.
fn list(request: &PageRequest, scope: RequestScope<'_>, search: &Search, listing: &Listing, follows: bool) -> Markup {
    let query = search.query();
    let live = scope.tenant.filter(|_| follows && listing.first == 0).map(|(_, name)| encoded(name));
    let suffix = if query.is_empty() { String::new() } else { format!("?{query}") };
    html! {
        (bar(request, scope, search, listing))
        div #chips { (chips(scope, search, listing)) }
        div #live data-stream=[live.as_ref().map(|name| format!("/_emulator/tenants/{name}/requests/stream"))]
            data-rows=[live.as_ref().map(|name| format!("/_emulator/t/{name}/rows?{query}"))] data-last=(listing.latest) data-max-rows=(MAX_LIVE) {
            (table_with(&listing.shown, scope, &suffix))
            p.empty hidden[!listing.shown.is_empty()] {
                @if listing.kept == 0 { "No requests yet. " } @else { "No request matches. " }
                @if scope.tenant.is_some() { "Each request appears here when it has its response." }
            }
        }
        (pages(scope, search, listing))
        p.hint.keys { kbd { "j" } " " kbd { "k" } " next and previous request, " kbd { "Enter" } " opens it, " kbd { "/" } " to search" }
    }
}

fn bar(request: &PageRequest, scope: RequestScope<'_>, search: &Search, listing: &Listing) -> Markup {
    let words = html! {
        input #q name="q" type="search" value=(search.words) placeholder="upgrade BirthDate" autocomplete="off" spellcheck="false";
    };
    let operation = html! {
        input #operation name="operation" value=(search.operation.as_deref().unwrap_or_default()) list="operations" placeholder="any" autocomplete="off";
    };
    let customer = html! {
        input #customer name="customer" value=(search.customer.map(|id| id.to_string()).unwrap_or_default()) inputmode="numeric" placeholder="any" autocomplete="off";
    };
    html! {
        div.bar {
            form.row method="get" action=(scope.list()) role="search" aria-label="Search the requests" {
                div.wide { (field("q", "Path, message, body or customer", &words)) }
                div.middle { (field("operation", "Operation", &operation)) }
                datalist #operations { @for name in request.control.catalog.operations() { option value=(name) {} } }
                div.narrow { (field("customer", "Customer id", &customer)) }
                @if let Some(method) = &search.method { input type="hidden" name="method" value=(method); }
                @if let Some(status) = search.status { input type="hidden" name="status" value=(status); }
                div.buttons {
                    button { "Search" }
                    a.button.quiet href=(scope.list()) { "All" }
                }
            }
            div.buttons {
                @if scope.tenant.is_some() {
                    span #live-state.live role="status" hidden { "Live" }
                    button.quiet #pause type="button" aria-pressed="false" hidden { "Pause" }
                }
                a.button.quiet href={ (scope.list()) "?" (request.query_text) } { "Refresh" }
                @if let (Some((_, name)), true) = (scope.tenant, listing.kept > 0) { (clear_form(name, listing.kept)) }
            }
        }
    }
}

/// The button that clears the list, behind one that asks.
fn clear_form(tenant: &str, kept: usize) -> Markup {
    html! {
        details.confirm {
            summary.button.quiet { "Clear…" }
            form method="post" action=(super::format::at(tenant, "requests/clear")) {
                p { "They cannot be brought back." }
                button.danger { "Clear " (count(kept, "request", "requests")) }
            }
        }
    }
}

/// The methods and classes of status, each with its number of requests.
fn chips(scope: RequestScope<'_>, search: &Search, listing: &Listing) -> Markup {
    let address = |search: &Search| {
        let query = search.query();
        if query.is_empty() { scope.list() } else { format!("{}?{query}", scope.list()) }
    };
    let of_method = |method: Option<&String>| address(&Search { method: method.cloned(), ..search.clone() });
    let of_class = |class: Option<u16>| address(&Search { status: class.map(StatusFilter::Class), ..search.clone() });
    let is_class = |class: u16| search.status == Some(StatusFilter::Class(class));
    html! {
        ul.chips aria-label="Methods and statuses" {
            li { a href=(of_method(None)) aria-current=[search.method.is_none().then_some("true")] { "any method" } }
            @for (method, number) in listing.methods.iter().take(8) {
                li { a href=(of_method(Some(method))) aria-current=[(search.method.as_ref() == Some(method)).then_some("true")] {
                    (method.chars().take(12).collect::<String>()) " " (number)
                } }
            }
            li.gap aria-hidden="true" {}
            li { a href=(of_class(None)) aria-current=[search.status.is_none().then_some("true")] { "any status" } }
            @for (class, number) in listing.classes.iter().filter(|(class, _)| **class > 0) {
                li { a href=(of_class(Some(*class))) aria-current=[is_class(*class).then_some("true")] { (class) "xx " (number) } }
            }
            @if let Some(number) = listing.classes.get(&0) { li.dim { "no response " (number) } }
        }
    }
}

/// Which part of the list this is, and the ways to the others.
fn pages(scope: RequestScope<'_>, search: &Search, listing: &Listing) -> Markup {
    let (first, last) = (listing.first + 1, listing.first + listing.shown.len());
    let query = search.query();
    html! {
        @if listing.matching > 0 {
            nav.pages aria-label="Pages of the list" {
                span.hint {
                    (grouped(first)) "–" (grouped(last)) " of " (grouped(listing.matching))
                    @if listing.matching < listing.kept { ", " (grouped(listing.kept)) " kept" }
                }
                @if listing.first > 0 { a.button.quiet.small href={ (scope.list()) "?" (query) } { "Newest" } }
                @if let Some(before) = listing.older() {
                    a.button.quiet.small rel="next" href={ (scope.list()) "?" (search.query_with("before", &before.to_string())) } {
                        "Older: next " (PAGE.min(listing.matching - last))
                    }
                }
            }
        }
    }
}

pub(super) fn table(found: &[Entry], scope: RequestScope<'_>) -> Markup {
    table_with(found, scope, "")
}

/// `query` is added to the address of each request, so that its page has the same list.
fn table_with(found: &[Entry], scope: RequestScope<'_>, query: &str) -> Markup {
    html! {
        table.requests {
            thead { tr {
                th scope="col" { "Time" } th scope="col" { "Status" } th scope="col" { "Request" }
                th scope="col" { "Notes" } th scope="col" { "Customer" } th scope="col" { "Key" } th scope="col" { "Duration" }
            } }
            tbody { @for entry in found { (row(entry, scope, query)) } }
        }
    }
}

fn row(entry: &Entry, scope: RequestScope<'_>, query: &str) -> Markup {
    html! {
        tr data-number=(entry.number) {
            td.time { (clock_time(entry.received_at)) }
            td.code { (status(entry.status)) }
            td.what title=(title(entry)) {
                a.request href={ (scope.request(entry)) (query) } { span.method { (entry.method) } " " (entry.path) }
                span.dim { @if entry.operation == "-" { " no operation" } @else { " " (entry.operation) } }
            }
            td.notes { (notes(entry)) }
            td.who {
                @match (entry.customer, scope.tenant) {
                    (Some(id), Some((_, name))) => a href=(super::format::at(name, &format!("customers/{id}"))) { (id) },
                    (Some(id), None) => (id),
                    (None, _) => {},
                }
            }
            td.key { (entry.key.as_deref().unwrap_or("none")) }
            td.took.number { (milliseconds(entry.duration_ms)) }
        }
    }
}

/// The whole line, of which a narrow column shows only the beginning.
fn title(entry: &Entry) -> String {
    format!("{} {}", entry.method, entry.path)
}

/// The list at the left of one request: the requests around it, a line each.
pub(super) fn beside(listing: &Listing, scope: RequestScope<'_>, search: &Search, current: &Entry) -> Markup {
    let query = search.query();
    let suffix = if query.is_empty() { String::new() } else { format!("?{query}") };
    html! {
        nav.beside aria-label="Requests" {
            p.hint { a href={ (scope.list()) (suffix) } { "All requests" } ", " (grouped(listing.matching)) @if !query.is_empty() { " matching" } }
            div.scroll {
                table {
                    tbody { @for entry in &listing.shown {
                        tr aria-current=[(entry.number == current.number).then_some("true")] {
                            td.code { (status(entry.status)) }
                            td title=(title(entry)) { a.request href={ (scope.request(entry)) (suffix) } { span.method { (entry.method) } " " (entry.path) } }
                            td.at { (clock_time(entry.received_at)) }
                        }
                    } }
                }
            }
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
            span.reason title=(reason.message) {
                (reason.message)
                @if entry.reasons.len() > 1 { span.dim { " and " (entry.reasons.len() - 1) " more" } }
            }
        }
    }
}
