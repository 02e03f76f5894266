//! One transaction around everything that a call does, on one connection whose sessions take turns.

use std::sync::Arc;

use sqlx::{Executor as _, PgConnection};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::pool::{DatabaseError, Session};

/// A transaction, to be committed or rolled back. Dropping the last handle rolls back as well, also when the caller hung up.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// None within another transaction, which decides what becomes of both.
    stage: Option<Arc<Mutex<Stage>>>,
}

#[derive(Debug)]
struct Stage {
    /// There until the end.
    session: Option<Session>,
    /// Whether the last turn failed, so that Postgres takes no statement before it is undone.
    failed: bool,
}

/// A turn on the connection, for as long as a session lives.
#[derive(Debug)]
pub(super) struct Turn(OwnedMutexGuard<Stage>);

impl Transaction {
    pub(super) async fn begin(mut session: Session) -> Result<Self, DatabaseError> {
        session.connection().execute("begin; savepoint turn").await?;
        Ok(Self { stage: Some(Arc::new(Mutex::new(Stage { session: Some(session), failed: false }))) })
    }

    /// A part of another transaction.
    pub(super) fn nested() -> Self {
        Self { stage: None }
    }

    /// A turn begins where the last one ended, or before it when it failed: what an autocommit statement would have left.
    pub(super) async fn session(&self) -> Result<Session, DatabaseError> {
        let stage = self.stage.as_ref().expect("invariant: a database is never bound to a nested transaction");
        let mut stage = Arc::clone(stage).lock_owned().await;
        let undo = if stage.failed { UNDO } else { "release savepoint turn; savepoint turn" };
        // Until a turn says that it ended well, it did not.
        stage.failed = true;
        stage.connection().execute(undo).await?;
        Ok(Session::of_transaction(Turn(stage)))
    }

    /// Keeps everything, but for a last turn that failed.
    ///
    /// # Errors
    /// When the connection is gone; whether everything was kept is not known then.
    pub async fn commit(self) -> Result<(), DatabaseError> {
        self.end("commit").await
    }

    /// Takes everything back.
    ///
    /// # Errors
    /// When the connection is gone, which takes it back too.
    pub async fn roll_back(self) -> Result<(), DatabaseError> {
        self.end("rollback").await
    }

    async fn end(self, how: &'static str) -> Result<(), DatabaseError> {
        let Some(stage) = self.stage else { return Ok(()) };
        let mut stage = stage.lock().await;
        let Some(mut session) = stage.session.take() else { return Ok(()) };
        if stage.failed {
            session.connection().execute(UNDO).await?;
        }
        let ended = session.connection().execute(how).await;
        session.end(ended).map(drop)
    }
}

const UNDO: &str = "rollback to savepoint turn";

impl Stage {
    fn connection(&mut self) -> &mut PgConnection {
        self.session.as_mut().expect("invariant: nobody asks after the end").connection()
    }
}

impl Turn {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        self.0.connection()
    }

    pub(super) fn ended(&mut self, well: bool) {
        self.0.failed = !well;
    }
}
