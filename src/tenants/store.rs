//! All SQL on tenants and their keys.

pub(super) mod data;
pub(super) mod export;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::credential::{Credential, CredentialKind};
use super::{CredentialListing, CredentialSlot, RequestLimits, Tenant};
use crate::clock::Clock;
use crate::database::{Database, DatabaseError, TenantId};
use crate::extension::Extension;
use crate::fault_injection::ActiveFault;
use crate::plan::{Plan, RequestLimit};
use crate::webhooks::EventSettings;

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

/// Makes a tenant that nobody sees yet, with its counter and the vendor's tables of types and statuses.
pub(super) async fn insert_tenant(
    connection: &mut PgConnection,
    plan: &Plan,
    now: DateTime<Utc>,
    origin: &str,
) -> Result<TenantId, sqlx::Error> {
    let id = data::insert_hidden(connection, plan, now, origin).await?;
    data::begin_anew(connection, id, plan).await?;
    write_names(connection, id, plan).await?;
    Ok(id)
}

/// Writes the vendor's tables of types and statuses anew.
pub(super) async fn write_names(
    connection: &mut PgConnection,
    tenant: TenantId,
    plan: &Plan,
) -> Result<(), sqlx::Error> {
    let split = |names: &BTreeMap<i32, String>| names.iter().map(|(id, name)| (*id, name.clone())).unzip();
    let (types, type_names): (Vec<i32>, Vec<String>) = split(&plan.types);
    let (statuses, status_names): (Vec<i32>, Vec<String>) = split(&plan.statuses);
    for statement in [
        sqlx::query!("delete from CRM_AssociateTypes where tenant_id = $1", tenant.0),
        sqlx::query!("delete from CRM_AssociateStatuses where tenant_id = $1", tenant.0),
        sqlx::query!(
            "insert into CRM_AssociateTypes (tenant_id, recordnumber, AssociateType)
             select $1, * from unnest($2::integer[], $3::text[])",
            tenant.0,
            &types,
            &type_names,
        ),
        sqlx::query!(
            "insert into CRM_AssociateStatuses (tenant_id, recordnumber, StatusName)
             select $1, * from unnest($2::integer[], $3::text[])",
            tenant.0,
            &statuses,
            &status_names,
        ),
    ] {
        statement.execute(&mut *connection).await?;
    }
    Ok(())
}

#[derive(Debug)]
pub(super) struct CredentialRow<'a> {
    pub name: &'a str,
    pub slot: CredentialSlot,
    pub kind: CredentialKind,
    pub account: Option<&'a str>,
    pub digest: &'a [u8],
    pub ending: &'a str,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
}

/// Writes a key; false when it or its name is in use.
pub(super) async fn insert_key(
    connection: &mut PgConnection,
    tenant: TenantId,
    key: &CredentialRow<'_>,
) -> Result<bool, sqlx::Error> {
    let CredentialRow { name, slot, kind, account, digest, ending, created_at, expires_at } = *key;
    let done = sqlx::query!(
        "insert into subscription_keys (tenant_id, name, slot, digest, ending, created_at, expires_at, kind, account)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict do nothing",
        tenant.0,
        name,
        slot as CredentialSlot,
        digest,
        ending,
        created_at,
        expires_at,
        kind as CredentialKind,
        account,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether some tenant has a key with this digest.
pub(super) async fn has_key(connection: &mut PgConnection, digest: &[u8]) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"select exists (select from subscription_keys where digest = $1) as "exists!""#, digest)
        .fetch_one(connection)
        .await
}

/// Puts a key into a slot of a subscription that has one already, to end when that one does; false when there is no such
/// subscription, or its time is over.
pub(super) async fn rotate_credential(
    connection: &mut PgConnection,
    tenant: &str,
    name: &str,
    slot: CredentialSlot,
    key: &Credential,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let digest = key.digest();
    let done = sqlx::query!(
        "insert into subscription_keys (tenant_id, name, slot, digest, ending, created_at, expires_at, kind, account)
         select t.tenant_id, $2, $3, $4, $5, $6, k.expires_at, $7, $8
           from tenants t
           join (select tenant_id, min(expires_at) as expires_at from subscription_keys where name = $2 group by tenant_id) k
             on k.tenant_id = t.tenant_id and (k.expires_at is null or k.expires_at > $6)
          where t.name = $1
         on conflict (tenant_id, name, slot) do update
            set digest = excluded.digest, ending = excluded.ending, created_at = excluded.created_at, revoked_at = null,
                expires_at = excluded.expires_at",
        tenant,
        name,
        slot as CredentialSlot,
        &digest[..],
        key.ending(),
        now,
        key.kind() as CredentialKind,
        key.account(),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn list_credentials(
    connection: &mut PgConnection,
    tenant: Option<&str>,
) -> Result<Vec<CredentialListing>, sqlx::Error> {
    sqlx::query_as!(
        CredentialListing,
        r#"select t.name as "tenant!", k.name, k.slot, k.kind as "kind: CredentialKind", k.account, k.ending, k.created_at, k.revoked_at, k.expires_at
           from subscription_keys k
           join tenants t on t.tenant_id = k.tenant_id
          where $1::text is null or t.name = $1
          order by t.name, k.name, k.slot"#,
        tenant,
    )
    .fetch_all(connection)
    .await
}

pub(super) async fn revoke_credential(
    connection: &mut PgConnection,
    tenant: &str,
    name: &str,
    slot: Option<CredentialSlot>,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update subscription_keys k set revoked_at = coalesce(k.revoked_at, $3)
           from tenants t
          where t.name = $1 and k.tenant_id = t.tenant_id and k.name = $2 and ($4::text is null or k.slot = $4)",
        tenant,
        name,
        now,
        slot as Option<CredentialSlot>,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Forgets the keys of a subscription; false when there are none.
pub(super) async fn delete_credential(
    connection: &mut PgConnection,
    tenant: &str,
    name: &str,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "delete from subscription_keys k using tenants t
          where t.name = $1 and k.tenant_id = t.tenant_id and k.name = $2",
        tenant,
        name,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

#[derive(Debug)]
pub(super) struct TenantRow {
    pub tenant_id: i32,
    pub name: String,
    pub plan: Json<Plan>,
    pub clock: Option<Json<Clock>>,
    pub extension: Option<Json<Extension>>,
    pub events: Option<Json<EventSettings>>,
    pub faults: Json<Vec<ActiveFault>>,
    pub has_event_faults: bool,
    /// The name of the key that it was found by.
    pub key_name: Option<String>,
    pub key_kind: Option<CredentialKind>,
}

impl TenantRow {
    pub(super) fn into_tenant(self) -> Tenant {
        let Self { tenant_id, name, plan, clock, extension, events, faults, has_event_faults, .. } = self;
        Tenant {
            id: TenantId(tenant_id),
            name,
            plan: plan.0,
            clock: clock.map(|clock| clock.0).unwrap_or_default(),
            extension: extension.map(|extension| extension.0),
            events: events.map(|events| events.0),
            faults: faults.0,
            has_event_faults,
            lenient_plan: OnceLock::new(),
        }
    }
}

/// The tenant that a key opens, or that has a name or number: whichever is given. A snapshot is none, and a key or tenant whose
/// time is over at `now` opens nothing.
pub(super) async fn find(
    connection: &mut PgConnection,
    by: By<'_>,
    now: DateTime<Utc>,
) -> Result<Option<TenantRow>, sqlx::Error> {
    let (digest, name, id) = match by {
        By::Key(digest) => (Some(digest), None, None),
        By::Name(name) => (None, Some(name), None),
        By::Id(id) => (None, None, Some(id.0)),
    };
    sqlx::query_as!(
        TenantRow,
        r#"
        select t.tenant_id as "tenant_id!", t.name as "name!", t.plan as "plan!: Json<Plan>", t.clock as "clock: Json<Clock>",
               t.extension as "extension: Json<Extension>", t.events as "events: Json<EventSettings>",
               coalesce((select jsonb_agg(jsonb_build_object('operation', f.operation)) from faults f
                          where f.tenant_id = t.tenant_id and not f.of_event), '[]') as "faults!: Json<Vec<ActiveFault>>",
               exists (select from faults f where f.tenant_id = t.tenant_id and f.of_event) as "has_event_faults!",
               found.key_name, found.key_kind as "key_kind: CredentialKind"
          from (select k.tenant_id, k.name as key_name, k.kind as key_kind
                  from subscription_keys k
                 where k.digest = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > $4)
                union all
                select k.tenant_id, k.name, 'access-token'
                  from access_tokens a
                  join subscription_keys k on k.tenant_id = a.tenant_id and k.digest = a.key_digest
                 where a.digest = $1 and a.expires_at > $4
                   and k.revoked_at is null and (k.expires_at is null or k.expires_at > $4)
                union all
                select n.tenant_id, null, null from tenants n where n.name = $2
                union all
                select i.tenant_id, null, null from tenants i where i.tenant_id = $3) found
          -- Fenced in by OFFSET, so that it begins with what was found, and not with all the tenants there are.
         cross join lateral (select * from tenants where tenants.tenant_id = found.tenant_id offset 0) t
         where t.snapshot_of is null and (t.expires_at is null or t.expires_at > $4)
        "#,
        digest,
        name,
        id,
        now,
    )
    .fetch_optional(connection)
    .await
}

/// Whether there is a tenant of this name, in any case.
pub(super) async fn has_tenant(
    connection: &mut PgConnection,
    name: &str,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from tenants
                           where lower(name) = lower($1) and (expires_at is null or expires_at > $2)) as "exists!""#,
        name,
        now,
    )
    .fetch_one(connection)
    .await
}

/// Keeps an access token that was given for a key; forgets those of the tenant whose time is over.
pub(super) async fn insert_access_token(
    connection: &mut PgConnection,
    tenant: TenantId,
    digest: &[u8],
    key_digest: &[u8],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "with ended as (delete from access_tokens where tenant_id = $1 and expires_at <= $4)
         insert into access_tokens (tenant_id, digest, key_digest, expires_at) values ($1, $2, $3, $5)",
        tenant.0,
        digest,
        key_digest,
        now,
        expires_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// How a tenant is found.
#[derive(Debug, Clone, Copy)]
pub(super) enum By<'a> {
    Key(&'a [u8]),
    Name(&'a str),
    Id(TenantId),
}

/// Says what a tenant is connected to.
pub(super) async fn connect(
    connection: &mut PgConnection,
    tenant: TenantId,
    extension: Option<&Extension>,
    events: Option<&EventSettings>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update tenants set extension = $2, events = $3 where tenant_id = $1",
        tenant.0,
        extension.map(Json) as _,
        events.map(Json) as _,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn delete_extension_token(connection: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from extension_tokens where tenant_id = $1", tenant.0).execute(connection).await?;
    Ok(())
}

/// The token by which a tenant's extension calls back.
pub(super) async fn insert_extension_token(
    connection: &mut PgConnection,
    tenant: TenantId,
    digest: &[u8],
) -> Result<(), sqlx::Error> {
    sqlx::query!("insert into extension_tokens (tenant_id, digest) values ($1, $2)", tenant.0, digest)
        .execute(connection)
        .await?;
    Ok(())
}

/// Raises a tenant's counters to these numbers, and to the highest of its customers and companies.
pub(super) async fn raise_counters(
    connection: &mut PgConnection,
    tenant: TenantId,
    customers: i32,
    companies: i32,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update tenant_counters
            set last_customer_id = greatest(last_customer_id, $2,
                                            (select max(c.customer_id) from customers c where c.tenant_id = $1)),
                last_company_id = greatest(last_company_id, $3,
                                           (select max(c.company_id) from companies c where c.tenant_id = $1))
          where tenant_id = $1",
        tenant.0,
        customers,
        companies,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The highest number that a customer of the tenant was given.
pub(super) async fn last_customer(connection: &mut PgConnection, tenant: TenantId) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar!("select last_customer_id from tenant_counters where tenant_id = $1", tenant.0)
        .fetch_one(connection)
        .await
}

/// Which limit a call met.
#[derive(Debug)]
pub(super) struct CountedRequest {
    pub rejected_by: Option<String>,
    pub renewed_at: Option<DateTime<Utc>>,
}

pub(super) async fn count_request(
    connection: &mut PgConnection,
    tenant: TenantId,
    name: &str,
    limits: RequestLimits,
    now: DateTime<Utc>,
) -> Result<CountedRequest, sqlx::Error> {
    let calls = |limit: Option<RequestLimit>| limit.map(|limit| i64::from(limit.calls.get()));
    let seconds = |limit: Option<RequestLimit>| limit.map(|limit| i64::from(limit.renewal_seconds.get()));
    sqlx::query_as!(
        CountedRequest,
        "select rejected_by, renewed_at from count_request($1, $2, $3, $4, $5, $6, $7)",
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
