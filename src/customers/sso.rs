//! Single sign-on: a token that names a customer for one minute.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;

use super::error::Error;
use super::look_up::LookUp;
use super::scope::Scope;
use super::service::Customers;
use super::store;
use crate::database::TenantId;
use crate::journal::RowBytes;
use crate::model::{Customer, CustomerId};

/// "Tokens live one minute" (DirectScale, SSO pages).
const LIFETIME: TimeDelta = TimeDelta::minutes(1);

/// The maximum number of a tenant's tokens, beyond which the oldest are deleted: while a clock is frozen, none expires.
const MAX_TOKENS: i32 = 10_000;

/// A token in clear text. The database has only its digest.
#[derive(Clone, PartialEq, Eq)]
pub struct SsoToken(String);

impl SsoToken {
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SsoToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SsoToken(…)")
    }
}

impl Customers {
    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn issue_token(&self, scope: &Scope<'_>, id: CustomerId) -> Result<SsoToken, Error> {
        let token = self.random.hexadecimal();
        let expires_at = scope.now + LIFETIME;
        let digest = digest(&token);
        let recorded = scope.recorder.transaction();
        let issued = self.database.in_transaction(async |connection| {
            store::enter_tenant(connection, scope.tenant).await?;
            Ok::<_, Error>(insert(connection, scope, id, &digest, expires_at).await?)
        });
        let is_issued = Box::pin(issued).await?;
        recorded.committed();
        if is_issued { Ok(SsoToken(token)) } else { Err(Error::UnknownCustomer) }
    }

    /// A token for the customer with this ExternalReferenceId and the lowest id.
    ///
    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn issue_token_for_reference(&self, scope: &Scope<'_>, reference: &str) -> Result<SsoToken, Error> {
        let found = self.look_up(scope, LookUp::ExternalReferenceId(reference)).await?;
        let customer = found.first().ok_or(Error::UnknownCustomer)?;
        self.issue_token(scope, customer.id).await
    }

    /// The customer of a token, any number of times within its minute; `None` when the tenant has no such token or it has
    /// expired.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn redeem_token(&self, scope: &Scope<'_>, token: &str) -> Result<Option<Customer>, Error> {
        let found = self.database.run(async |connection| {
            let id = find(connection, scope.tenant, &digest(token), scope.now).await?;
            store::find(connection, scope.tenant, id.as_slice()).await
        });
        Ok(found.await?.into_iter().next())
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Deletes the tenant's expired tokens as well, and the oldest of too many; false when there is no such customer.
async fn insert(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
    digest: &[u8],
    expires_at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let row = sqlx::query_scalar!(
        r#"
        with oldest as (
            select expires_at, digest from sso_tokens where tenant_id = $1
             order by expires_at desc, digest desc offset $6 - 1 limit 1
        ), deleted as (
            delete from sso_tokens
             where tenant_id = $1
               and (expires_at <= $4 or (expires_at, digest) <= (select expires_at, digest from oldest))
        )
        insert into sso_tokens as s (tenant_id, digest, customer_id, expires_at)
        select $1, $3, $2, $5
         where exists (select from customers where tenant_id = $1 and customer_id = $2)
        returning row_bytes(s) as "row!: RowBytes"
        "#,
        scope.tenant.0,
        id.0,
        digest,
        scope.now,
        expires_at,
        MAX_TOKENS,
    )
    .fetch_optional(connection)
    .await?;
    let is_written = row.is_some();
    scope.recorder.row("sso_tokens", None, row);
    Ok(is_written)
}

/// The customer of a token that has not expired at `now`.
async fn find(
    connection: &mut PgConnection,
    tenant: TenantId,
    digest: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar!(
        "select customer_id from sso_tokens where tenant_id = $1 and digest = $2 and expires_at > $3",
        tenant.0,
        digest,
        now,
    )
    .fetch_optional(connection)
    .await
}
