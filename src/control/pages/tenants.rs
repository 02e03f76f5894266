//! All tenants, and the form that creates one.

use axum::body::Body;
use axum::http::Response;
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::connect::{self, Connection};
use super::extract::PageRequest;
use super::format::{ago, at, count, encoded, time};
use super::forms::Fields;
use super::layout::{self, field};
use super::{PageResult, see_other, tasks};
use crate::control::error::ControlError;
use crate::control::keys::{DEFAULT_KEY_NAME, checked_key};
use crate::tenants::{NewCredential, NewTenant, SeedContents, TenantListing};
use crate::wire::misread::without_value;

/// Number of tenants on a page.
const PAGE: usize = 100;

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
    let after = request.query.text("after");
    let mut tenants = request.tenants.list_after(after, i64::try_from(PAGE + 1).unwrap_or(i64::MAX)).await?;
    let has_more = tenants.len() > PAGE;
    tenants.truncate(PAGE);
    let address = |after: &str| format!("/_emulator?after={}", encoded(after));
    let connection = connected(request, &tenants).await?;
    let body = html! {
        @if request.query_text == "deleted" { div.alert.good role="status" { "The tenant is deleted." } }
        @if tenants.is_empty() { p.empty { @if after.is_empty() { "There are no tenants." } @else { "No other tenants." } } }
        div.cards { @for tenant in &tenants { (of_tenant(tenant)) } }
        @if has_more || !after.is_empty() {
            nav.pages aria-label="Pages of the list" {
                @if !after.is_empty() { a.button.quiet href="/_emulator" { "From the beginning" } }
                @if let Some(last) = tenants.last().filter(|_| has_more) {
                    a.button.quiet href=(address(&last.name)) rel="next" { "After " (last.name) }
                }
            }
        }
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
