//! Tenants' tenants: made, filled, put back, kept, forked, compared and deleted.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use sqlx::PgConnection;

use super::credential::Credential;
use super::diff::{Comparing, Diff};
use super::error::TenantError;
use super::hidden::{self, Hidden};
use super::keys::{CredentialError, add_key};
use super::listing::{NewCredential, NewTenant, SnapshotListing, TenantListing};
use super::seed::{self, Filled, Made, SeedContents};
use super::store::By;
use super::{CredentialCache, CredentialSlot, Tenant, keys, snapshots, store};
use crate::clock::Clock;
use crate::customers::Customers;
use crate::database::{Batches, Database, TenantId, violated_unique_constraint};
use crate::error_chain::ErrorChain;
use crate::journal::Journal;
use crate::plan::Plan;
use crate::random::Random;
use crate::tasks::{Begun, CreatedTenant, DataRows, DeletedTenant, Progress, SnapshotRows, TaskResult, Tasks};

/// The name of the snapshot that a reset goes back to.
pub const SEED: &str = "seed";

/// How often tenants are looked for whose time is over.
const SWEEP_EVERY: Duration = Duration::from_secs(15);

/// The tenants of all tenants. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Tenants {
    pub database: Database,
    pub customers: Customers,
    pub credentials: CredentialCache,
    pub journal: Journal,
    /// Where ids and keys come from.
    pub random: Arc<Random>,
    /// The work that goes on.
    pub tasks: Tasks,
    /// Held while a seed file is loaded.
    pub loading: Arc<tokio::sync::Mutex<()>>,
}

impl Tenants {
    /// The same tenants for a task, which waits for its turn at the database as long as it takes.
    pub(super) fn patient(&self) -> Self {
        Self { database: self.database.patient(), credentials: self.credentials.patient(), ..self.clone() }
    }

    /// A tenant by its name.
    ///
    /// # Errors
    /// `UnknownTenant`, or when the database fails.
    pub async fn tenant(&self, name: &str) -> Result<Tenant, TenantError> {
        // No text in Postgres holds it.
        let found = if name.contains('\0') { None } else { self.credentials.named(name).await? };
        found.ok_or_else(|| TenantError::UnknownTenant(name.to_owned()))
    }

    /// All tenants, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self) -> Result<Vec<TenantListing>, TenantError> {
        let mut session = self.database.session().await?;
        let listed = store::data::list(session.connection(), None, Clock::Real.now()).await;
        Ok(session.end(listed)?)
    }

    /// One tenant, as it is listed; `None` where there is none of this name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn listed(&self, name: &str) -> Result<Option<TenantListing>, TenantError> {
        // No text in Postgres holds it.
        if name.contains('\0') {
            return Ok(None);
        }
        let mut session = self.database.session().await?;
        let listed = store::data::list(session.connection(), Some(name), Clock::Real.now()).await;
        Ok(session.end(listed)?.pop())
    }

    /// Makes a tenant, with a plan and a seed; its key, which is shown this once.
    ///
    /// # Errors
    /// `BadName`, `NameTaken`, `Seed`, `Key`, or when the database fails; nothing was made then.
    #[must_use]
    pub fn create(&self, new: NewTenant, seed: SeedContents) -> Begun<TenantError> {
        let (tenants, name) = (self.patient(), new.name.clone());
        self.tasks.begin(self.random.uuid(), &name, "create", |progress| async move {
            let plan = seed.plan.clone().unwrap_or_default();
            let name = checked(&new.name)?;
            let key = new.key.credential(&tenants.random)?;
            let (mut batches, mut hidden) = (Batches::new(&tenants.database), Hidden::default());
            let filled = tenants.fill_new(&mut batches, &mut hidden, &new, &key, (&plan, seed), &progress).await;
            tenants.settle(batches, hidden, filled).await?;
            Ok(made(name, &new.key.name, &key))
        })
    }

    async fn fork_in_parts(
        &self,
        batches: &mut Batches,
        hidden: &mut Hidden,
        (source, of): (TenantId, &str),
        new: &NewTenant,
        key: &Credential,
        progress: &Progress,
    ) -> Result<(), TenantError> {
        self.check_free(batches, new, key).await?;
        let now = Clock::Real.now();
        let id = store::data::insert_hidden(batches.connection().await?, &Plan::default(), now, of).await?;
        hidden.tenants.push(id);
        hidden.rows += snapshots::in_parts(batches, Some(source), id, progress).await?;
        hidden.rows += snapshots::save_hidden(batches, id, SEED, now, progress).await?;
        self.show(batches, id, new, key).await
    }

    /// Asked before the work, and made sure of after it.
    async fn check_free(&self, batches: &mut Batches, new: &NewTenant, key: &Credential) -> Result<(), TenantError> {
        let connection = batches.connection().await?;
        if store::find_tenant(connection, &new.name).await?.is_some() {
            return Err(TenantError::NameTaken(new.name.clone()));
        }
        if store::has_key(connection, &key.digest()).await? {
            return Err(CredentialError::Taken(new.key.name.clone()).into());
        }
        Ok(())
    }

    /// Shows a tenant that is finished to everybody, under its name and key.
    async fn show(
        &self,
        batches: &mut Batches,
        id: TenantId,
        new: &NewTenant,
        key: &Credential,
    ) -> Result<(), TenantError> {
        let now = Clock::Real.now();
        let connection = batches.connection().await?;
        let expires_at = new.expires_in_seconds.map(|seconds| now + TimeDelta::seconds(i64::from(seconds)));
        if !store::data::show(connection, id, &new.name, expires_at).await? {
            return Err(TenantError::NameTaken(new.name.clone()));
        }
        if !keys::insert(connection, id, &new.key.name, CredentialSlot::Primary, key, now, None).await? {
            return Err(CredentialError::Taken(new.key.name.clone()).into());
        }
        Ok(())
    }

    async fn fill_new(
        &self,
        batches: &mut Batches,
        hidden: &mut Hidden,
        new: &NewTenant,
        key: &Credential,
        (plan, seed): (&Plan, SeedContents),
        progress: &Progress,
    ) -> Result<(), TenantError> {
        self.check_free(batches, new, key).await?;
        let made = Made { name: &new.name, plan, origin: "new" };
        let id = seed::make(batches, hidden, self, made, seed, progress).await?;
        self.show(batches, id, new, key).await
    }

    /// Deletes a tenant, with its keys, snapshots and all that it has.
    #[must_use]
    pub fn delete(&self, name: &str) -> Begun<TenantError> {
        let (tenants, name) = (self.patient(), name.to_owned());
        self.tasks.begin(self.random.uuid(), &name.clone(), "delete", |progress| async move {
            let tenant = tenants.tenant(&name).await?;
            tenants.delete_tenant(tenant.id, &progress).await?;
            Ok(TaskResult::DeletedTenant(DeletedTenant { deleted: name }))
        })
    }

    async fn delete_tenant(&self, id: TenantId, progress: &Progress) -> Result<(), TenantError> {
        let work = self.credentials.work_anew(id).await;
        hidden::delete(&self.database, id, progress).await?;
        work.leaves_half(false);
        drop(work);
        self.changed(id);
        self.journal.clear(Some(id));
        Ok(())
    }

    /// Empties a tenant's world and fills it with a seed, which a reset goes back to from then on. The plan stays where the
    /// seed names none.
    ///
    /// # Errors
    /// `UnknownTenant`, `Seed`, or when the database fails; the world is as it was then.
    #[must_use]
    pub fn seed(&self, name: &str, seed: SeedContents) -> Begun<TenantError> {
        let (tenants, name) = (self.patient(), name.to_owned());
        self.tasks.begin(self.random.uuid(), &name.clone(), "seed", |progress| async move {
            let tenant = tenants.tenant(&name).await?;
            let work = tenants.credentials.work_anew(tenant.id).await;
            let (mut batches, mut hidden) = (Batches::new(&tenants.database), Hidden::default());
            let seeded = tenants.fill_anew(&mut batches, &mut hidden, &tenant, seed, &progress).await;
            let (mut rows, before) = tenants.settle(batches, hidden, seeded).await?;
            if let Some((snapshot, before)) = before {
                // Large: what takes its place is its seed already. From here on nobody is let in before it is whole.
                rows = tenants.put_back_in_parts(&work, snapshot, tenant.id, &progress).await?;
                tenants.database.filled(2 * rows).await;
                if let Some(before) = before {
                    hidden::delete(&tenants.database, before, &progress).await?;
                }
            }
            work.leaves_half(false);
            tenants.changed(tenant.id);
            drop(work);
            Ok(TaskResult::Data(DataRows { rows }))
        })
    }

    /// The seed is filled into a tenant that nobody sees, whose world is copied to the one that is there, and stays as its seed.
    /// Where that would take too long at once, it is only marked to be done: the new seed, and the one that was it.
    async fn fill_anew(
        &self,
        batches: &mut Batches,
        hidden: &mut Hidden,
        tenant: &Tenant,
        seed: SeedContents,
        progress: &Progress,
    ) -> Result<(u64, Option<(TenantId, Option<TenantId>)>), TenantError> {
        let now = Clock::Real.now();
        let plan = seed.plan.clone().unwrap_or_else(|| tenant.plan.clone());
        let id = store::insert_tenant(batches.connection().await?, &plan, now, SEED).await?;
        hidden.tenants.push(id);
        let filled = Filled { id, name: &tenant.name, plan: &plan };
        let customers = seed.size();
        seed::fill(batches, &self.customers, &self.random, filled, seed, progress).await?;
        batches.filled(customers).await?;
        let takes_turns = batches.takes_turns();
        let connection = batches.connection().await?;
        snapshots::close_tenant(connection, tenant.id).await?;
        let is_large = takes_turns
            && (snapshots::is_large(connection, id).await? || snapshots::is_large(connection, tenant.id).await?);
        let before = hidden::replace_snapshot(connection, id, tenant.id, SEED).await?;
        if is_large {
            // In the same transaction, so that whoever breaks off from here on finds it at the next start.
            store::data::set_restored_from(connection, tenant.id, Some(id)).await?;
            return Ok((0, Some((id, before))));
        }
        if let Some(before) = before {
            snapshots::delete(connection, before, progress).await?;
        }
        let rows = snapshots::replace(connection, Some(id), tenant.id, progress).await?;
        // Where another one was begun and failed, this took its place.
        store::data::set_restored_from(connection, tenant.id, None).await?;
        hidden.rows = 2 * rows;
        Ok((rows, None))
    }

    /// Puts a tenant's world back to its seed.
    #[must_use]
    pub fn reset(&self, name: &str) -> Begun<TenantError> {
        self.put_back(name, SEED, "reset")
    }

    /// Puts a tenant's world back to a snapshot: rows, plan, extension, subscribers, clock and armed failures. What is under way
    /// (deliveries, hooks, call counts, sign-on tokens) is dropped.
    ///
    /// # Errors
    /// `UnknownTenant`, `UnknownSnapshot`, or when the database fails; the world is as it was then.
    #[must_use]
    pub fn restore(&self, name: &str, snapshot: &str) -> Begun<TenantError> {
        self.put_back(name, snapshot, "restore")
    }

    fn put_back(&self, name: &str, snapshot: &str, what: &'static str) -> Begun<TenantError> {
        // No name in Postgres holds a NUL.
        let (tenants, name, snapshot) = (self.patient(), name.to_owned(), snapshot.replace('\0', "?"));
        self.tasks.begin(self.random.uuid(), &name.clone(), what, |progress| async move {
            let tenant = tenants.tenant(&name).await?;
            let work = tenants.credentials.work_anew(tenant.id).await;
            let unknown = || unknown_snapshot(&name, &snapshot);
            let mut session = tenants.database.session().await?;
            let from = snapshots::find_snapshot(session.connection(), tenant.id, &snapshot).await;
            let from = session.end(from)?.ok_or_else(unknown)?;
            let rows = if work.found_half() || tenants.is_too_large(&[from, tenant.id]).await? {
                tenants.put_back_in_parts(&work, from, tenant.id, &progress).await?
            } else {
                let replaced = tenants.database.in_transaction(async |connection| {
                    snapshots::close_tenant(connection, tenant.id).await?;
                    // Not what was found before: somebody may have saved another under this name.
                    let from = snapshots::find_snapshot(connection, tenant.id, &snapshot).await?.ok_or_else(unknown)?;
                    Ok::<_, TenantError>(snapshots::replace(connection, Some(from), tenant.id, &progress).await?)
                });
                replaced.await?
            };
            tenants.database.filled(rows).await;
            tenants.changed(tenant.id);
            drop(work);
            Ok(TaskResult::Snapshot(SnapshotRows { snapshot, rows }))
        })
    }

    /// Keeps a tenant's world as it is under a name, in place of a snapshot that has it. That of the seed, which a reset goes
    /// back to, is only replaced where `is_forced` says so.
    ///
    /// # Errors
    /// `UnknownTenant`, `BadName`, `Rejected` for the seed's, or when the database fails.
    #[must_use]
    pub fn save(&self, name: &str, snapshot: &str, is_forced: bool) -> Begun<TenantError> {
        let (tenants, name, snapshot) = (self.patient(), name.to_owned(), snapshot.to_owned());
        self.tasks.begin(self.random.uuid(), &name.clone(), "snapshot", |progress| async move {
            let tenant = tenants.tenant(&name).await?;
            let snapshot = checked(&snapshot)?;
            if snapshot == SEED && !is_forced {
                let why = format!("the snapshot '{SEED}' is what a reset goes back to; force=true replaces it");
                return Err(TenantError::Rejected(why));
            }
            let now = Clock::Real.now();
            let work = tenants.credentials.work(tenant.id).await?;
            if tenants.is_too_large(&[tenant.id]).await? {
                let rows = tenants.save_in_parts(&work, tenant.id, snapshot, &progress).await?;
                return Ok(TaskResult::Snapshot(SnapshotRows { snapshot: snapshot.to_owned(), rows }));
            }
            let rows = tenants
                .database
                .in_snapshot(async |connection| {
                    // A snapshot is not written anew while the world is put back to it.
                    snapshots::hold_tenant(connection, tenant.id).await?;
                    Ok::<_, TenantError>(
                        snapshots::save(connection, tenant.id, tenant.id, snapshot, now, &progress).await?,
                    )
                })
                .await?;
            tenants.database.filled(rows).await;
            Ok(TaskResult::Snapshot(SnapshotRows { snapshot: snapshot.to_owned(), rows }))
        })
    }

    /// The snapshots of a tenant, the oldest first.
    ///
    /// # Errors
    /// `UnknownTenant`, or when the database fails.
    pub async fn snapshots(&self, name: &str) -> Result<Vec<SnapshotListing>, TenantError> {
        let tenant = self.tenant(name).await?;
        let mut session = self.database.session().await?;
        let rows = snapshots::snapshots(session.connection(), tenant.id).await;
        let listed = session.end(rows)?.into_iter().map(|row| SnapshotListing {
            name: row.name,
            taken_at: row.created_at,
            last_customer_id: row.last_customer_id.unwrap_or_default(),
        });
        Ok(listed.collect())
    }

    /// Forgets a snapshot. That of the seed stays, because a reset goes back to it.
    ///
    /// # Errors
    /// `UnknownTenant`, `UnknownSnapshot`, `Rejected` for the seed's, or when the database fails.
    pub async fn delete_snapshot(&self, name: &str, snapshot: &str) -> Result<(), TenantError> {
        let tenant = self.tenant(name).await?;
        if snapshot == SEED {
            return Err(TenantError::Rejected(format!(
                "the snapshot '{SEED}' is what a reset goes back to, and stays"
            )));
        }
        let _work = self.credentials.work(tenant.id).await?;
        let hidden = self
            .database
            .in_transaction(async |connection| {
                snapshots::close_tenant(connection, tenant.id).await?;
                let found = snapshots::find_snapshot(connection, tenant.id, snapshot).await?;
                let found = found.ok_or_else(|| unknown_snapshot(name, snapshot))?;
                store::data::hide(connection, found, Clock::Real.now()).await?;
                Ok::<_, TenantError>(found)
            })
            .await?;
        Ok(hidden::delete(&self.database, hidden, &Progress::default()).await?)
    }

    /// Makes a tenant whose world is a copy of another's, as it is or as a snapshot of it is (`demo`, `demo@before`); its key,
    /// which is shown this once. A reset of it goes back to how it was forked.
    ///
    /// # Errors
    /// `UnknownTenant`, `UnknownSnapshot`, `BadName`, `NameTaken`, `Key`, or when the database fails.
    #[must_use]
    pub fn fork(&self, of: &str, new: NewTenant) -> Begun<TenantError> {
        let (tenants, of) = (self.patient(), of.to_owned());
        self.tasks.begin(self.random.uuid(), &new.name.clone(), "fork", |progress| async move {
            let now = Clock::Real.now();
            let name = checked(&new.name)?;
            let key = new.key.credential(&tenants.random)?;
            let expires_at = new.expires_in_seconds.map(|seconds| now + TimeDelta::seconds(i64::from(seconds)));
            let owner = tenants.owner(&of).await?;
            let work = tenants.credentials.work(owner).await?;
            let source = tenants.side(&of).await?;
            if tenants.is_too_large(&[source]).await? {
                if source == owner {
                    tenants.close(&work).await;
                }
                let (mut batches, mut hidden) = (Batches::new(&tenants.database), Hidden::default());
                let forked =
                    tenants.fork_in_parts(&mut batches, &mut hidden, (source, &of), &new, &key, &progress).await;
                tenants.settle(batches, hidden, forked).await?;
                return Ok(made(name, &new.key.name, &key));
            }
            let rows = tenants
                .database
                .in_snapshot(async |connection| {
                    let id = store::data::insert_row(connection, name, &Plan::default(), now, expires_at, &of).await?;
                    let id = id.ok_or_else(|| TenantError::NameTaken(name.to_owned()))?;
                    let slot = CredentialSlot::Primary;
                    if !keys::insert(connection, id, &new.key.name, slot, &key, now, None).await? {
                        return Err(CredentialError::Taken(new.key.name.clone()).into());
                    }
                    let rows = snapshots::replace(connection, Some(source), id, &progress).await?;
                    Ok::<_, TenantError>(rows + snapshots::save(connection, source, id, SEED, now, &progress).await?)
                })
                .await?;
            tenants.database.filled(rows).await;
            Ok(made(name, &new.key.name, &key))
        })
    }

    /// What differs between two tenants, each a tenant or a snapshot of one (`demo@seed`); at most so many rows of each table
    /// are listed.
    ///
    /// # Errors
    /// `UnknownTenant`, `UnknownSnapshot`, or when the database fails.
    pub async fn diff(&self, from: &str, to: &str, most: u32) -> Result<Diff, TenantError> {
        let patient = self.patient();
        let mut owners = [patient.owner(from).await?, patient.owner(to).await?];
        // In one order, so that two who compare the same do not wait for each other.
        owners.sort_unstable();
        let first = self.credentials.work(owners[0]).await?;
        let second = if owners[0] == owners[1] { None } else { Some(self.credentials.work(owners[1]).await?) };
        let (left, right) = (patient.side(from).await?, patient.side(to).await?);
        let mut comparing = Comparing::new((from, left), (to, right), most);
        if patient.is_too_large(&[left, right]).await? {
            for (work, owner) in [Some(&first), second.as_ref()].into_iter().flatten().zip(owners) {
                if [left, right].contains(&owner) {
                    self.close(work).await;
                }
            }
            comparing.in_parts(&mut Batches::new(&self.database)).await?;
            return Ok(comparing.diff());
        }
        let database = &patient.database;
        database
            .in_snapshot(async |connection| {
                comparing.at_once(connection).await?;
                Ok(comparing.diff())
            })
            .await
    }

    /// Whose the world is that a text names.
    pub(super) async fn owner(&self, text: &str) -> Result<TenantId, TenantError> {
        Ok(self.tenant(text.rsplit_once('@').map_or(text, |(name, _)| name)).await?.id)
    }

    /// The tenant or snapshot that a text names.
    pub(super) async fn side(&self, text: &str) -> Result<TenantId, TenantError> {
        let Some((name, snapshot)) = text.rsplit_once('@') else { return Ok(self.tenant(text).await?.id) };
        let tenant = self.tenant(name).await?;
        if snapshot.contains('\0') {
            return Err(unknown_snapshot(name, snapshot));
        }
        let mut session = self.database.session().await?;
        let found = snapshots::find_snapshot(session.connection(), tenant.id, snapshot).await;
        session.end(found)?.ok_or_else(|| unknown_snapshot(name, snapshot))
    }

    /// Replaces a tenant's plan as a whole. Where it makes other fields unique, the customers that are there follow.
    ///
    /// # Errors
    /// `UnknownTenant`, `Rejected` when customers share a value that must be unique, or when the database fails.
    pub async fn replace_plan(&self, name: &str, plan: &Plan) -> Result<(), TenantError> {
        let tenant = self.tenant(name).await?;
        let _work = self.credentials.work(tenant.id).await?;
        self.database
            .in_transaction(async |connection| {
                snapshots::close_tenant(connection, tenant.id).await?;
                // Not what was read before: the world may have been put back in the meantime.
                if plan.unique != now_of(connection, &tenant).await?.plan.unique {
                    self.customers.follow_uniqueness(connection, tenant.id, plan).await.map_err(|error| {
                        match violated_unique_constraint(&error) {
                            Some(rule) => {
                                TenantError::Rejected(format!("customers share a value that must be unique: {rule}"))
                            }
                            None => error.into(),
                        }
                    })?;
                }
                store::data::set_plan(connection, tenant.id, plan).await?;
                store::write_names(connection, tenant.id, plan).await?;
                Ok(())
            })
            .await
            .inspect(|()| self.changed(tenant.id))
    }

    /// Sets a tenant's clock to what `change` makes of it.
    ///
    /// # Errors
    /// `UnknownTenant`, `Rejected` when it cannot stand there, or when the database fails.
    pub async fn set_clock(
        &self,
        name: &str,
        change: impl FnOnce(Clock) -> Option<Clock>,
    ) -> Result<Clock, TenantError> {
        let tenant = self.tenant(name).await?;
        let _work = self.credentials.work(tenant.id).await?;
        let clock = self
            .database
            .in_transaction(async |connection| {
                snapshots::close_tenant(connection, tenant.id).await?;
                let clock = change(now_of(connection, &tenant).await?.clock).ok_or_else(|| {
                    TenantError::Rejected("a clock can stand between the years 1900 and 9000".to_owned())
                })?;
                store::data::set_clock(connection, tenant.id, clock).await?;
                Ok::<_, TenantError>(clock)
            })
            .await?;
        self.changed(tenant.id);
        Ok(clock)
    }

    /// Gives a tenant another key, which opens nothing after so many seconds; the key, shown this once.
    ///
    /// # Errors
    /// `UnknownTenant`, `Key`, or when the database fails.
    pub async fn add_key(
        &self,
        tenant: &str,
        new: NewCredential,
        expires_in_seconds: Option<u32>,
    ) -> Result<Credential, TenantError> {
        let now = Clock::Real.now();
        let expires_at = expires_in_seconds.map(|seconds| now + TimeDelta::seconds(i64::from(seconds)));
        let key = new.credential(&self.random)?;
        add_key(&self.database, tenant, &new.name, &key, now, expires_at).await?;
        Ok(key)
    }

    /// Believes nothing of a tenant that was known before.
    pub fn changed(&self, tenant: TenantId) {
        self.credentials.forget();
        self.random.forget(tenant);
    }

    /// Deletes tenants whose time is over, again and again.
    pub async fn sweep(self) {
        loop {
            if let Err(error) = self.sweep_once().await {
                tracing::debug!(error = %ErrorChain(&error), "expired tenants were not deleted");
            }
            tokio::time::sleep(SWEEP_EVERY).await;
        }
    }

    async fn sweep_once(&self) -> Result<(), TenantError> {
        let mut session = self.database.session().await?;
        let expired = store::data::expired(session.connection(), Clock::Real.now()).await;
        for tenant in session.end(expired)? {
            // One that cannot be deleted keeps no other one alive.
            match self.delete_tenant(tenant, &Progress::default()).await {
                Ok(()) => tracing::info!(tenant.id = tenant.0, "a tenant whose time is over was deleted"),
                Err(error) => {
                    tracing::warn!(error = %ErrorChain(&error), tenant.id = tenant.0, "an expired tenant was not deleted");
                }
            }
        }
        Ok(())
    }
}

/// A tenant as it is within a transaction that has closed its world.
async fn now_of(connection: &mut PgConnection, tenant: &Tenant) -> Result<Tenant, TenantError> {
    let row = store::find(connection, By::Id(tenant.id), Clock::Real.now()).await?;
    Ok(row.ok_or_else(|| TenantError::UnknownTenant(tenant.name.clone()))?.into_tenant())
}

fn unknown_snapshot(tenant: &str, snapshot: &str) -> TenantError {
    TenantError::UnknownSnapshot { tenant: tenant.to_owned(), snapshot: snapshot.to_owned() }
}

/// The new tenant with its key, which is not shown again.
fn made(tenant: &str, name: &str, key: &Credential) -> TaskResult {
    TaskResult::CreatedTenant(CreatedTenant {
        tenant: tenant.to_owned(),
        key_name: name.to_owned(),
        kind: key.kind().name(),
        account: key.account().map(str::to_owned),
        key: key.reveal().to_owned(),
    })
}

/// A name that can stand in a path and in a shell.
pub(super) fn checked(name: &str) -> Result<&str, TenantError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let begins_well = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    let is_name = begins_well && name.len() <= 63 && name.bytes().all(is_plain);
    if is_name { Ok(name) } else { Err(TenantError::BadName(name.chars().take(100).collect())) }
}
