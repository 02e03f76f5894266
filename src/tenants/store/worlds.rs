//! SQL on tenants as worlds.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::clock::Clock;
use crate::database::TenantId;
use crate::plan::Plan;
use crate::tenants::listing::TenantListing;

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

/// All tenants whose time is not over, by name.
pub(in crate::tenants) async fn list(
    connection: &mut PgConnection,
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
                   and f.calls < coalesce((f.rule -> 'when' ->> 'first')::bigint, (f.rule -> 'when' ->> 'call')::bigint,
                                          f.calls + 1)) as "faults!"
          from tenants t
         where t.snapshot_of is null and (t.expires_at is null or t.expires_at > $1)
         order by t.name
        "#,
        now,
    )
    .fetch_all(connection)
    .await
}

/// The tenants whose time is over.
pub(in crate::tenants) async fn expired(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<Vec<TenantId>, sqlx::Error> {
    let ids = sqlx::query_scalar!("select tenant_id from tenants where snapshot_of is null and expires_at <= $1", now)
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
