//! Unfinished tenants: those that are being created or deleted. On an embedded database this takes several transactions, between which
//! other requests run. No query by name or credential finds an unfinished tenant.

use super::service::Tenants;
use super::store::{copy, lifecycle, snapshots};
use crate::clock::Clock;
use crate::database::{Batches, DatabaseError, TenantId, lock_tenant};
use crate::error_chain::ErrorChain;
use crate::tasks::Progress;

/// The tenants that a task has created and not published yet.
#[derive(Debug, Default)]
pub(super) struct Unfinished {
    pub tenants: Vec<TenantId>,
    pub rows: u64,
}

impl Tenants {
    /// Commits work on unfinished tenants that succeeded. When it failed, this deletes what earlier transactions committed.
    pub(super) async fn finish<T, E: From<DatabaseError>>(
        &self,
        batches: Batches,
        unfinished: Unfinished,
        outcome: Result<T, E>,
    ) -> Result<T, E> {
        let has_committed = batches.has_committed();
        let outcome = match outcome {
            Ok(created) => batches.commit().await.map(|()| created).map_err(E::from),
            Err(error) => {
                drop(batches);
                Err(error)
            }
        };
        match &outcome {
            Ok(_) => self.database.filled(unfinished.rows).await,
            Err(_) if has_committed => {
                for tenant in unfinished.tenants {
                    if let Err(error) = self.delete_unfinished(tenant, &Progress::default()).await {
                        tracing::warn!(error = %ErrorChain(&error), tenant.id = tenant.0, "an unfinished tenant was not deleted");
                    }
                }
            }
            Err(_) => {}
        }
        outcome
    }

    /// Deletes a tenant or snapshot with its credentials, snapshots and data. No request finds it after the first transaction.
    pub(super) async fn delete_unfinished(&self, tenant: TenantId, progress: &Progress) -> Result<(), DatabaseError> {
        self.database.in_time(self.delete_in_batches(tenant, progress)).await
    }

    async fn delete_in_batches(&self, tenant: TenantId, progress: &Progress) -> Result<(), DatabaseError> {
        let mut batches = Batches::new(&self.database);
        let connection = batches.connection().await?;
        lock_tenant(connection, tenant).await?;
        let snapshots = snapshots::list(connection, tenant).await?;
        lifecycle::unpublish(connection, tenant, Clock::Real.now()).await?;
        if batches.takes_turns() {
            self.servers.raise(batches.connection().await?, tenant).await?;
            batches.rest().await?;
        }
        for id in snapshots.iter().map(|snapshot| TenantId(snapshot.tenant_id)).chain([tenant]) {
            if batches.takes_turns() {
                copy::in_parts(&mut batches, None, id, progress).await?;
            }
            // Also deletes the rows that running requests wrote in the meantime.
            copy::delete(batches.connection().await?, id, progress).await?;
            batches.pause().await?;
        }
        self.servers.raise(batches.connection().await?, tenant).await?;
        batches.commit().await
    }
}
