//! What differs between two tenants: rows and their fields.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::snapshots::{self, DifferingRow, Part, TenantTable};
use crate::database::{Batches, DatabaseError, TenantId};
use crate::journal::{FieldChange, HIDDEN, is_secret_column};
use sqlx::PgConnection;

/// What differs between two tenants.
#[derive(Debug, Serialize, ToSchema)]
pub struct Diff {
    /// The one: a tenant, or `tenant@snapshot`.
    pub from: String,
    /// The other.
    pub to: String,
    /// How many rows differ in all.
    pub differing: u64,
    /// The tables that differ.
    pub tables: Vec<TableDiff>,
}

/// What differs in one table.
#[derive(Debug, Serialize, ToSchema)]
pub struct TableDiff {
    /// The table.
    pub table: String,
    /// How many of its rows differ.
    pub differing: u64,
    /// Those rows, or the first of them.
    pub rows: Vec<RowDiff>,
}

/// A row that differs.
#[derive(Debug, Serialize, ToSchema)]
pub struct RowDiff {
    /// Its key within the tenant.
    pub id: String,
    /// `added`, `removed` or `changed`.
    pub kind: &'static str,
    /// Each field that differs. Secrets are not shown.
    pub fields: Vec<FieldChange>,
}

/// Members of settings whose values are secrets.
const SECRET_MEMBERS: [&str; 3] = ["extension_token", "secret", "TaxID2"];

/// A comparison under way.
#[derive(Debug)]
pub(super) struct Comparing {
    diff: Diff,
    left: TenantId,
    right: TenantId,
    most: usize,
}

impl Comparing {
    pub(super) fn new((from, left): (&str, TenantId), (to, right): (&str, TenantId), most: u32) -> Self {
        let diff = Diff { from: from.to_owned(), to: to.to_owned(), differing: 0, tables: Vec::new() };
        Self { diff, left, right, most: usize::try_from(most).unwrap_or(usize::MAX) }
    }

    /// Compares all at once, in a transaction that sees one moment.
    pub(super) async fn at_once(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        for table in copied(connection).await? {
            let rows = self.compare(connection, &table.name, Part::ALL).await?;
            self.add(&table.name, rows);
        }
        self.settings(connection).await
    }

    /// Compares two tenants that nobody writes into, part by part.
    pub(super) async fn in_parts(&mut self, batches: &mut Batches) -> Result<(), DatabaseError> {
        let tables = copied(batches.connection().await?).await?;
        let mut after = None;
        loop {
            let until = snapshots::end_of_part(batches.connection().await?, [self.left, self.right], after).await?;
            for table in &tables {
                if after.is_some() && !table.has_customers {
                    continue;
                }
                let rows = self.compare(batches.connection().await?, &table.name, Part { after, until }).await?;
                self.add(&table.name, rows);
                batches.pause().await?;
            }
            after = until;
            if after.is_none() {
                break;
            }
        }
        let place = |found: &TableDiff| tables.iter().position(|table| table.name == found.table);
        self.diff.tables.sort_by_key(place);
        self.settings(batches.connection().await?).await?;
        batches.rest().await
    }

    /// What it came to.
    pub(super) fn diff(self) -> Diff {
        self.diff
    }

    async fn compare(
        &self,
        connection: &mut PgConnection,
        table: &str,
        part: Part,
    ) -> Result<Vec<DifferingRow>, sqlx::Error> {
        let listed = self.diff.tables.iter().find(|diff| diff.table == table).map_or(0, |diff| diff.rows.len());
        // One at least, because each says how many there are.
        let most = i64::try_from(self.most.saturating_sub(listed).max(1)).unwrap_or(i64::MAX);
        snapshots::compare(connection, table, (self.left, self.right), part, most).await
    }

    fn add(&mut self, table: &str, rows: Vec<DifferingRow>) {
        let Some(first) = rows.first() else { return };
        let differing = u64::try_from(first.differing).unwrap_or_default();
        self.diff.differing += differing;
        let known = self.diff.tables.iter().position(|diff| diff.table == table);
        let place = known.unwrap_or_else(|| {
            self.diff.tables.push(TableDiff { table: table.to_owned(), differing: 0, rows: Vec::new() });
            self.diff.tables.len() - 1
        });
        let diff = &mut self.diff.tables[place];
        diff.differing += differing;
        let room = self.most.saturating_sub(diff.rows.len());
        diff.rows.extend(rows.into_iter().take(room).map(of_row));
    }

    async fn settings(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let before = snapshots::settings(connection, self.left).await?;
        let after = snapshots::settings(connection, self.right).await?;
        let fields = fields(Some(before), Some(after));
        if !fields.is_empty() {
            let row = RowDiff { id: String::new(), kind: "changed", fields };
            self.diff.tables.push(TableDiff { table: "settings".to_owned(), differing: 1, rows: vec![row] });
            self.diff.differing += 1;
        }
        Ok(())
    }
}

async fn copied(connection: &mut PgConnection) -> Result<Vec<TenantTable>, sqlx::Error> {
    Ok(snapshots::tables(connection).await?.into_iter().filter(|table| table.is_copied).collect())
}

fn of_row(DifferingRow { key, before, after, .. }: DifferingRow) -> RowDiff {
    let kind = match (&before, &after) {
        (None, _) => "added",
        (_, None) => "removed",
        _ => "changed",
    };
    RowDiff { id: id(key), kind, fields: fields(before, after) }
}

fn id(key: Option<Value>) -> String {
    let Some(Value::Object(key)) = key else { return String::new() };
    let shown = |(name, value): (&String, &Value)| match value {
        _ if is_secret_column(name) => HIDDEN.to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    key.iter().map(shown).collect::<Vec<_>>().join("/")
}

fn fields(before: Option<Value>, after: Option<Value>) -> Vec<FieldChange> {
    let members = |row: Option<Value>| match row {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    };
    let (mut before, after) = (members(before), members(after));
    let mut fields = Vec::new();
    let mut add = |field: String, was: Value, is: Value| {
        if was != is {
            let is_secret = is_secret_column(&field);
            let hide =
                |value: Value| if is_secret && !value.is_null() { HIDDEN.into() } else { without_secrets(value) };
            fields.push(FieldChange { field: field.into(), before: hide(was).into(), after: hide(is).into() });
        }
    };
    for (field, is) in after {
        let was = before.remove(&field).unwrap_or_default();
        add(field, was, is);
    }
    for (field, was) in before {
        add(field, was, Value::Null);
    }
    fields
}

fn without_secrets(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let hide = |(name, value): (String, Value)| {
                let is_secret = SECRET_MEMBERS.contains(&name.as_str()) && !value.is_null();
                (name, if is_secret { HIDDEN.into() } else { without_secrets(value) })
            };
            members.into_iter().map(hide).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.into_iter().map(without_secrets).collect::<Vec<_>>().into(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_listed_and_secrets_are_not() {
        let before = json!({"a": 1, "tax_id": "T1", "plan": {"secret": "x", "b": 1}, "gone": true});
        let after = json!({"a": 1, "tax_id": "T2", "plan": {"secret": "y", "b": 1}});
        let shown = serde_json::to_value(fields(Some(before), Some(after))).expect("JSON");
        assert_eq!(
            shown,
            json!([
                {"field": "plan", "before": {"secret": "•••", "b": 1}, "after": {"secret": "•••", "b": 1}},
                {"field": "tax_id", "before": "•••", "after": "•••"},
                {"field": "gone", "before": true, "after": null},
            ])
        );
    }
}
