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

/// Maximum number of tenants that the fields suggest.
const MAX_SUGGESTED: i64 = 100;

/// Without a query, the page compares the seed with the current data.
pub(super) async fn page(page: TenantPage) -> PageResult {
    let query = &page.request.query;
    let from = query.filled("from").map_or_else(|| format!("{}@{SEED}", page.name()), str::to_owned);
    let to = query.filled("to").unwrap_or(page.name()).to_owned();
    let compared = page.tenants().diff(&from, &to, MAX_ROWS).await.map_err(ControlError::from);
    let (problem, diff) = match compared {
        Ok(diff) => (None, Some(diff)),
        Err(error) => (Some(error), None),
    };
    let names = suggested(&page).await?;
    let side = |name: &str, value: &str| {
        html! { input id=(name) name=(name) value=(value) list="tenants" required autocomplete="off"; }
    };
    let body = html! {
        div.bar {
            form.row method="get" action=(page.path("diff")) {
                (field("from", "From: tenant or tenant@snapshot", &side("from", &from)))
                (field("to", "To", &side("to", &to)))
                datalist #tenants { @for name in &names { option value=(name) {} } }
                div.buttons { button { "Compare" } }
            }
        }
        @if let Some(diff) = &diff { (render(&page, diff)) }
    };
    Ok(tabs::of_tenant(&page, Tab::Data, "Comparison", problem.as_ref(), &body))
}

/// The tenant, its snapshots, and other tenants.
async fn suggested(page: &TenantPage) -> Result<Vec<String>, ControlError> {
    let own = page.name();
    let mut names = vec![own.to_owned()];
    let snapshots = page.tenants().snapshots(own).await?;
    names.extend(snapshots.into_iter().map(|snapshot| format!("{own}@{}", snapshot.name)));
    let others = page.tenants().list_after("", MAX_SUGGESTED).await?;
    names.extend(others.into_iter().map(|tenant| tenant.name).filter(|name| name != own));
    Ok(names)
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
