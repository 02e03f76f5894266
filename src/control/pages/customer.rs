//! One customer: its fields, its place in the trees, its points, its changes of type and its requests.

use maud::{Markup, html};
use uuid::Uuid;

use super::extract::TenantPage;
use super::format::{count, counted, customer_status, customer_type, encoded, time};
use super::json_text::pretty_json;
use super::layout::facts;
use super::requests::{self, RequestScope};
use super::tabs::{self, Tab};
use super::{PageResult, changes, profile_section, tree};
use crate::control::error::ControlError;
use crate::control::journal::listed;
use crate::customers::{BranchNode, Error, MAX_DIRECT, MAX_TOTAL, PointsLedger, Scope, Tree};
use crate::journal::{Filter, is_secret_column, redacted_text};
use crate::model::{Address, Customer, CustomerId, Field, Member};
use crate::vendors::directscale;

/// Maximum number of requests of a customer on its page.
const MAX_REQUESTS: usize = 25;

/// Maximum number of changes of type on its page.
const MAX_CHANGES: i64 = 25;

/// Maximum number of entries of its points on its page.
const MAX_POINTS: usize = 25;

pub(super) async fn page(page: TenantPage) -> PageResult {
    let customers = &page.tenants().customers;
    let _presence = page.tenants().enter(page.tenant.id).await?;
    let customer = found(&page).await?;
    let (tenant, id) = (page.tenant.id, customer.id);
    let profiles = profile_section::section(customers, &scope(&page), id).await;
    let profiles = profiles.map_err(|error| not_read(&page, error))?;
    let around = customers.tree_around(tenant, id, tree::MAX_BELOW).await?;
    let enrollment = customers.branch_node(tenant, Tree::Enrollment, id).await?;
    let sponsor = customers.branch_node(tenant, Tree::Sponsor, id).await?;
    let points = customers.points(tenant, id, page.tenant.clock.now()).await?;
    let changes = customers.type_changes(tenant, Some(id), MAX_CHANGES).await?;
    let filter = Filter { customer: Some(id.0), ..Filter::default() };
    let requests = listed(&page.tenants().journal, Some(tenant), &filter, MAX_REQUESTS).await?;
    let place = RequestScope { tenant: Some((tenant, page.name())) };
    let body = html! {
        (done(&page))
        p.lead { "Customer " (id.0) " · " (customer_type(&page.tenant.plan, customer.customer_type())) " · "
                 (customer_status(&page.tenant.plan, customer.customer_status())) }
        (actions(&page, id))
        (fields(&page, &customer))
        (profiles)
        (as_json(&page, &customer))
        section aria-labelledby="tree" {
            h2 #tree { "In the sponsor tree" }
            (below(&page, "sponsor", id, sponsor.as_ref()))
            (tree::drawn(&page, id.0, &around))
        }
        section aria-labelledby="enrolled" {
            h2 #enrolled { "In the enrollment tree" }
            p { "Enroller: " @match customer.enroller_id { Some(_) => (customer_link(&page, customer.enroller_id)), None => "none" } "." }
            (below(&page, "enrollment", id, enrollment.as_ref()))
        }
        (points_of(&points))
        section aria-labelledby="types" {
            h2 #types { "Changes of type" }
            @if changes.is_empty() { p.empty { "Its type was not changed by an upgrade." } }
            @else { (changes::table(&page, &changes)) }
        }
        section aria-labelledby="history" {
            h2 #history { "Requests" }
            @if requests.is_empty() { p.empty { "The journal has no request of this customer." } }
            @else {
                p.hint { "The last " (count(requests.len(), "request", "requests")) " in the journal." }
                (requests::table(&requests, place))
            }
        }
    };
    let name = customer.display_name();
    let title = if name.is_empty() { format!("Customer {}", id.0) } else { name };
    Ok(tabs::of_tenant(&page, Tab::Customers, &title, None, &body))
}

/// The customer that the path names, for a form.
pub(super) async fn stored(page: &TenantPage) -> Result<Customer, ControlError> {
    let _presence = page.tenants().enter(page.tenant.id).await?;
    found(page).await
}

async fn found(page: &TenantPage) -> Result<Customer, ControlError> {
    let id = page.request.part("customer").parse().map_err(|_| not_read(page, Error::UnknownCustomer))?;
    let found = page.tenants().customers.get(&scope(page), CustomerId(id)).await;
    found.map_err(|error| not_read(page, error))
}

fn not_read(page: &TenantPage, error: Error) -> ControlError {
    if let Error::Database(error) = error {
        return error.into();
    }
    let text: String = page.request.part("customer").chars().take(20).collect();
    ControlError::NotFound(format!("there is no customer {text}"))
}

/// The result of a form that led here.
fn done(page: &TenantPage) -> Markup {
    let query = &page.request.query;
    let words = match query.text("done") {
        "created" => "The customer was created.",
        "changed" => "The customer was changed.",
        "upgraded" => "The customer was upgraded.",
        "deleted" => "The customer was deleted: its status is now Deleted.",
        _ => return Markup::default(),
    };
    html! {
        div.alert.good role="status" {
            (words) " "
            @if let Some(request) = query.filled("request") { a href=(page.path(&format!("requests/{}", encoded(request)))) { "Show the request" } }
        }
    }
}

fn actions(page: &TenantPage, id: CustomerId) -> Markup {
    let path = |rest: &str| page.path(&format!("customers/{}/{rest}", id.0));
    html! {
        div.buttons.actions {
            a.button.quiet href=(path("edit")) { "Edit" }
            a.button.quiet href=(path("upgrade")) { "Upgrade" }
            a.button.quiet href=(tree_path(page, "sponsor", id)) { "Show in the tree" }
            details.disclosed {
                summary.button.quiet { "Delete…" }
                form method="post" action=(path("delete")) {
                    p { "Sends " code { "DELETE /v1/customers/" (id.0) } ": the status becomes Deleted, and the customer keeps its place in the tree." }
                    p.buttons { button.danger { "Delete customer " (id.0) } }
                }
            }
        }
    }
}

fn tree_path(page: &TenantPage, tree: &str, id: CustomerId) -> String {
    page.path(&format!("tree?tree={tree}&at={}", id.0))
}

/// Such as `14 direct · 1,069 total`.
fn below(page: &TenantPage, tree: &str, id: CustomerId, node: Option<&BranchNode>) -> Markup {
    html! {
        p.below {
            @match node {
                None => "It has no place in this tree.",
                Some(node) => {
                    "Below it: " strong { (counted(node.direct, MAX_DIRECT)) " direct · " (counted(node.total, MAX_TOTAL)) " total" } ". "
                    a href=(tree_path(page, tree, id)) { "Open in the tree explorer" }
                }
            }
        }
    }
}

fn as_json(page: &TenantPage, customer: &Customer) -> Markup {
    let json = redacted_text(&directscale::customer_json(customer, &page.tenant.plan));
    html! {
        details.json {
            summary { "JSON as GET returns it" }
            p.hint { "The response to " code { "GET /v1/customers/" (customer.id.0) } ", without secrets." }
            pre #customer-json { (pretty_json(&json)) }
            button.quiet.small type="button" data-copy="customer-json" hidden { "Copy" }
        }
    }
}

fn points_of(points: &PointsLedger) -> Markup {
    let newest = points.entries.iter().rev().take(MAX_POINTS);
    html! {
        section aria-labelledby="points" {
            h2 #points { "Reward points" }
            p { "Balance: " strong { (points.balance) } "." }
            @if !points.entries.is_empty() {
                table.stack {
                    thead { tr { th scope="col" { "Points" } th scope="col" { "Entered" } th scope="col" { "Expire" } } }
                    tbody { @for entry in newest {
                        tr {
                            td data-label="Points" { (entry.points) }
                            td data-label="Entered" { (time(entry.entered_at)) }
                            td data-label="Expire" { @match entry.expires_at { Some(at) => (time(at)), None => span.dim { "–" } } }
                        }
                    } }
                }
                @if points.entries.len() > MAX_POINTS { p.hint { "Only the last " (MAX_POINTS) " of " (points.entries.len()) " entries." } }
            }
        }
    }
}

/// The scope of a read that belongs to no request.
fn scope(page: &TenantPage) -> Scope<'_> {
    Scope::internal(page.tenant.id, &page.tenant.plan, page.tenant.clock.now(), "inspector", Uuid::nil())
}

/// Every field of the field table that may be shown, and the tree's and the status's own.
fn fields(page: &TenantPage, customer: &Customer) -> Markup {
    let rows: Vec<(String, Markup)> = Field::WHOLE
        .iter()
        .copied()
        .filter(|field| !is_secret_column(field.columns()[0]))
        .map(|field| (label(field), value(page, customer, field)))
        .chain([
            ("Enroller".to_owned(), customer_link(page, customer.enroller_id)),
            ("Inactive since".to_owned(), customer.inactive_date.map(time).unwrap_or_default()),
        ])
        .collect();
    let rows: Vec<(&str, Markup)> = rows.iter().map(|(label, value)| (label.as_str(), value.clone())).collect();
    facts(&rows)
}

/// `BackOfficeId` as "Back office id".
fn label(field: Field) -> String {
    let mut label = String::new();
    for (at, character) in field.name().char_indices() {
        if at > 0 && character.is_uppercase() {
            label.push(' ');
        }
        label.push(if at > 0 { character.to_ascii_lowercase() } else { character });
    }
    label
}

fn value(page: &TenantPage, customer: &Customer, field: Field) -> Markup {
    match customer.fields.member(field) {
        Member::Text(text) | Member::Code(text) => html! { @if let Some(text) = text { (text) } },
        Member::Integer(number) if field == Field::SponsorId => customer_link(page, *number),
        Member::Integer(number) => html! { @if let Some(number) = number { (number) } },
        Member::Date(date) if field == Field::BirthDate => {
            html! { @if let Some(date) = date { (date.format("%Y-%m-%d")) } }
        }
        Member::Date(date) => date.map(time).unwrap_or_default(),
        Member::Boolean(flag) => html! { @if *flag == Some(true) { "yes" } @else { "no" } },
        Member::Address(parts) => address(parts),
        Member::Custom(texts) => html! {
            @for (number, text) in (1..).zip(texts).filter_map(|(number, text)| Some((number, text.as_ref()?))) {
                "Field" (number) ": " (text) br;
            }
        },
        Member::Secret(_) => Markup::default(),
    }
}

fn customer_link(page: &TenantPage, id: Option<i32>) -> Markup {
    html! { @if let Some(id) = id { a href=(page.path(&format!("customers/{id}"))) { (id) } } }
}

fn address(address: &Address) -> Markup {
    let Address { street1, street2, street3, city, region, postal_code, country_code } = address;
    let parts = [street1, street2, street3, city, region, postal_code, country_code];
    let parts: Vec<&str> = parts.into_iter().filter_map(|part| part.as_deref()).collect();
    html! { (parts.join(", ")) }
}
