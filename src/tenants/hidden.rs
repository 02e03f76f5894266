//! What takes several transactions on an embedded database, so that others have their turn: making and deleting tenants, which
//! nobody sees then, and copying large worlds, whose callers wait.

use sqlx::PgConnection;

use super::error::WorldError;
use super::rooms::Work;
use super::world::Worlds;
use super::{copy, store};
use crate::clock::Clock;
use crate::database::{Batches, Database, DatabaseError, TenantId};
use crate::error_chain::ErrorChain;
use crate::plan::Plan;
use crate::tasks::Progress;

/// What was made and is not seen yet.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    pub tenants: Vec<TenantId>,
    /// How many rows they have in all.
    pub rows: u64,
}

impl Worlds {
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
    pub(super) async fn is_too_large(&self, worlds: &[TenantId]) -> Result<bool, DatabaseError> {
        if !self.database.has_one_connection() {
            return Ok(false);
        }
        let mut session = self.database.session().await?;
        for world in worlds {
            if copy::is_large(session.connection(), *world).await? {
                session.end(Ok(()))?;
                return Ok(true);
            }
        }
        session.end(Ok(false))
    }

    /// Puts a large world back to one of its snapshots, in parts, while its callers wait. Broken off, it is finished by the next
    /// start, so that nobody meets half of it.
    pub(super) async fn put_back_in_parts(
        &self,
        work: &Work,
        snapshot: TenantId,
        tenant: TenantId,
        progress: &Progress,
    ) -> Result<u64, DatabaseError> {
        work.close().await;
        let mut batches = Batches::new(&self.database);
        store::worlds::set_put_back_from(batches.connection().await?, tenant, Some(snapshot)).await?;
        // Kept before the first row goes.
        batches.commit().await?;
        let mut batches = Batches::new(&self.database);
        let outcome = async {
            copy::in_parts(&mut batches, None, tenant, progress).await?;
            copy::in_parts(&mut batches, Some(snapshot), tenant, progress).await
        };
        let rows = match outcome.await {
            Ok(rows) => rows,
            Err(error) => {
                tracing::warn!(error = %ErrorChain(&error), tenant.id = tenant.0, "a world is put back in one go after all");
                batches = Batches::new(&self.database);
                copy::replace(batches.connection().await?, Some(snapshot), tenant, progress).await?
            }
        };
        store::worlds::set_put_back_from(batches.connection().await?, tenant, None).await?;
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
    ) -> Result<u64, WorldError> {
        work.close().await;
        let now = Clock::Real.now();
        let (mut batches, mut hidden) = (Batches::new(&self.database), Hidden::default());
        let saved = async {
            let id = store::worlds::insert_hidden(batches.connection().await?, &Plan::default(), now, snapshot).await?;
            hidden.tenants.push(id);
            hidden.rows = copy::in_parts(&mut batches, Some(tenant), id, progress).await?;
            let before = replace_snapshot(batches.connection().await?, id, tenant, snapshot).await?;
            Ok::<_, WorldError>((hidden.rows, before))
        };
        let saved = saved.await;
        let (rows, before) = self.settle(batches, hidden, saved).await?;
        if let Some(before) = before {
            delete(&self.database, before, progress).await?;
        }
        Ok(rows)
    }

    /// Deletes or finishes what an embedded database, which has one process, still has of work that was broken off.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn finish_broken_off(&self) -> Result<(), DatabaseError> {
        let mut session = self.database.session().await?;
        let half = store::worlds::half_put_back(session.connection()).await;
        for (tenant, snapshot) in session.end(half)? {
            let mut batches = Batches::new(&self.database);
            copy::replace(batches.connection().await?, Some(snapshot), tenant, &Progress::default()).await?;
            store::worlds::set_put_back_from(batches.connection().await?, tenant, None).await?;
            batches.commit().await?;
        }
        let mut session = self.database.session().await?;
        let hidden = store::worlds::hidden(session.connection()).await;
        for tenant in session.end(hidden)? {
            delete(&self.database, tenant, &Progress::default()).await?;
        }
        Ok(())
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
    let before = copy::find_snapshot(connection, owner, snapshot).await?;
    if let Some(before) = before {
        store::worlds::hide(connection, before, now).await?;
    }
    store::worlds::keep_as_snapshot(connection, hidden, owner, snapshot, now).await?;
    Ok(before)
}

/// Deletes a tenant or snapshot with its keys, snapshots and all that it has. From the first turn on nobody sees it.
pub(super) async fn delete(database: &Database, tenant: TenantId, progress: &Progress) -> Result<(), DatabaseError> {
    let mut batches = Batches::new(database);
    let connection = batches.connection().await?;
    copy::close_world(connection, tenant).await?;
    let snapshots = copy::snapshots(connection, tenant).await?;
    store::worlds::hide(connection, tenant, Clock::Real.now()).await?;
    for world in snapshots.iter().map(|snapshot| TenantId(snapshot.tenant_id)).chain([tenant]) {
        if batches.takes_turns() {
            copy::in_parts(&mut batches, None, world, progress).await?;
        }
        // Whatever a request that was under way still wrote goes too.
        copy::delete(batches.connection().await?, world, progress).await?;
        batches.pause().await?;
    }
    batches.commit().await
}
