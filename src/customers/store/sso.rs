//! SQL on single sign-on tokens.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::customers::model::CustomerId;
use crate::customers::service::Scope;
use crate::customers::store::Texts;
use crate::database::TenantId;

/// Keeps a token and forgets the tenant's expired ones; false when there is no such customer.
pub(in crate::customers) async fn issue(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
    digest: &[u8],
    expires_at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let row = sqlx::query_scalar!(
        r#"
        with expired as (delete from sign_on_tokens where tenant_id = $1 and expires_at <= $4)
        insert into sign_on_tokens as s (tenant_id, digest, customer_id, expires_at)
        select $1, $3, $2, $5
         where exists (select from customers where tenant_id = $1 and customer_id = $2)
        returning row_texts(s) as "row!: Texts"
        "#,
        scope.tenant.0,
        id.0,
        digest,
        scope.now,
        expires_at,
    )
    .fetch_optional(connection)
    .await?;
    scope.recorder.row("sign_on_tokens", None, row.as_ref());
    Ok(row.is_some())
}

/// The customer whom a token names that is good at `now`.
pub(in crate::customers) async fn find(
    connection: &mut PgConnection,
    tenant: TenantId,
    digest: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar!(
        "select customer_id from sign_on_tokens where tenant_id = $1 and digest = $2 and expires_at > $3",
        tenant.0,
        digest,
        now,
    )
    .fetch_optional(connection)
    .await
}
