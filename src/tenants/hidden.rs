//! What takes several transactions on an embedded database, so that others have their turn: making and deleting tenants, which
//! nobody sees then, and copying large tenants, whose callers wait.

use std::time::Duration;

use sqlx::PgConnection;

use super::error::TenantError;
use super::rooms::Work;
use super::service::Tenants;
use super::store::data::HalfPutBack;
use super::{snapshots, store};
use crate::clock::Clock;
use crate::database::{Batches, Database, DatabaseError, TenantId};
use crate::error_chain::ErrorChain;
use crate::plan::Plan;
use crate::tasks::Progress;

/// How often a world is tried to be put back.
const ATTEMPTS: u32 = 5;

/// The pause after the first of them; each is twice as long as the one before it.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// What was made and is not seen yet.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    pub tenants: Vec<TenantId>,
    /// How many rows they have in all.
    pub rows: u64,
}

impl Tenants {
    /// Ends the making of tenants: keeps them when it went well, and otherwise what was kept already is deleted.
    pub(super) async fn settle<T, E: From<DatabaseError>>(
        &self,
        batches: Batches,
        hidden: Hidden,
        outcome: Result<T, E>,
    ) -> Result<T, E> {
        let has_committed = batches.has_committed();
        let outcome = match outcome {
            Ok(made) => batches.commit().await.map(|()| made).map_err(E::from),
            Err(error) => {
                drop(batches);
                Err(error)
            }
        };
        match &outcome {
            Ok(_) => self.database.filled(hidden.rows).await,
            Err(_) if has_committed => {
                for tenant in hidden.tenants {
                    if let Err(error) = delete(&self.database, tenant, &Progress::default()).await {
                        tracing::warn!(error = %ErrorChain(&error), tenant.id = tenant.0, "a half-made tenant was not deleted");
                    }
                }
            }
            Err(_) => {}
        }
        outcome
    }

    /// Whether a copy of this world, or over it, is to be made in parts.
    pub(super) async fn is_too_large(&self, tenants: &[TenantId]) -> Result<bool, DatabaseError> {
        if !self.database.has_one_connection() {
            return Ok(false);
        }
        let mut session = self.database.session().await?;
        for world in tenants {
            if snapshots::is_large(session.connection(), *world).await? {
                session.end(Ok(()))?;
                return Ok(true);
            }
        }
        session.end(Ok(false))
    }

    /// Has a world's callers wait, and waits for those that are under way.
    pub(super) async fn close(&self, work: &Work) {
        work.close(|tenant| self.customers.in_hooks(tenant)).await;
    }

    /// Puts a large world back to one of its snapshots, in parts, while its callers wait. When it fails it is tried again, and at
    /// last nobody is let in; broken off, it is finished by the next start. So nobody meets half of it.
    pub(super) async fn put_back_in_parts(
        &self,
        work: &Work,
        snapshot: TenantId,
        tenant: TenantId,
        progress: &Progress,
    ) -> Result<u64, DatabaseError> {
        self.close(work).await;
        work.leaves_half(true);
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.try_to_put_back(snapshot, tenant, progress, attempt == 1).await {
                Ok(rows) => {
                    work.leaves_half(false);
                    return Ok(rows);
                }
                Err(error) => {
                    let is_last = attempt == ATTEMPTS || self.database.is_closed();
                    tracing::warn!(error = %ErrorChain(&error), tenant.id = tenant.0, attempt, is_last, "a world was not put back");
                    if is_last {
                        return Err(error);
                    }
                    tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(attempt - 1)).await;
                }
            }
        }
    }

    async fn try_to_put_back(
        &self,
        snapshot: TenantId,
        tenant: TenantId,
        progress: &Progress,
        is_in_parts: bool,
    ) -> Result<u64, DatabaseError> {
        let mut batches = Batches::new(&self.database);
        let rows = if is_in_parts {
            store::data::set_restored_from(batches.connection().await?, tenant, Some(snapshot)).await?;
            // Kept before the first row goes.
            batches.rest().await?;
            snapshots::in_parts(&mut batches, None, tenant, progress).await?;
            snapshots::in_parts(&mut batches, Some(snapshot), tenant, progress).await?
        } else {
            snapshots::replace(batches.connection().await?, Some(snapshot), tenant, progress).await?
        };
        store::data::set_restored_from(batches.connection().await?, tenant, None).await?;
        batches.commit().await?;
        Ok(rows)
    }

    /// Keeps a large world as a snapshot, in parts, while its callers wait.
    pub(super) async fn save_in_parts(
        &self,
        work: &Work,
        tenant: TenantId,
        snapshot: &str,
        progress: &Progress,
    ) -> Result<u64, TenantError> {
        self.close(work).await;
        let now = Clock::Real.now();
        let (mut batches, mut hidden) = (Batches::new(&self.database), Hidden::default());
        let saved = async {
            let id = store::data::insert_hidden(batches.connection().await?, &Plan::default(), now, snapshot).await?;
            hidden.tenants.push(id);
            hidden.rows = snapshots::in_parts(&mut batches, Some(tenant), id, progress).await?;
            let before = replace_snapshot(batches.connection().await?, id, tenant, snapshot).await?;
            Ok::<_, TenantError>((hidden.rows, before))
        };
        let saved = saved.await;
        let (rows, before) = self.settle(batches, hidden, saved).await?;
        if let Some(before) = before {
            delete(&self.database, before, progress).await?;
        }
        Ok(rows)
    }

    /// Deletes or finishes what an embedded database, which has one process, still has of work that was broken off. What cannot be
    /// finished keeps nobody else from being served.
    ///
    /// # Errors
    /// When the database does not say what there is.
    pub async fn finish_broken_off(&self) -> Result<(), DatabaseError> {
        let mut session = self.database.session().await?;
        let half = store::data::half_put_back(session.connection()).await;
        for HalfPutBack { tenant, snapshot } in session.end(half)? {
            if let Err(error) = self.finish_putting_back(tenant, snapshot).await {
                tracing::error!(error = %ErrorChain(&error), tenant.id = tenant.0, "a world is half put back, and nobody is let in");
            }
        }
        let mut session = self.database.session().await?;
        let hidden = store::data::hidden(session.connection()).await;
        for tenant in session.end(hidden)? {
            if let Err(error) = delete(&self.database, tenant, &Progress::default()).await {
                tracing::warn!(error = %ErrorChain(&error), tenant.id = tenant.0, "what was left of a tenant was not deleted");
            }
        }
        Ok(())
    }

    async fn finish_putting_back(&self, tenant: TenantId, snapshot: Option<TenantId>) -> Result<(), DatabaseError> {
        if let Some(snapshot) = snapshot {
            let work = self.credentials.work_anew(tenant).await;
            work.leaves_half(true);
            self.try_to_put_back(snapshot, tenant, &Progress::default(), false).await?;
            work.leaves_half(false);
            return Ok(());
        }
        // Deleted since, by who was let in: the world is theirs.
        tracing::warn!(
            tenant.id = tenant.0,
            "the snapshot that a world was put back to is gone: the world stays as it is"
        );
        let mut batches = Batches::new(&self.database);
        store::data::set_restored_from(batches.connection().await?, tenant, None).await?;
        batches.commit().await
    }
}

/// Makes a hidden tenant the snapshot of this name; the one that was it is hidden, to be deleted.
pub(super) async fn replace_snapshot(
    connection: &mut PgConnection,
    hidden: TenantId,
    owner: TenantId,
    snapshot: &str,
) -> Result<Option<TenantId>, sqlx::Error> {
    let now = Clock::Real.now();
    let before = snapshots::find_snapshot(connection, owner, snapshot).await?;
    if let Some(before) = before {
        store::data::hide(connection, before, now).await?;
    }
    store::data::keep_as_snapshot(connection, hidden, owner, snapshot, now).await?;
    Ok(before)
}

/// Deletes a tenant or snapshot with its keys, snapshots and all that it has. From the first turn on nobody sees it.
pub(super) async fn delete(database: &Database, tenant: TenantId, progress: &Progress) -> Result<(), DatabaseError> {
    let mut batches = Batches::new(database);
    let connection = batches.connection().await?;
    snapshots::close_tenant(connection, tenant).await?;
    let snapshots = snapshots::snapshots(connection, tenant).await?;
    store::data::hide(connection, tenant, Clock::Real.now()).await?;
    for world in snapshots.iter().map(|snapshot| TenantId(snapshot.tenant_id)).chain([tenant]) {
        if batches.takes_turns() {
            snapshots::in_parts(&mut batches, None, world, progress).await?;
        }
        // Whatever a request that was under way still wrote goes too.
        snapshots::delete(batches.connection().await?, world, progress).await?;
        batches.pause().await?;
    }
    batches.commit().await
}
