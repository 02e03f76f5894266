//! All tenants, and the form that creates one.

use axum::body::Body;
use axum::http::Response;
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::connect::{self, Connection};
use super::extract::PageRequest;
use super::format::{ago, at, count, grouped_i64, time};
use super::forms::Fields;
use super::layout::{self, field};
use super::{PageResult, see_other, tasks};
use crate::control::error::ControlError;
use crate::control::keys::{DEFAULT_KEY_NAME, checked_key};
use crate::tenants::{NewCredential, NewTenant, SeedContents, TenantListing};
use crate::wire::misread::without_value;

/// Number of tenants on a page.
const PAGE: i64 = 50;

/// The number of the last page that can be asked for. A database has at most 10,000 tenants.
const MAX_PAGE: i64 = 1_000;

/// Up to this number the tenants are shown as cards, without a search.
const MAX_CARDS: i64 = 12;

pub(super) async fn page(request: PageRequest) -> PageResult {
    Ok(render(&request, None).await?)
}

/// Creates a tenant, and redirects to its key.
pub(super) async fn create(request: PageRequest) -> PageResult {
    match created(&request).await {
        Ok(path) => Ok(see_other(&path)),
        Err(error) => Ok(render(&request, Some(error)).await?),
    }
}

async fn created(request: &PageRequest) -> Result<String, ControlError> {
    let new = new_tenant(&request.form)?;
    let seed = population(&request.form)?;
    let name = new.name.clone();
    let (tasks::Outcome::Done(id) | tasks::Outcome::Running(id)) =
        tasks::outcome(&request.tenants.tasks, request.tenants.create(new, seed)).await?;
    Ok(tasks::path(&name, id))
}

/// The new tenant that a form describes.
pub(super) fn new_tenant(form: &Fields) -> Result<NewTenant, ControlError> {
    let name = form.needed("name", "the name")?.to_owned();
    let hours: Option<u32> = form.value("hours", "the hours")?;
    let too_long = || ControlError::Bad("a tenant expires in at most 1,000,000 hours".to_owned());
    let seconds = hours.map(|hours| hours.checked_mul(3_600).filter(|_| hours <= 1_000_000).ok_or_else(too_long));
    Ok(NewTenant { name, key: new_key(form)?, expires_in_seconds: seconds.transpose()? })
}

/// The key that a form describes, with a name of its own.
pub(super) fn new_key(form: &Fields) -> Result<NewCredential, ControlError> {
    let text = |name: &str| form.filled(name).map(str::to_owned);
    let name = text("key_name").unwrap_or_else(|| DEFAULT_KEY_NAME.to_owned());
    checked_key(NewCredential { name, kind: form.kind()?, account: text("account"), secret: text("key") })
}

/// The seed that a form describes: a number of customers of each type.
pub(super) fn population(form: &Fields) -> Result<SeedContents, ControlError> {
    let mut population = Map::new();
    for (name, what) in [
        ("distributors", "the distributors"),
        ("retail", "the retail customers"),
        ("preferred", "the preferred customers"),
        ("random_seed", "the random seed"),
    ] {
        if let Some(number) = form.value::<u32>(name, what)? {
            population.insert(name.to_owned(), number.into());
        }
    }
    if let Some(shape) = form.filled("shape") {
        population.insert("shape".to_owned(), shape.into());
    }
    let has_some = ["distributors", "retail", "preferred"].iter().any(|name| population.contains_key(*name));
    let mut seed = Map::new();
    if has_some {
        seed.insert("population".to_owned(), population.into());
    }
    serde_json::from_value(Value::Object(seed)).map_err(|error| ControlError::Bad(without_value(&error.to_string())))
}

/// The fields that describe a population.
pub(super) fn population_fields(form: &Fields) -> Markup {
    let number = |name: &str| {
        html! { input id=(name) name=(name) value=(form.text(name)) inputmode="numeric" placeholder="0" autocomplete="off"; }
    };
    let shapes = [
        ("unilevel", "each below any earlier one"),
        ("line", "each below the previous one"),
        ("flat", "all below the first"),
    ];
    let shape = html! {
        select #shape name="shape" {
            @for (value, words) in shapes { option value=(value) selected[form.text("shape") == value] { (words) } }
        }
    };
    html! {
        div.row {
            div.narrow { (field("distributors", "Distributors", &number("distributors"))) }
            div.narrow { (field("retail", "Retail", &number("retail"))) }
            div.narrow { (field("preferred", "Preferred", &number("preferred"))) }
            (field("shape", "Sponsor tree", &shape))
            div.narrow { (field("random_seed", "Random seed", &number("random_seed"))) }
        }
    }
}

/// The fields that describe a new tenant.
pub(super) fn new_tenant_fields(form: &Fields) -> Markup {
    let text = |name: &str, hint: &str, is_required: bool| {
        html! { input id=(name) name=(name) value=(form.text(name)) placeholder=(hint) required[is_required] autocomplete="off"; }
    };
    html! {
        div.row {
            (field("name", "Name", &text("name", "team-a", true)))
            (field("key_name", "Name of its key", &text("key_name", "default", false)))
            div.narrow { (field("hours", "Expires in hours", &text("hours", "never", false))) }
        }
    }
}

async fn render(request: &PageRequest, problem: Option<ControlError>) -> Result<Response<Body>, ControlError> {
    let term = request.query.text("q").trim();
    // The problem of a form is that of the form, so a number that is none is the first page.
    let number = request.query.value("page", "the page").ok().flatten().unwrap_or(1).clamp(1, MAX_PAGE);
    let (total, tenants) = request.tenants.search(term, (number - 1) * PAGE, PAGE).await?;
    let connection = connected(request, &tenants).await?;
    let is_long = total > MAX_CARDS || !term.is_empty() || number > 1;
    let body = html! {
        @if request.query_text == "deleted" { div.alert.good role="status" { "The tenant is deleted." } }
        @if is_long { (search_form(term)) }
        @if tenants.is_empty() {
            p.empty {
                @if total > 0 { "This page is after the last of " (grouped_i64(total)) " tenants." }
                @else if term.is_empty() { "There are no tenants." }
                @else { "No tenant has a name with " code { (term) } "." }
            }
        } @else if is_long {
            p.hint #range { (range(number, tenants.len(), total)) }
            (table(&tenants))
        } @else {
            div.cards { @for tenant in &tenants { (of_tenant(tenant)) } }
        }
        (pages(term, number, total))
        @if let Some((name, connection)) = &connection {
            section.connect #connect aria-labelledby="connect-title" {
                h2 #connect-title { "Connect a program to " (name) }
                (connection.panel())
            }
        }
        section aria-labelledby="create" {
            h2 #create { "Create a tenant" }
            p.hint { "A new tenant has its own data and its own key. Its customers are generated." }
            form method="post" action="/_emulator" {
                (new_tenant_fields(&request.form))
                (population_fields(&request.form))
                p.buttons { button { "Create" } }
            }
        }
    };
    Ok(layout::plain("Tenants", problem.as_ref(), &body))
}

/// The search of a long list, and what stands below it.
fn search_form(term: &str) -> Markup {
    let search = html! { input #q name="q" type="search" value=(term) placeholder="team-a" autocomplete="off"; };
    html! {
        form.row.filter method="get" action="/_emulator" role="search" aria-label="Search the tenants" {
            (field("q", "Part of the name", &search))
            div.buttons {
                button { "Search" }
                @if !term.is_empty() { a.button.quiet href="/_emulator" { "All" } }
                a.button.quiet href="#connect" { "Connect a program" }
                a.button.quiet href="#create" { "Create a tenant" }
            }
        }
    }
}

/// Such as `51–100 of 1,070`.
fn range(number: i64, shown: usize, total: i64) -> String {
    let first = (number - 1) * PAGE + 1;
    let last = first - 1 + i64::try_from(shown).unwrap_or_default();
    format!("{}–{} of {}", grouped_i64(first), grouped_i64(last), grouped_i64(total.max(last)))
}

fn pages(term: &str, number: i64, total: i64) -> Markup {
    let last = (total.saturating_sub(1) / PAGE + 1).max(1);
    let address = |number: i64| {
        let page = number.to_string();
        let pairs = [("q", term), ("page", &page)];
        let is_needed = |(name, value): &(&str, &str)| if *name == "q" { !value.is_empty() } else { number > 1 };
        let query =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs.into_iter().filter(is_needed)).finish();
        if query.is_empty() { "/_emulator".to_owned() } else { format!("/_emulator?{query}") }
    };
    html! {
        @if last > 1 || number > 1 {
            nav.pages aria-label="Pages of the list" {
                @if number > 1 {
                    a.button.quiet href=(address(1)) { "First" }
                    a.button.quiet href=(address((number - 1).min(last))) rel="prev" { "Previous" }
                }
                span.dim { "Page " (grouped_i64(number)) " of " (grouped_i64(last)) }
                @if number < last {
                    a.button.quiet href=(address(number + 1)) rel="next" { "Next" }
                    a.button.quiet href=(address(last)) { "Last" }
                }
            }
        }
    }
}

fn table(tenants: &[TenantListing]) -> Markup {
    html! {
        table.stack #tenants {
            thead { tr {
                th scope="col" { "Name" } th scope="col" { "Last customer id" } th scope="col" { "Snapshots" }
                th scope="col" { "Active faults" } th scope="col" { "Origin" } th scope="col" { "Created" }
                th scope="col" { "Expires" }
            } }
            tbody { @for tenant in tenants {
                @let name = &tenant.name;
                tr {
                    td data-label="Name" { a href=(at(name, "")) { (name) } }
                    td data-label="Last customer" {
                        a href=(at(name, "customers")) { (grouped_i64(tenant.last_customer_id.into())) }
                    }
                    td data-label="Snapshots" { a href=(at(name, "data")) { (grouped_i64(tenant.snapshots)) } }
                    td data-label="Active faults" {
                        @if tenant.faults > 0 { a.mark.bad href=(at(name, "faults")) { (grouped_i64(tenant.faults)) } } @else { "0" }
                    }
                    td data-label="Origin" { (tenant.origin.as_deref().unwrap_or("new")) }
                    td data-label="Created" { (ago(tenant.created_at)) }
                    td data-label="Expires" {
                        @if let Some(at) = tenant.expires_at { (time(at)) } @else { span.dim { "never" } }
                    }
                }
            } }
        }
    }
}

/// The tenant of the demo key, or the first one of the page, and how a program connects to it.
async fn connected(
    request: &PageRequest,
    tenants: &[TenantListing],
) -> Result<Option<(String, Connection)>, ControlError> {
    let demo = connect::demo_tenant(&request.tenants).await?;
    let name = demo.or_else(|| tenants.first().map(|tenant| tenant.name.clone()));
    let Some(name) = name else { return Ok(None) };
    // It may have been deleted in the meantime.
    let Ok(tenant) = request.tenants.tenant(&name).await else { return Ok(None) };
    Ok(Some((name, Connection::of(request, tenant.id, &tenant.name).await?)))
}

fn of_tenant(tenant: &TenantListing) -> Markup {
    let name = &tenant.name;
    let snapshots = usize::try_from(tenant.snapshots).unwrap_or_default();
    let faults = usize::try_from(tenant.faults).unwrap_or_default();
    html! {
        article.card.active[faults > 0] {
            h2 { a href=(at(name, "")) { (name) } }
            @if faults > 0 {
                p { a.mark.bad href=(at(name, "faults")) { (count(faults, "active fault", "active faults")) } }
            }
            p {
                @if tenant.last_customer_id > 0 { "Customers up to id " (tenant.last_customer_id) } @else { "No customers" }
                ", " (count(snapshots, "snapshot", "snapshots"))
                @if let Some(origin) = tenant.origin.as_deref().filter(|origin| !matches!(*origin, "new" | "seed")) {
                    ", forked from " (origin)
                }
                "."
            }
            p.dim {
                "Created " (ago(tenant.created_at))
                @if let Some(at) = tenant.expires_at { br; "Expires " (time(at)) }
            }
            p.links {
                a href=(at(name, "")) { "Requests" } a href=(at(name, "customers")) { "Customers" }
                a href=(at(name, "webhooks")) { "Webhooks" } a href=(at(name, "faults")) { "Faults" }
                a href=(at(name, "clock")) { "Clock" } a href=(at(name, "data")) { "Data" }
            }
        }
    }
}
