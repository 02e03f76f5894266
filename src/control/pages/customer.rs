//! One customer: its fields, its place in the sponsor tree, its changes of type and its requests.

use maud::{Markup, html};
use uuid::Uuid;

use super::extract::TenantPage;
use super::format::{count, customer_status, customer_type, time};
use super::layout::facts;
use super::requests::{self, RequestScope};
use super::tabs::{self, Tab};
use super::{PageResult, changes, profile_section, tree};
use crate::control::error::ControlError;
use crate::control::journal::listed;
use crate::customers::{Error, Scope};
use crate::journal::{Filter, is_secret_column};
use crate::model::{Address, Customer, CustomerId, Field, Member};

/// Maximum number of requests of a customer on its page.
const MAX_REQUESTS: usize = 25;

/// Maximum number of changes of type on its page.
const MAX_CHANGES: i64 = 25;

pub(super) async fn page(page: TenantPage) -> PageResult {
    let text = page.request.part("customer");
    let unknown =
        || ControlError::NotFound(format!("there is no customer {}", text.chars().take(20).collect::<String>()));
    let id = CustomerId(text.parse().map_err(|_| unknown())?);
    let customers = &page.tenants().customers;
    let failed = |error| match error {
        Error::Database(error) => ControlError::from(error),
        _ => unknown(),
    };
    let _presence = page.tenants().enter(page.tenant.id).await?;
    let customer = customers.get(&scope(&page), id).await.map_err(failed)?;
    let profiles = profile_section::section(customers, &scope(&page), id).await.map_err(failed)?;
    let around = customers.tree_around(page.tenant.id, id, tree::MAX_BELOW).await?;
    let changes = customers.type_changes(page.tenant.id, Some(id), MAX_CHANGES).await?;
    let filter = Filter { customer: Some(id.0), ..Filter::default() };
    let requests = listed(&page.tenants().journal, Some(page.tenant.id), &filter, MAX_REQUESTS).await?;
    let place = RequestScope { tenant: Some((page.tenant.id, page.name())) };
    let body = html! {
        p.lead { "Customer " (id.0) " · " (customer_type(&page.tenant.plan, customer.customer_type())) " · "
                 (customer_status(&page.tenant.plan, customer.customer_status())) }
        (fields(&page, &customer))
        (profiles)
        section aria-labelledby="tree" { h2 #tree { "In the sponsor tree" } (tree::drawn(&page, id.0, &around)) }
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
