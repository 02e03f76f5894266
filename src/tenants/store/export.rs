//! SQL that reads a tenant's settings and credentials for an export.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::clock::Clock;
use crate::database::TenantId;
use crate::extension::Extension;
use crate::plan::Plan;
use crate::vendor_facts::CredentialKind;
use crate::webhooks::EventSettings;

/// The settings of a tenant or snapshot.
#[derive(Debug)]
pub(in crate::tenants) struct SettingsRow {
    pub plan: Json<Plan>,
    pub clock: Option<Json<Clock>>,
    pub extension: Option<Json<Extension>>,
    pub extension_token: Option<Vec<u8>>,
    pub events: Option<Json<EventSettings>>,
    pub last_customer_id: i32,
    pub last_company_id: i32,
    pub customers: i64,
}

pub(in crate::tenants) async fn settings(
    connection: &mut PgConnection,
    tenant: TenantId,
) -> Result<SettingsRow, sqlx::Error> {
    sqlx::query_as!(
        SettingsRow,
        r#"
        select t.plan as "plan: Json<Plan>", t.clock as "clock: Json<Clock>", t.extension as "extension: Json<Extension>",
               x.digest as "extension_token?", t.events as "events: Json<EventSettings>",
               coalesce(n.last_customer_id, 0) as "last_customer_id!", coalesce(n.last_company_id, 0) as "last_company_id!",
               (select count(*) from customers c where c.tenant_id = $1) as "customers!"
          from tenants t
          left join tenant_counters n on n.tenant_id = $1
          left join extension_tokens x on x.tenant_id = $1
         where t.tenant_id = $1
        "#,
        tenant.0,
    )
    .fetch_one(connection)
    .await
}

/// An active credential.
#[derive(Debug)]
pub(in crate::tenants) struct StoredCredentialRow {
    pub name: String,
    pub is_primary: bool,
    pub kind: CredentialKind,
    pub account: Option<String>,
    pub digest: Vec<u8>,
    pub ending: String,
    pub expires_at: Option<DateTime<Utc>>,
}

pub(in crate::tenants) async fn credentials(
    connection: &mut PgConnection,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> Result<Vec<StoredCredentialRow>, sqlx::Error> {
    sqlx::query_as!(
        StoredCredentialRow,
        r#"
        select name, slot = 'primary' as "is_primary!", kind as "kind: CredentialKind", account, digest, ending, expires_at
          from subscription_keys
         where tenant_id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)
         order by name, slot
        "#,
        tenant.0,
        now,
    )
    .fetch_all(connection)
    .await
}
