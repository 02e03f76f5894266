//! Rows as Postgres writes them, `(1,,"a b")`, told apart into columns, and what changed between two of them.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use utoipa::ToSchema;

/// Columns whose values are never shown: of them only that they changed.
pub const SECRET_COLUMNS: [&str; 5] = ["tax_id", "tax_id_key", "password_hash", "digest", "token"];

/// What stands for a secret.
pub const HIDDEN: &str = "•••";

/// What stands for a secret that became another one.
const HIDDEN_AFTER: &str = "••• (changed)";

/// The columns of every table that belongs to tenants.
#[derive(Debug, Default)]
pub(super) struct Tables(HashMap<String, Vec<Column>>);

#[derive(Debug)]
struct Column {
    name: String,
    kind: Kind,
    is_key: bool,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Boolean,
    Number,
    Time,
    Text,
}

/// A row that a call changed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Change {
    /// The table.
    pub table: &'static str,
    /// The row's key within the tenant.
    pub id: String,
    /// Each field that is another one now; of a new row all that are set.
    pub fields: Vec<FieldChange>,
}

/// A field that a call changed. A tax id, and whatever is as secret, is not shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldChange {
    /// The column.
    pub field: String,
    /// What it was; null in a new row.
    pub before: Value,
    /// What it is.
    pub after: Value,
}

impl Tables {
    /// Asks the database for its tables.
    pub(super) async fn load(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let columns = sqlx::query!(
            r#"
            select c.relname::text as "table!", a.attname::text as "column!", t.typname::text as "kind!",
                   exists (select from pg_index x
                            where x.indrelid = c.oid and x.indisprimary and a.attnum = any (x.indkey)) as "is_key!"
              from pg_class c
              join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
              join pg_type t on t.oid = a.atttypid
             where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
             order by c.oid, a.attnum
            "#
        )
        .fetch_all(connection)
        .await?;
        let mut tables: HashMap<String, Vec<Column>> = HashMap::new();
        for column in columns {
            let kind = match column.kind.as_str() {
                "bool" => Kind::Boolean,
                "int2" | "int4" | "int8" | "numeric" => Kind::Number,
                "timestamptz" => Kind::Time,
                _ => Kind::Text,
            };
            let is_key = column.is_key && column.column != "tenant_id";
            tables.entry(column.table).or_default().push(Column { name: column.column, kind, is_key });
        }
        Ok(Self(tables))
    }

    /// What changed between two versions of a row; `None` when nothing did. Secrets are hidden here.
    pub(super) fn change(&self, table: &'static str, before: Option<&str>, after: Option<&str>) -> Option<Change> {
        let columns = self.0.get(&table.to_ascii_lowercase())?;
        let was = before.map(fields).unwrap_or_default();
        let is = after.map(fields).unwrap_or_default();
        let at = |row: &[Option<String>], place: usize| row.get(place).cloned().flatten();
        let mut id = Vec::new();
        let mut changed = Vec::new();
        for (place, column) in columns.iter().enumerate().filter(|(_, column)| column.name != "tenant_id") {
            let (was, is) = (at(&was, place), at(&is, place));
            if column.is_key {
                let is_secret = SECRET_COLUMNS.contains(&column.name.as_str());
                id.extend(
                    is.clone().or_else(|| was.clone()).map(|key| if is_secret { HIDDEN.to_owned() } else { key }),
                );
            }
            if was == is {
                continue;
            }
            let (before, after) = if SECRET_COLUMNS.contains(&column.name.as_str()) {
                let after = if was.is_some() { HIDDEN_AFTER } else { HIDDEN };
                (hidden(was.as_deref(), HIDDEN), hidden(is.as_deref(), after))
            } else {
                (column.kind.value(was), column.kind.value(is))
            };
            changed.push(FieldChange { field: column.name.clone(), before, after });
        }
        (!changed.is_empty()).then(|| Change { table, id: id.join("/"), fields: changed })
    }
}

fn hidden(value: Option<&str>, shown: &str) -> Value {
    value.map_or(Value::Null, |_| shown.into())
}

impl Kind {
    fn value(self, text: Option<String>) -> Value {
        let Some(text) = text else { return Value::Null };
        match self {
            Self::Boolean => Value::Bool(text == "t"),
            Self::Number => text.parse::<serde_json::Number>().map_or(Value::String(text), Value::Number),
            Self::Time => match DateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f%#z") {
                Ok(time) => time.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::AutoSi, true).into(),
                Err(_) => text.into(),
            },
            Self::Text => text.into(),
        }
    }
}

/// The fields of a row: `None` where it is NULL. A quote or backslash within quotes is doubled or has a backslash before it.
fn fields(row: &str) -> Vec<Option<String>> {
    let inner = row.strip_prefix('(').and_then(|row| row.strip_suffix(')')).unwrap_or(row);
    let mut fields = Vec::with_capacity(56);
    let mut field: Option<String> = None;
    let mut letters = inner.chars().peekable();
    let mut is_quoted = false;
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.get_or_insert_default().push('"');
            }
            '"' => {
                is_quoted = !is_quoted;
                field.get_or_insert_default();
            }
            '\\' if is_quoted => field.get_or_insert_default().extend(letters.next()),
            ',' if !is_quoted => fields.push(field.take()),
            other => field.get_or_insert_default().push(other),
        }
    }
    fields.push(field);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_told_apart_into_its_fields() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(fields(r#"(1,,"a, ""b"" \\c",t,"")"#), [some("1"), None, some(r#"a, "b" \c"#), some("t"), some("")]);
        assert_eq!(fields("(1,)"), [some("1"), None]);
    }

    #[test]
    fn a_change_shows_what_changed_and_no_secret() {
        let column = |name: &str, kind, is_key| Column { name: name.to_owned(), kind, is_key };
        let columns = vec![
            column("tenant_id", Kind::Number, false),
            column("customer_id", Kind::Number, true),
            column("tax_id", Kind::Text, false),
            column("modified_at", Kind::Time, false),
            column("send_emails", Kind::Boolean, false),
        ];
        let tables = Tables([("customers".to_owned(), columns)].into());
        let before = r#"(7,3,OLD-TAX,"2026-11-22 05:00:00+00",f)"#;
        let after = r#"(7,3,NEW-TAX,"2026-11-22 05:00:00.25+00",f)"#;
        let change = tables.change("customers", Some(before), Some(after)).expect("a change");
        assert_eq!(
            serde_json::to_value(&change).expect("JSON"),
            serde_json::json!({"table": "customers", "id": "3", "fields": [
                {"field": "tax_id", "before": "•••", "after": "••• (changed)"},
                {"field": "modified_at", "before": "2026-11-22T05:00:00Z", "after": "2026-11-22T05:00:00.250Z"},
            ]})
        );
        assert!(tables.change("customers", Some(after), Some(after)).is_none());
        assert_eq!(tables.change("customers", None, Some(after)).expect("a row").fields.len(), 4);
    }
}
