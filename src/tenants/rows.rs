//! Reads the rows of a tenant's tables, page by page along their keys and without secrets: the embedded database admits no second
//! connection.

use serde_json::Value;
use sqlx::PgConnection;

use super::error::TenantError;
use super::service::Tenants;
use super::store::rows::{self, ColumnRow, KEY, RowsWanted};
use crate::database::{TenantId, is_of_value};
use crate::journal::{HIDDEN, is_secret_column, redacted_text};
use crate::outgoing::without_query_values;

pub use super::store::rows::RowComparison;

/// The longest text that a filter compares with, in bytes.
const MAX_FILTER: usize = 1_000;

/// A table with rows of tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableListing {
    pub name: String,
    /// Whether a reset replaces its rows; otherwise they are work that is not finished, or its results.
    pub is_copied: bool,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    pub name: String,
    /// Postgres' name of its type.
    pub kind: String,
    pub is_key: bool,
    /// Whether a filter can compare it: not where it may hold a secret.
    pub can_filter: bool,
    /// Whether its values are texts that a client chose.
    pub is_text: bool,
}

/// Which rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFilter {
    pub column: String,
    pub comparison: RowComparison,
    pub text: String,
}

/// A page of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowsPage {
    pub columns: Vec<TableColumn>,
    /// A value for each column as it is shown; `None` for null.
    pub rows: Vec<Vec<Option<String>>>,
    /// The key of the last row, if there may be more rows.
    pub next: Option<Vec<String>>,
}

impl Tenants {
    /// The tables whose rows can be read: those with a tenant's data. Tables of credentials and of one-time tokens are none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tables(&self) -> Result<Vec<TableListing>, TenantError> {
        let read = async |connection: &mut PgConnection| {
            let mut readable = Vec::new();
            for table in rows::tables(connection).await? {
                if is_readable(&rows::columns(connection, &table.name).await?) {
                    readable.push(TableListing { name: table.name, is_copied: table.is_copied });
                }
            }
            Ok(readable)
        };
        Ok(self.database.run(read).await?)
    }

    /// At most `limit` rows of a table that belong to a tenant, after the row with a key.
    ///
    /// # Errors
    /// `Rejected` for an unknown table or column, and for a key that is none of this table; or when the database fails.
    pub async fn rows(
        &self,
        tenant: TenantId,
        table: &str,
        after: Option<&[String]>,
        filter: Option<&RowFilter>,
        limit: i64,
    ) -> Result<RowsPage, TenantError> {
        let read = async |connection: &mut PgConnection| {
            let is_known = rows::tables(connection).await?.iter().any(|known| known.name == table);
            // Postgres would read another text as an expression.
            if is_known { rows::columns(connection, table).await } else { Ok(Vec::new()) }
        };
        let columns = self.database.run(read).await?;
        if !is_readable(&columns) {
            return Err(TenantError::Rejected(format!("there is no table '{}'", shortened(table))));
        }
        let key_length = columns.iter().filter(|column| column.key.is_some()).count();
        let bad_key = || TenantError::Rejected("the address of this page is not one of the table".to_owned());
        if after.is_some_and(|after| after.len() != key_length || after.iter().any(|text| text.contains('\0'))) {
            return Err(bad_key());
        }
        let filter = filter.map(|filter| checked(filter, &columns)).transpose()?;
        let wanted = RowsWanted { table, columns: &columns, after, filter, limit };
        let read = self.database.run(async |connection| rows::read(connection, tenant, &wanted).await).await;
        let read = read.map_err(|error| match error {
            error if after.is_some() && is_of_value(&error) => bad_key(),
            error => error.into(),
        })?;
        let next = read.last().filter(|_| i64::try_from(read.len()).is_ok_and(|count| count == limit));
        let next = next.map(key_of);
        let shown =
            read.iter().map(|row| columns.iter().map(|column| shown(&column.name, &row[&column.name])).collect());
        Ok(RowsPage { rows: shown.collect(), next, columns: columns.iter().map(TableColumn::from).collect() })
    }
}

impl From<&ColumnRow> for TableColumn {
    fn from(column: &ColumnRow) -> Self {
        let ColumnRow { name, kind, key } = column;
        let is_text = kind == "text" || kind.ends_with("[]") || kind.starts_with("json");
        Self { name: name.clone(), kind: kind.clone(), is_key: key.is_some(), can_filter: can_filter(column), is_text }
    }
}

/// A table whose key is a secret would show it in the address of a page.
fn is_readable(columns: &[ColumnRow]) -> bool {
    !columns.is_empty() && !columns.iter().any(|column| column.key.is_some() && is_hidden(&column.name))
}

fn is_hidden(column: &str) -> bool {
    is_secret_column(column) || column.ends_with("_digest")
}

/// A comparison with parts of a value would reveal the secrets in it.
fn can_filter(column: &ColumnRow) -> bool {
    let is_document = ["json", "jsonb", "bytea"].contains(&column.kind.as_str())
        || ["body", "response", "url"].contains(&column.name.as_str());
    !is_hidden(&column.name) && !is_document
}

fn checked<'a>(
    filter: &'a RowFilter,
    columns: &'a [ColumnRow],
) -> Result<(&'a ColumnRow, RowComparison, &'a str), TenantError> {
    let RowFilter { column, comparison, text } = filter;
    let found = columns.iter().find(|known| known.name == *column && can_filter(known));
    let reject = |why: String| Err(TenantError::Rejected(why));
    match found {
        None => reject(format!("the table cannot be filtered by '{}'", shortened(column))),
        Some(_) if text.len() > MAX_FILTER || text.contains('\0') => {
            reject(format!("a filter is a text of at most {MAX_FILTER} bytes"))
        }
        Some(found) => Ok((found, *comparison, text)),
    }
}

/// The values of the primary key as texts.
fn key_of(row: &Value) -> Vec<String> {
    row[KEY].as_array().into_iter().flatten().map(text).collect()
}

/// A value without secrets; `None` for null.
fn shown(column: &str, value: &Value) -> Option<String> {
    if value.is_null() {
        return None;
    }
    if is_hidden(column) {
        return Some(HIDDEN.to_owned());
    }
    let text = text(value);
    Some(match column {
        "url" => without_query_values(&text),
        _ if text.contains(['{', '[', '<', '=']) => redacted_text(&text),
        _ => text,
    })
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}
