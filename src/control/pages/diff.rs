//! The comparison of two tenants or snapshots.

use maud::{Markup, html};

use super::PageResult;
use super::extract::TenantPage;
use super::format::count;
use super::layout::field;
use super::request_parts::fields;
use super::tabs::{self, Tab};
use crate::control::error::ControlError;
use crate::tenants::{Diff, RowDiff, SEED, TableDiff};

/// Maximum number of rows of each table.
const MAX_ROWS: u32 = 100;

/// Maximum number of other tenants in the lists.
const MAX_OTHERS: i64 = 100;

/// Without a query, the page compares the seed with the current data.
pub(super) async fn page(page: TenantPage) -> PageResult {
    let query = &page.request.query;
    // A name that somebody typed takes precedence over the one that the list still shows.
    let chosen = |name: &str| query.filled(&format!("{name}_other")).or_else(|| query.filled(name)).map(str::to_owned);
    let from = chosen("from").unwrap_or_else(|| format!("{}@{SEED}", page.name()));
    let to = chosen("to").unwrap_or_else(|| page.name().to_owned());
    let compared = page.tenants().diff(&from, &to, MAX_ROWS).await.map_err(ControlError::from);
    let (problem, diff) = match compared {
        Ok(diff) => (None, Some(diff)),
        Err(error) => (Some(error), None),
    };
    let sides = Sides::of(&page).await?;
    let other = |name: &str| {
        html! { input id=(name) name=(name) placeholder="tenant@snapshot" list="others" autocomplete="off"; }
    };
    let body = html! {
        div.bar {
            form method="get" action=(page.path("diff")) {
                div.row {
                    (field("from", "From", &sides.list("from", &from)))
                    (field("to", "To", &sides.list("to", &to)))
                    div.buttons { button { "Compare" } }
                }
                details {
                    summary { "One that is not in the lists, such as another tenant's snapshot" }
                    div.row {
                        (field("from_other", "From, instead: tenant or tenant@snapshot", &other("from_other")))
                        (field("to_other", "To, instead", &other("to_other")))
                    }
                    datalist #others { @for name in &sides.others { option value=(name) {} option value={ (name) "@" (SEED) } {} } }
                }
            }
        }
        @if let Some(diff) = &diff { (render(&page, diff)) }
    };
    Ok(tabs::of_tenant(&page, Tab::Data, "Comparison", problem.as_ref(), &body))
}

/// What can be compared.
struct Sides {
    /// The tenant, and its snapshots, the oldest first.
    own: Vec<String>,
    /// The names of other tenants.
    others: Vec<String>,
}

impl Sides {
    async fn of(page: &TenantPage) -> Result<Self, ControlError> {
        let name = page.name();
        let mut own = vec![name.to_owned()];
        let snapshots = page.tenants().snapshots(name).await?;
        own.extend(snapshots.into_iter().map(|snapshot| format!("{name}@{}", snapshot.name)));
        // One more, because the tenant itself may be among them.
        let others = page.tenants().list_after("", MAX_OTHERS + 1).await?;
        let others = others.into_iter().map(|tenant| tenant.name).filter(|other| other != name);
        Ok(Self { own, others: others.take(usize::try_from(MAX_OTHERS).unwrap_or_default()).collect() })
    }

    /// The list of one side, with the chosen value even if it is none of them.
    fn list(&self, name: &str, chosen: &str) -> Markup {
        let words = |value: &str| if value.contains('@') { value.to_owned() } else { format!("{value}, as it is now") };
        let group = |label: &str, values: &[String]| {
            html! {
                @if !values.is_empty() {
                    optgroup label=(label) {
                        @for value in values { option value=(value) selected[value == chosen] { (words(value)) } }
                    }
                }
            }
        };
        let is_listed = self.own.iter().chain(&self.others).any(|value| value == chosen);
        html! {
            select id=(name) name=(name) {
                (group("This tenant and its snapshots", &self.own))
                (group("Other tenants", &self.others))
                @if !is_listed { option value=(chosen) selected { (words(chosen)) } }
            }
        }
    }
}

pub(super) fn render(page: &TenantPage, diff: &Diff) -> Markup {
    html! {
        @if diff.tables.is_empty() {
            p.empty { "No differences: " code { (diff.from) } " and " code { (diff.to) } " are the same." }
        } @else {
            p.lead {
                (diff.differing) " rows in " (count(diff.tables.len(), "table", "tables")) " differ between "
                code { (diff.from) } " and " code { (diff.to) } ". Secrets are not shown."
            }
        }
        @for table in &diff.tables { (of_table(page, table)) }
    }
}

fn of_table(page: &TenantPage, table: &TableDiff) -> Markup {
    let hidden = usize::try_from(table.differing).unwrap_or(usize::MAX).saturating_sub(table.rows.len());
    html! {
        section {
            h2 { (table.table) " " span.count { (table.differing) } }
            @for (at, row) in table.rows.iter().enumerate() { (of_row(page, table, row, at < 10)) }
            @if hidden > 0 { p.hint { "and " (count(hidden, "more row", "more rows")) } }
        }
    }
}

fn of_row(page: &TenantPage, table: &TableDiff, row: &RowDiff, is_open: bool) -> Markup {
    let kind = match row.kind {
        "added" => "mark good",
        "removed" => "mark bad",
        _ => "mark warn",
    };
    html! {
        details open[is_open && row.fields.len() < 12] {
            summary {
                span class=(kind) { (row.kind) } " " (row.id) " "
                span.dim { (count(row.fields.len(), "field", "fields")) }
            }
            (fields(&row.fields))
            @if table.table == "customers" { p { a href=(page.path(&format!("customers/{}", row.id))) { "Customer " (row.id) } } }
        }
    }
}
