//! One transaction around everything that a call does, on one connection whose sessions take turns.

use std::sync::Arc;

use sqlx::{Executor as _, PgConnection};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::pool::{Database, DatabaseError, Session};

/// A transaction, to be committed or rolled back. It begins, and takes its connection, when the first session is asked for.
/// Dropping the last handle rolls back as well, also when the caller hung up.
#[derive(Debug, Clone)]
pub struct Transaction {
    stage: Arc<Mutex<Stage>>,
    /// Whether this is a part of another transaction, whose end decides what becomes of both.
    is_nested: bool,
}

#[derive(Debug)]
struct Stage {
    /// Where the connection comes from.
    pool: Database,
    /// There from the first turn to the end.
    session: Option<Session>,
    /// Whether the last turn failed, so that Postgres takes no statement before it is undone.
    failed: bool,
    /// Whether a part was rolled back, so that the whole must not be kept.
    is_doomed: bool,
}

/// A turn on the connection, for as long as a session lives.
#[derive(Debug)]
pub(super) struct Turn(OwnedMutexGuard<Stage>);

const UNDO: &str = "rollback to savepoint turn";

impl Transaction {
    pub(super) fn on(pool: Database) -> Self {
        let stage = Stage { pool, session: None, failed: false, is_doomed: false };
        Self { stage: Arc::new(Mutex::new(stage)), is_nested: false }
    }

    /// A part of this transaction.
    pub(super) fn nested(&self) -> Self {
        Self { stage: Arc::clone(&self.stage), is_nested: true }
    }

    /// A turn begins where the last one ended, or before it when it failed: what an autocommit statement would have left.
    pub(super) async fn session(&self) -> Result<Session, DatabaseError> {
        let mut stage = Arc::clone(&self.stage).lock_owned().await;
        let begin = match (&stage.session, stage.failed) {
            (None, _) => {
                let session = stage.pool.lend().await?;
                stage.session = Some(session.unmetered());
                "begin; savepoint turn"
            }
            (Some(_), true) => UNDO,
            (Some(_), false) => "release savepoint turn; savepoint turn",
        };
        // Until a turn says that it ended well, it did not.
        stage.failed = true;
        stage.connection().execute(begin).await?;
        Ok(Session::of_transaction(Turn(stage)))
    }

    /// Keeps everything, but for a last turn that failed.
    ///
    /// # Errors
    /// When a part was rolled back: nothing is kept then. When the connection is gone; whether everything was kept is not
    /// known then.
    pub async fn commit(self) -> Result<(), DatabaseError> {
        if self.is_nested {
            return Ok(());
        }
        if self.stage.lock().await.is_doomed {
            self.roll_back().await?;
            return Err(sqlx::Error::Protocol("a part of the transaction was rolled back".to_owned()).into());
        }
        let mut stage = self.stage.lock().await;
        let failed = stage.failed;
        let Some(mut session) = stage.session.take() else { return Ok(()) };
        if failed {
            session.connection().execute(UNDO).await?;
        }
        let kept = session.connection().execute("commit").await;
        session.end(kept).map(drop)
    }

    /// Takes everything back; of a part, dooms the whole.
    ///
    /// # Errors
    /// When the connection is gone, which takes it back too.
    pub async fn roll_back(self) -> Result<(), DatabaseError> {
        let mut stage = self.stage.lock().await;
        if self.is_nested {
            stage.is_doomed = true;
            return Ok(());
        }
        let Some(mut session) = stage.session.take() else { return Ok(()) };
        let undone = session.connection().execute("rollback").await;
        session.end(undone).map(drop)
    }
}

impl Stage {
    fn connection(&mut self) -> &mut PgConnection {
        self.session.as_mut().expect("invariant: there while a turn lasts").connection()
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
