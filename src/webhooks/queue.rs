//! SQL of the worker: which deliveries are due, their leases and results. Due times are the tenant's time, leases the database's.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::event::DeliveryState;
use crate::database::TenantId;

/// How many due deliveries of a tenant one poll reads, those that wait for an earlier one included.
const PAGE: i64 = 200;

/// How many deliveries that have ended are kept for each tenant, and how many may be pending. Beyond it the oldest are deleted, or
/// fail.
const MAX_ENDED: i64 = 10_000;
const MAX_PENDING: i64 = 100_000;

/// A tenant whose events have subscribers.
#[derive(Debug)]
pub(super) struct SubscribedTenant {
    pub tenant_id: i32,
    pub clock: Option<Value>,
}

pub(super) async fn subscribed_tenants(connection: &mut PgConnection) -> Result<Vec<SubscribedTenant>, sqlx::Error> {
    sqlx::query_as!(
        SubscribedTenant,
        "select tenant_id, clock from tenants where events is not null and snapshot_of is null order by tenant_id",
    )
    .fetch_all(connection)
    .await
}

/// Those that have pending deliveries. Reads one entry of an index for each tenant that has any, subscribed or not.
pub(super) async fn waiting_tenants(connection: &mut PgConnection) -> Result<Vec<SubscribedTenant>, sqlx::Error> {
    sqlx::query_as!(
        SubscribedTenant,
        r#"
        with recursive waiting (tenant_id) as (
            (select d.tenant_id from event_deliveries d where d.state = 'pending' order by d.tenant_id, d.due_at limit 1)
            union all
            select (select d.tenant_id from event_deliveries d
                     where d.state = 'pending' and d.tenant_id > w.tenant_id
                     order by d.tenant_id, d.due_at limit 1)
              from waiting w
             where w.tenant_id is not null
        )
        select t.tenant_id as "tenant_id!", t.clock
          from waiting w
         cross join lateral (select * from tenants
                              where tenants.tenant_id = w.tenant_id and events is not null and snapshot_of is null
                             offset 0) t
         order by t.tenant_id
        "#,
    )
    .fetch_all(connection)
    .await
}

/// The same on a distributed database, where a statement begins with the tenants of each node.
pub(super) async fn waiting_tenants_of_nodes(
    connection: &mut PgConnection,
) -> Result<Vec<SubscribedTenant>, sqlx::Error> {
    sqlx::query_as!(
        SubscribedTenant,
        "select t.tenant_id, t.clock from tenants t
          where t.events is not null and t.snapshot_of is null
            and t.tenant_id in (
                select c.tenant_id from tenant_counters c
                 where exists (select from event_deliveries d where d.tenant_id = c.tenant_id and d.state = 'pending'))
          order by t.tenant_id",
    )
    .fetch_all(connection)
    .await
}

/// A tenant's clock as it is stored, `None` for real time.
pub(super) async fn clock(connection: &mut PgConnection, tenant: TenantId) -> Result<Option<Value>, sqlx::Error> {
    let clock = sqlx::query_scalar!("select clock from tenants where tenant_id = $1", tenant.0);
    Ok(clock.fetch_optional(connection).await?.flatten())
}

/// A tenant with due deliveries that no server has leased.
#[derive(Debug)]
pub(super) struct DueTenant {
    pub tenant_id: i32,
    pub name: String,
    pub events: Value,
}

/// Of these tenants those with due deliveries, each at its time in `nows`. Reads one entry of an index for each tenant.
pub(super) async fn due_tenants(
    connection: &mut PgConnection,
    tenants: &[i32],
    nows: &[DateTime<Utc>],
) -> Result<Vec<DueTenant>, sqlx::Error> {
    sqlx::query_as!(
        DueTenant,
        r#"
        select t.tenant_id, t.name as "name!", t.events as "events!"
          from unnest($1::integer[], $2::timestamptz[]) as at (tenant_id, now)
         cross join lateral (
               select d.id from event_deliveries d
                where d.tenant_id = at.tenant_id and d.state = 'pending' and d.due_at <= at.now
                  and (d.leased_until is null or d.leased_until <= statement_timestamp())
                order by d.due_at limit 1) due
         cross join lateral (select * from tenants where tenants.tenant_id = at.tenant_id offset 0) t
         where t.name is not null and t.events is not null
         order by t.tenant_id
        "#,
        tenants,
        nows,
    )
    .fetch_all(connection)
    .await
}

/// The same on a distributed database. Reads one entry of an index for each due delivery.
pub(super) async fn due_tenants_of_nodes(
    connection: &mut PgConnection,
    tenants: &[i32],
    nows: &[DateTime<Utc>],
) -> Result<Vec<DueTenant>, sqlx::Error> {
    sqlx::query_as!(
        DueTenant,
        r#"
        select t.tenant_id, t.name as "name!", t.events as "events!" from tenants t
         where t.name is not null and t.events is not null
           and t.tenant_id in (
               select d.tenant_id
                 from event_deliveries d
                 join unnest($1::integer[], $2::timestamptz[]) as at (tenant_id, now) on at.tenant_id = d.tenant_id
                where d.state = 'pending' and d.due_at <= at.now
                  and (d.leased_until is null or d.leased_until <= statement_timestamp())
                group by d.tenant_id)
         order by t.tenant_id
        "#,
        tenants,
        nows,
    )
    .fetch_all(connection)
    .await
}

/// A delivery that this server has leased for an attempt.
#[derive(Debug)]
pub(super) struct LeasedDelivery {
    pub id: Uuid,
    pub url: String,
    pub customer_id: i32,
    pub sequence: i64,
    pub payload: String,
    pub caller: String,
    pub attempts: i32,
}

/// Leases at most `limit` deliveries that are due at the tenant's time, for some seconds. For each customer and URL only the earliest
/// pending one, so that they arrive in order; a reordered event does not block later ones. Those that another server leases at this
/// moment are skipped.
///
/// Reads a page of due deliveries. If an earlier one of the customer is not due yet, they become due together with it, so that the next
/// page does not begin with them.
pub(super) async fn lease(
    connection: &mut PgConnection,
    tenant: TenantId,
    now: DateTime<Utc>,
    seconds: f64,
    limit: i64,
) -> Result<Vec<LeasedDelivery>, sqlx::Error> {
    sqlx::query_as!(
        LeasedDelivery,
        "with page as materialized (
             select d.id, d.url, d.customer_id, d.sequence
               from event_deliveries d
              where d.tenant_id = $1 and d.state = 'pending' and d.due_at <= $2
              order by d.due_at
              limit $5
         ), chain as materialized (
             select page.id, page.url, earliest.id as first_id, earliest.due_at as first_due_at
               from page
              cross join lateral (
                    select e.id, e.due_at from event_deliveries e
                     where e.tenant_id = $1 and e.customer_id = page.customer_id and e.url = page.url
                       and e.sequence <= page.sequence and e.state = 'pending'
                       and (not e.is_overtaken or e.sequence = page.sequence)
                     order by e.sequence
                     limit 1) earliest
         ), deferred as (
             update event_deliveries d set due_at = chain.first_due_at
               from chain
              where chain.first_due_at > $2
                and d.tenant_id = $1 and d.id = chain.id and d.url = chain.url and d.state = 'pending'
         ), free as (
             select d.id, d.url
               from (select distinct first_id, url from chain where first_due_at <= $2) first
               join event_deliveries d on d.tenant_id = $1 and d.id = first.first_id and d.url = first.url
              where d.state = 'pending' and (d.leased_until is null or d.leased_until <= statement_timestamp())
              order by d.due_at
              limit $4
                for update of d skip locked
         )
         update event_deliveries d
            set leased_until = statement_timestamp() + make_interval(secs => $3), attempts = d.attempts + 1
           from free
          where d.tenant_id = $1 and d.id = free.id and d.url = free.url
         returning d.id, d.url, d.customer_id, d.sequence, d.body as payload, d.caller, d.attempts",
        tenant.0,
        now,
        seconds,
        limit,
        PAGE,
    )
    .fetch_all(connection)
    .await
}

/// The result of an attempt.
#[derive(Debug)]
pub(super) struct AttemptResult<'a> {
    pub attempted_at: DateTime<Utc>,
    pub duration_ms: i32,
    pub status: Option<i32>,
    pub response: &'a str,
    pub state: DeliveryState,
    /// When a pending delivery is retried.
    pub due_at: DateTime<Utc>,
}

/// Writes the result of an attempt, unless its delivery was deleted: it is locked, so that a reset, which deletes the attempts after the
/// deliveries, leaves none. A reordered event that waits for this one is due when this one was delivered.
pub(super) async fn finish(
    connection: &mut PgConnection,
    tenant: TenantId,
    delivery: &LeasedDelivery,
    result: &AttemptResult<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "with delivery as (
             select id as locked from event_deliveries where tenant_id = $1 and id = $2 and url = $3 for update
         ), attempt as (
             insert into event_attempts (tenant_id, id, url, attempt, attempted_at, duration_ms, status, response)
             select $1, $2, $3, $4, $5, $6, $7, $8 from delivery
             on conflict do nothing
         ), overtaken as (
             update event_deliveries set due_at = $10
              where $9 = 'delivered' and tenant_id = $1 and customer_id = $11 and sequence < $12 and url = $3
                and state = 'pending' and is_overtaken and attempts = 0
         )
         update event_deliveries
            set state        = case when $9 = 'delivered' and copies > 1 then 'pending' else $9 end,
                copies       = case when $9 = 'delivered' then greatest(copies - 1, 1) else copies end,
                due_at       = $10,
                leased_until = null
           from delivery
          where tenant_id = $1 and id = $2 and url = $3 and state = 'pending' and attempts = $4",
        tenant.0,
        delivery.id,
        delivery.url,
        delivery.attempts,
        result.attempted_at,
        result.duration_ms,
        result.status,
        result.response,
        result.state.name(),
        result.due_at,
        delivery.customer_id,
        delivery.sequence,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A place in the order of a tenant's deliveries: from the oldest to the newest, and among those of one moment by descending customer
/// and ascending sequence.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeliveryOrder {
    pub created_at: DateTime<Utc>,
    pub customer_id: i32,
    pub sequence: i64,
}

impl DeliveryOrder {
    /// Before all deliveries of this time or a later one.
    pub(super) fn before(time: DateTime<Utc>) -> Self {
        Self { created_at: time, customer_id: i32::MAX, sequence: 0 }
    }
}

/// The newest delivery of too many that ended.
pub(super) async fn beyond(
    connection: &mut PgConnection,
    tenant: TenantId,
) -> Result<Option<DeliveryOrder>, sqlx::Error> {
    sqlx::query_as!(
        DeliveryOrder,
        "select created_at, customer_id, sequence from event_deliveries where tenant_id = $1 and state <> 'pending'
          order by created_at desc, customer_id, sequence desc offset $2 limit 1",
        tenant.0,
        MAX_ENDED,
    )
    .fetch_optional(connection)
    .await
}

/// Deletes at most `limit` deliveries that ended, those up to `last`. Returns how many.
pub(super) async fn sweep(
    connection: &mut PgConnection,
    tenant: TenantId,
    last: DeliveryOrder,
    limit: i64,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        with swept as (
            delete from event_deliveries e
             using (select d.id, d.url from event_deliveries d
                     where d.tenant_id = $1 and d.state <> 'pending' and d.created_at <= $2
                       and (d.created_at < $2 or d.customer_id > $3 or d.customer_id = $3 and d.sequence <= $4)
                     order by d.created_at, d.customer_id desc, d.sequence
                     limit $5) oldest
             where e.tenant_id = $1 and e.id = oldest.id and e.url = oldest.url
            returning e.id, e.url
        ), forgotten as (
            delete from event_attempts a using swept where a.tenant_id = $1 and a.id = swept.id and a.url = swept.url
        )
        select count(*) as "count!" from swept
        "#,
        tenant.0,
        last.created_at,
        last.customer_id,
        last.sequence,
        limit,
    )
    .fetch_one(connection)
    .await
}

/// Of too many pending deliveries those fail that are due first.
pub(super) async fn fail_beyond(connection: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update event_deliveries set state = 'failed'
          where tenant_id = $1 and state = 'pending'
            and (due_at, id) <= (select due_at, id from event_deliveries where tenant_id = $1 and state = 'pending'
                                  order by due_at desc, id desc offset $2 limit 1)",
        tenant.0,
        MAX_PENDING,
    )
    .execute(connection)
    .await?;
    Ok(())
}
