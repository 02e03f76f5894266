//! Deletes expired tenants, and finishes work that an earlier process did not finish.

use std::time::Duration;

use super::error::TenantError;
use super::service::Tenants;
use super::store::lifecycle::{self, IncompleteRestore};
use crate::clock::Clock;
use crate::database::{DatabaseError, TenantId};
use crate::error_chain::ErrorChain;
use crate::tasks::Progress;

const SWEEP_INTERVAL: Duration = Duration::from_secs(15);

/// The maximum duration of one deletion of all expired tenants, in case that the database never answers.
const MAX_SWEEP: Duration = Duration::from_hours(2);

impl Tenants {
    /// Deletes expired tenants at each interval, as long as the process runs.
    pub async fn sweep(self) {
        loop {
            match tokio::time::timeout(MAX_SWEEP, self.sweep_once()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(error = %ErrorChain(&error), "expired tenants were not deleted"),
                Err(_) => tracing::warn!("the deletion of expired tenants was interrupted, because it did not end"),
            }
            tokio::time::sleep(SWEEP_INTERVAL).await;
        }
    }

    async fn sweep_once(&self) -> Result<(), TenantError> {
        let expired = self.database.run(async |connection| lifecycle::expired(connection, Clock::Real.now()).await);
        for tenant in expired.await? {
            // One that cannot be deleted does not stop the deletion of the others.
            match self.delete_by_id(tenant, &Progress::default()).await {
                Ok(()) => tracing::info!(tenant.id = tenant.0, "an expired tenant was deleted"),
                Err(error) => {
                    tracing::warn!(error = %ErrorChain(&error), tenant.id = tenant.0, "an expired tenant was not deleted");
                }
            }
        }
        Ok(())
    }

    /// Finishes interrupted restores and deletes unfinished tenants on an embedded database, which only one process uses. Failures
    /// are logged.
    ///
    /// # Errors
    /// When the interrupted work cannot be read from the database.
    pub async fn finish_interrupted_work(&self) -> Result<(), DatabaseError> {
        let restores = self.database.run(async |connection| lifecycle::incomplete_restores(connection).await);
        for IncompleteRestore { tenant, snapshot } in restores.await? {
            if let Err(error) = self.finish_restore(tenant, snapshot).await {
                tracing::error!(
                    error = %ErrorChain(&error), tenant.id = tenant.0,
                    "a tenant's data is incomplete: all its requests are rejected"
                );
            }
        }
        let unfinished = self.database.run(async |connection| lifecycle::unfinished(connection).await);
        for tenant in unfinished.await? {
            if let Err(error) = self.delete_unfinished(tenant, &Progress::default()).await {
                tracing::warn!(error = %ErrorChain(&error), tenant.id = tenant.0, "an unfinished tenant was not deleted");
            }
        }
        Ok(())
    }

    async fn finish_restore(&self, tenant: TenantId, snapshot: Option<TenantId>) -> Result<(), DatabaseError> {
        let Some(snapshot) = snapshot else {
            // A request deleted the snapshot, so the tenant's data is in use.
            tracing::warn!(
                tenant.id = tenant.0,
                "the snapshot of an interrupted restore was deleted: the tenant's data does not change"
            );
            return self
                .database
                .run(async |connection| lifecycle::set_restored_from(connection, tenant, None).await)
                .await;
        };
        let access = self.locks().exclusive_to_replace(tenant).await;
        access.set_incomplete(true);
        self.restore_at_once(snapshot, tenant, &Progress::default()).await?;
        access.set_incomplete(false);
        Ok(())
    }
}
