//! SQL that copies, deletes and compares the data of tenants, for reset, snapshot, restore, fork and diff.
//! `migrations/functions/tenant_tables.sql` lists the tables that contain such data.

use futures_util::stream::BoxStream;
use serde_json::Value;
use sqlx::PgConnection;

use crate::database::{Batches, DatabaseError, TenantId};
use crate::tasks::Progress;

/// A table of tenants' data.
#[derive(Debug)]
pub(in crate::tenants) struct TenantTable {
    pub name: String,
    /// Whether it is copied and compared. Otherwise its rows are only deleted when the data is replaced.
    pub is_copied: bool,
    /// Whether each of its rows belongs to a customer.
    pub has_customers: bool,
}

pub(in crate::tenants) async fn tables(connection: &mut PgConnection) -> Result<Vec<TenantTable>, sqlx::Error> {
    sqlx::query_as!(
        TenantTable,
        r#"select table_name as "name!", is_copied as "is_copied!", customer_column(table_name) is not null as "has_customers!"
             from tenant_tables()"#
    )
    .fetch_all(connection)
    .await
}

/// Replaces a tenant's data and settings with those of another one. Without another one, it deletes the data and does not change the
/// settings. Returns the number of written rows.
pub(in crate::tenants) async fn replace(
    connection: &mut PgConnection,
    from: Option<TenantId>,
    to: TenantId,
    progress: &Progress,
) -> Result<u64, sqlx::Error> {
    let mut rows = 0;
    let tables = tables(connection).await?;
    let total = tables.len() as u64;
    for (number, table) in tables.iter().enumerate() {
        progress.expect(&table.name, total);
        progress.advance(number as u64);
        let from = from.filter(|_| table.is_copied);
        let written = sqlx::query_scalar!(
            r#"select replace_rows($1, $2, $3) as "rows!""#,
            table.name,
            from.map(|from| from.0),
            to.0,
        )
        .fetch_one(&mut *connection)
        .await?;
        rows += u64::try_from(written).unwrap_or_default();
    }
    if let Some(from) = from {
        copy_settings(connection, from, to).await?;
    }
    Ok(rows)
}

async fn copy_settings(connection: &mut PgConnection, from: TenantId, to: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query!("select copy_settings($1, $2)", from.0, to.0).execute(connection).await?;
    Ok(())
}

/// The number of customers that one transaction copies, reads or deletes on an embedded database, where requests wait for it: about
/// 30 ms of work.
pub(in crate::tenants) const PART: i64 = 500;

/// The same on a database server.
const LARGE_PART: i64 = 50_000;

/// Copies a tenant's data and settings, part by part, to a tenant without data. Without `from`, it deletes the data of `to`. No
/// request may write into either tenant in the meantime. Returns the number of written rows.
pub(in crate::tenants) async fn in_parts(
    batches: &mut Batches,
    from: Option<TenantId>,
    to: TenantId,
    progress: &Progress,
) -> Result<u64, DatabaseError> {
    let read = from.unwrap_or(to);
    let part = if batches.takes_turns() { PART } else { LARGE_PART };
    let customers = sqlx::query_scalar!(r#"select count(*) as "count!" from customers where tenant_id = $1"#, read.0)
        .fetch_one(batches.connection().await?)
        .await?;
    let customers = u64::try_from(customers).unwrap_or_default();
    progress.expect("customers", customers);
    let (mut rows, mut done, mut after) = (0, 0, None);
    loop {
        let connection = batches.connection().await?;
        let until = sqlx::query_scalar!(
            "select customer_id from customers where tenant_id = $1 and customer_id > $2
              order by customer_id offset $3 limit 1",
            read.0,
            after.unwrap_or(i32::MIN),
            part - 1,
        )
        .fetch_optional(&mut *connection)
        .await?;
        let written = sqlx::query_scalar!(
            r#"select copy_part($1, $2, $3, $4) as "rows!""#,
            from.map(|from| from.0),
            to.0,
            after,
            until,
        )
        .fetch_one(connection)
        .await?;
        rows += u64::try_from(written).unwrap_or_default();
        batches.pause().await?;
        let more = part.unsigned_abs().min(customers - done);
        progress.advance(more);
        done += more;
        after = until;
        if after.is_none() {
            break;
        }
    }
    if let Some(from) = from {
        copy_settings(batches.connection().await?, from, to).await?;
    }
    Ok(rows)
}

/// Whether a tenant has too many customers for one copy, for which other requests would wait too long.
pub(in crate::tenants) async fn is_large(connection: &mut PgConnection, tenant: TenantId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from customers where tenant_id = $1 offset $2 limit 1) as "is_large!""#,
        tenant.0,
        4 * PART,
    )
    .fetch_one(connection)
    .await
}

/// Deletes a tenant or snapshot with all its data.
pub(in crate::tenants) async fn delete(
    connection: &mut PgConnection,
    tenant: TenantId,
    progress: &Progress,
) -> Result<(), sqlx::Error> {
    replace(&mut *connection, None, tenant, progress).await?;
    super::credentials::delete_all(connection, tenant).await?;
    sqlx::query!("delete from tenants where tenant_id = $1", tenant.0).execute(connection).await?;
    Ok(())
}

/// A row that differs between two tenants.
#[derive(Debug)]
pub(in crate::tenants) struct DifferingRow {
    pub key: Option<Value>,
    pub before: Option<Value>,
    pub after: Option<Value>,
    /// The number of rows of the table that differ.
    pub differing: i64,
}

/// The customers with ids above `after`, up to `until`. `None` is no bound.
#[derive(Debug, Clone, Copy)]
pub(in crate::tenants) struct Part {
    pub after: Option<i32>,
    pub until: Option<i32>,
}

impl Part {
    /// All customers, and the rows that belong to no customer.
    pub(in crate::tenants) const ALL: Self = Self { after: None, until: None };
}

/// The last customer id of the part after `after` with at most `PART` customers of each of two tenants; `None` for the last part.
pub(in crate::tenants) async fn end_of_part(
    connection: &mut PgConnection,
    [left, right]: [TenantId; 2],
    after: Option<i32>,
) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar!(
        "select least((select customer_id from customers where tenant_id = $1 and customer_id > $3
                        order by customer_id offset $4 limit 1),
                      (select customer_id from customers where tenant_id = $2 and customer_id > $3
                        order by customer_id offset $4 limit 1))",
        left.0,
        right.0,
        after.unwrap_or(i32::MIN),
        PART - 1,
    )
    .fetch_one(connection)
    .await
}

/// At most `limit` rows of a table that differ between two tenants. In a table of customers' rows, only those of the part.
pub(in crate::tenants) fn compare<'c>(
    connection: &'c mut PgConnection,
    table: &'c str,
    (left, right): (TenantId, TenantId),
    part: Part,
    limit: i64,
) -> BoxStream<'c, Result<DifferingRow, sqlx::Error>> {
    sqlx::query_as!(
        DifferingRow,
        r#"select key, before, after, differing as "differing!" from compare_rows($1, $2, $3, $4, $5, $6)"#,
        table,
        left.0,
        right.0,
        part.after,
        part.until,
        limit,
    )
    .fetch(connection)
}

/// A tenant's settings: its row without the columns that identify the tenant.
pub(in crate::tenants) async fn settings(
    connection: &mut PgConnection,
    tenant: TenantId,
) -> Result<Value, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select to_jsonb(t) - 'tenant_id' - 'name' - 'created_at' - 'snapshot_of' - 'snapshot' - 'origin' - 'expires_at' - 'restored_from'
                   - 'unique_fields' as "settings!"
          from tenants t where t.tenant_id = $1
        "#,
        tenant.0,
    )
    .fetch_one(connection)
    .await
}
