//! The lock on a tenant's data: shared by transactions that write, exclusive for a transaction that replaces or copies the data as a
//! whole. The SQL functions that write acquire it too (`migrations/functions/tenant_lock_key.sql`).

use sqlx::PgConnection;

use super::TenantId;

/// Acquires the exclusive lock: waits until no other transaction writes into the tenant's data. Others wait until this one ends.
///
/// # Errors
/// When the database fails.
pub async fn lock_tenant(connection: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query!("select from lock_tenant($1, false)", tenant.0).execute(connection).await?;
    Ok(())
}

/// Acquires the shared lock: the tenant's data and snapshots are not replaced until the transaction ends. Other transactions can
/// write.
///
/// # Errors
/// When the database fails.
pub async fn lock_tenant_shared(connection: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query!("select from lock_tenant($1, true)", tenant.0).execute(connection).await?;
    Ok(())
}
