//! One transaction for all sessions of a request, which use its connection one after the other.

use std::sync::Arc;
use std::time::Duration;

use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit};

use super::error::DatabaseError;
use super::limit::{Limit, in_time};
use super::pool::{Pool, PooledConnection};

/// A transaction, to be committed or rolled back. It acquires its connection and begins with its first session. A drop of the last
/// handle, for example when the client hangs up, rolls back.
#[derive(Debug, Clone)]
pub struct Transaction {
    state: Arc<Mutex<State>>,
    /// Whether this is a part of another transaction, whose end commits or rolls back both.
    is_nested: bool,
    has_one_connection: bool,
}

#[derive(Debug)]
struct State {
    pool: Pool,
    limit: Limit,
    /// `Some` from the first session to the end.
    connection: Option<PooledConnection>,
    /// Whether the last session failed, so that Postgres accepts no statement before a rollback to the savepoint.
    has_failed: bool,
    /// Whether a nested transaction was rolled back, so that this one must not be committed.
    must_roll_back: bool,
    /// Whether a session did not end in time, so that the connection was closed.
    is_lost: bool,
}

/// The use of the transaction's connection by one session.
#[derive(Debug)]
pub(super) struct TransactionLease(OwnedMutexGuard<State>);

/// How long the end of a transaction may take at least. The request may have used up its time, and a commit that is sent must not be
/// reported as failed because the wait for its answer had ended.
const MIN_COMMIT: Duration = Duration::from_secs(1);

const ROLL_BACK_SESSION: &str = "rollback to savepoint session";

impl Transaction {
    pub(super) fn new(pool: Pool, limit: Limit) -> Self {
        let has_one_connection = pool.has_one_connection();
        let state = State { pool, limit, connection: None, has_failed: false, must_roll_back: false, is_lost: false };
        Self { state: Arc::new(Mutex::new(state)), is_nested: false, has_one_connection }
    }

    /// A part of this transaction.
    pub(super) fn nested(&self) -> Self {
        Self { is_nested: true, ..self.clone() }
    }

    /// Each session has a savepoint. One that failed is rolled back to it, as a failed autocommit statement would be.
    pub(super) async fn acquire(&self) -> Result<TransactionLease, DatabaseError> {
        let mut state = Arc::clone(&self.state).lock_owned().await;
        if state.is_lost {
            return Err(lost());
        }
        let begins = state.connection.is_none();
        if begins {
            let (share, timeout) = (state.limit.share_of_transaction(), state.limit.acquire_timeout(&state.pool));
            state.connection = Some(state.pool.acquire(share, timeout).await?);
        }
        // The session counts as failed until it reports success.
        let has_failed = std::mem::replace(&mut state.has_failed, true);
        if begins && state.limit.is_long() {
            let begin = format!("begin; {}; savepoint session", state.pool.timeouts().of_long_transaction());
            state.connection().execute(sqlx::raw_sql(AssertSqlSafe(begin))).await?;
        } else {
            let begin = match (begins, has_failed) {
                (true, _) => "begin; savepoint session",
                (false, true) => ROLL_BACK_SESSION,
                (false, false) => "release savepoint session; savepoint session",
            };
            state.connection().execute(begin).await?;
        }
        Ok(TransactionLease(state))
    }

    /// Gives the connection up after a session did not end in time. Nothing is committed.
    pub(super) fn lose(&self) {
        // The session that did not end was dropped, so the lock is soon free.
        if let Ok(mut state) = self.state.try_lock() {
            state.is_lost = true;
            state.connection = None;
        }
    }

    /// Waits until this transaction may be held open during an injected delay, so that few connections are. To be called before its
    /// first session. `None` where it uses the only connection, and so is not held open.
    ///
    /// # Errors
    /// When too many others are held open for the acquire timeout.
    pub async fn may_be_held_open(&self) -> Result<Option<OwnedSemaphorePermit>, DatabaseError> {
        if self.has_one_connection {
            return Ok(None);
        }
        let pool = self.state.lock().await.pool.clone();
        pool.acquire_delay().await.map(Some)
    }

    /// Whether the transaction uses the only connection.
    #[must_use]
    pub fn is_on_only_connection(&self) -> bool {
        self.has_one_connection
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
        let mut state = self.state.lock().await;
        if state.is_lost {
            return Err(lost());
        }
        if state.must_roll_back {
            drop(state);
            self.roll_back().await?;
            return Err(sqlx::Error::Protocol("a part of the transaction was rolled back".to_owned()).into());
        }
        let has_failed = state.has_failed;
        let Some(mut connection) = state.connection.take() else { return Ok(()) };
        let committed = async {
            if has_failed {
                connection.connection().execute(ROLL_BACK_SESSION).await?;
            }
            commit(connection).await
        };
        let limit = state.limit.duration(&state.pool).max(MIN_COMMIT);
        in_time(&state.pool, Some(limit), committed).await
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
        let Some(mut connection) = state.connection.take() else { return Ok(()) };
        let limit = state.limit.duration(&state.pool).max(MIN_COMMIT);
        let rolled_back = async { Ok(connection.roll_back().await?) };
        in_time(&state.pool, Some(limit), rolled_back).await
    }
}

fn lost() -> DatabaseError {
    DatabaseError::Unavailable("the transaction was given up, because the database did not answer".into())
}

async fn commit(mut connection: PooledConnection) -> Result<(), DatabaseError> {
    let ended = connection.connection().execute("commit").await;
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

    pub(super) fn ended<T>(&mut self, result: &Result<T, sqlx::Error>) {
        self.0.has_failed = result.is_err();
        if let Some(connection) = &mut self.0.connection {
            connection.ended_within(result);
        }
    }
}
