//! All SQL on webhooks.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::event::{DeliveryState, Event, Schedule};
use crate::database::{Database, DatabaseError, TenantId};
use crate::outgoing::shown_url;

pub(super) async fn append(
    connection: &mut PgConnection,
    tenant: TenantId,
    urls: &[String],
    event: &Event<'_>,
    payload: &str,
    schedule: &Schedule,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into event_deliveries (tenant_id, id, url, customer_id, sequence, event_type, body, caller, created_at,
                                       state, due_at, copies, is_overtaken, fault_id)
         select $1, $3, url, $4,
                coalesce((select max(sequence) from event_deliveries where tenant_id = $1 and customer_id = $4), 0) + 1,
                $5, $6, $7, $8, $9, $10, $11, $12, $13
           from unnest($2::text[]) as url",
        tenant.0,
        urls,
        event.id,
        event.customer,
        event.event_type.name(),
        payload,
        event.caller,
        event.now,
        schedule.state.name(),
        schedule.due_at,
        schedule.copies,
        schedule.is_overtaken,
        schedule.fault,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A tenant whose events have subscribers.
#[derive(Debug)]
pub(super) struct SubscribedTenant {
    pub tenant_id: i32,
    pub name: String,
    pub events: Value,
    pub clock: Option<Value>,
}

pub(super) async fn subscribed_tenants(connection: &mut PgConnection) -> Result<Vec<SubscribedTenant>, sqlx::Error> {
    sqlx::query_as!(
        SubscribedTenant,
        r#"
        select tenant_id, name as "name!", events as "events!", clock
          from tenants where events is not null and snapshot_of is null order by tenant_id
        "#,
    )
    .fetch_all(connection)
    .await
}

/// A delivery that this server has leased for an attempt.
#[derive(Debug)]
pub(super) struct LeasedDelivery {
    pub id: Uuid,
    pub url: String,
    pub payload: String,
    pub caller: String,
    pub attempts: i32,
}

/// Leases the deliveries that are due at the tenant's time: for each customer and URL the earliest pending one, so that they arrive
/// in order. It skips those that another server leases at this moment. Leases are in real time. A reordered event does not block
/// later ones, and is due when a later one was delivered.
pub(super) async fn lease(
    connection: &mut PgConnection,
    tenant: TenantId,
    now: DateTime<Utc>,
    real_now: DateTime<Utc>,
    leased_until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<LeasedDelivery>, sqlx::Error> {
    sqlx::query_as!(
        LeasedDelivery,
        "with due as (
             select d.id, d.url from event_deliveries d
              where d.tenant_id = $1 and d.state = 'pending'
                and (d.due_at <= $2
                     or d.is_overtaken and d.attempts = 0
                        and exists (select from event_deliveries l
                                     where l.tenant_id = $1 and l.customer_id = d.customer_id and l.sequence > d.sequence
                                       and l.url = d.url and l.state = 'delivered'))
                and (d.leased_until is null or d.leased_until <= $5)
                and not exists (select from event_deliveries e
                                 where e.tenant_id = $1 and e.customer_id = d.customer_id and e.sequence < d.sequence
                                   and e.url = d.url and e.state = 'pending' and not e.is_overtaken)
              order by d.due_at
              limit $4
                for update skip locked
         )
         update event_deliveries d set leased_until = $3, attempts = d.attempts + 1
           from due
          where d.tenant_id = $1 and d.id = due.id and d.url = due.url
         returning d.id, d.url, d.body as payload, d.caller, d.attempts",
        tenant.0,
        now,
        leased_until,
        limit,
        real_now,
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

pub(super) async fn finish(
    connection: &mut PgConnection,
    tenant: TenantId,
    delivery: &LeasedDelivery,
    result: &AttemptResult<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "with attempt as (
             insert into event_attempts (tenant_id, id, url, attempt, attempted_at, duration_ms, status, response)
             select $1, $2, $3, $4, $5, $6, $7, $8
              where exists (select from event_deliveries where tenant_id = $1 and id = $2 and url = $3)
             on conflict do nothing
         )
         update event_deliveries
            set state        = case when $9 = 'delivered' and copies > 1 then 'pending' else $9 end,
                copies       = case when $9 = 'delivered' then greatest(copies - 1, 1) else copies end,
                due_at       = $10,
                leased_until = null
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
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes deliveries that arrived and are older than this.
pub(super) async fn sweep(
    connection: &mut PgConnection,
    tenant: TenantId,
    before: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "with swept as (
             delete from event_deliveries where tenant_id = $1 and state = 'delivered' and created_at < $2
             returning id, url
         )
         delete from event_attempts a using swept where a.tenant_id = $1 and a.id = swept.id and a.url = swept.url",
        tenant.0,
        before,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A delivery with the result of its last attempt.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct DeliveryListing {
    pub id: Uuid,
    pub url: String,
    pub event_type: String,
    pub customer_id: i32,
    pub state: DeliveryState,
    pub attempts: i32,
    pub created_at: DateTime<Utc>,
    pub attempted_at: Option<DateTime<Utc>>,
    pub status: Option<i32>,
    pub duration_ms: Option<i32>,
    pub response: Option<String>,
    pub due_at: DateTime<Utc>,
    pub fault_id: Option<i32>,
    pub payload: String,
}

/// The deliveries of a tenant, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    database: &Database,
    tenant: &str,
    state: Option<DeliveryState>,
    limit: i64,
) -> Result<Vec<DeliveryListing>, DatabaseError> {
    let mut listed = database
        .run(async |connection| {
            sqlx::query_as!(
                DeliveryListing,
                r#"
        select d.id, d.url, d.event_type, d.customer_id, d.state as "state: DeliveryState", d.attempts, d.created_at,
               a.attempted_at as "attempted_at?", a.status, a.duration_ms as "duration_ms?", a.response as "response?",
               d.due_at, d.fault_id, d.body as payload
          from tenants t
          join event_deliveries d on d.tenant_id = t.tenant_id
          left join event_attempts a on a.tenant_id = d.tenant_id and a.id = d.id and a.url = d.url
                                    and a.attempt = d.attempts
         where t.name = $1 and ($2::text is null or d.state = $2)
         order by d.created_at desc, d.customer_id, d.sequence desc
         limit $3
        "#,
                tenant,
                state.map(DeliveryState::name),
                limit,
            )
            .fetch_all(connection)
            .await
        })
        .await?;
    for delivery in &mut listed {
        delivery.url = shown_url(&delivery.url);
    }
    Ok(listed)
}

/// Sets the failed and dropped deliveries to pending again, or all of one event, and returns their number. `now` is the tenant's
/// time.
///
/// # Errors
/// When the database fails.
pub async fn resend(
    database: &Database,
    tenant: &str,
    id: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<u64, DatabaseError> {
    let resent = database
        .run(async |connection| {
            sqlx::query!(
        "update event_deliveries d set state = 'pending', due_at = $3, leased_until = null, is_overtaken = false
           from tenants t
          where t.name = $1 and d.tenant_id = t.tenant_id
            and (d.id = $2 or $2 is null and d.state in ('failed', 'dropped'))",
        tenant,
        id,
        now,
    )
            .execute(connection)
            .await
        })
        .await?;
    Ok(resent.rows_affected())
}
