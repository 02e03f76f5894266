//! Long work in short transactions, between which requests run.

use std::time::{Duration, Instant};

use sqlx::PgConnection;

use super::error::DatabaseError;
use super::handle::{Database, Session};
use super::maintenance::MANY;
use super::transaction::Transaction;

/// The time after which a batch on the only connection is committed. The statement that runs then ends first.
const BATCH_TIME: Duration = Duration::from_millis(40);

/// Long work. On an embedded database with its only connection, it is committed in batches, between which waiting requests run.
/// On a server, where requests use other connections, it is one transaction.
///
/// A drop without a commit rolls the last batch back.
#[derive(Debug)]
pub struct Batches {
    database: Database,
    open: Option<Open>,
    has_committed: bool,
}

#[derive(Debug)]
struct Open {
    transaction: Transaction,
    session: Session,
    since: Instant,
}

impl Batches {
    /// The first batch begins with the first use of the connection. It waits as long for its
    /// connection as long work does. Whoever uses it limits the whole by [`Database::in_time`].
    #[must_use]
    pub fn new(database: &Database) -> Self {
        Self { database: database.patient(), open: None, has_committed: false }
    }

    /// The connection, in a transaction.
    ///
    /// # Errors
    /// When no connection is free, or it broke.
    pub async fn connection(&mut self) -> Result<&mut PgConnection, DatabaseError> {
        let open = if let Some(open) = self.open.take() {
            open
        } else {
            let (within, transaction) = self.database.begin();
            let session = within.session().await?;
            Open { transaction, session, since: Instant::now() }
        };
        Ok(self.open.insert(open).session.connection())
    }

    /// Must be called between two steps. Commits the batch if requests may wait for the connection and the batch has lasted
    /// `BATCH_TIME`.
    ///
    /// # Errors
    /// When the batch cannot be committed.
    pub async fn pause(&mut self) -> Result<(), DatabaseError> {
        let is_over = self.open.as_ref().is_some_and(|open| open.since.elapsed() >= BATCH_TIME);
        if is_over && self.takes_turns() { self.commit_batch().await } else { Ok(()) }
    }

    /// Must be called before a step that needs no connection. Commits the batch if requests may wait for the connection.
    ///
    /// # Errors
    /// When the batch cannot be committed.
    pub async fn rest(&mut self) -> Result<(), DatabaseError> {
        if self.takes_turns() { self.commit_batch().await } else { Ok(()) }
    }

    /// Must be called after a bulk write. Analyzes the tables if many rows were written.
    ///
    /// # Errors
    /// When the tables cannot be analyzed.
    pub async fn filled(&mut self, rows: u64) -> Result<(), DatabaseError> {
        if rows >= MANY {
            self.pause().await?;
            sqlx::query!("select analyze_tenant_data()").execute(self.connection().await?).await?;
        }
        self.pause().await
    }

    /// Whether requests wait for this work, so that its steps should be small.
    #[must_use]
    pub fn takes_turns(&self) -> bool {
        self.database.has_one_connection()
    }

    /// Whether a batch was committed, which a later error does not roll back.
    #[must_use]
    pub fn has_committed(&self) -> bool {
        self.has_committed
    }

    /// # Errors
    /// When the last batch cannot be committed.
    pub async fn commit(mut self) -> Result<(), DatabaseError> {
        self.commit_batch().await
    }

    async fn commit_batch(&mut self) -> Result<(), DatabaseError> {
        let Some(Open { transaction, session, .. }) = self.open.take() else { return Ok(()) };
        session.end(Ok(()))?;
        transaction.commit().await?;
        self.has_committed = true;
        Ok(())
    }
}
