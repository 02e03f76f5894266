//! One transaction for all sessions of a request, which use its connection one after the other.

use std::sync::Arc;

use sqlx::{Executor as _, PgConnection};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::error::DatabaseError;
use super::pool::{Pool, PooledConnection};

/// A transaction, to be committed or rolled back. It acquires its connection and begins with its first session. A drop of the last
/// handle, for example when the client hangs up, rolls back.
#[derive(Debug, Clone)]
pub struct Transaction {
    state: Arc<Mutex<State>>,
    /// Whether this is a part of another transaction, whose end commits or rolls back both.
    is_nested: bool,
}

#[derive(Debug)]
struct State {
    pool: Pool,
    has_acquire_timeout: bool,
    /// `Some` from the first session to the end.
    connection: Option<PooledConnection>,
    /// Whether the last session failed, so that Postgres accepts no statement before a rollback to the savepoint.
    has_failed: bool,
    /// Whether a nested transaction was rolled back, so that this one must not be committed.
    must_roll_back: bool,
}

/// The use of the transaction's connection by one session.
#[derive(Debug)]
pub(super) struct TransactionLease(OwnedMutexGuard<State>);

const ROLL_BACK_SESSION: &str = "rollback to savepoint session";

impl Transaction {
    pub(super) fn new(pool: Pool, has_acquire_timeout: bool) -> Self {
        let state = State { pool, has_acquire_timeout, connection: None, has_failed: false, must_roll_back: false };
        Self { state: Arc::new(Mutex::new(state)), is_nested: false }
    }

    /// A part of this transaction.
    pub(super) fn nested(&self) -> Self {
        Self { state: Arc::clone(&self.state), is_nested: true }
    }

    /// Each session has a savepoint. One that failed is rolled back to it, as a failed autocommit statement would be.
    pub(super) async fn acquire(&self) -> Result<TransactionLease, DatabaseError> {
        let mut state = Arc::clone(&self.state).lock_owned().await;
        let begin = match (&state.connection, state.has_failed) {
            (None, _) => {
                state.connection = Some(state.pool.acquire(state.has_acquire_timeout).await?);
                "begin; savepoint session"
            }
            (Some(_), true) => ROLL_BACK_SESSION,
            (Some(_), false) => "release savepoint session; savepoint session",
        };
        // The session counts as failed until it reports success.
        state.has_failed = true;
        state.connection().execute(begin).await?;
        Ok(TransactionLease(state))
    }

    /// Commits all sessions except a last one that failed.
    ///
    /// # Errors
    /// When a nested transaction was rolled back; then this one is rolled back as well. When the connection broke; then it is
    /// unknown whether the transaction was committed.
    pub async fn commit(self) -> Result<(), DatabaseError> {
        if self.is_nested {
            return Ok(());
        }
        if self.state.lock().await.must_roll_back {
            self.roll_back().await?;
            return Err(sqlx::Error::Protocol("a part of the transaction was rolled back".to_owned()).into());
        }
        let mut state = self.state.lock().await;
        let has_failed = state.has_failed;
        let Some(mut connection) = state.connection.take() else { return Ok(()) };
        if has_failed {
            connection.connection().execute(ROLL_BACK_SESSION).await?;
        }
        end(connection, "commit").await
    }

    /// Rolls back. A roll-back of a nested transaction takes effect at the end of the outer one.
    ///
    /// # Errors
    /// When the connection broke, which rolls back too.
    pub async fn roll_back(self) -> Result<(), DatabaseError> {
        let mut state = self.state.lock().await;
        if self.is_nested {
            state.must_roll_back = true;
            return Ok(());
        }
        let Some(connection) = state.connection.take() else { return Ok(()) };
        end(connection, "rollback").await
    }
}

async fn end(mut connection: PooledConnection, statement: &'static str) -> Result<(), DatabaseError> {
    let ended = connection.connection().execute(statement).await;
    connection.ended(&ended);
    ended?;
    Ok(())
}

impl State {
    fn connection(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("invariant: present while a session lasts").connection()
    }
}

impl TransactionLease {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        self.0.connection()
    }

    pub(super) fn ended(&mut self, is_ok: bool) {
        self.0.has_failed = !is_ok;
    }
}
