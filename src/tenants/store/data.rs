//! SQL on tenants as tenants.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::clock::Clock;
use crate::database::{TenantId, violated_unique_constraint};
use crate::plan::Plan;
use crate::tenants::listing::TenantListing;

/// No tenant takes so long to be made.
const LONGEST_FILL: TimeDelta = TimeDelta::days(1);

/// Makes a tenant's row; `None` when the name is in use.
pub(in crate::tenants) async fn insert_row(
    connection: &mut PgConnection,
    name: &str,
    plan: &Plan,
    now: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    origin: &str,
) -> Result<Option<TenantId>, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "insert into tenants (name, plan, created_at, expires_at, origin) values ($1, $2, $3, $4, $5)
         on conflict (name) do nothing
         returning tenant_id",
        name,
        Json(plan) as _,
        now,
        expires_at,
        origin,
    )
    .fetch_optional(connection)
    .await?;
    Ok(id.map(TenantId))
}

/// Makes the row of a tenant that nobody sees: it is its own snapshot, and has no name. One that is left behind is deleted when
/// its time is over.
pub(in crate::tenants) async fn insert_hidden(
    connection: &mut PgConnection,
    plan: &Plan,
    now: DateTime<Utc>,
    origin: &str,
) -> Result<TenantId, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "insert into tenants (plan, created_at, expires_at, origin) values ($1, $2, $3, $4) returning tenant_id",
        Json(plan) as _,
        now,
        now + LONGEST_FILL,
        origin,
    )
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query!("update tenants set snapshot_of = tenant_id where tenant_id = $1", id).execute(connection).await?;
    Ok(TenantId(id))
}

/// Shows a hidden tenant to everybody under a name; false when the name is in use.
pub(in crate::tenants) async fn show(
    connection: &mut PgConnection,
    tenant: TenantId,
    name: &str,
    expires_at: Option<DateTime<Utc>>,
) -> Result<bool, sqlx::Error> {
    // Two who take one name at once: the constraint stops the second.
    let shown = sqlx::query!(
        "update tenants set name = $2, expires_at = $3, snapshot_of = null
          where tenant_id = $1 and not exists (select from tenants where name = $2)",
        tenant.0,
        name,
        expires_at,
    )
    .execute(connection)
    .await;
    match shown {
        Ok(done) => Ok(done.rows_affected() == 1),
        Err(error) if violated_unique_constraint(&error) == Some("tenants_name_key") => Ok(false),
        Err(error) => Err(error),
    }
}

/// Hides a tenant or snapshot from everybody, to be deleted: its name is free again, and its keys are gone.
pub(in crate::tenants) async fn hide(
    connection: &mut PgConnection,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from access_tokens where tenant_id = $1", tenant.0).execute(&mut *connection).await?;
    sqlx::query!("delete from subscription_keys where tenant_id = $1", tenant.0).execute(&mut *connection).await?;
    sqlx::query!(
        "update tenants set name = null, snapshot_of = tenant_id, snapshot = null, expires_at = $2 where tenant_id = $1",
        tenant.0,
        now + LONGEST_FILL,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes a hidden tenant a snapshot of another one.
pub(in crate::tenants) async fn keep_as_snapshot(
    connection: &mut PgConnection,
    hidden: TenantId,
    owner: TenantId,
    snapshot: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update tenants set snapshot_of = $2, snapshot = $3, created_at = $4, expires_at = null, origin = null
          where tenant_id = $1",
        hidden.0,
        owner.0,
        snapshot,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Says of what snapshot a tenant's world is becoming a copy, part by part, or that it is one now.
pub(in crate::tenants) async fn set_restored_from(
    connection: &mut PgConnection,
    tenant: TenantId,
    from: Option<TenantId>,
) -> Result<(), sqlx::Error> {
    let from = from.map(|from| from.0);
    sqlx::query!("update tenants set restored_from = $2 where tenant_id = $1", tenant.0, from)
        .execute(connection)
        .await?;
    Ok(())
}

/// A tenant whose world was to become a copy of a snapshot when the work was broken off.
#[derive(Debug)]
pub(in crate::tenants) struct HalfPutBack {
    pub tenant: TenantId,
    /// The snapshot, where it is still one of the tenant's.
    pub snapshot: Option<TenantId>,
}

pub(in crate::tenants) async fn half_put_back(connection: &mut PgConnection) -> Result<Vec<HalfPutBack>, sqlx::Error> {
    sqlx::query_as!(
        HalfPutBack,
        r#"
        select t.tenant_id as "tenant: TenantId", s.tenant_id as "snapshot?: TenantId"
          from tenants t
          left join tenants s on s.tenant_id = t.restored_from and s.snapshot_of = t.tenant_id
         where t.restored_from is not null and t.snapshot_of is null
        "#
    )
    .fetch_all(connection)
    .await
}

/// Tenants that nobody sees, on a database that only this process has: they were left behind.
pub(in crate::tenants) async fn hidden(connection: &mut PgConnection) -> Result<Vec<TenantId>, sqlx::Error> {
    let ids = sqlx::query_scalar!("select tenant_id from tenants where snapshot_of = tenant_id")
        .fetch_all(connection)
        .await?;
    Ok(ids.into_iter().map(TenantId).collect())
}

/// What a world has before anybody lives in it: a plan, a counter, and nothing else.
pub(in crate::tenants) async fn begin_anew(
    connection: &mut PgConnection,
    tenant: TenantId,
    plan: &Plan,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update tenants set plan = $2, extension = null, events = null, clock = null where tenant_id = $1",
        tenant.0,
        Json(plan) as _,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("insert into tenant_counters (tenant_id) values ($1)", tenant.0).execute(connection).await?;
    Ok(())
}

/// All tenants whose time is not over, by name, or the one of a name.
pub(in crate::tenants) async fn list(
    connection: &mut PgConnection,
    name: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Vec<TenantListing>, sqlx::Error> {
    sqlx::query_as!(
        TenantListing,
        r#"
        select t.name as "name!", t.created_at, t.expires_at, t.origin,
               coalesce((select c.last_customer_id from tenant_counters c where c.tenant_id = t.tenant_id), 0)
                   as "last_customer_id!",
               (select count(*) from tenants s where s.snapshot_of = t.tenant_id) as "snapshots!",
               (select count(*) from faults f
                 where f.tenant_id = t.tenant_id
                   and f.matched < coalesce((f.rule -> 'when' ->> 'first')::bigint, (f.rule -> 'when' ->> 'request')::bigint,
                                          f.matched + 1)) as "faults!"
          from tenants t
         where t.snapshot_of is null and (t.expires_at is null or t.expires_at > $1)
           -- The names from this one on, of which the first is it or there is none: no other tenant is counted.
           and t.name >= coalesce($2, '') and ($2::text is null or t.name = $2)
         order by t.name
         limit case when $2::text is not null then 1 end
        "#,
        now,
        name,
    )
    .fetch_all(connection)
    .await
}

/// The tenants whose time is over, and those that were left behind unfinished.
pub(in crate::tenants) async fn expired(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<Vec<TenantId>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "select tenant_id from tenants where (snapshot_of is null or snapshot_of = tenant_id) and expires_at <= $1",
        now,
    )
    .fetch_all(connection)
    .await?;
    Ok(ids.into_iter().map(TenantId).collect())
}

pub(in crate::tenants) async fn set_plan(
    connection: &mut PgConnection,
    tenant: TenantId,
    plan: &Plan,
) -> Result<(), sqlx::Error> {
    sqlx::query!("update tenants set plan = $2 where tenant_id = $1", tenant.0, Json(plan) as _)
        .execute(connection)
        .await?;
    Ok(())
}

pub(in crate::tenants) async fn set_clock(
    connection: &mut PgConnection,
    tenant: TenantId,
    clock: Clock,
) -> Result<(), sqlx::Error> {
    // A window of calls that began later would last until the clock came there again.
    sqlx::query!("delete from subscription_usage where tenant_id = $1 and started_at > $2", tenant.0, clock.now())
        .execute(&mut *connection)
        .await?;
    let clock = (clock != Clock::Real).then_some(Json(clock));
    sqlx::query!("update tenants set clock = $2 where tenant_id = $1", tenant.0, clock as _)
        .execute(connection)
        .await?;
    Ok(())
}

/// Waits until no other server makes a tenant of this name; until the end of the transaction.
pub(in crate::tenants) async fn lock_name(connection: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_advisory_xact_lock(hashtext('tenant name'), hashtext($1))", name)
        .execute(connection)
        .await?;
    Ok(())
}
