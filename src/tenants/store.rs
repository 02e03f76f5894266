//! All SQL on tenants and their keys.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::{CallLimits, KeyListing, KeySlot, Tenant};
use crate::clock::Clock;
use crate::database::{Database, DatabaseError, TenantId};
use crate::events::EventSettings;
use crate::hooks::Extension;
use crate::plan::{CallLimit, Plan};

/// Whether the database holds no tenant yet.
///
/// # Errors
/// When the database fails.
pub async fn is_empty(database: &Database) -> Result<bool, DatabaseError> {
    let mut session = database.session().await?;
    let is_empty = sqlx::query_scalar!(r#"select not exists (select from tenants) as "is_empty!""#)
        .fetch_one(session.connection())
        .await;
    session.end(is_empty)
}

pub(super) async fn find_tenant(connection: &mut PgConnection, name: &str) -> Result<Option<TenantId>, sqlx::Error> {
    let id =
        sqlx::query_scalar!("select tenant_id from tenants where name = $1", name).fetch_optional(connection).await?;
    Ok(id.map(TenantId))
}

/// Makes a tenant with its counter and the vendor's tables of types and statuses; `None` when the name is in use.
pub(super) async fn insert_tenant(
    connection: &mut PgConnection,
    name: &str,
    plan: &Plan,
    extension: Option<&Extension>,
    events: Option<&EventSettings>,
    now: DateTime<Utc>,
) -> Result<Option<TenantId>, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "insert into tenants (name, plan, extension, events, created_at) values ($1, $2, $3, $4, $5)
         on conflict (name) do nothing
         returning tenant_id",
        name,
        Json(plan) as _,
        extension.map(Json) as _,
        events.map(Json) as _,
        now,
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(id) = id else { return Ok(None) };
    sqlx::query!("insert into tenant_counters (tenant_id) values ($1)", id).execute(&mut *connection).await?;
    for (number, name) in &plan.types {
        sqlx::query!(
            "insert into CRM_AssociateTypes (tenant_id, recordnumber, AssociateType) values ($1, $2, $3)",
            id,
            number,
            name,
        )
        .execute(&mut *connection)
        .await?;
    }
    for (number, name) in &plan.statuses {
        sqlx::query!(
            "insert into CRM_AssociateStatuses (tenant_id, recordnumber, StatusName) values ($1, $2, $3)",
            id,
            number,
            name,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(Some(TenantId(id)))
}

pub(super) async fn insert_key(
    connection: &mut PgConnection,
    tenant: TenantId,
    name: &str,
    slot: KeySlot,
    digest: &[u8],
    ending: &str,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "insert into subscription_keys (tenant_id, name, slot, digest, ending, created_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict do nothing",
        tenant.0,
        name,
        slot as KeySlot,
        digest,
        ending,
        now,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Puts a key into a slot of a subscription that has one already; false when there is no such subscription.
pub(super) async fn rotate_key(
    connection: &mut PgConnection,
    tenant: &str,
    name: &str,
    slot: KeySlot,
    digest: &[u8],
    ending: &str,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "insert into subscription_keys (tenant_id, name, slot, digest, ending, created_at)
         select t.tenant_id, $2, $3, $4, $5, $6
           from tenants t
          where t.name = $1
            and exists (select from subscription_keys k where k.tenant_id = t.tenant_id and k.name = $2)
         on conflict (tenant_id, name, slot) do update
            set digest = excluded.digest, ending = excluded.ending, created_at = excluded.created_at, revoked_at = null",
        tenant,
        name,
        slot as KeySlot,
        digest,
        ending,
        now,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn list_keys(
    connection: &mut PgConnection,
    tenant: Option<&str>,
) -> Result<Vec<KeyListing>, sqlx::Error> {
    sqlx::query_as!(
        KeyListing,
        "select t.name as tenant, k.name, k.slot, k.ending, k.created_at, k.revoked_at
           from subscription_keys k
           join tenants t on t.tenant_id = k.tenant_id
          where $1::text is null or t.name = $1
          order by t.name, k.name, k.slot",
        tenant,
    )
    .fetch_all(connection)
    .await
}

pub(super) async fn revoke_key(
    connection: &mut PgConnection,
    tenant: &str,
    name: &str,
    slot: Option<KeySlot>,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update subscription_keys k set revoked_at = coalesce(k.revoked_at, $3)
           from tenants t
          where t.name = $1 and k.tenant_id = t.tenant_id and k.name = $2 and ($4::text is null or k.slot = $4)",
        tenant,
        name,
        now,
        slot as Option<KeySlot>,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// A key that is not revoked, with its tenant.
#[derive(Debug)]
pub(super) struct KeyRow {
    pub tenant_id: i32,
    pub tenant: String,
    pub plan: Json<Plan>,
    pub extension: Option<Json<Extension>>,
    pub events: Option<Json<EventSettings>>,
    pub key_name: String,
}

/// A tenant.
#[derive(Debug)]
pub(super) struct TenantRow {
    pub name: String,
    pub plan: Json<Plan>,
    pub extension: Option<Json<Extension>>,
    pub events: Option<Json<EventSettings>>,
}

/// A tenant by its name.
///
/// # Errors
/// When the database fails.
pub async fn find_tenant_by_name(database: &Database, name: &str) -> Result<Option<Tenant>, DatabaseError> {
    let mut session = database.session().await?;
    let Some(id) = find_tenant(session.connection(), name).await? else { return Ok(None) };
    let row = get_tenant(session.connection(), id).await;
    Ok(session.end(row)?.map(|row| row.into_tenant(id)))
}

impl TenantRow {
    pub(super) fn into_tenant(self, id: TenantId) -> Tenant {
        let Self { name, plan, extension, events } = self;
        Tenant {
            id,
            name,
            plan: plan.0,
            clock: Clock,
            extension: extension.map(|extension| extension.0),
            events: events.map(|events| events.0),
        }
    }
}

pub(super) async fn get_tenant(connection: &mut PgConnection, id: TenantId) -> Result<Option<TenantRow>, sqlx::Error> {
    sqlx::query_as!(
        TenantRow,
        r#"
        select name, plan as "plan: Json<Plan>", extension as "extension: Json<Extension>",
               events as "events: Json<EventSettings>"
          from tenants where tenant_id = $1
        "#,
        id.0,
    )
    .fetch_optional(connection)
    .await
}

/// Says what a tenant is connected to; `None` when there is no such tenant.
pub(super) async fn connect(
    connection: &mut PgConnection,
    tenant: &str,
    extension: Option<&Extension>,
    events: Option<&EventSettings>,
) -> Result<Option<TenantId>, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "update tenants set extension = $2, events = $3 where name = $1 returning tenant_id",
        tenant,
        extension.map(Json) as _,
        events.map(Json) as _,
    )
    .fetch_optional(connection)
    .await?;
    Ok(id.map(TenantId))
}

pub(super) async fn delete_extension_token(connection: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from extension_tokens where tenant_id = $1", tenant.0).execute(connection).await?;
    Ok(())
}

/// The token by which a tenant's extension calls back; false when another tenant has it.
pub(super) async fn insert_extension_token(
    connection: &mut PgConnection,
    tenant: TenantId,
    digest: &[u8],
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "insert into extension_tokens (tenant_id, digest) values ($1, $2) on conflict do nothing",
        tenant.0,
        digest,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn find_key(connection: &mut PgConnection, digest: &[u8]) -> Result<Option<KeyRow>, sqlx::Error> {
    sqlx::query_as!(
        KeyRow,
        r#"
        select t.tenant_id, t.name as tenant, t.plan as "plan: Json<Plan>",
               t.extension as "extension: Json<Extension>", t.events as "events: Json<EventSettings>", k.name as key_name
          from subscription_keys k
          join tenants t on t.tenant_id = k.tenant_id
         where k.digest = $1 and k.revoked_at is null
        "#,
        digest,
    )
    .fetch_optional(connection)
    .await
}

/// Which limit a call met.
#[derive(Debug)]
pub(super) struct CountedCall {
    pub refused_by: Option<String>,
    pub renewed_at: Option<DateTime<Utc>>,
}

pub(super) async fn count_call(
    connection: &mut PgConnection,
    tenant: TenantId,
    name: &str,
    limits: CallLimits,
    now: DateTime<Utc>,
) -> Result<CountedCall, sqlx::Error> {
    let calls = |limit: Option<CallLimit>| limit.map(|limit| i64::from(limit.calls.get()));
    let seconds = |limit: Option<CallLimit>| limit.map(|limit| i64::from(limit.renewal_seconds.get()));
    sqlx::query_as!(
        CountedCall,
        "select refused_by, renewed_at from count_call($1, $2, $3, $4, $5, $6, $7)",
        tenant.0,
        name,
        now,
        calls(limits.rate),
        seconds(limits.rate),
        calls(limits.quota),
        seconds(limits.quota),
    )
    .fetch_one(connection)
    .await
}
