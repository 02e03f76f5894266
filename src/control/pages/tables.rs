//! A tenant's tables, read-only: their rows, filtered by a column, and as CSV.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use futures_util::stream;
use maud::{Markup, html};

use super::PageResult;
use super::extract::TenantPage;
use super::forms::Fields;
use super::layout::field;
use super::tables_csv::{head, line};
use super::tabs::{self, Tab};
use crate::control::error::ControlError;
use crate::control::typed;
use crate::tenants::{RowComparison, RowFilter, RowsPage, TableColumn};

/// The number of rows on a page.
const PAGE: i64 = 50;

/// The number of rows that an export holds in memory: one can have a megabyte.
const BATCH: i64 = 100;

/// A longer value is cut in the list, in characters. The export has the whole.
const MAX_SHOWN: usize = 200;

/// The comparisons with their names in the query.
const COMPARISONS: [(RowComparison, &str, &str); 2] =
    [(RowComparison::Equals, "is", "is"), (RowComparison::BeginsWith, "begins", "begins with")];

/// All tables.
pub(super) async fn list(page: TenantPage) -> PageResult {
    let tables = page.tenants().tables().await?;
    let body = html! {
        p.hint {
            "The rows of this tenant in the database, read-only. Credentials and one-time tokens are left out, and secrets in other tables are hidden."
        }
        table.stack {
            thead { tr { th scope="col" { "Table" } th scope="col" { "A reset" } th scope="col" { span.unseen { "Export" } } } }
            tbody { @for table in &tables {
                tr {
                    td data-label="Table" { a href=(page.path(&format!("tables/{}", table.name))) { code { (table.name) } } }
                    td data-label="A reset" { @if table.is_copied { "restores its rows" } @else { "deletes its rows" } }
                    td data-label="" { a href=(page.path(&format!("tables/{}/csv", table.name))) download { "CSV" span.unseen { " of " (table.name) } } }
                }
            } }
        }
        p.links {
            a href=(page.path("data")) { "Snapshots, forks and seeds" }
            a href={ "/_emulator/tenants/" (super::format::encoded(page.name())) "/export" } { "Export the tenant as a seed file" }
        }
    };
    Ok(tabs::of_tenant(&page, Tab::Data, "Tables", None, &body))
}

/// The rows of one table.
pub(super) async fn rows(page: TenantPage) -> PageResult {
    let table = page.request.part("table").to_owned();
    let query = &page.request.query;
    let filter = filter_of(query);
    let after = query.filled("after").map(key).transpose()?;
    let read = {
        let _presence = page.tenants().enter(page.tenant.id).await?;
        page.tenants().rows(page.tenant.id, &table, after.as_deref(), filter.as_ref(), PAGE).await?
    };
    let body = html! {
        p.links {
            a href=(page.path("tables")) { "All tables" }
            a href=(address(&page, &table, "/csv", filter.as_ref(), None)) download { "Export these rows as CSV" }
        }
        (filter_form(&page, &table, &read.columns, filter.as_ref()))
        @if read.rows.is_empty() {
            p.empty { @if filter.is_some() { "No row matches." } @else if after.is_some() { "There are no more rows." } @else { "The table has no rows of this tenant." } }
        } @else { (rows_of(&read)) }
        nav.pages aria-label="Pages of the table" {
            @if after.is_some() { a.button.quiet href=(address(&page, &table, "", filter.as_ref(), None)) { "First rows" } }
            @if let Some(next) = &read.next { a.button.quiet rel="next" href=(address(&page, &table, "", filter.as_ref(), Some(next))) { "Next " (PAGE) " rows" } }
        }
    };
    Ok(tabs::of_tenant(&page, Tab::Data, &table, None, &body))
}

/// The rows of one table as CSV, in batches along the key: one that changes meanwhile is exported as it is when its batch is read.
pub(super) async fn csv(page: TenantPage) -> PageResult {
    let table = page.request.part("table").to_owned();
    let filter = filter_of(&page.request.query);
    let permit = page.request.control.exports.begin().await?;
    let first = batch(&page, &table, None, filter.as_ref()).await?;
    let name = format!("attachment; filename=\"{}-{table}.csv\"", page.name());
    let begun = Export { page, table, filter, next: first.next.clone(), _permit: permit };
    let beginning = head(&first) + &lines(&first);
    let following = stream::unfold(Some(begun), async |export| {
        let mut export = export?;
        let after = export.next.take()?;
        // A failure ends the response in its middle, which the client notices.
        let read = batch(&export.page, &export.table, Some(&after), export.filter.as_ref()).await;
        match read {
            Ok(read) => {
                export.next.clone_from(&read.next);
                Some((Ok(Bytes::from(lines(&read))), Some(export)))
            }
            Err(error) => Some((Err(std::io::Error::other(error.detail())), None)),
        }
    });
    let start = stream::once(async move { Ok::<_, std::io::Error>(Bytes::from(beginning)) });
    let mut response =
        typed("text/csv; charset=utf-8", Body::from_stream(futures_util::StreamExt::chain(start, following)));
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(name) = HeaderValue::try_from(name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// An export that is not at its end.
struct Export {
    page: TenantPage,
    table: String,
    filter: Option<RowFilter>,
    next: Option<Vec<String>>,
    /// Given back when everything is sent, or the client is gone.
    _permit: tokio::sync::OwnedSemaphorePermit,
}

async fn batch(
    page: &TenantPage,
    table: &str,
    after: Option<&[String]>,
    filter: Option<&RowFilter>,
) -> Result<RowsPage, ControlError> {
    let _presence = page.tenants().enter(page.tenant.id).await?;
    Ok(page.tenants().rows(page.tenant.id, table, after, filter, BATCH).await?)
}

fn lines(read: &RowsPage) -> String {
    read.rows.iter().map(|row| line(&read.columns, row)).collect()
}

fn filter_of(query: &Fields) -> Option<RowFilter> {
    let column = query.filled("column")?.to_owned();
    let how = query.text("how");
    let comparison =
        COMPARISONS.iter().find(|(_, name, _)| *name == how).map_or(RowComparison::Equals, |found| found.0);
    Some(RowFilter { column, comparison, text: query.raw("value").to_owned() })
}

/// The key in an address: a JSON array of texts.
fn key(text: &str) -> Result<Vec<String>, ControlError> {
    serde_json::from_str(text)
        .map_err(|_| ControlError::Bad("the address of this page is not one of the table".to_owned()))
}

fn address(
    page: &TenantPage,
    table: &str,
    rest: &str,
    filter: Option<&RowFilter>,
    after: Option<&Vec<String>>,
) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(RowFilter { column, comparison, text }) = filter {
        let how = COMPARISONS.iter().find(|(known, ..)| known == comparison).map_or("is", |found| found.1);
        query.append_pair("column", column).append_pair("how", how).append_pair("value", text);
    }
    if let Some(after) = after {
        query.append_pair("after", &serde_json::to_string(after).unwrap_or_default());
    }
    let query = query.finish();
    let path = page.path(&format!("tables/{table}{rest}"));
    if query.is_empty() { path } else { format!("{path}?{query}") }
}

fn filter_form(page: &TenantPage, table: &str, columns: &[TableColumn], filter: Option<&RowFilter>) -> Markup {
    let chosen = filter.map(|filter| filter.column.as_str()).unwrap_or_default();
    let column = html! {
        select #column name="column" {
            option value="" { "all rows" }
            @for column in columns.iter().filter(|column| column.can_filter) {
                option value=(column.name) selected[column.name == chosen] { (column.name) }
            }
        }
    };
    let how = html! {
        select #how name="how" {
            @for (comparison, name, words) in COMPARISONS {
                option value=(name) selected[filter.is_some_and(|filter| filter.comparison == comparison)] { (words) }
            }
        }
    };
    let value = filter.map(|filter| filter.text.as_str()).unwrap_or_default();
    html! {
        form.row.filter method="get" action=(page.path(&format!("tables/{table}"))) role="search" aria-label="Filter the rows" {
            (field("column", "Column", &column))
            div.narrow { (field("how", "Comparison", &how)) }
            (field("value", "Value", &html! { input #value name="value" value=(value) autocomplete="off"; }))
            div.buttons { button { "Filter" } }
        }
    }
}

fn rows_of(read: &RowsPage) -> Markup {
    html! {
        div.wide-table tabindex="0" role="region" aria-label="Rows" {
            table.rows {
                thead { tr { @for column in &read.columns {
                    th scope="col" title=(column.kind) { (column.name) @if column.is_key { span.dim { " (key)" } } }
                } } }
                tbody { @for row in &read.rows {
                    tr { @for value in row { td { (value_of(value.as_deref())) } } }
                } }
            }
        }
    }
}

fn value_of(value: Option<&str>) -> Markup {
    let Some(text) = value else { return html! { span.dim { "null" } } };
    let cut = text.char_indices().nth(MAX_SHOWN).map(|(at, _)| &text[..at]);
    html! { (cut.unwrap_or(text)) @if cut.is_some() { "…" } }
}
