//! What differs between two worlds: rows and their fields.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::copy::{self, DifferingRow};
use crate::database::TenantId;
use crate::journal::{FieldChange, HIDDEN, SECRET_COLUMNS};
use sqlx::PgConnection;

/// What differs between two worlds.
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

pub(super) async fn diff(
    connection: &mut PgConnection,
    (from, left): (String, TenantId),
    (to, right): (String, TenantId),
    most: u32,
) -> Result<Diff, sqlx::Error> {
    let mut tables = Vec::new();
    for table in copy::tables(connection).await?.into_iter().filter(|table| table.is_copied) {
        let rows = copy::compare(connection, &table.name, left, right, i64::from(most)).await?;
        tables.extend(of_table(table.name, rows));
    }
    let before = copy::settings(connection, left).await?;
    let after = copy::settings(connection, right).await?;
    let fields = fields(Some(before), Some(after));
    if !fields.is_empty() {
        let row = RowDiff { id: String::new(), kind: "changed", fields };
        tables.push(TableDiff { table: "settings".to_owned(), differing: 1, rows: vec![row] });
    }
    let differing = tables.iter().map(|table| table.differing).sum();
    Ok(Diff { from, to, differing, tables })
}

fn of_table(table: String, rows: Vec<DifferingRow>) -> Option<TableDiff> {
    let differing = u64::try_from(rows.first()?.differing).unwrap_or_default();
    let rows = rows.into_iter().map(|DifferingRow { key, before, after, .. }| {
        let kind = match (&before, &after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        };
        RowDiff { id: id(key), kind, fields: fields(before, after) }
    });
    Some(TableDiff { table, differing, rows: rows.collect() })
}

fn id(key: Option<Value>) -> String {
    let Some(Value::Object(key)) = key else { return String::new() };
    let shown = |(name, value): (&String, &Value)| match value {
        _ if SECRET_COLUMNS.contains(&name.as_str()) => HIDDEN.to_owned(),
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
            let is_secret = SECRET_COLUMNS.contains(&field.as_str());
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
