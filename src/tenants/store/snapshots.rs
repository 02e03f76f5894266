//! SQL on snapshots. A snapshot is a tenant without name and credentials; its column `snapshot_of` is the tenant that it belongs to.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{copy, lifecycle};
use crate::database::{Batches, DatabaseError, TenantId};
use crate::tasks::Progress;

#[derive(Debug)]
pub(in crate::tenants) struct SnapshotRow {
    pub tenant_id: i32,
    pub name: String,
    pub created_at: DateTime<Utc>,
    pub last_customer_id: Option<i32>,
}

/// The snapshots of a tenant, the oldest first.
pub(in crate::tenants) async fn list(
    connection: &mut PgConnection,
    owner: TenantId,
) -> Result<Vec<SnapshotRow>, sqlx::Error> {
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

/// How many snapshots a tenant has, other than the one of this name.
pub(in crate::tenants) async fn count_others(
    connection: &mut PgConnection,
    owner: TenantId,
    name: &str,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from tenants
            where snapshot_of = $1 and tenant_id <> snapshot_of and snapshot <> $2"#,
        owner.0,
        name,
    )
    .fetch_one(connection)
    .await
}

pub(in crate::tenants) async fn find(
    connection: &mut PgConnection,
    owner: TenantId,
    name: &str,
) -> Result<Option<TenantId>, sqlx::Error> {
    let id =
        sqlx::query_scalar!("select tenant_id from tenants where snapshot_of = $1 and snapshot = $2", owner.0, name)
            .fetch_optional(connection)
            .await?;
    Ok(id.map(TenantId))
}

/// Saves the data of a tenant as a snapshot of `owner`, which replaces one of the same name. Returns the number of rows.
pub(in crate::tenants) async fn save(
    connection: &mut PgConnection,
    from: TenantId,
    owner: TenantId,
    name: &str,
    now: DateTime<Utc>,
    progress: &Progress,
) -> Result<u64, sqlx::Error> {
    let id = insert(connection, owner, name, now).await?;
    copy::replace(connection, Some(from), id, progress).await
}

/// Saves the data of an unfinished tenant as its own snapshot, part by part. Returns the number of rows.
pub(in crate::tenants) async fn save_unfinished(
    batches: &mut Batches,
    tenant: TenantId,
    name: &str,
    now: DateTime<Utc>,
    progress: &Progress,
) -> Result<u64, DatabaseError> {
    let id = insert(batches.connection().await?, tenant, name, now).await?;
    copy::in_parts(batches, Some(tenant), id, progress).await
}

async fn insert(
    connection: &mut PgConnection,
    owner: TenantId,
    name: &str,
    now: DateTime<Utc>,
) -> Result<TenantId, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "insert into tenants (name, plan, created_at, snapshot_of, snapshot) values (null, '{}', $3, $1, $2)
         on conflict (snapshot_of, snapshot) do update set created_at = excluded.created_at
         returning tenant_id",
        owner.0,
        name,
        now,
    )
    .fetch_one(connection)
    .await?;
    Ok(TenantId(id))
}

/// Turns an unfinished tenant into the snapshot of this name. The previous snapshot of the name becomes unfinished; the caller deletes
/// it.
pub(in crate::tenants) async fn replace(
    connection: &mut PgConnection,
    unfinished: TenantId,
    owner: TenantId,
    name: &str,
    now: DateTime<Utc>,
) -> Result<Option<TenantId>, sqlx::Error> {
    let before = find(connection, owner, name).await?;
    if let Some(before) = before {
        lifecycle::unpublish(connection, before, now).await?;
    }
    sqlx::query!(
        "update tenants set snapshot_of = $2, snapshot = $3, created_at = $4, expires_at = null, origin = null
          where tenant_id = $1",
        unfinished.0,
        owner.0,
        name,
        now,
    )
    .execute(connection)
    .await?;
    Ok(before)
}
