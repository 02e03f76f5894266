//! Tenants that nobody sees: those that are being made, and those that are being deleted. On an embedded database both take
//! several transactions, between which others have their turn.

use super::world::Worlds;
use super::{copy, store};
use crate::clock::Clock;
use crate::database::{Batches, Database, DatabaseError, TenantId};
use crate::error_chain::ErrorChain;
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

    /// Deletes what an embedded database, which has one process, still has of work that was broken off.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_left_behind(&self) -> Result<(), DatabaseError> {
        let mut session = self.database.session().await?;
        let hidden = store::worlds::hidden(session.connection()).await;
        for tenant in session.end(hidden)? {
            delete(&self.database, tenant, &Progress::default()).await?;
        }
        Ok(())
    }
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
