//! SQL that reads the rows of one of the program's tables, for the inspector. The table and its columns come from the catalog of the
//! database, never from a request.

use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use crate::database::TenantId;

/// A table with rows of tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tenants) struct TableRow {
    pub name: String,
    /// Whether a reset replaces its rows; otherwise they are work that is not finished, or its results.
    pub is_copied: bool,
}

/// A column of such a table, without `tenant_id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tenants) struct ColumnRow {
    pub name: String,
    /// Such as `integer`, `timestamp with time zone`.
    pub kind: String,
    /// Its position in the primary key, from 1, without `tenant_id`.
    pub key: Option<i32>,
}

/// The tables with a tenant's data.
pub(in crate::tenants) async fn tables(connection: &mut PgConnection) -> Result<Vec<TableRow>, sqlx::Error> {
    sqlx::query_as!(
        TableRow,
        r#"select table_name as "name!", kind = 'copied' as "is_copied!" from emulator_tables()
            where kind in ('copied', 'emptied') order by 1"#
    )
    .fetch_all(connection)
    .await
}

/// The columns of a table, in their order.
pub(in crate::tenants) async fn columns(
    connection: &mut PgConnection,
    table: &str,
) -> Result<Vec<ColumnRow>, sqlx::Error> {
    sqlx::query_as!(
        ColumnRow,
        r#"
        select a.attname as "name!", format_type(a.atttypid, a.atttypmod) as "kind!",
               (select array_position(x.indkey::smallint[], a.attnum) from pg_index x
                 where x.indrelid = a.attrelid and x.indisprimary) as "key?"
          from pg_attribute a
         where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped and a.attname <> 'tenant_id'
         order by a.attnum
        "#,
        table,
    )
    .fetch_all(connection)
    .await
}

/// The member of a row with its key, which no column has as its name.
pub(in crate::tenants) const KEY: &str = " key";

/// A part of the key as SQL text. The query of an address can hold a secret, which a key would show in the address of a page.
fn key_part(column: &ColumnRow) -> String {
    if column.name == "url" { "md5(url)".to_owned() } else { quoted(&column.name) }
}

/// How a filter compares a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowComparison {
    Equals,
    BeginsWith,
}

/// A page of a table.
#[derive(Debug)]
pub(in crate::tenants) struct RowsWanted<'a> {
    pub table: &'a str,
    pub columns: &'a [ColumnRow],
    /// The values of the primary key after which the page begins, as texts.
    pub after: Option<&'a [String]>,
    pub filter: Option<(&'a ColumnRow, RowComparison, &'a str)>,
    pub limit: i64,
}

impl RowsWanted<'_> {
    /// The columns of the primary key without `tenant_id`, in its order.
    fn key(&self) -> Vec<&ColumnRow> {
        let mut key: Vec<&ColumnRow> = self.columns.iter().filter(|column| column.key.is_some()).collect();
        key.sort_by_key(|column| column.key);
        key
    }

    /// Compares along the primary key, so that a page costs as much as its rows. Values are parameters, names are quoted. Each row has its
    /// key in the member [`KEY`].
    fn statement(&self) -> String {
        let key = self.key();
        let parts: Vec<String> = key.iter().map(|column| key_part(column)).collect();
        let texts = parts.iter().map(|part| format!("({part})::text")).collect::<Vec<_>>().join(", ");
        let names = parts.join(", ");
        let columns = self.columns.iter().map(|column| quoted(&column.name)).collect::<Vec<_>>().join(", ");
        let after = match self.after {
            Some(_) if !key.is_empty() => {
                let values = key.iter().zip(4..).map(|(column, at)| format!("${at}::text::{}", column.kind));
                format!(" and ({names}) > ({})", values.collect::<Vec<_>>().join(", "))
            }
            _ => String::new(),
        };
        let filter = match self.filter {
            Some((column, RowComparison::Equals, _)) => format!("{}::text = $3", quoted(&column.name)),
            Some((column, RowComparison::BeginsWith, _)) => {
                format!("starts_with(lower({}::text), lower($3))", quoted(&column.name))
            }
            None => "$3::text is null".to_owned(),
        };
        let order = if names.is_empty() { "1".to_owned() } else { names };
        format!(
            "select to_jsonb(r) from (select {columns}, jsonb_build_array({texts}) as {} from {}
                                       where tenant_id = $1{after} and {filter} order by {order} limit $2) r",
            quoted(KEY),
            quoted(self.table)
        )
    }
}

/// The rows of a page, each as a JSON object.
pub(in crate::tenants) async fn read(
    connection: &mut PgConnection,
    tenant: TenantId,
    wanted: &RowsWanted<'_>,
) -> Result<Vec<Value>, sqlx::Error> {
    // Of names of the catalog alone.
    let statement = AssertSqlSafe(wanted.statement());
    let mut query = sqlx::query::<sqlx::Postgres>(statement).persistent(false);
    query = query.bind(tenant.0).bind(wanted.limit).bind(wanted.filter.map(|(_, _, text)| text));
    for value in wanted.after.unwrap_or_default() {
        query = query.bind(value);
    }
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
