//! SQL on webhooks for requests: events are written, listed and resent. queue.rs has the worker's.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::event::{DeliveryState, Event, Schedule};
use crate::database::{Database, DatabaseError, TenantId};
use crate::outgoing::without_query_values;

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

/// The deliveries of a tenant, the newest first. Their addresses have no values in the query. With a state all newer ones are read too.
///
/// # Errors
/// When the database fails.
pub async fn list(
    database: &Database,
    tenant: TenantId,
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
          from (select * from event_deliveries e
                 where e.tenant_id = $1 and ($2::text is null or e.state = $2)
                 order by e.created_at desc, e.customer_id, e.sequence desc
                 limit $3) d
          left join lateral (select * from event_attempts b
                              where b.tenant_id = $1 and b.id = d.id and b.url = d.url and b.attempt = d.attempts
                             offset 0) a on true
         order by d.created_at desc, d.customer_id, d.sequence desc
        "#,
                tenant.0,
                state.map(DeliveryState::name),
                limit,
            )
            .fetch_all(connection)
            .await
        })
        .await?;
    for delivery in &mut listed {
        delivery.url = without_query_values(&delivery.url);
    }
    Ok(listed)
}

/// An attempt of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptListing {
    pub id: Uuid,
    /// Without the values of its query.
    pub url: String,
    pub attempt: i32,
    pub attempted_at: DateTime<Utc>,
    pub duration_ms: i32,
    /// `None` where there was no response.
    pub status: Option<i32>,
}

/// The attempts of these events, in the order in which they were made.
///
/// # Errors
/// When the database fails.
pub async fn attempts(
    database: &Database,
    tenant: TenantId,
    events: &[Uuid],
) -> Result<Vec<AttemptListing>, DatabaseError> {
    let read = database.run(async |connection| {
        sqlx::query_as!(
            AttemptListing,
            "select id, url, attempt, attempted_at, duration_ms, status from event_attempts
              where tenant_id = $1 and id = any ($2) order by id, url, attempt",
            tenant.0,
            events,
        )
        .fetch_all(connection)
        .await
    });
    let mut listed = read.await?;
    for attempt in &mut listed {
        attempt.url = without_query_values(&attempt.url);
    }
    Ok(listed)
}

/// A delivery that will be attempted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueListing {
    pub id: Uuid,
    /// Without the values of its query.
    pub url: String,
    pub event_type: String,
    pub customer_id: i32,
    pub attempts: i32,
    pub due_at: DateTime<Utc>,
}

/// The pending deliveries of a tenant that are due first.
///
/// # Errors
/// When the database fails.
pub async fn due_next(database: &Database, tenant: TenantId, limit: i64) -> Result<Vec<DueListing>, DatabaseError> {
    let read = database.run(async |connection| {
        sqlx::query_as!(
            DueListing,
            "select id, url, event_type, customer_id, attempts, due_at from event_deliveries
              where tenant_id = $1 and state = 'pending' order by due_at limit $2",
            tenant.0,
            limit,
        )
        .fetch_all(connection)
        .await
    });
    let mut listed = read.await?;
    for delivery in &mut listed {
        delivery.url = without_query_values(&delivery.url);
    }
    Ok(listed)
}

/// Sets the failed and dropped deliveries to pending again, or all of one event, and returns their number. A resent delivery starts
/// over: it has the whole schedule of retries, and its earlier attempts are deleted, because attempts are numbered from 1. Events
/// that waited for it are due too. `now` is the tenant's time.
///
/// # Errors
/// When the database fails.
pub async fn resend(
    database: &Database,
    tenant: TenantId,
    id: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<u64, DatabaseError> {
    let resent = database
        .run(async |connection| {
            sqlx::query_scalar!(
                r#"
        with resent as (
            update event_deliveries d
               set state = 'pending', due_at = $3, leased_until = null, is_overtaken = false, attempts = 0
             where d.tenant_id = $1
               -- As a range, so that one id is found by the index.
               and d.id >= coalesce($2, '00000000-0000-0000-0000-000000000000'::uuid)
               and d.id <= coalesce($2, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
               and ($2 is not null or d.state in ('failed', 'dropped'))
            returning d.id, d.url, d.customer_id, d.sequence
        ), forgotten as (
            delete from event_attempts a using resent where a.tenant_id = $1 and a.id = resent.id and a.url = resent.url
        ), waiting as (
            update event_deliveries d set due_at = $3
              from resent
             where d.tenant_id = $1 and d.customer_id = resent.customer_id and d.url = resent.url
               and d.sequence > resent.sequence and d.state = 'pending' and d.attempts = 0 and d.fault_id is null
               and d.due_at > $3
               and not exists (select from resent own where own.id = d.id and own.url = d.url)
        )
        select count(*) as "count!" from resent
        "#,
                tenant.0,
                id,
                now,
            )
            .fetch_one(connection)
            .await
        })
        .await?;
    Ok(u64::try_from(resent).unwrap_or_default())
}
