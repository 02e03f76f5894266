//! A tenant's customers, page by page.

use maud::html;

use super::PageResult;
use super::extract::TenantPage;
use super::format::{customer_status, customer_type};
use super::layout::field;
use super::tabs::{self, Tab};

/// Number of customers on a page.
const PAGE: usize = 50;

/// The list, searched and paged by id.
pub(super) async fn page(page: TenantPage) -> PageResult {
    let query = &page.request.query;
    let term = query.text("q");
    let after: i32 = query.value("after", "the id")?.unwrap_or_default();
    let most = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let _presence = page.tenants().enter(page.tenant.id).await?;
    let mut found = page.tenants().customers.list(page.tenant.id, term, after, most).await?;
    let has_more = found.len() > PAGE;
    found.truncate(PAGE);
    let plan = &page.tenant.plan;
    let address = |after: i32| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !term.is_empty() {
            query.append_pair("q", term);
        }
        if after > 0 {
            query.append_pair("after", &after.to_string());
        }
        format!("{}?{}", page.path("customers"), query.finish())
    };
    let search = html! { input #q name="q" type="search" value=(term) placeholder="Name, e-mail, username, id" autocomplete="off"; };
    let body = html! {
        div.bar {
            form.row method="get" action=(page.path("customers")) role="search" {
                (field("q", "Id, name, e-mail, username or back office id", &search))
                div.buttons {
                    button { "Search" }
                    @if !term.is_empty() { a.button.quiet href=(page.path("customers")) { "All" } }
                }
            }
        }
        @if found.is_empty() {
            p.empty { @if term.is_empty() && after == 0 { "There are no customers." } @else { "No customer matches." } }
        } @else {
            table.stack {
                thead { tr {
                    th scope="col" { "Id" } th scope="col" { "Name" } th scope="col" { "Type" } th scope="col" { "Status" }
                    th scope="col" { "E-mail" } th scope="col" { "Username" } th scope="col" { "Back office id" }
                    th scope="col" { "Sponsor" }
                } }
                tbody { @for customer in &found {
                    @let name = customer.name.as_deref().unwrap_or("(no name)");
                    tr {
                        td data-label="Id" { a href=(page.path(&format!("customers/{}", customer.id))) { (customer.id) } }
                        td data-label="Name" {
                            a href=(page.path(&format!("customers/{}", customer.id))) { (name) }
                        }
                        td data-label="Type" { (customer_type(plan, customer.customer_type)) }
                        td data-label="Status" { (customer_status(plan, customer.customer_status)) }
                        td data-label="E-mail" { (customer.email_address.as_deref().unwrap_or("–")) }
                        td data-label="Username" { (customer.username.as_deref().unwrap_or("–")) }
                        td data-label="Back office id" { code { (customer.back_office_id) } }
                        td data-label="Sponsor" {
                            @match customer.sponsor_id {
                                Some(id) => a href=(page.path(&format!("customers/{id}"))) { (id) },
                                None => span.dim { "–" },
                            }
                        }
                    }
                } }
            }
        }
        nav.pages aria-label="Pages of the list" {
            @if after > 0 { a.button.quiet href=(address(0)) { "From the beginning" } }
            @if has_more {
                @if let Some(last) = found.last() { a.button.quiet href=(address(last.id)) rel="next" { "After " (last.id) } }
            }
        }
    };
    Ok(tabs::of_tenant(&page, Tab::Customers, "Customers", None, &body))
}
