//! All SQL on the hooks that run. Their expiry is in the database's time, which all servers share.

use serde_json::Value;
use sqlx::PgConnection;

use crate::database::TenantId;

/// Inserts a running hook that expires after some seconds, and deletes the expired ones of the tenant.
pub(super) async fn open(
    connection: &mut PgConnection,
    tenant: TenantId,
    token: &[u8],
    hook: &str,
    context: &Value,
    seconds: f64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "with ended as (delete from hook_calls where tenant_id = $1 and expires_at <= statement_timestamp())
         insert into hook_calls (tenant_id, token, hook_id, context, state, expires_at)
         values ($1, $2, $3, $4, 'running', statement_timestamp() + make_interval(secs => $5))",
        tenant.0,
        token,
        hook,
        context,
        seconds,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Claims the token of a callback and returns the stored context. A token can be claimed once.
pub(super) async fn claim(
    connection: &mut PgConnection,
    tenants: &[TenantId],
    token: &[u8],
    hook: &str,
) -> Result<Option<(TenantId, Value)>, sqlx::Error> {
    let tenants: Vec<i32> = tenants.iter().map(|tenant| tenant.0).collect();
    let claimed = sqlx::query!(
        "update hook_calls set state = 'claimed'
          where tenant_id = any ($1) and token = $2 and hook_id = $3 and state = 'running' and expires_at > statement_timestamp()
         returning tenant_id, context",
        &tenants,
        token,
        hook,
    )
    .fetch_optional(connection)
    .await?;
    Ok(claimed.map(|row| (TenantId(row.tenant_id), row.context)))
}

/// Runs within the transaction of the callback's work; false when the hook has ended in the meantime.
pub(super) async fn commit(connection: &mut PgConnection, tenant: TenantId, token: &[u8]) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update hook_calls set state = 'committed' where tenant_id = $1 and token = $2 and state = 'claimed'",
        tenant.0,
        token,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes an ended hook and returns whether its callback committed. Waits for a callback that is about to commit.
pub(super) async fn close(connection: &mut PgConnection, tenant: TenantId, token: &[u8]) -> Result<bool, sqlx::Error> {
    let state = sqlx::query_scalar!(
        "delete from hook_calls where tenant_id = $1 and token = $2 returning state",
        tenant.0,
        token,
    )
    .fetch_optional(connection)
    .await?;
    Ok(state.is_some_and(|state| state == "committed"))
}

/// The tenants whose extension calls back with this token.
pub(super) async fn tenants_of(connection: &mut PgConnection, digest: &[u8]) -> Result<Vec<TenantId>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "select e.tenant_id from extension_tokens e
          cross join lateral (select t.snapshot_of from tenants t where t.tenant_id = e.tenant_id offset 0) t
          where e.digest = $1 and t.snapshot_of is null",
        digest
    )
    .fetch_all(connection)
    .await?;
    Ok(ids.into_iter().map(TenantId).collect())
}
