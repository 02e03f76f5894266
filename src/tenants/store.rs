//! SQL on tenants, their credentials, snapshots and settings. This file finds tenants and writes what belongs to their settings.

pub(super) mod copy;
pub(super) mod credentials;
pub(super) mod export;
pub(super) mod lifecycle;
pub(super) mod rows;
pub(super) mod snapshots;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock, PoisonError};

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::Tenant;
use crate::database::{Database, DatabaseError, TenantId};
use crate::error_chain::ErrorChain;
use crate::extension::Extension;
use crate::fault_injection::ActiveFault;
use crate::plan::{Plan, RequestLimit};
use crate::vendor_facts::CredentialKind;
use crate::webhooks::EventSettings;
use crate::wire::known;

/// Whether the database has no tenant.
///
/// # Errors
/// When the database fails.
pub async fn is_empty(database: &Database) -> Result<bool, DatabaseError> {
    let is_empty = database.run(async |connection| {
        sqlx::query_scalar!(r#"select not exists (select from tenants) as "is_empty!""#).fetch_one(connection).await
    });
    is_empty.await
}

pub(super) async fn find_tenant(connection: &mut PgConnection, name: &str) -> Result<Option<TenantId>, sqlx::Error> {
    let id =
        sqlx::query_scalar!("select tenant_id from tenants where name = $1", name).fetch_optional(connection).await?;
    Ok(id.map(TenantId))
}

/// How a tenant is found.
#[derive(Debug, Clone, Copy)]
pub(super) enum By<'a> {
    /// The digest of a credential.
    Credential(&'a [u8]),
    Name(&'a str),
    Id(TenantId),
}

#[derive(Debug)]
pub(super) struct TenantRow {
    pub tenant_id: i32,
    pub name: String,
    pub plan: Value,
    pub clock: Option<Value>,
    pub extension: Option<Value>,
    pub events: Option<Value>,
    pub faults: Json<Vec<ActiveFault>>,
    pub has_event_faults: bool,
    /// The name of the credential by which the tenant was found.
    pub credential_name: Option<String>,
    pub credential_kind: Option<CredentialKind>,
    /// When the tenant or the credential by which it was found expires, the earlier of the two.
    pub expires_at: Option<DateTime<Utc>>,
}

impl TenantRow {
    pub(super) fn into_tenant(self) -> Tenant {
        let Self { tenant_id, name, plan, clock, extension, events, faults, has_event_faults, .. } = self;
        Tenant {
            id: TenantId(tenant_id),
            name,
            plan: stored(tenant_id, "plan", known::read, plan).unwrap_or_default(),
            clock: clock.and_then(|clock| stored(tenant_id, "clock", known::read, clock)).unwrap_or_default(),
            extension: extension.and_then(|extension| stored(tenant_id, "extension", known::read, extension)),
            events: events.and_then(|events| stored(tenant_id, "events", EventSettings::from_stored, events)),
            faults: faults.0,
            has_event_faults,
            lenient_plan: OnceLock::new(),
        }
    }
}

/// The largest number of settings that are remembered as unreadable. The next one clears them.
const MAX_UNREADABLE: usize = 10_000;

/// The settings that could not be read, so that each is logged once.
static UNREADABLE: Mutex<BTreeSet<(i32, &str)>> = Mutex::new(BTreeSet::new());

/// Settings as far as this version knows them: a newer version may have stored them, and its servers may run at the same time.
fn stored<T>(
    tenant: i32,
    settings: &'static str,
    read: impl FnOnce(Value) -> Result<T, serde_json::Error>,
    document: Value,
) -> Option<T> {
    let warn = |error: &serde_json::Error| {
        let mut unreadable = UNREADABLE.lock().unwrap_or_else(PoisonError::into_inner);
        if unreadable.len() >= MAX_UNREADABLE {
            unreadable.clear();
        }
        if unreadable.insert((tenant, settings)) {
            tracing::warn!(
                error = %ErrorChain(error), tenant.id = tenant, settings,
                "settings of another version cannot be read: the default is used, and a default plan has no limits"
            );
        }
    };
    read(document).inspect_err(warn).ok()
}

/// The statement that finds a tenant, with these columns for its fault rules.
macro_rules! select_tenant {
    ($faults:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            TenantRow,
            r#"
        select t.tenant_id as "tenant_id!", t.name as "name!", t.plan as "plan!", t.clock, t.extension, t.events,
               "# + $faults + r#",
               found.credential_name, found.credential_kind as "credential_kind: CredentialKind",
               least(t.expires_at, found.expires_at) as expires_at
          from (select k.tenant_id, k.name as credential_name, k.kind as credential_kind, k.expires_at
                  from subscription_keys k
                 where k.digest = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > $4)
                union all
                select k.tenant_id, k.name, 'access-token', least(a.expires_at, k.expires_at)
                  from access_tokens a
                  join subscription_keys k on k.tenant_id = a.tenant_id and k.digest = a.key_digest
                 where a.digest = $1 and a.expires_at > $4
                   and k.revoked_at is null and (k.expires_at is null or k.expires_at > $4)
                union all
                select n.tenant_id, null, null, null from tenants n where n.name = $2
                union all
                select i.tenant_id, null, null, null from tenants i where i.tenant_id = $3) found
          -- OFFSET keeps the planner from starting with all the tenants there are.
         cross join lateral (select * from tenants where tenants.tenant_id = found.tenant_id offset 0) t
         where t.snapshot_of is null and (t.expires_at is null or t.expires_at > $4)
        "#,
            $($argument),+
        )
    };
}

/// Finds a tenant. Snapshots and unfinished tenants are not found, nor are tenants and credentials that expired before `now`. On a
/// distributed database its fault rules are on a node that is known only after the tenant is found.
pub(super) async fn find(
    connection: &mut PgConnection,
    by: By<'_>,
    now: DateTime<Utc>,
    is_distributed: bool,
) -> Result<Option<TenantRow>, sqlx::Error> {
    let (digest, name, id) = match by {
        By::Credential(digest) => (Some(digest), None, None),
        By::Name(name) => (None, Some(name), None),
        By::Id(id) => (None, None, Some(id.0)),
    };
    if !is_distributed {
        let tenant = select_tenant!(
            r#"coalesce((select jsonb_agg(jsonb_build_object('operation', f.operation)) from faults f
                          where f.tenant_id = t.tenant_id and not f.of_event), '[]') as "faults!: Json<Vec<ActiveFault>>",
               exists (select from faults f where f.tenant_id = t.tenant_id and f.of_event) as "has_event_faults!""#,
            digest,
            name,
            id,
            now
        );
        return tenant.fetch_optional(connection).await;
    }
    let tenant = select_tenant!(
        r#"'[]'::jsonb as "faults!: Json<Vec<ActiveFault>>", false as "has_event_faults!""#,
        digest,
        name,
        id,
        now
    );
    let Some(mut tenant) = tenant.fetch_optional(&mut *connection).await? else { return Ok(None) };
    let rules = sqlx::query!(
        r#"select coalesce(jsonb_agg(jsonb_build_object('operation', f.operation)) filter (where not f.of_event), '[]')
                      as "of_requests!: Json<Vec<ActiveFault>>",
                  coalesce(bool_or(f.of_event), false) as "has_event_faults!"
             from faults f where f.tenant_id = $1"#,
        tenant.tenant_id,
    )
    .fetch_one(connection)
    .await?;
    (tenant.faults, tenant.has_event_faults) = (rules.of_requests, rules.has_event_faults);
    Ok(Some(tenant))
}

/// Replaces the vendor's tables of types and statuses.
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

/// Replaces a tenant's Client Extension and webhook subscriptions.
pub(super) async fn set_integration(
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

/// Stores the digest of the token with which a tenant's extension calls back.
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

/// Raises a tenant's counters at least to these numbers and to the highest ids of its customers and companies.
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

/// The highest customer id that the tenant's counter assigned.
pub(super) async fn last_customer_id(connection: &mut PgConnection, tenant: TenantId) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar!("select last_customer_id from tenant_counters where tenant_id = $1", tenant.0)
        .fetch_one(connection)
        .await
}

#[derive(Debug)]
pub(super) struct CountedRequest {
    /// The limit that the request exceeds: `rate_limit` or `quota`; `unknown_tenant` when the tenant was deleted.
    pub rejected_by: Option<String>,
    pub renewed_at: Option<DateTime<Utc>>,
}

/// Counts a request of a subscription against the limits of the plan.
pub(super) async fn count_request(
    connection: &mut PgConnection,
    tenant: TenantId,
    name: &str,
    plan: &Plan,
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
        calls(plan.rate_limit),
        seconds(plan.rate_limit),
        calls(plan.quota),
        seconds(plan.quota),
    )
    .fetch_one(connection)
    .await
}
