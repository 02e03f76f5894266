//! The lock on a tenant's data: transactions that write share it, and a transaction that replaces or copies the data as a whole has
//! it alone. The functions that write take it too (`migrations/functions/tenant_lock_key.sql`).

use sqlx::PgConnection;

use super::TenantId;

/// Waits until no transaction writes into a tenant's data, and lets none begin until this one ends.
///
/// # Errors
/// When the database fails.
pub async fn lock_tenant(connection: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_advisory_xact_lock(tenant_lock_key(), $1)", tenant.0).execute(connection).await?;
    Ok(())
}

/// Keeps a tenant's data and snapshots from being replaced until the transaction ends; other transactions write meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn lock_tenant_shared(connection: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_advisory_xact_lock_shared(tenant_lock_key(), $1)", tenant.0).execute(connection).await?;
    Ok(())
}
