//! Compares two tenants or snapshots: rows and their fields.

use futures_util::TryStreamExt as _;
use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::error::TenantError;
use super::service::Tenants;
use super::store::copy::{self, DifferingRow, Part, TenantTable};
use crate::database::{Batches, DatabaseError, TenantId};
use crate::journal::{FieldChange, HIDDEN, is_secret_column};
use crate::outgoing::without_query_values;

#[derive(Debug, Serialize, ToSchema)]
pub struct Diff {
    /// A tenant, or a snapshot: `tenant@snapshot`.
    pub from: String,
    pub to: String,
    /// The number of rows that differ.
    pub differing: u64,
    /// The tables that differ.
    pub tables: Vec<TableDiff>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TableDiff {
    pub table: String,
    /// The number of rows that differ.
    pub differing: u64,
    /// The first of those rows: at most as many as the limit says, and in all tables together at most 16 MiB.
    pub rows: Vec<RowDiff>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RowDiff {
    /// The primary key within the tenant.
    pub id: String,
    /// `added`, `removed` or `changed`.
    pub kind: &'static str,
    /// Each field that differs. Secrets are not shown.
    pub fields: Vec<FieldChange>,
}

/// The maximum size of the listed fields of a comparison in bytes. Further rows are counted and not listed.
const MAX_LISTED_BYTES: usize = 16 * 1024 * 1024;

/// Members of settings whose values are secrets.
const SECRET_MEMBERS: [&str; 3] = ["extension_token", "secret", "TaxID2"];

/// Members of settings that hold addresses, whose queries can hold keys.
const ADDRESS_MEMBERS: [&str; 2] = ["url", "hooks"];

impl Tenants {
    /// Compares two tenants or snapshots (`demo@seed`). Lists at most `limit` rows of each table, and at most 16 MiB.
    ///
    /// # Errors
    /// `UnknownTenant`, `UnknownSnapshot`, or when the database fails.
    pub async fn diff(&self, from: &str, to: &str, limit: u32) -> Result<Diff, TenantError> {
        let task = self.for_task();
        let mut owners = [task.resolve_owner(from).await?, task.resolve_owner(to).await?];
        // Sorted, so that two requests that compare the same tenants do not wait for each other.
        owners.sort_unstable();
        let first = self.locks().exclusive(owners[0]).await?;
        let second = if owners[0] == owners[1] { None } else { Some(self.locks().exclusive(owners[1]).await?) };
        let (left, right) = (task.resolve(from).await?, task.resolve(to).await?);
        let mut comparison = Comparison::new((from, left), (to, right), limit);
        if task.is_copied_in_parts(&[left, right]).await? {
            for (access, owner) in [Some(&first), second.as_ref()].into_iter().flatten().zip(owners) {
                if [left, right].contains(&owner) {
                    self.block_requests(access).await;
                }
            }
            comparison.in_parts(&mut Batches::new(&self.database)).await?;
            return Ok(comparison.diff);
        }
        let compared = task.database.in_snapshot(async |connection| {
            comparison.at_once(connection).await?;
            Ok(comparison.diff)
        });
        compared.await
    }
}

#[derive(Debug)]
struct Comparison {
    diff: Diff,
    left: TenantId,
    right: TenantId,
    /// The maximum number of listed rows of each table.
    limit: usize,
    /// How many bytes the further listed rows may have.
    bytes_left: usize,
}

impl Comparison {
    fn new((from, left): (&str, TenantId), (to, right): (&str, TenantId), limit: u32) -> Self {
        let diff = Diff { from: from.to_owned(), to: to.to_owned(), differing: 0, tables: Vec::new() };
        Self { diff, left, right, limit: usize::try_from(limit).unwrap_or(usize::MAX), bytes_left: MAX_LISTED_BYTES }
    }

    /// Compares in one transaction that sees the database at one moment.
    async fn at_once(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        for table in copied_tables(connection).await? {
            self.compare(connection, &table.name, Part::ALL).await?;
        }
        self.settings(connection).await
    }

    /// Compares part by part, while no request writes into either.
    async fn in_parts(&mut self, batches: &mut Batches) -> Result<(), DatabaseError> {
        let tables = copied_tables(batches.connection().await?).await?;
        let mut after = None;
        loop {
            let until = copy::end_of_part(batches.connection().await?, [self.left, self.right], after).await?;
            for table in &tables {
                if after.is_some() && !table.has_customers {
                    continue;
                }
                self.compare(batches.connection().await?, &table.name, Part { after, until }).await?;
                batches.pause().await?;
            }
            after = until;
            if after.is_none() {
                break;
            }
        }
        let position = |diff: &TableDiff| tables.iter().position(|table| table.name == diff.table);
        self.diff.tables.sort_by_key(position);
        self.settings(batches.connection().await?).await?;
        batches.rest().await
    }

    async fn compare(&mut self, connection: &mut PgConnection, table: &str, part: Part) -> Result<(), sqlx::Error> {
        let listed = self.diff.tables.iter().find(|diff| diff.table == table).map_or(0, |diff| diff.rows.len());
        let limit = if self.bytes_left == 0 { 0 } else { self.limit.saturating_sub(listed) };
        // At least one, because each row contains the number of rows that differ.
        let max_rows = i64::try_from(limit.max(1)).unwrap_or(i64::MAX);
        let mut rows = Vec::new();
        let mut differing = 0;
        // One by one, so that only what is listed is in memory.
        let mut found = copy::compare(connection, table, (self.left, self.right), part, max_rows);
        while let Some(row) = found.try_next().await? {
            differing = u64::try_from(row.differing).unwrap_or_default();
            if rows.len() < limit && self.bytes_left > 0 {
                let row = row_diff(row);
                self.bytes_left = self.bytes_left.saturating_sub(row.size());
                rows.push(row);
            }
        }
        drop(found);
        self.add(table, differing, rows);
        Ok(())
    }

    fn add(&mut self, table: &str, differing: u64, rows: Vec<RowDiff>) {
        if differing == 0 {
            return;
        }
        self.diff.differing += differing;
        let position = self.diff.tables.iter().position(|diff| diff.table == table);
        let position = position.unwrap_or_else(|| {
            self.diff.tables.push(TableDiff { table: table.to_owned(), differing: 0, rows: Vec::new() });
            self.diff.tables.len() - 1
        });
        let diff = &mut self.diff.tables[position];
        diff.differing += differing;
        diff.rows.extend(rows);
    }

    async fn settings(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let before = copy::settings(connection, self.left).await?;
        let after = copy::settings(connection, self.right).await?;
        let fields = field_changes(Some(before), Some(after));
        if !fields.is_empty() {
            let row = RowDiff { id: String::new(), kind: "changed", fields };
            self.diff.tables.push(TableDiff { table: "settings".to_owned(), differing: 1, rows: vec![row] });
            self.diff.differing += 1;
        }
        Ok(())
    }
}

impl RowDiff {
    /// In bytes.
    fn size(&self) -> usize {
        size_of::<Self>() + self.id.capacity() + self.fields.iter().map(FieldChange::size).sum::<usize>()
    }
}

async fn copied_tables(connection: &mut PgConnection) -> Result<Vec<TenantTable>, sqlx::Error> {
    Ok(copy::tables(connection).await?.into_iter().filter(|table| table.is_copied).collect())
}

fn row_diff(DifferingRow { key, before, after, .. }: DifferingRow) -> RowDiff {
    let kind = match (&before, &after) {
        (None, _) => "added",
        (_, None) => "removed",
        _ => "changed",
    };
    RowDiff { id: id(key), kind, fields: field_changes(before, after) }
}

fn id(key: Option<Value>) -> String {
    let Some(Value::Object(key)) = key else { return String::new() };
    let text_of = |(name, value): (&String, &Value)| match value {
        _ if is_secret_column(name) => HIDDEN.to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    key.iter().map(text_of).collect::<Vec<_>>().join("/")
}

fn field_changes(before: Option<Value>, after: Option<Value>) -> Vec<FieldChange> {
    let members = |row: Option<Value>| match row {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    };
    let (mut before, after) = (members(before), members(after));
    let mut fields = Vec::new();
    let mut add = |field: String, old: Value, new: Value| {
        if old != new {
            let is_secret = is_secret_column(&field);
            let hide =
                |value: Value| if is_secret && !value.is_null() { HIDDEN.into() } else { without_secrets(value) };
            fields.push(FieldChange { field: field.into(), before: hide(old).into(), after: hide(new).into() });
        }
    };
    for (field, new) in after {
        let old = before.remove(&field).unwrap_or_default();
        add(field, old, new);
    }
    for (field, old) in before {
        add(field, old, Value::Null);
    }
    fields
}

fn without_secrets(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let hide = |(name, value): (String, Value)| {
                let value = match name.as_str() {
                    name if SECRET_MEMBERS.contains(&name) && !value.is_null() => HIDDEN.into(),
                    name if ADDRESS_MEMBERS.contains(&name) => without_keys(value),
                    _ => without_secrets(value),
                };
                (name, value)
            };
            members.into_iter().map(hide).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.into_iter().map(without_secrets).collect::<Vec<_>>().into(),
        other => other,
    }
}

/// An address, or the addresses in an object, without the values of their queries.
fn without_keys(value: Value) -> Value {
    match value {
        Value::String(address) => without_query_values(&address).into(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, without_keys(value))).collect::<Map<_, _>>().into()
        }
        other => without_secrets(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn addresses_are_listed_without_their_keys() {
        let of = |key: &str| json!({ "hooks": { "A": format!("http://h/?code={key}") }, "subscriptions": [{ "url": format!("http://s/?{key}") }] });
        let shown = json!({ "hooks": { "A": "http://h/?code=•••" }, "subscriptions": [{ "url": "http://s/?•••" }] });
        let changes = field_changes(Some(json!({ "e": of("one") })), Some(json!({ "e": of("two") })));
        let changes = serde_json::to_value(changes).expect("JSON");
        assert_eq!(changes, json!([{ "field": "e", "before": shown, "after": shown }]));
    }

    #[test]
    fn only_differing_fields_are_listed_and_secrets_are_hidden() {
        let before = json!({"a": 1, "tax_id": "T1", "plan": {"secret": "x", "b": 1}, "removed": true});
        let after = json!({"a": 1, "tax_id": "T2", "plan": {"secret": "y", "b": 1}});
        let changes = serde_json::to_value(field_changes(Some(before), Some(after))).expect("JSON");
        assert_eq!(
            changes,
            json!([
                {"field": "plan", "before": {"secret": "•••", "b": 1}, "after": {"secret": "•••", "b": 1}},
                {"field": "tax_id", "before": "•••", "after": "•••"},
                {"field": "removed", "before": true, "after": null},
            ])
        );
    }
}
