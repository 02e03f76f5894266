//! Saves, lists, deletes and forks snapshots.

use chrono::TimeDelta;

use super::credential::Credential;
use super::credentials;
use super::error::{CredentialError, TenantError};
use super::lifecycle::{NewTenant, created_tenant};
use super::listing::SnapshotListing;
use super::service::{SEED, Tenants, check_name, unknown_snapshot};
use super::store::{copy, lifecycle, snapshots};
use super::unfinished::Unfinished;
use crate::clock::Clock;
use crate::database::{Batches, DatabaseError, ExclusiveAccess, TenantId, lock_tenant, lock_tenant_shared};
use crate::plan::Plan;
use crate::tasks::{Progress, SnapshotRows, StartedTask, TaskResult};

/// The maximum number of snapshots of a tenant, `seed` included.
const MAX_SNAPSHOTS: i64 = 100;

impl Tenants {
    /// Saves a tenant's data as a snapshot, which replaces one of the same name. The snapshot `seed`, which a reset restores, is
    /// replaced only if `is_forced`.
    ///
    /// # Errors
    /// `UnknownTenant`, `BadName`, `Rejected` for `seed` and for one snapshot too many, or when the database fails.
    #[must_use]
    pub fn save(&self, name: &str, snapshot: &str, is_forced: bool) -> StartedTask<TenantError> {
        let (tenants, name, snapshot) = (self.for_task(), name.to_owned(), snapshot.to_owned());
        self.begin(&name.clone(), "snapshot", |progress| async move {
            let tenant = tenants.tenant(&name).await?;
            let snapshot = check_name(&snapshot)?;
            if snapshot == SEED && !is_forced {
                let why = format!("a reset restores the snapshot '{SEED}'; force=true replaces it");
                return Err(TenantError::Rejected(why));
            }
            let access = tenants.locks().exclusive(tenant.id).await?;
            let others =
                tenants.database.run(async |connection| snapshots::count_others(connection, tenant.id, snapshot).await);
            if others.await? >= MAX_SNAPSHOTS {
                let why = format!("a tenant has at most {MAX_SNAPSHOTS} snapshots: delete one of '{name}' first");
                return Err(TenantError::Rejected(why));
            }
            let rows = if tenants.is_copied_in_parts(&[tenant.id]).await? {
                tenants.save_in_parts(&access, tenant.id, snapshot, &progress).await?
            } else {
                let saved = tenants.database.in_snapshot(async |connection| {
                    // A snapshot is not replaced while the tenant is restored from it.
                    lock_tenant_shared(connection, tenant.id).await?;
                    let now = Clock::Real.now();
                    Ok::<_, TenantError>(
                        snapshots::save(connection, tenant.id, tenant.id, snapshot, now, &progress).await?,
                    )
                });
                let rows = saved.await?;
                tenants.database.filled(rows).await;
                rows
            };
            Ok(TaskResult::Snapshot(SnapshotRows { snapshot: snapshot.to_owned(), rows }))
        })
    }

    /// Saves a large tenant's data as a snapshot, in parts, while its requests wait.
    async fn save_in_parts(
        &self,
        access: &ExclusiveAccess,
        tenant: TenantId,
        name: &str,
        progress: &Progress,
    ) -> Result<u64, TenantError> {
        self.block_requests(access).await;
        let now = Clock::Real.now();
        let (mut batches, mut unfinished) = (Batches::new(&self.database), Unfinished::default());
        let saved = async {
            let id = lifecycle::insert_unfinished(batches.connection().await?, &Plan::default(), now, name).await?;
            unfinished.tenants.push(id);
            unfinished.rows = copy::in_parts(&mut batches, Some(tenant), id, progress).await?;
            let before = snapshots::replace(batches.connection().await?, id, tenant, name, Clock::Real.now()).await?;
            Ok::<_, TenantError>((unfinished.rows, before))
        };
        let saved = self.database.in_time(saved).await;
        let (rows, before) = self.finish(batches, unfinished, saved).await?;
        if let Some(before) = before {
            self.delete_unfinished(before, progress).await?;
        }
        Ok(rows)
    }

    /// The snapshots of a tenant, the oldest first.
    ///
    /// # Errors
    /// `UnknownTenant`, or when the database fails.
    pub async fn snapshots(&self, name: &str) -> Result<Vec<SnapshotListing>, TenantError> {
        let tenant = self.tenant(name).await?;
        let rows = self.database.run(async |connection| snapshots::list(connection, tenant.id).await).await?;
        let listings = rows.into_iter().map(|row| SnapshotListing {
            name: row.name,
            taken_at: row.created_at,
            last_customer_id: row.last_customer_id.unwrap_or_default(),
        });
        Ok(listings.collect())
    }

    /// Deletes a snapshot other than `seed`.
    ///
    /// # Errors
    /// `UnknownTenant`, `UnknownSnapshot`, `Rejected` for `seed`, or when the database fails.
    pub async fn delete_snapshot(&self, name: &str, snapshot: &str) -> Result<(), TenantError> {
        let tenant = self.tenant_to_lock(name).await?;
        if snapshot == SEED {
            return Err(TenantError::Rejected(format!(
                "a reset restores the snapshot '{SEED}', so it cannot be deleted"
            )));
        }
        let access = self.locks().exclusive(tenant.id).await?;
        let unpublished = self.database.in_transaction(async |connection| {
            lock_tenant(connection, tenant.id).await?;
            let found = snapshots::find(connection, tenant.id, snapshot).await?;
            let found = found.ok_or_else(|| unknown_snapshot(name, snapshot))?;
            lifecycle::unpublish(connection, found, Clock::Real.now()).await?;
            Ok::<_, TenantError>(found)
        });
        let (tenants, unpublished) = (self.clone(), unpublished.await?);
        // No request finds it any more. Its rows are deleted as soon as other long work permits that, or with the expired tenants.
        let deleting = tokio::spawn(async move {
            let deleted = tenants.delete_unfinished(unpublished, &Progress::default()).await;
            drop(access);
            deleted
        });
        match tokio::time::timeout(self.database.request_limit(), deleting).await {
            Ok(Ok(deleted)) => Ok(deleted?),
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }

    /// Creates a tenant with a copy of another one's current data (`demo`) or of a snapshot (`demo@before`). Only the result of the
    /// task shows its key. A reset of the new tenant restores the copied data.
    ///
    /// # Errors
    /// `UnknownTenant`, `UnknownSnapshot`, `BadName`, `NameTaken`, `Credential`, or when the database fails.
    #[must_use]
    pub fn fork(&self, from: &str, new: NewTenant) -> StartedTask<TenantError> {
        let (tenants, from) = (self.for_task(), from.to_owned());
        self.begin(&new.name.clone(), "fork", |progress| async move {
            let name = check_name(&new.name)?;
            let credential = new.key.credential(&tenants.random)?;
            tenants.check_room(1).await?;
            let owner = tenants.resolve_owner(&from).await?;
            let access = tenants.locks().exclusive(owner).await?;
            let source = tenants.resolve(&from).await?;
            if tenants.is_copied_in_parts(&[source]).await? {
                if source == owner {
                    tenants.block_requests(&access).await;
                }
                let (mut batches, mut unfinished) = (Batches::new(&tenants.database), Unfinished::default());
                let source = (source, from.as_str());
                let forked = tenants.fork_in_parts(&mut batches, &mut unfinished, source, &new, &credential, &progress);
                let forked = tenants.database.in_time(forked).await;
                tenants.finish(batches, unfinished, forked).await?;
            } else {
                let rows = tenants.fork_at_once((source, &from), &new, &credential, &progress).await?;
                tenants.database.filled(rows).await;
            }
            Ok(created_tenant(name, &new.key.name, &credential))
        })
    }

    async fn fork_at_once(
        &self,
        (source, origin): (TenantId, &str),
        new: &NewTenant,
        credential: &Credential,
        progress: &Progress,
    ) -> Result<u64, TenantError> {
        let now = Clock::Real.now();
        let expires_at = new.expires_in_seconds.map(|seconds| now + TimeDelta::seconds(i64::from(seconds)));
        let forked = self.database.in_snapshot(async |connection| {
            let id = lifecycle::insert(connection, &new.name, &Plan::default(), now, expires_at, origin).await?;
            let id = id.ok_or_else(|| TenantError::NameTaken(new.name.clone()))?;
            if !credentials::insert(connection, id, &new.key.name, credential, now, None).await? {
                return Err(CredentialError::InUse(new.key.name.clone()).into());
            }
            let rows = copy::replace(connection, Some(source), id, progress).await?;
            let rows = rows + snapshots::save(connection, source, id, SEED, now, progress).await?;
            Ok::<_, TenantError>((id, rows))
        });
        let (id, rows) = forked.await?;
        // Not within a transaction that sees the database as it was at its beginning: the version may have been raised since then. All
        // that a server may remember of a new tenant is that its key is unknown, and that not for long.
        let raised = self.database.in_transaction(async |connection| {
            self.servers.raise(connection, id).await?;
            Ok::<_, DatabaseError>(())
        });
        raised.await?;
        Ok(rows)
    }

    async fn fork_in_parts(
        &self,
        batches: &mut Batches,
        unfinished: &mut Unfinished,
        (source, origin): (TenantId, &str),
        new: &NewTenant,
        credential: &Credential,
        progress: &Progress,
    ) -> Result<(), TenantError> {
        self.check_free(batches, new, credential).await?;
        let now = Clock::Real.now();
        let id = lifecycle::insert_unfinished(batches.connection().await?, &Plan::default(), now, origin).await?;
        unfinished.tenants.push(id);
        unfinished.rows += copy::in_parts(batches, Some(source), id, progress).await?;
        unfinished.rows += snapshots::save_unfinished(batches, id, SEED, now, progress).await?;
        self.publish(batches, id, new, credential).await
    }
}
