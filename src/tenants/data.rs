//! Replaces a tenant's data: with a seed, or with a snapshot.

use std::time::Duration;

use super::Tenant;
use super::error::{Attempts, TenantError};
use super::seed::{self, SeedContents, SeedTarget};
use super::service::{SEED, Tenants, unknown_snapshot};
use super::store::{copy, lifecycle, snapshots};
use super::unfinished::Unfinished;
use crate::clock::Clock;
use crate::database::{Batches, DatabaseError, ExclusiveAccess, TenantId, lock_tenant};
use crate::error_chain::ErrorChain;
use crate::tasks::{DataRows, Progress, SnapshotRows, StartedTask, TaskResult};

/// The maximum number of attempts of a restore in parts.
const MAX_ATTEMPTS: u32 = 5;

/// The pause after the first attempt; each further one is twice as long as the one before it.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The new snapshot `seed`, from which the tenant is restored next, and the snapshot that it replaced.
struct NewSeed {
    snapshot: TenantId,
    before: Option<TenantId>,
}

impl Tenants {
    /// Replaces a tenant's data with a seed. From then on a reset restores this seed. The plan does not change if the seed has none.
    ///
    /// # Errors
    /// `UnknownTenant`, `Seed`, or when the database fails; the data does not change then.
    #[must_use]
    pub fn seed(&self, name: &str, seed: SeedContents) -> StartedTask<TenantError> {
        let (tenants, name) = (self.for_task(), name.to_owned());
        self.begin(&name.clone(), "seed", |progress| async move {
            let tenant = tenants.tenant(&name).await?;
            let access = tenants.locks().exclusive_to_replace(tenant.id).await;
            let (mut batches, mut unfinished) = (Batches::new(&tenants.database), Unfinished::default());
            let replaced = tenants.replace_data(&mut batches, &mut unfinished, &tenant, seed, &progress);
            let replaced = tenants.database.in_time(replaced).await;
            let (mut rows, new_seed) = tenants.finish(batches, unfinished, replaced).await?;
            if let Some(NewSeed { snapshot, before }) = new_seed {
                rows = tenants.restore_in_parts(&access, snapshot, tenant.id, &progress).await?;
                tenants.database.filled(2 * rows).await;
                if let Some(before) = before {
                    tenants.delete_unfinished(before, &progress).await?;
                }
            }
            access.set_incomplete(false);
            tenants.invalidate(tenant.id);
            drop(access);
            Ok(TaskResult::Data(DataRows { rows }))
        })
    }

    /// Fills an unfinished tenant with the seed, turns it into the snapshot `seed`, and copies its data to the tenant. If one copy
    /// would take too long, it only records that a restore from the new snapshot follows.
    async fn replace_data(
        &self,
        batches: &mut Batches,
        unfinished: &mut Unfinished,
        tenant: &Tenant,
        seed: SeedContents,
        progress: &Progress,
    ) -> Result<(u64, Option<NewSeed>), TenantError> {
        let now = Clock::Real.now();
        let plan = seed.plan.clone().unwrap_or_else(|| tenant.plan.clone());
        let id = lifecycle::insert_empty(batches.connection().await?, &plan, now, SEED).await?;
        unfinished.tenants.push(id);
        let customers = seed.size();
        let target = SeedTarget { id, name: &tenant.name, plan: &plan };
        seed::fill(batches, &self.customers, &self.random, target, seed, progress).await?;
        batches.filled(customers).await?;
        let takes_turns = batches.takes_turns();
        let connection = batches.connection().await?;
        lock_tenant(connection, tenant.id).await?;
        let is_large =
            takes_turns && (copy::is_large(connection, id).await? || copy::is_large(connection, tenant.id).await?);
        let before = snapshots::replace(connection, id, tenant.id, SEED, Clock::Real.now()).await?;
        if is_large {
            // In the same transaction, so that the next start finishes a restore that is interrupted.
            lifecycle::set_restored_from(connection, tenant.id, Some(id)).await?;
            return Ok((0, Some(NewSeed { snapshot: id, before })));
        }
        if let Some(before) = before {
            copy::delete(connection, before, progress).await?;
        }
        let rows = copy::replace(connection, Some(id), tenant.id, progress).await?;
        // This replaces a restore that failed before.
        lifecycle::set_restored_from(connection, tenant.id, None).await?;
        self.servers.raise(connection, tenant.id).await?;
        unfinished.rows = 2 * rows;
        Ok((rows, None))
    }

    /// Restores the snapshot `seed`.
    #[must_use]
    pub fn reset(&self, name: &str) -> StartedTask<TenantError> {
        self.begin_restore(name, SEED, "reset")
    }

    /// Restores a tenant's data from a snapshot: rows, plan, extension, subscriptions, clock and fault rules. Pending deliveries,
    /// running hooks, counts of limits and single sign-on tokens are dropped.
    ///
    /// # Errors
    /// `UnknownTenant`, `UnknownSnapshot`, or when the database fails; the data does not change then.
    #[must_use]
    pub fn restore(&self, name: &str, snapshot: &str) -> StartedTask<TenantError> {
        self.begin_restore(name, snapshot, "restore")
    }

    fn begin_restore(&self, name: &str, snapshot: &str, kind: &'static str) -> StartedTask<TenantError> {
        // No name in Postgres contains a NUL.
        let (tenants, name, snapshot) = (self.for_task(), name.to_owned(), snapshot.replace('\0', "?"));
        self.begin(&name.clone(), kind, |progress| async move {
            let tenant = tenants.tenant(&name).await?;
            let access = tenants.locks().exclusive_to_replace(tenant.id).await;
            let find = tenants.database.run(async |connection| snapshots::find(connection, tenant.id, &snapshot).await);
            let from = find.await?.ok_or_else(|| unknown_snapshot(&name, &snapshot))?;
            let rows = if access.is_incomplete() || tenants.is_copied_in_parts(&[from, tenant.id]).await? {
                tenants.restore_in_parts(&access, from, tenant.id, &progress).await?
            } else {
                let mut attempts = Attempts::default();
                loop {
                    let restored = tenants.try_to_restore(&tenant, &snapshot, &progress).await;
                    if !attempts.must_try_again(&restored) {
                        break restored?;
                    }
                }
            };
            tenants.database.filled(rows).await;
            tenants.invalidate(tenant.id);
            drop(access);
            Ok(TaskResult::Snapshot(SnapshotRows { snapshot, rows }))
        })
    }

    /// Restores a tenant in one transaction.
    async fn try_to_restore(&self, tenant: &Tenant, name: &str, progress: &Progress) -> Result<u64, TenantError> {
        let restored = self.database.in_transaction(async |connection| {
            lock_tenant(connection, tenant.id).await?;
            // A concurrent request may have replaced the snapshot of this name.
            let from = snapshots::find(connection, tenant.id, name).await?;
            let from = from.ok_or_else(|| unknown_snapshot(&tenant.name, name))?;
            let rows = copy::replace(connection, Some(from), tenant.id, progress).await?;
            self.servers.raise(connection, tenant.id).await?;
            Ok::<_, TenantError>(rows)
        });
        restored.await
    }

    /// Restores a large tenant from one of its snapshots, in parts, while its requests wait. A failed attempt is repeated. If the last
    /// one fails, the data is incomplete and all requests are rejected until another restore succeeds. The next start finishes an
    /// interrupted restore. So no request sees incomplete data.
    async fn restore_in_parts(
        &self,
        access: &ExclusiveAccess,
        snapshot: TenantId,
        tenant: TenantId,
        progress: &Progress,
    ) -> Result<u64, DatabaseError> {
        self.block_requests(access).await;
        access.set_incomplete(true);
        let mut attempt = 1;
        loop {
            let restored = match attempt {
                1 => self.database.in_time(self.try_in_parts(snapshot, tenant, progress)).await,
                _ => self.database.in_time(self.restore_at_once(snapshot, tenant, progress)).await,
            };
            match restored {
                Ok(rows) => {
                    access.set_incomplete(false);
                    return Ok(rows);
                }
                Err(error) => {
                    let is_last = attempt == MAX_ATTEMPTS || self.database.is_closed();
                    tracing::warn!(error = %ErrorChain(&error), tenant.id = tenant.0, attempt, is_last, "a restore failed");
                    if is_last {
                        return Err(error);
                    }
                    tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(attempt - 1)).await;
                    attempt += 1;
                }
            }
        }
    }

    async fn try_in_parts(
        &self,
        snapshot: TenantId,
        tenant: TenantId,
        progress: &Progress,
    ) -> Result<u64, DatabaseError> {
        let mut batches = Batches::new(&self.database);
        lifecycle::set_restored_from(batches.connection().await?, tenant, Some(snapshot)).await?;
        // The record must be committed before the first row is deleted.
        batches.rest().await?;
        copy::in_parts(&mut batches, None, tenant, progress).await?;
        let rows = copy::in_parts(&mut batches, Some(snapshot), tenant, progress).await?;
        let connection = batches.connection().await?;
        lifecycle::set_restored_from(connection, tenant, None).await?;
        self.servers.raise(connection, tenant).await?;
        batches.commit().await?;
        Ok(rows)
    }

    /// Replaces the data, complete or not, in one transaction.
    pub(super) async fn restore_at_once(
        &self,
        snapshot: TenantId,
        tenant: TenantId,
        progress: &Progress,
    ) -> Result<u64, DatabaseError> {
        let mut batches = Batches::new(&self.database);
        let connection = batches.connection().await?;
        let rows = copy::replace(connection, Some(snapshot), tenant, progress).await?;
        lifecycle::set_restored_from(connection, tenant, None).await?;
        self.servers.raise(connection, tenant).await?;
        batches.commit().await?;
        Ok(rows)
    }
}
