//! SQL on credentials and access tokens.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::database::TenantId;
use crate::tenants::credential::{Credential, CredentialListing, CredentialSlot};
use crate::vendor_facts::CredentialKind;

#[derive(Debug)]
pub(in crate::tenants) struct CredentialRow<'a> {
    pub name: &'a str,
    pub slot: CredentialSlot,
    pub kind: CredentialKind,
    pub account: Option<&'a str>,
    pub digest: &'a [u8],
    pub ending: &'a str,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
}

/// False when the credential or its name is in use.
pub(in crate::tenants) async fn insert(
    connection: &mut PgConnection,
    tenant: TenantId,
    row: &CredentialRow<'_>,
) -> Result<bool, sqlx::Error> {
    let CredentialRow { name, slot, kind, account, digest, ending, created_at, expires_at } = *row;
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

/// The number of subscriptions of a tenant.
pub(in crate::tenants) async fn count(connection: &mut PgConnection, tenant: TenantId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(distinct name) as "count!" from subscription_keys where tenant_id = $1"#,
        tenant.0,
    )
    .fetch_one(connection)
    .await
}

/// Whether any tenant has a credential with this digest.
pub(in crate::tenants) async fn has_digest(connection: &mut PgConnection, digest: &[u8]) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"select exists (select from subscription_keys where digest = $1) as "exists!""#, digest)
        .fetch_one(connection)
        .await
}

/// Which of these digests any credential or access token has, valid or not.
pub(in crate::tenants) async fn known(
    connection: &mut PgConnection,
    digests: &[&[u8]],
) -> Result<Vec<Vec<u8>>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select p.digest as "digest!" from unnest($1::bytea[]) as p (digest)
            where exists (select from subscription_keys k where k.digest = p.digest)
               or exists (select from access_tokens a where a.digest = p.digest)"#,
        digests as _,
    )
    .fetch_all(connection)
    .await
}

/// Writes a new key into a slot of a subscription. It expires when the subscription does. `None` when there is no such subscription,
/// or when it has expired; otherwise the tenant.
pub(in crate::tenants) async fn rotate(
    connection: &mut PgConnection,
    tenant: &str,
    name: &str,
    slot: CredentialSlot,
    credential: &Credential,
    now: DateTime<Utc>,
) -> Result<Option<TenantId>, sqlx::Error> {
    let digest = credential.digest();
    let id = sqlx::query_scalar!(
        "insert into subscription_keys (tenant_id, name, slot, digest, ending, created_at, expires_at, kind, account)
         select t.tenant_id, $2, $3, $4, $5, $6, k.expires_at, $7, $8
           from tenants t
           join (select tenant_id, min(expires_at) as expires_at from subscription_keys where name = $2 group by tenant_id) k
             on k.tenant_id = t.tenant_id and (k.expires_at is null or k.expires_at > $6)
          where t.name = $1
         on conflict (tenant_id, name, slot) do update
            set digest = excluded.digest, ending = excluded.ending, created_at = excluded.created_at, revoked_at = null,
                expires_at = excluded.expires_at
         returning tenant_id",
        tenant,
        name,
        slot as CredentialSlot,
        &digest[..],
        credential.stored_ending(),
        now,
        credential.kind() as CredentialKind,
        credential.account(),
    )
    .fetch_optional(connection)
    .await?;
    Ok(id.map(TenantId))
}

pub(in crate::tenants) async fn list(
    connection: &mut PgConnection,
    tenant: &str,
) -> Result<Vec<CredentialListing>, sqlx::Error> {
    sqlx::query_as!(
        CredentialListing,
        r#"select t.name as "tenant!", k.name, k.slot, k.kind as "kind: CredentialKind", k.account, k.ending, k.created_at, k.revoked_at, k.expires_at
           from tenants t
          cross join lateral (select * from subscription_keys where subscription_keys.tenant_id = t.tenant_id offset 0) k
          where t.name = $1
          order by k.name, k.slot"#,
        tenant,
    )
    .fetch_all(connection)
    .await
}

/// Revokes the keys of a subscription. Returns the tenant; `None` when there is no such key.
pub(in crate::tenants) async fn revoke(
    connection: &mut PgConnection,
    tenant: &str,
    name: &str,
    slot: Option<CredentialSlot>,
    now: DateTime<Utc>,
) -> Result<Option<TenantId>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "update subscription_keys k set revoked_at = coalesce(k.revoked_at, $3)
           from tenants t
          where t.name = $1 and k.tenant_id = t.tenant_id and k.name = $2 and ($4::text is null or k.slot = $4)
         returning k.tenant_id",
        tenant,
        name,
        now,
        slot as Option<CredentialSlot>,
    )
    .fetch_all(connection)
    .await?;
    Ok(ids.first().copied().map(TenantId))
}

/// Deletes a subscription. Returns the tenant; `None` when there is no such subscription.
pub(in crate::tenants) async fn delete(
    connection: &mut PgConnection,
    tenant: &str,
    name: &str,
) -> Result<Option<TenantId>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "delete from subscription_keys k using tenants t
          where t.name = $1 and k.tenant_id = t.tenant_id and k.name = $2
         returning k.tenant_id",
        tenant,
        name,
    )
    .fetch_all(connection)
    .await?;
    Ok(ids.first().copied().map(TenantId))
}

/// Deletes all credentials and access tokens of a tenant.
pub(in crate::tenants) async fn delete_all(connection: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from access_tokens where tenant_id = $1", tenant.0).execute(&mut *connection).await?;
    sqlx::query!("delete from subscription_keys where tenant_id = $1", tenant.0).execute(connection).await?;
    Ok(())
}

/// The maximum number of access tokens of a client.
const MAX_ACCESS_TOKENS: i64 = 1_000;

/// Stores an access token of a client, and deletes the tenant's expired ones and the client's oldest ones beyond the maximum.
pub(in crate::tenants) async fn insert_access_token(
    connection: &mut PgConnection,
    tenant: TenantId,
    digest: &[u8],
    client_digest: &[u8],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "with expired as (delete from access_tokens where tenant_id = $1 and expires_at <= $4),
              oldest as (delete from access_tokens
                          where tenant_id = $1
                            and digest in (select t.digest from access_tokens t
                                            where t.tenant_id = $1 and t.key_digest = $3 and t.expires_at > $4
                                            order by t.expires_at desc, t.digest offset $6))
         insert into access_tokens (tenant_id, digest, key_digest, expires_at) values ($1, $2, $3, $5)",
        tenant.0,
        digest,
        client_digest,
        now,
        expires_at,
        MAX_ACCESS_TOKENS - 1,
    )
    .execute(connection)
    .await?;
    Ok(())
}
