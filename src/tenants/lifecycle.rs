//! Creates and deletes tenants.

use chrono::TimeDelta;

use super::credential::{Credential, NewCredential};
use super::credentials;
use super::error::{CredentialError, TenantError};
use super::seed::{self, NewSeededTenant, SeedContents};
use super::service::{Tenants, check_name};
use super::store::{self, lifecycle};
use super::unfinished::Unfinished;
use crate::clock::Clock;
use crate::database::{Batches, TenantId};
use crate::error_chain::ErrorChain;
use crate::tasks::{CreatedTenant, DeletedTenant, Progress, StartedTask, TaskResult};

/// A tenant that is to be created.
#[derive(Debug)]
pub struct NewTenant {
    pub name: String,
    pub key: NewCredential,
    /// After this many seconds the tenant is deleted.
    pub expires_in_seconds: Option<u32>,
}

/// The maximum number of tenants of one database.
const MAX_TENANTS: i64 = 10_000;

impl Tenants {
    /// Checks that the database may have this number of further tenants. Requests that run at once can exceed the maximum by one each.
    pub(super) async fn check_room(&self, more: usize) -> Result<(), TenantError> {
        let count = self.database.run(async |connection| lifecycle::count(connection).await).await?;
        let more = i64::try_from(more).unwrap_or(i64::MAX);
        if count.saturating_add(more) <= MAX_TENANTS {
            return Ok(());
        }
        Err(TenantError::Rejected(format!("a database has at most {MAX_TENANTS} tenants: delete one first")))
    }

    /// Creates a tenant from a seed, with the default plan if the seed has none. Only the result of the task shows its key.
    ///
    /// # Errors
    /// `BadName`, `NameTaken`, `Seed`, `Credential`, `Rejected` for one tenant too many, or when the database fails. No tenant is created then.
    #[must_use]
    pub fn create(&self, new: NewTenant, seed: SeedContents) -> StartedTask<TenantError> {
        let (tenants, name) = (self.for_task(), new.name.clone());
        self.begin(&name, "create", |progress| async move {
            let name = check_name(&new.name)?;
            let credential = new.key.credential(&tenants.random)?;
            tenants.check_room(1).await?;
            let (mut batches, mut unfinished) = (Batches::new(&tenants.database), Unfinished::default());
            let created = tenants.fill_new(&mut batches, &mut unfinished, &new, &credential, seed, &progress);
            let created = tenants.database.in_time(created).await;
            tenants.finish(batches, unfinished, created).await?;
            Ok(created_tenant(name, &new.key.name, &credential))
        })
    }

    async fn fill_new(
        &self,
        batches: &mut Batches,
        unfinished: &mut Unfinished,
        new: &NewTenant,
        credential: &Credential,
        seed: SeedContents,
        progress: &Progress,
    ) -> Result<(), TenantError> {
        self.check_free(batches, new, credential).await?;
        let plan = seed.plan.clone().unwrap_or_default();
        let tenant = NewSeededTenant { name: &new.name, plan: &plan, origin: "new" };
        let id = seed::create_unfinished(batches, unfinished, self, tenant, seed, progress).await?;
        self.publish(batches, id, new, credential).await
    }

    /// Checks name and credential before the work. `publish` checks them again.
    pub(super) async fn check_free(
        &self,
        batches: &mut Batches,
        new: &NewTenant,
        credential: &Credential,
    ) -> Result<(), TenantError> {
        let connection = batches.connection().await?;
        if store::find_tenant(connection, &new.name).await?.is_some() {
            return Err(TenantError::NameTaken(new.name.clone()));
        }
        if store::credentials::has_digest(connection, &credential.digest()).await? {
            return Err(CredentialError::InUse(new.key.name.clone()).into());
        }
        Ok(())
    }

    /// Publishes an unfinished tenant under its name and credential.
    pub(super) async fn publish(
        &self,
        batches: &mut Batches,
        id: TenantId,
        new: &NewTenant,
        credential: &Credential,
    ) -> Result<(), TenantError> {
        let now = Clock::Real.now();
        let connection = batches.connection().await?;
        let expires_at = new.expires_in_seconds.map(|seconds| now + TimeDelta::seconds(i64::from(seconds)));
        if !lifecycle::publish(connection, id, &new.name, expires_at).await? {
            return Err(TenantError::NameTaken(new.name.clone()));
        }
        if !credentials::insert(connection, id, &new.key.name, credential, now, None).await? {
            return Err(CredentialError::InUse(new.key.name.clone()).into());
        }
        self.servers.raise(connection, id).await?;
        Ok(())
    }

    /// Deletes a tenant, with its credentials, snapshots and journal.
    ///
    /// # Errors
    /// `UnknownTenant`, or when the database fails.
    #[must_use]
    pub fn delete(&self, name: &str) -> StartedTask<TenantError> {
        let (tenants, name) = (self.for_task(), name.to_owned());
        self.begin(&name.clone(), "delete", |progress| async move {
            let tenant = tenants.tenant(&name).await?;
            tenants.delete_by_id(tenant.id, &progress).await?;
            Ok(TaskResult::DeletedTenant(DeletedTenant { deleted: name }))
        })
    }

    pub(super) async fn delete_by_id(&self, id: TenantId, progress: &Progress) -> Result<(), TenantError> {
        let access = self.locks().exclusive_to_replace(id).await;
        self.delete_unfinished(id, progress).await?;
        access.set_incomplete(false);
        drop(access);
        self.invalidate(id);
        if let Err(error) = self.journal.clear(Some(id)).await {
            tracing::warn!(error = %ErrorChain(&error), tenant.id = id.0, "the journal of a deleted tenant was not cleared");
        }
        Ok(())
    }
}

/// The result of a task that created a tenant. Only this result shows the key.
pub(super) fn created_tenant(tenant: &str, name: &str, credential: &Credential) -> TaskResult {
    TaskResult::CreatedTenant(CreatedTenant {
        tenant: tenant.to_owned(),
        key_name: name.to_owned(),
        kind: credential.kind().name().into(),
        account: credential.account().map(str::to_owned),
        key: credential.reveal().to_owned(),
    })
}
