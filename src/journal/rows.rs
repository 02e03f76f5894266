//! The changes between two versions of a row.

use std::borrow::Cow;
use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::HIDDEN;
use super::redact::redacted;
use super::row_bytes::{ColumnBytes, RowBytes};
use super::secret_names::is_secret_column;

#[cfg(test)]
impl Tables {
    /// A table of three columns: tenant, key and a secret.
    pub(super) fn of_customers() -> Self {
        let column = Column::new;
        let columns = vec![
            column("tenant_id", Kind::Number, false),
            column("customer_id", Kind::Number, true),
            column("tax_id", Kind::Text, false),
        ];
        Self([("customers".to_owned(), columns)].into())
    }
}

/// Replaces a secret that changed.
const HIDDEN_AFTER: &str = "••• (changed)";

/// The columns of this program's tables.
#[derive(Debug, Default)]
pub(super) struct Tables(HashMap<String, Vec<Column>>);

#[derive(Debug)]
struct Column {
    /// Leaked, because the tables live as long as the process.
    name: &'static str,
    kind: Kind,
    is_key: bool,
    /// The tenant, and the version of a customer, which no request sets.
    is_left_out: bool,
    is_secret: bool,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Boolean,
    Number,
    Time,
    Text,
    Json,
}

/// A row that a request changed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Change {
    pub table: Cow<'static, str>,
    /// The row's primary key without the tenant.
    pub id: String,
    /// Each column that changed; of a new row each that is not null.
    pub fields: Vec<FieldChange>,
}

/// A column that a request changed. Secrets such as a tax id are hidden.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FieldChange {
    pub field: Cow<'static, str>,
    /// Null in a new row.
    #[schema(value_type = Object)]
    pub before: Cell,
    #[schema(value_type = Object)]
    pub after: Cell,
}

/// The maximum length of a value in bytes, as that of a body.
const MAX_CELL: usize = 16 * 1024;

/// A value of a row, kept as Postgres writes it and parsed when it is read. Of a long one only the beginning is kept, followed by `…`
/// and the length of the whole.
#[derive(Debug, Clone)]
pub struct Cell(CellValue);

#[derive(Debug, Clone)]
enum CellValue {
    Null,
    Hidden(&'static str),
    Text(Box<str>, Kind),
}

impl Cell {
    #[must_use]
    pub fn value(&self) -> Value {
        match &self.0 {
            CellValue::Null => Value::Null,
            CellValue::Hidden(mask) => (*mask).into(),
            CellValue::Text(text, kind) => kind.value(text),
        }
    }

    /// A value without secrets, of which only the beginning is kept if it is long.
    fn text(text: &str, kind: Kind) -> Self {
        match shortened(text, MAX_CELL) {
            Some(short) => Self(CellValue::Text(short.into(), Kind::Text)),
            None => Self(CellValue::Text(text.into(), kind)),
        }
    }

    /// In bytes, without the struct itself.
    pub(super) fn size(&self) -> usize {
        match &self.0 {
            CellValue::Null | CellValue::Hidden(_) => 0,
            CellValue::Text(text, _) => text.len(),
        }
    }
}

impl From<Value> for Cell {
    fn from(value: Value) -> Self {
        match &value {
            Value::Null => Self(CellValue::Null),
            Value::String(text) => Self::text(text, Kind::Text),
            other => Self::text(&other.to_string(), Kind::Json),
        }
    }
}

/// The beginning of a long text and the length of the whole; `None` for one that is short enough. `max` is in bytes.
pub(super) fn shortened(text: &str, max: usize) -> Option<String> {
    if text.len() <= max {
        return None;
    }
    let end = text.floor_char_boundary(max);
    Some(format!("{}… ({} bytes)", &text[..end], text.len()))
}

impl FieldChange {
    /// In bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        let name = if let Cow::Owned(name) = &self.field { name.capacity() } else { 0 };
        size_of::<Self>() + name + self.before.size() + self.after.size()
    }
}

impl Change {
    /// In bytes.
    pub(super) fn size(&self) -> usize {
        let fields = self.fields.iter().map(FieldChange::size).sum::<usize>();
        let unused = (self.fields.capacity() - self.fields.len()) * size_of::<FieldChange>();
        size_of::<Self>() + self.id.capacity() + fields + unused
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Cell {
    /// Of a value that was shortened before, and so is not shortened again.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Null => Self(CellValue::Null),
            Value::String(text) => Self(CellValue::Text(text.into(), Kind::Text)),
            other => Self(CellValue::Text(other.to_string().into(), Kind::Json)),
        })
    }
}

impl Tables {
    pub(super) async fn load(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let columns = sqlx::query!(
            r#"
            select c.relname::text as "table!", a.attname::text as "column!", t.typname::text as "kind!",
                   exists (select from pg_index x
                            where x.indrelid = c.oid and x.indisprimary and a.attnum = any (x.indkey)) as "is_key!"
              from emulator_tables() e
              join pg_class c on c.oid = e.table_name::regclass
              join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
              join pg_type t on t.oid = a.atttypid
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
                "json" | "jsonb" => Kind::Json,
                _ => Kind::Text,
            };
            let new = Column::new(column.column.leak(), kind, column.is_key);
            tables.entry(column.table).or_default().push(new);
        }
        Ok(Self(tables))
    }

    /// What changed between two versions of a row; `None` if nothing did. Secrets are hidden.
    pub(super) fn change(
        &self,
        table: &'static str,
        before: Option<&RowBytes>,
        after: Option<&RowBytes>,
    ) -> Option<Change> {
        let columns = match self.0.get(table) {
            Some(columns) => columns,
            // The vendor spells it with capitals.
            None => self.0.get(&table.to_ascii_lowercase())?,
        };
        let mut id = String::new();
        let mut fields = Vec::new();
        let before = values(columns, before, &[]);
        // What was not written is as before.
        let after = values(columns, after, &before);
        for (number, column) in columns.iter().enumerate() {
            let (was, is) = (before.get(number).copied().flatten(), after.get(number).copied().flatten());
            if column.is_left_out {
                continue;
            }
            if column.is_key {
                if !id.is_empty() {
                    id.push('/');
                }
                let key = is.or(was).map(text).unwrap_or_default();
                id.push_str(if column.is_secret { HIDDEN } else { &key });
            }
            if was != is {
                let after = if was.is_some() { HIDDEN_AFTER } else { HIDDEN };
                let (before, after) = (column.cell(was, HIDDEN), column.cell(is, after));
                fields.push(FieldChange { field: Cow::Borrowed(column.name), before, after });
            }
        }
        (!fields.is_empty()).then_some(Change { table: Cow::Borrowed(table), id, fields })
    }
}

/// The values of a row in the order of the table's columns, where it has none those of `others`; none for no row.
fn values<'a>(
    columns: &[Column],
    row: Option<&'a RowBytes>,
    others: &[Option<ColumnBytes<'a>>],
) -> Vec<Option<ColumnBytes<'a>>> {
    row.map(|row| row.values(columns.iter().map(|column| column.name), others)).unwrap_or_default()
}

fn text(column: ColumnBytes<'_>) -> Cow<'_, str> {
    column.text().unwrap_or(Cow::Borrowed("(unreadable)"))
}

impl Column {
    fn new(name: &'static str, kind: Kind, is_key: bool) -> Self {
        let is_left_out = ["tenant_id", "version"].contains(&name);
        let is_secret = is_secret_column(name);
        Self { name, kind, is_key: is_key && !is_left_out, is_left_out, is_secret }
    }

    fn cell(&self, column: Option<ColumnBytes<'_>>, mask: &'static str) -> Cell {
        let Some(column) = column else { return Cell(CellValue::Null) };
        if self.is_secret {
            return Cell(CellValue::Hidden(mask));
        }
        let text = text(column);
        match self.kind {
            // A vendor's members, which may contain secrets. Only what is kept is searched for them.
            Kind::Json => match shortened(&text, MAX_CELL) {
                Some(short) => Cell(CellValue::Text(redacted(&short).into(), Kind::Text)),
                None => Cell(CellValue::Text(redacted(&text).into(), self.kind)),
            },
            kind => Cell::text(&text, kind),
        }
    }
}

impl Kind {
    fn value(self, text: &str) -> Value {
        match self {
            Self::Boolean => Value::Bool(text == "true"),
            Self::Number => text.parse::<serde_json::Number>().map_or(text.into(), Value::Number),
            Self::Time => match DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z") {
                Ok(time) => time.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::AutoSi, true).into(),
                Err(_) => text.into(),
            },
            Self::Text => text.into(),
            Self::Json => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_has_the_changed_columns_and_no_secret() {
        let column = Column::new;
        let columns = vec![
            column("tenant_id", Kind::Number, false),
            column("customer_id", Kind::Number, true),
            column("tax_id", Kind::Text, false),
            column("modified_at", Kind::Time, false),
            column("send_emails", Kind::Boolean, false),
            column("fields", Kind::Json, false),
        ];
        let tables = Tables([("customers".to_owned(), columns)].into());
        let row = |texts: [&'static str; 6]| RowBytes::of(&texts.map(Some));
        let before = row(["7", "3", "OLD-TAX", "2026-11-22 05:00:00+00", "false", "{}"]);
        let after =
            row(["7", "3", "NEW-TAX", "2026-11-22 05:00:00.25+00", "false", r#"{"Phone4": "4", "TaxID2": "2"}"#]);
        let change = tables.change("customers", Some(&before), Some(&after)).expect("a change");
        assert_eq!(
            serde_json::to_value(&change).expect("JSON"),
            serde_json::json!({"table": "customers", "id": "3", "fields": [
                {"field": "tax_id", "before": "•••", "after": "••• (changed)"},
                {"field": "modified_at", "before": "2026-11-22T05:00:00Z", "after": "2026-11-22T05:00:00.250Z"},
                {"field": "fields", "before": {}, "after": {"Phone4": "4", "TaxID2": "•••"}},
            ]})
        );
        assert!(tables.change("customers", Some(&after), Some(&after)).is_none());
        assert_eq!(tables.change("customers", None, Some(&after)).expect("a row").fields.len(), 5);
    }
}
