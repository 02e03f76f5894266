//! A tenant's customers, page by page.

use maud::{Markup, html};

use super::PageResult;
use super::extract::TenantPage;
use super::format::{customer_status, customer_type, grouped_i64};
use super::layout::field;
use super::tabs::{self, Tab};
use crate::control::error::ControlError;
use crate::customers::{CustomerFilter, CustomerOrder, CustomerPage, CustomerSummary};

/// Number of customers on a page.
const PAGE: i64 = 50;

/// The number of the last page that can be asked for: what a page costs grows with its number.
const MAX_PAGE: i64 = 100_000;

/// The orders with their names in the query.
const ORDERS: [(CustomerOrder, &str, &str); 4] = [
    (CustomerOrder::Id, "", "Id"),
    (CustomerOrder::NewestId, "newest", "Id, the newest first"),
    (CustomerOrder::Name, "name", "Name"),
    (CustomerOrder::SignUp, "signup", "Sign-up date, the latest first"),
];

/// The list, filtered, sorted and paged.
pub(super) async fn page(page: TenantPage) -> PageResult {
    let (problem, asked) = match Asked::of(&page) {
        Ok(asked) => (None, asked),
        Err(error) => (Some(error), Asked::default()),
    };
    let _presence = page.tenants().enter(page.tenant.id).await?;
    let (offset, customers) = ((asked.number - 1) * PAGE, &page.tenants().customers);
    let found = customers.browse(page.tenant.id, asked.filter, asked.order, offset, PAGE).await?;
    let body = html! {
        nav.links aria-label="Customers and trees" {
            a href=(page.path("customers")) aria-current="page" { "All customers" }
            a href=(page.path("tree")) { "Tree explorer" }
            a href=(page.path("customers/new")) { "Create a customer" }
        }
        (filters(&page, &asked))
        @if found.customers.is_empty() {
            p.empty {
                @if found.total > 0 { "This page is after the last of " (grouped_i64(found.total)) " customers." }
                @else if asked.is_filtered() { "No customer matches." }
                @else { "There are no customers. " a href=(page.path("customers/new")) { "Create one" } "." }
            }
        } @else {
            p.hint #range { (range(&asked, &found)) }
            (table(&page, &found.customers))
        }
        (pages(&page, &asked, &found))
    };
    Ok(tabs::of_tenant(&page, Tab::Customers, "Customers", problem.as_ref(), &body))
}

/// What the query asks for.
struct Asked<'a> {
    filter: CustomerFilter<'a>,
    order: CustomerOrder,
    /// The number of the page, from 1.
    number: i64,
}

impl Default for Asked<'_> {
    fn default() -> Self {
        Self { filter: CustomerFilter::default(), order: CustomerOrder::default(), number: 1 }
    }
}

impl<'a> Asked<'a> {
    fn of(page: &'a TenantPage) -> Result<Self, ControlError> {
        let query = &page.request.query;
        let filter = CustomerFilter {
            term: query.text("q"),
            customer_type: query.value("type", "the type")?,
            customer_status: query.value("status", "the status")?,
            sponsor: query.value("sponsor", "the sponsor")?,
        };
        let sort = query.text("sort");
        let order = ORDERS.iter().find(|(_, name, _)| *name == sort).map(|(order, ..)| *order);
        let order = order.ok_or_else(|| ControlError::Bad(format!("customers cannot be sorted by '{sort}'")))?;
        let number = query.value("page", "the page")?.unwrap_or(1).clamp(1, MAX_PAGE);
        Ok(Self { filter, order, number })
    }

    fn is_filtered(&self) -> bool {
        self.filter != CustomerFilter::default()
    }

    /// The address of another page of the same list.
    fn address(&self, page: &TenantPage, number: i64) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let CustomerFilter { term, customer_type, customer_status, sponsor } = self.filter;
        let numbers = [("type", customer_type), ("status", customer_status), ("sponsor", sponsor)];
        if !term.is_empty() {
            query.append_pair("q", term);
        }
        for (name, value) in numbers {
            if let Some(value) = value {
                query.append_pair(name, &value.to_string());
            }
        }
        if let Some((.., sort, _)) =
            ORDERS.iter().find(|(order, ..)| *order == self.order).filter(|(_, sort, _)| !sort.is_empty())
        {
            query.append_pair("sort", sort);
        }
        if number > 1 {
            query.append_pair("page", &number.to_string());
        }
        format!("{}?{}", page.path("customers"), query.finish())
    }
}

fn filters(page: &TenantPage, asked: &Asked<'_>) -> Markup {
    let plan = &page.tenant.plan;
    let CustomerFilter { term, customer_type, customer_status, sponsor } = asked.filter;
    let search = html! { input #q name="q" type="search" value=(term) placeholder="Name, e-mail, username, id" autocomplete="off"; };
    let choice = |id: &str, chosen: Option<i32>, names: &std::collections::BTreeMap<i32, String>| {
        html! {
            select id=(id) name=(id) {
                option value="" { "any" }
                @for (number, name) in names {
                    option value=(number) selected[chosen == Some(*number)] { (name) " (" (number) ")" }
                }
                // A number that the plan does not name.
                @if let Some(number) = chosen.filter(|number| !names.contains_key(number)) {
                    option value=(number) selected { (number) }
                }
            }
        }
    };
    let sort = html! {
        select #sort name="sort" {
            @for (order, name, words) in ORDERS { option value=(name) selected[order == asked.order] { (words) } }
        }
    };
    html! {
        form.row.filter method="get" action=(page.path("customers")) role="search" aria-label="Filter the customers" {
            (field("q", "Id, name, e-mail, username or back office id", &search))
            div.narrow { (field("type", "Type", &choice("type", customer_type, &plan.types))) }
            div.narrow { (field("status", "Status", &choice("status", customer_status, &plan.statuses))) }
            div.narrow { (field("sponsor", "Sponsor id", &html! {
                input #sponsor name="sponsor" value=[sponsor] inputmode="numeric" autocomplete="off";
            })) }
            div.narrow { (field("sort", "Sort by", &sort)) }
            div.buttons {
                button { "Search" }
                @if asked.is_filtered() { a.button.quiet href=(page.path("customers")) { "All" } }
            }
        }
    }
}

/// Such as `1–50 of 1,070`.
fn range(asked: &Asked<'_>, found: &CustomerPage) -> String {
    let first = (asked.number - 1) * PAGE + 1;
    let last = first - 1 + i64::try_from(found.customers.len()).unwrap_or_default();
    let total = grouped_i64(found.total.max(last));
    format!("{}–{} of {total}", grouped_i64(first), grouped_i64(last))
}

fn pages(page: &TenantPage, asked: &Asked<'_>, found: &CustomerPage) -> Markup {
    let last = found.total.div_euclid(PAGE) + i64::from(found.total.rem_euclid(PAGE) > 0);
    let number = asked.number;
    html! {
        @if last > 1 || number > 1 {
            nav.pages aria-label="Pages of the list" {
                @if number > 1 {
                    a.button.quiet href=(asked.address(page, 1)) { "First" }
                    a.button.quiet href=(asked.address(page, (number - 1).min(last.max(1)))) rel="prev" { "Previous" }
                }
                span.dim { "Page " (grouped_i64(number)) " of " (grouped_i64(last.max(1))) }
                @if number < last {
                    a.button.quiet href=(asked.address(page, number + 1)) rel="next" { "Next" }
                    a.button.quiet href=(asked.address(page, last)) { "Last" }
                }
            }
        }
    }
}

fn table(page: &TenantPage, found: &[CustomerSummary]) -> Markup {
    let plan = &page.tenant.plan;
    html! {
        table.stack {
            thead { tr {
                th scope="col" { "Id" } th scope="col" { "Name" } th scope="col" { "Type" } th scope="col" { "Status" }
                th scope="col" { "E-mail" } th scope="col" { "Username" } th scope="col" { "Back office id" }
                th scope="col" { "Sponsor" }
            } }
            tbody { @for customer in found {
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
}
