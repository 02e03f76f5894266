//! Copying a world, and comparing two: what reset, snapshot, restore, fork and diff are made of. Which tables a world has is
//! asked of the schema (`migrations/functions/tenant_tables.sql`), so that a new one is not forgotten.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::database::{Batches, DatabaseError, TenantId};
use crate::tasks::Progress;

/// A table of a world.
#[derive(Debug)]
pub(super) struct TenantTable {
    pub name: String,
    /// Whether it is copied and compared; otherwise it is only emptied when a world is replaced.
    pub is_copied: bool,
    /// Whether each of its rows belongs to a customer.
    pub has_customers: bool,
}

pub(super) async fn tables(connection: &mut PgConnection) -> Result<Vec<TenantTable>, sqlx::Error> {
    sqlx::query_as!(
        TenantTable,
        r#"select table_name as "name!", is_copied as "is_copied!", customer_column(table_name) is not null as "has_customers!"
             from tenant_tables()"#
    )
    .fetch_all(connection)
    .await
}

/// Waits until nobody writes into a tenant's world, and keeps everybody from it until the transaction ends.
pub(super) async fn close_tenant(connection: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_advisory_xact_lock(hashtext('world'), $1)", tenant.0).execute(connection).await?;
    Ok(())
}

/// Keeps a tenant's world, and its snapshots, from being replaced until the transaction ends; writers go on.
pub(super) async fn hold_tenant(connection: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_advisory_xact_lock_shared(hashtext('world'), $1)", tenant.0).execute(connection).await?;
    Ok(())
}

/// Replaces a tenant's world with that of another one, settings included, or empties it and keeps its settings; how many rows
/// it has then.
pub(super) async fn replace(
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
        sqlx::query!("select copy_settings($1, $2)", from.0, to.0).execute(connection).await?;
    }
    Ok(rows)
}

/// So many customers are copied, read or deleted at a time where others wait for it: on an embedded database some 30 ms of work.
pub(super) const PART: i64 = 500;

const LARGE_PART: i64 = 50_000;

/// Copies a world that nobody writes into to a tenant that has none yet, settings included, or deletes the rows of one that
/// nobody sees, part by part; how many rows.
pub(super) async fn in_parts(
    batches: &mut Batches,
    from: Option<TenantId>,
    to: TenantId,
    progress: &Progress,
) -> Result<u64, DatabaseError> {
    let whose = from.unwrap_or(to);
    let part = if batches.takes_turns() { PART } else { LARGE_PART };
    let customers = sqlx::query_scalar!(r#"select count(*) as "count!" from customers where tenant_id = $1"#, whose.0,)
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
            whose.0,
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
        sqlx::query!("select copy_settings($1, $2)", from.0, to.0).execute(batches.connection().await?).await?;
    }
    Ok(rows)
}

/// Whether a world is so large that copying it in one go would keep others waiting.
pub(super) async fn is_large(connection: &mut PgConnection, tenant: TenantId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from customers where tenant_id = $1 offset $2 limit 1) as "is_large!""#,
        tenant.0,
        4 * PART,
    )
    .fetch_one(connection)
    .await
}

/// Keeps the world of a tenant as a snapshot of `owner`, in place of one of this name; how many rows it has.
pub(super) async fn save(
    connection: &mut PgConnection,
    from: TenantId,
    owner: TenantId,
    snapshot: &str,
    now: DateTime<Utc>,
    progress: &Progress,
) -> Result<u64, sqlx::Error> {
    let id = insert_snapshot(connection, owner, snapshot, now).await?;
    replace(connection, Some(from), id, progress).await
}

/// Keeps the world of a tenant that nobody sees yet as a snapshot of its own, part by part; how many rows it has.
pub(super) async fn save_hidden(
    batches: &mut Batches,
    tenant: TenantId,
    snapshot: &str,
    now: DateTime<Utc>,
    progress: &Progress,
) -> Result<u64, DatabaseError> {
    let id = insert_snapshot(batches.connection().await?, tenant, snapshot, now).await?;
    in_parts(batches, Some(tenant), id, progress).await
}

async fn insert_snapshot(
    connection: &mut PgConnection,
    owner: TenantId,
    snapshot: &str,
    now: DateTime<Utc>,
) -> Result<TenantId, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "insert into tenants (name, plan, created_at, snapshot_of, snapshot) values (null, '{}', $3, $1, $2)
         on conflict (snapshot_of, snapshot) do update set created_at = excluded.created_at
         returning tenant_id",
        owner.0,
        snapshot,
        now,
    )
    .fetch_one(connection)
    .await?;
    Ok(TenantId(id))
}

/// A snapshot of a tenant, by its name.
pub(super) async fn find_snapshot(
    connection: &mut PgConnection,
    owner: TenantId,
    snapshot: &str,
) -> Result<Option<TenantId>, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "select tenant_id from tenants where snapshot_of = $1 and snapshot = $2",
        owner.0,
        snapshot,
    )
    .fetch_optional(connection)
    .await?;
    Ok(id.map(TenantId))
}

/// The snapshots of a tenant, the oldest first.
pub(super) async fn snapshots(connection: &mut PgConnection, owner: TenantId) -> Result<Vec<SnapshotRow>, sqlx::Error> {
    sqlx::query_as!(
        SnapshotRow,
        r#"
        select t.tenant_id, t.snapshot as "name!", t.created_at, c.last_customer_id as "last_customer_id?"
          from tenants t
          left join tenant_counters c on c.tenant_id = t.tenant_id
         where t.snapshot_of = $1 and t.tenant_id <> t.snapshot_of
         order by t.created_at, t.tenant_id
        "#,
        owner.0,
    )
    .fetch_all(connection)
    .await
}

#[derive(Debug)]
pub(super) struct SnapshotRow {
    pub tenant_id: i32,
    pub name: String,
    pub created_at: DateTime<Utc>,
    pub last_customer_id: Option<i32>,
}

/// Deletes a tenant or snapshot with all that it has.
pub(super) async fn delete(
    connection: &mut PgConnection,
    tenant: TenantId,
    progress: &Progress,
) -> Result<(), sqlx::Error> {
    replace(&mut *connection, None, tenant, progress).await?;
    sqlx::query!("delete from access_tokens where tenant_id = $1", tenant.0).execute(&mut *connection).await?;
    sqlx::query!("delete from subscription_keys where tenant_id = $1", tenant.0).execute(&mut *connection).await?;
    sqlx::query!("delete from tenants where tenant_id = $1", tenant.0).execute(connection).await?;
    Ok(())
}

/// A row in which two tenants differ.
#[derive(Debug)]
pub(super) struct DifferingRow {
    pub key: Option<Value>,
    pub before: Option<Value>,
    pub after: Option<Value>,
    pub differing: i64,
}

/// The customers behind one id, up to another one; no bound where there is none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub after: Option<i32>,
    pub until: Option<i32>,
}

impl Part {
    /// All customers, and what belongs to none.
    pub(super) const ALL: Self = Self { after: None, until: None };
}

/// Where a part ends that has at most `PART` customers of each of two tenants; `None` where no more come.
pub(super) async fn end_of_part(
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

/// The rows of a table in which two tenants differ, at most so many; of a part of the customers, where they have any.
pub(super) async fn compare(
    connection: &mut PgConnection,
    table: &str,
    (left, right): (TenantId, TenantId),
    part: Part,
    most: i64,
) -> Result<Vec<DifferingRow>, sqlx::Error> {
    sqlx::query_as!(
        DifferingRow,
        r#"select key, before, after, differing as "differing!" from compare_rows($1, $2, $3, $4, $5, $6)"#,
        table,
        left.0,
        right.0,
        part.after,
        part.until,
        most,
    )
    .fetch_all(connection)
    .await
}

/// A tenant's settings: its row but for what says which tenant it is.
pub(super) async fn settings(connection: &mut PgConnection, tenant: TenantId) -> Result<Value, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select to_jsonb(t) - 'tenant_id' - 'name' - 'created_at' - 'snapshot_of' - 'snapshot' - 'origin' - 'expires_at' - 'restored_from'
                   as "settings!"
          from tenants t where t.tenant_id = $1
        "#,
        tenant.0,
    )
    .fetch_one(connection)
    .await
}
