//! A rehearsal: everything that one call does, in one transaction that is taken back at the end.

use std::sync::Arc;

use sqlx::{Executor as _, PgConnection};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::pool::{DatabaseError, Session};

/// The connection of a rehearsal. Its sessions take turns on it; dropping the last handle takes everything back as well.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    stage: Arc<Mutex<Stage>>,
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

impl Rehearsal {
    pub(super) async fn begin(mut session: Session) -> Result<Self, DatabaseError> {
        session.connection().execute("begin; savepoint turn").await?;
        Ok(Self { stage: Arc::new(Mutex::new(Stage { session: Some(session), failed: false })) })
    }

    /// A turn begins where the last one ended, or before it when it failed: what an autocommit statement would have left.
    pub(super) async fn session(&self) -> Result<Session, DatabaseError> {
        let mut stage = Arc::clone(&self.stage).lock_owned().await;
        let undo = if stage.failed { "rollback to savepoint turn" } else { "release savepoint turn; savepoint turn" };
        // Until a turn says that it ended well, it did not.
        stage.failed = true;
        stage.connection().execute(undo).await?;
        Ok(Session::of_rehearsal(Turn(stage)))
    }

    /// Takes everything back.
    ///
    /// # Errors
    /// When the connection is gone, which takes it back too.
    pub async fn end(self) -> Result<(), DatabaseError> {
        let Some(mut session) = self.stage.lock().await.session.take() else { return Ok(()) };
        let undone = session.connection().execute("rollback").await;
        session.end(undone).map(drop)
    }
}

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
