//! All SQL on events.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::outbox::{Event, Fate};
use crate::database::{Database, DatabaseError, TenantId};

pub(super) async fn append(
    connection: &mut PgConnection,
    tenant: TenantId,
    addresses: &[String],
    event: &Event<'_>,
    body: &str,
    fate: &Fate,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into event_deliveries (tenant_id, id, url, customer_id, sequence, event_type, body, caller, created_at,
                                       state, due_at, copies, is_overtaken, fault_id)
         select $1, $3, address, $4,
                coalesce((select max(sequence) from event_deliveries where tenant_id = $1 and customer_id = $4), 0) + 1,
                $5, $6, $7, $8, $9, $10, $11, $12, $13
           from unnest($2::text[]) as address",
        tenant.0,
        addresses,
        event.id,
        event.customer,
        event.event_type.name(),
        body,
        event.caller,
        event.now,
        fate.state,
        fate.due_at,
        fate.copies,
        fate.is_overtaken,
        fate.fault,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A tenant whose events somebody hears of.
#[derive(Debug)]
pub(super) struct Subscribed {
    pub tenant_id: i32,
    pub name: String,
    pub events: Value,
    pub clock: Option<Value>,
}

pub(super) async fn subscribed(connection: &mut PgConnection) -> Result<Vec<Subscribed>, sqlx::Error> {
    sqlx::query_as!(
        Subscribed,
        r#"
        select tenant_id, name as "name!", events as "events!", clock
          from tenants where events is not null and snapshot_of is null order by tenant_id
        "#,
    )
    .fetch_all(connection)
    .await
}

/// A delivery whose attempt is this server's to make.
#[derive(Debug)]
pub(super) struct Claimed {
    pub id: Uuid,
    pub url: String,
    pub body: String,
    pub caller: String,
    pub attempts: i32,
}

/// Takes deliveries that are due at the tenant's time: for each customer and address the earliest that is pending, so that
/// they arrive in order; those that another server takes at this moment are left to it. Leases are in real time. An event that
/// a fault has overtaken holds nothing up, and is due when a later one was told.
pub(super) async fn claim(
    connection: &mut PgConnection,
    tenant: TenantId,
    now: DateTime<Utc>,
    real_now: DateTime<Utc>,
    leased_until: DateTime<Utc>,
    most: i64,
) -> Result<Vec<Claimed>, sqlx::Error> {
    sqlx::query_as!(
        Claimed,
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
         returning d.id, d.url, d.body, d.caller, d.attempts",
        tenant.0,
        now,
        leased_until,
        most,
        real_now,
    )
    .fetch_all(connection)
    .await
}

/// What an attempt came to.
#[derive(Debug)]
pub(super) struct Outcome<'a> {
    pub attempted_at: DateTime<Utc>,
    pub duration_ms: i32,
    pub status: Option<i32>,
    pub response: &'a str,
    /// `delivered`, `dead`, or `pending` to be tried again at `due_at`.
    pub state: &'a str,
    pub due_at: DateTime<Utc>,
}

pub(super) async fn conclude(
    connection: &mut PgConnection,
    tenant: TenantId,
    delivery: &Claimed,
    outcome: &Outcome<'_>,
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
        outcome.attempted_at,
        outcome.duration_ms,
        outcome.status,
        outcome.response,
        outcome.state,
        outcome.due_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets what was delivered and is older than this.
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

/// A delivery with its last attempt.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct DeliveryListing {
    pub id: Uuid,
    pub url: String,
    pub event_type: String,
    pub customer_id: i32,
    pub state: String,
    pub attempts: i32,
    pub created_at: DateTime<Utc>,
    pub attempted_at: Option<DateTime<Utc>>,
    pub status: Option<i32>,
    pub duration_ms: Option<i32>,
    pub response: Option<String>,
    pub due_at: DateTime<Utc>,
    pub fault_id: Option<i32>,
    pub body: String,
}

/// The newest deliveries of a tenant, the newest first; those of one state, if it is named.
///
/// # Errors
/// When the database fails.
pub async fn list(
    database: &Database,
    tenant: &str,
    state: Option<&str>,
    most: i64,
) -> Result<Vec<DeliveryListing>, DatabaseError> {
    let mut session = database.session().await?;
    let listed = sqlx::query_as!(
        DeliveryListing,
        r#"
        select d.id, d.url, d.event_type, d.customer_id, d.state, d.attempts, d.created_at,
               a.attempted_at as "attempted_at?", a.status, a.duration_ms as "duration_ms?", a.response as "response?",
               d.due_at, d.fault_id, d.body
          from tenants t
          join event_deliveries d on d.tenant_id = t.tenant_id
          left join event_attempts a on a.tenant_id = d.tenant_id and a.id = d.id and a.url = d.url
                                    and a.attempt = d.attempts
         where t.name = $1 and ($2::text is null or d.state = $2)
         order by d.created_at desc, d.customer_id, d.sequence desc
         limit $3
        "#,
        tenant,
        state,
        most,
    )
    .fetch_all(session.connection())
    .await;
    session.end(listed)
}

/// Makes deliveries that are dead or lost, or one whatever it is, due again at the tenant's present; how many that were.
///
/// # Errors
/// When the database fails.
pub async fn resend(
    database: &Database,
    tenant: &str,
    id: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<u64, DatabaseError> {
    let mut session = database.session().await?;
    let resent = sqlx::query!(
        "update event_deliveries d set state = 'pending', due_at = $3, leased_until = null, is_overtaken = false
           from tenants t
          where t.name = $1 and d.tenant_id = t.tenant_id
            and (d.id = $2 or $2 is null and d.state in ('dead', 'lost'))",
        tenant,
        id,
        now,
    )
    .execute(session.connection())
    .await;
    Ok(session.end(resent)?.rows_affected())
}
