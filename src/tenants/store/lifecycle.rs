//! SQL that creates, publishes, lists and changes tenants.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::credentials;
use crate::clock::Clock;
use crate::database::{TenantId, violated_unique_constraint};
use crate::plan::Plan;
use crate::tenants::listing::TenantListing;

/// An unfinished tenant is deleted after this time, which is more than filling any tenant takes.
const MAX_FILL_TIME: TimeDelta = TimeDelta::days(1);

/// Inserts a tenant's row; `None` when the name is in use.
pub(in crate::tenants) async fn insert(
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

/// The number of tenants of the database.
pub(in crate::tenants) async fn count(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from tenants where snapshot_of is null"#)
        .fetch_one(connection)
        .await
}

/// Inserts the row of an unfinished tenant. It has no name and is its own snapshot, so that no query finds it.
pub(in crate::tenants) async fn insert_unfinished(
    connection: &mut PgConnection,
    plan: &Plan,
    now: DateTime<Utc>,
    origin: &str,
) -> Result<TenantId, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "insert into tenants (plan, created_at, expires_at, origin) values ($1, $2, $3, $4) returning tenant_id",
        Json(plan) as _,
        now,
        now + MAX_FILL_TIME,
        origin,
    )
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query!("update tenants set snapshot_of = tenant_id where tenant_id = $1", id).execute(connection).await?;
    Ok(TenantId(id))
}

/// Inserts an unfinished tenant with its counters and the vendor's tables of types and statuses, but without customers.
pub(in crate::tenants) async fn insert_empty(
    connection: &mut PgConnection,
    plan: &Plan,
    now: DateTime<Utc>,
    origin: &str,
) -> Result<TenantId, sqlx::Error> {
    let id = insert_unfinished(connection, plan, now, origin).await?;
    sqlx::query!("insert into tenant_counters (tenant_id) values ($1)", id.0).execute(&mut *connection).await?;
    super::write_names(connection, id, plan).await?;
    Ok(id)
}

/// Publishes an unfinished tenant under a name; false when the name is in use.
pub(in crate::tenants) async fn publish(
    connection: &mut PgConnection,
    tenant: TenantId,
    name: &str,
    expires_at: Option<DateTime<Utc>>,
) -> Result<bool, sqlx::Error> {
    // When two requests use the same name at once, the constraint rejects the second one.
    let published = sqlx::query!(
        "update tenants set name = $2, expires_at = $3, snapshot_of = null
          where tenant_id = $1 and not exists (select from tenants where name = $2)",
        tenant.0,
        name,
        expires_at,
    )
    .execute(connection)
    .await;
    match published {
        Ok(done) => Ok(done.rows_affected() == 1),
        Err(error) if violated_unique_constraint(&error) == Some("tenants_name_key") => Ok(false),
        Err(error) => Err(error),
    }
}

/// Turns a tenant or snapshot that will be deleted into an unfinished tenant: its name is free again, and its credentials are
/// deleted.
pub(in crate::tenants) async fn unpublish(
    connection: &mut PgConnection,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    credentials::delete_all(connection, tenant).await?;
    sqlx::query!(
        "update tenants set name = null, snapshot_of = tenant_id, snapshot = null, expires_at = $2 where tenant_id = $1",
        tenant.0,
        now + MAX_FILL_TIME,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The unfinished tenants. On a database that only this process uses, they are those of interrupted work.
pub(in crate::tenants) async fn unfinished(connection: &mut PgConnection) -> Result<Vec<TenantId>, sqlx::Error> {
    let ids = sqlx::query_scalar!("select tenant_id from tenants where snapshot_of = tenant_id")
        .fetch_all(connection)
        .await?;
    Ok(ids.into_iter().map(TenantId).collect())
}

/// Records the snapshot from which a tenant is being restored part by part; `None` at the end.
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

/// A restore that was interrupted.
#[derive(Debug)]
pub(in crate::tenants) struct IncompleteRestore {
    pub tenant: TenantId,
    /// `None` when the snapshot was deleted.
    pub snapshot: Option<TenantId>,
}

pub(in crate::tenants) async fn incomplete_restores(
    connection: &mut PgConnection,
) -> Result<Vec<IncompleteRestore>, sqlx::Error> {
    sqlx::query_as!(
        IncompleteRestore,
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

/// The statement that lists tenants that have not expired: those whose name meets a condition. `$faults` counts the fault rules that will
/// trigger again, and `$join` is what that needs. Snapshots and unfinished tenants have no name.
macro_rules! select_listings {
    (@$faults:tt, $join:tt, $condition:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            TenantListing,
            r#"
            select t.name as "name!", t.created_at as "created_at!", t.expires_at, t.origin,
                   coalesce(c.last_customer_id, 0) as "last_customer_id!",
                   (select count(*) from tenants s where s.snapshot_of = t.tenant_id) as "snapshots!",
                   "# + $faults + r#" as "faults!"
              from tenants t
              left join tenant_counters c on c.tenant_id = t.tenant_id
              "# + $join + r#"
             where (t.expires_at is null or t.expires_at > $1) and
            "# + $condition,
            $($argument),+
        )
    };
    (one by one, $condition:tt, $($argument:expr),+) => {
        select_listings!(
            @"(select count(*) from faults f
               where f.tenant_id = t.tenant_id
                 and f.matched < coalesce((f.rule -> 'when' ->> 'first')::bigint, (f.rule -> 'when' ->> 'request')::bigint,
                                          f.matched + 1))",
            "",
            $condition,
            $($argument),+
        )
    };
    (of all nodes, $condition:tt, $($argument:expr),+) => {
        select_listings!(
            @"coalesce(a.active, 0)",
            "left join (select f.tenant_id, count(*) as active from faults f
                         where f.matched < coalesce((f.rule -> 'when' ->> 'first')::bigint,
                                                    (f.rule -> 'when' ->> 'request')::bigint, f.matched + 1)
                         group by f.tenant_id) a on a.tenant_id = t.tenant_id",
            $condition,
            $($argument),+
        )
    };
}

/// At most `limit` tenants that have not expired and whose names come after `after`, by name.
pub(in crate::tenants) async fn list(
    connection: &mut PgConnection,
    after: &str,
    limit: i64,
    now: DateTime<Utc>,
    is_distributed: bool,
) -> Result<Vec<TenantListing>, sqlx::Error> {
    if is_distributed {
        let all = select_listings!(of all nodes, "t.name > $2 order by t.name limit $3", now, after, limit);
        return all.fetch_all(connection).await;
    }
    select_listings!(one by one, "t.name > $2 order by t.name limit $3", now, after, limit).fetch_all(connection).await
}

/// The tenants that have not expired and whose names contain `part`, which is in lower case: their number, and at most `limit` of them
/// by name after the first `offset`.
pub(in crate::tenants) async fn search(
    connection: &mut PgConnection,
    part: &str,
    (offset, limit): (i64, i64),
    now: DateTime<Utc>,
    is_distributed: bool,
) -> Result<(i64, Vec<TenantListing>), sqlx::Error> {
    let total = sqlx::query_scalar!(
        r#"select count(*) as "count!" from tenants t
            where (t.expires_at is null or t.expires_at > $1) and strpos(lower(t.name), $2) > 0"#,
        now,
        part,
    );
    let total = total.fetch_one(&mut *connection).await?;
    let found = if is_distributed {
        let all = select_listings!(of all nodes, "strpos(lower(t.name), $2) > 0 order by t.name offset $3 limit $4", now, part, offset, limit);
        all.fetch_all(connection).await?
    } else {
        let all = select_listings!(one by one, "strpos(lower(t.name), $2) > 0 order by t.name offset $3 limit $4", now, part, offset, limit);
        all.fetch_all(connection).await?
    };
    Ok((total, found))
}

/// The tenant of this name, unless it has expired.
pub(in crate::tenants) async fn listing(
    connection: &mut PgConnection,
    name: &str,
    now: DateTime<Utc>,
    is_distributed: bool,
) -> Result<Option<TenantListing>, sqlx::Error> {
    if is_distributed {
        return select_listings!(of all nodes, "t.name = $2", now, name).fetch_optional(connection).await;
    }
    select_listings!(one by one, "t.name = $2", now, name).fetch_optional(connection).await
}

/// The expired tenants and the expired unfinished tenants.
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
    // A limit's window that begins after the new time would last until the clock reaches that time again.
    sqlx::query!("delete from subscription_usage where tenant_id = $1 and started_at > $2", tenant.0, clock.now())
        .execute(&mut *connection)
        .await?;
    let clock = (clock != Clock::Real).then_some(Json(clock));
    sqlx::query!("update tenants set clock = $2 where tenant_id = $1", tenant.0, clock as _)
        .execute(connection)
        .await?;
    Ok(())
}

/// Moves what is due or expires at the tenant's time back together with its clock, by this number of microseconds. Otherwise it would
/// wait until the clock reaches the earlier time again.
pub(in crate::tenants) async fn move_back(
    connection: &mut PgConnection,
    tenant: TenantId,
    microseconds: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update event_deliveries set due_at = moved_back(due_at, $2)
          where tenant_id = $1 and state = 'pending'",
        tenant.0,
        microseconds,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "update sso_tokens set expires_at = moved_back(expires_at, $2) where tenant_id = $1",
        tenant.0,
        microseconds,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Waits until no other server creates a tenant of this name; the lock lasts until the end of the transaction.
pub(in crate::tenants) async fn lock_name(connection: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_advisory_xact_lock(hashtext('tenant name'), hashtext($1))", name)
        .execute(connection)
        .await?;
    Ok(())
}
