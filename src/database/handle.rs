//! The database as the rest of the program uses it, and the use of a connection for a while.
//!
//! A handle from [`Database::begin`] runs everything in one transaction. So any handler can run as a dry run, and no function has a
//! parameter for its transaction:
//!
//! ```text
//! database.run(work)              autocommit, on any connection of the pool
//! database.begin()
//!   within.run(work)              savepoint, on the transaction's connection
//!   within.in_transaction(work)   the same, and part of the outer transaction
//!   transaction.commit()          or roll_back(), or drop
//! ```

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use sqlx::{Executor as _, PgConnection};

use super::error::DatabaseError;
use super::pool::{DatabaseOptions, Pool, PoolUse, PooledConnection};
use super::transaction::{Transaction, TransactionLease};

/// A pool of connections to one Postgres, or one transaction on it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Database {
    pool: Pool,
    transaction: Option<Transaction>,
    /// Whether the acquire timeout ends the wait for a connection.
    has_acquire_timeout: bool,
    /// The number of rows written in bulk since the tables were last analyzed.
    pub(super) written_rows: Arc<AtomicU64>,
}

impl Database {
    /// Does not open a connection yet.
    ///
    /// # Errors
    /// When the URL cannot be read.
    pub fn new(options: &DatabaseOptions) -> Result<Self, DatabaseError> {
        let pool = Pool::new(options)?;
        Ok(Self { pool, transaction: None, has_acquire_timeout: true, written_rows: Arc::default() })
    }

    /// A connection for one autocommit statement, or for several that need not be atomic. Prefer [`Database::run`].
    ///
    /// # Errors
    /// When no connection is free within the acquire timeout.
    pub async fn session(&self) -> Result<Session, DatabaseError> {
        let requested = Instant::now();
        let lease = match &self.transaction {
            None => Lease::Pooled(self.pool.acquire(self.has_acquire_timeout).await?),
            Some(transaction) => Lease::Transaction(transaction.acquire().await?),
        };
        Ok(Session::new(lease, requested))
    }

    /// Runs one autocommit statement, or several that need not be atomic, on a connection of the pool. Within a transaction it
    /// uses the transaction's connection and a savepoint.
    ///
    /// # Errors
    /// Those of `work`, or when no connection is free within the acquire timeout.
    pub async fn run<T>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, DatabaseError> {
        let mut session = self.session().await?;
        let done = work(session.connection()).await;
        session.end(done)
    }

    /// The same database in a transaction, which begins with its first session. A transaction within a transaction is a part of the
    /// outer one.
    #[must_use]
    pub fn begin(&self) -> (Self, Transaction) {
        if let Some(outer) = &self.transaction {
            return (self.clone(), outer.nested());
        }
        let transaction = Transaction::new(self.pool.clone(), self.has_acquire_timeout);
        (Self { transaction: Some(transaction.clone()), ..self.clone() }, transaction)
    }

    /// Opens the first connection with its own timeout: the acquire timeout could interrupt it, which would stop the embedded
    /// database.
    ///
    /// # Errors
    /// When no connection is open in time.
    pub async fn connect_within(&self, timeout: Duration) -> Result<(), DatabaseError> {
        self.pool.connect(timeout).await
    }

    /// The same database for background work. On an embedded database it waits for the only connection without a timeout; on a
    /// server a pool without a free connection stays an error.
    #[must_use]
    pub fn patient(&self) -> Self {
        Self { has_acquire_timeout: !self.has_one_connection(), ..self.clone() }
    }

    /// Runs `work` in one transaction: committed when it returns `Ok`, rolled back otherwise.
    ///
    /// # Errors
    /// Those of `work`, or of the database before and after it.
    pub async fn in_transaction<T, E: From<DatabaseError>>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        let (within, transaction) = self.begin();
        let mut session = within.session().await?;
        match work(session.connection()).await {
            Ok(output) => {
                session.end(Ok(()))?;
                transaction.commit().await?;
                Ok(output)
            }
            Err(error) => {
                drop(session);
                transaction.roll_back().await?;
                Err(error)
            }
        }
    }

    /// Runs `work` in one transaction that sees the database as it was at its beginning: committed when it returns `Ok`, rolled
    /// back otherwise. A client that hangs up interrupts it, so long work runs in its own task.
    ///
    /// # Errors
    /// Those of `work`, or of the database before and after it.
    pub async fn in_snapshot<T, E: From<DatabaseError>>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        let requested = Instant::now();
        let mut session = Session::new(Lease::Pooled(self.pool.acquire(self.has_acquire_timeout).await?), requested);
        let started = session.connection().execute("begin isolation level repeatable read").await;
        started.map_err(DatabaseError::from)?;
        let outcome = work(session.connection()).await;
        let end = if outcome.is_ok() { "commit" } else { "rollback" };
        let ended = session.connection().execute(end).await;
        session.end(ended)?;
        outcome
    }

    #[must_use]
    pub fn is_in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    /// Whether there is only one connection, as on an embedded database. Then all requests wait for long work.
    #[must_use]
    pub fn has_one_connection(&self) -> bool {
        self.pool.usage().size == 1
    }

    #[must_use]
    pub fn pool_use(&self) -> PoolUse {
        self.pool.usage()
    }

    /// Whether [`Database::close`] was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.pool.is_closed()
    }

    /// Closes every connection when its current work ends.
    pub fn close(&self) {
        self.pool.close();
    }
}

tokio::task_local! {
    static DATABASE_TIME: Cell<Duration>;
}

/// Runs `request` and returns its output with the total duration of its sessions.
pub async fn measured<T>(request: impl Future<Output = T>) -> (T, Duration) {
    DATABASE_TIME
        .scope(Cell::new(Duration::ZERO), async {
            let output = request.await;
            (output, DATABASE_TIME.with(Cell::get))
        })
        .await
}

/// The total duration of the current request's sessions so far.
#[must_use]
pub fn waited() -> Duration {
    DATABASE_TIME.try_with(Cell::get).unwrap_or_default()
}

/// A connection in use, returned when this is dropped.
#[derive(Debug)]
pub struct Session {
    lease: Lease,
    requested: Instant,
}

#[derive(Debug)]
pub(super) enum Lease {
    Pooled(PooledConnection),
    Transaction(TransactionLease),
}

impl Session {
    pub(super) fn new(lease: Lease, requested: Instant) -> Self {
        Self { lease, requested }
    }

    pub fn connection(&mut self) -> &mut PgConnection {
        match &mut self.lease {
            Lease::Pooled(connection) => connection.connection(),
            Lease::Transaction(lease) => lease.connection(),
        }
    }

    /// Returns the connection to the pool, and returns the result. Without this call the connection counts as interrupted.
    ///
    /// # Errors
    /// That of the result.
    pub fn end<T>(mut self, result: Result<T, sqlx::Error>) -> Result<T, DatabaseError> {
        match &mut self.lease {
            Lease::Pooled(connection) => connection.ended(&result),
            Lease::Transaction(lease) => lease.ended(result.is_ok()),
        }
        Ok(result?)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Outside a request (at the start, on the command line) durations are not measured.
        let _ = DATABASE_TIME.try_with(|sum| sum.set(sum.get() + self.requested.elapsed()));
    }
}
