//! Long work that lets others have their turn.

use std::time::{Duration, Instant};

use sqlx::PgConnection;

use super::pool::{Database, DatabaseError, Session};
use super::transaction::Transaction;
use super::upkeep::MANY;

/// So long the only connection is held at a stretch, and the statement that is under way then.
const TURN: Duration = Duration::from_millis(40);

/// Work that is too long for one turn on the only connection of an embedded database: it is committed now and then, and
/// those who wait come first. On a server, where others have connections of their own, it is one transaction.
///
/// Dropped before it was committed, it takes back what was done since the last turn.
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
    /// Work on `database`, not begun yet. Its turns on an only connection wait for others as long as these take.
    #[must_use]
    pub fn new(database: &Database) -> Self {
        Self { database: database.patient(), open: None, has_committed: false }
    }

    /// The connection, in a transaction.
    ///
    /// # Errors
    /// When no connection is to be had, or it broke.
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

    /// A place between two steps, where others may come first.
    ///
    /// # Errors
    /// When what was done cannot be committed.
    pub async fn pause(&mut self) -> Result<(), DatabaseError> {
        let is_over = self.open.as_ref().is_some_and(|open| open.since.elapsed() >= TURN);
        if is_over && self.takes_turns() { self.commit_turn().await } else { Ok(()) }
    }

    /// A place before what needs no connection: others have it meanwhile.
    ///
    /// # Errors
    /// When what was done cannot be committed.
    pub async fn rest(&mut self) -> Result<(), DatabaseError> {
        if self.takes_turns() { self.commit_turn().await } else { Ok(()) }
    }

    /// Says that so many rows were written: what comes next is planned for them.
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

    /// Whether others have to wait for it, so that its steps should be small.
    #[must_use]
    pub fn takes_turns(&self) -> bool {
        self.database.has_one_connection()
    }

    /// Whether some of it is kept whatever comes.
    #[must_use]
    pub fn has_committed(&self) -> bool {
        self.has_committed
    }

    /// Ends the work.
    ///
    /// # Errors
    /// When what was done since the last turn cannot be committed.
    pub async fn commit(mut self) -> Result<(), DatabaseError> {
        self.commit_turn().await
    }

    async fn commit_turn(&mut self) -> Result<(), DatabaseError> {
        let Some(Open { transaction, session, .. }) = self.open.take() else { return Ok(()) };
        session.end(Ok(()))?;
        transaction.commit().await?;
        self.has_committed = true;
        Ok(())
    }
}
