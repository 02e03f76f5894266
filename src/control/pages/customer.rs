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
use crate::customers::{Error, Scope};
use crate::journal::Filter;
use crate::model::{Address, Customer, CustomerId};

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
    let requests = page.tenants().journal.find(Some(page.tenant.id), &filter, MAX_REQUESTS);
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

fn fields(page: &TenantPage, customer: &Customer) -> Markup {
    let text = |value: &Option<String>| html! { @if let Some(value) = value { (value) } };
    let flag = |is_set: bool| html! { @if is_set { "yes" } @else { "no" } };
    let link = |id: Option<i32>| {
        html! { @if let Some(id) = id { a href=(page.path(&format!("customers/{id}"))) { (id) } } }
    };
    let custom = customer.custom_fields.iter().enumerate().filter_map(|(at, value)| Some((at + 1, value.as_ref()?)));
    let custom: Vec<(usize, &String)> = custom.collect();
    facts(&[
        ("Back office id", html! { code { (customer.back_office_id()) } }),
        ("First name", text(&customer.first_name)),
        ("Last name", text(&customer.last_name)),
        ("Company", text(&customer.company_name)),
        ("E-mail", text(&customer.email_address)),
        ("Username", text(&customer.username)),
        ("Web alias", text(&customer.web_alias)),
        ("External reference", text(&customer.external_reference_id)),
        ("Sponsor", link(customer.sponsor_id)),
        ("Enroller", link(customer.enroller_id)),
        ("Signed up", time(customer.sign_up_date())),
        ("Inactive since", customer.inactive_date.map(time).unwrap_or_default()),
        ("Born", html! { @if let Some(date) = customer.birth_date { (date.format("%Y-%m-%d")) } }),
        ("Language", html! { (customer.language_code()) }),
        ("Phone", text(&customer.primary_phone)),
        ("Second phone", text(&customer.secondary_phone)),
        ("Text phone", text(&customer.text_phone)),
        ("Primary address", address(&customer.primary_address)),
        ("Shipping address", address(&customer.shipping_address)),
        ("Tax exempt", flag(customer.tax_exempt())),
        ("Terms accepted", flag(customer.terms_accepted())),
        ("E-mails", flag(customer.send_emails())),
        ("Custom fields", html! { @for (number, value) in &custom { "Field" (number) ": " (value) br; } }),
    ])
}

fn address(address: &Address) -> Markup {
    let Address { street1, street2, street3, city, region, postal_code, country_code } = address;
    let parts = [street1, street2, street3, city, region, postal_code, country_code];
    let parts: Vec<&str> = parts.into_iter().filter_map(|part| part.as_deref()).collect();
    html! { (parts.join(", ")) }
}
