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

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

use super::error::DatabaseError;
use super::exclusive::TenantLocks;
use super::limit::{Limit, in_time};
use super::pool::{DatabaseOptions, Pool, PoolUse, PooledConnection};
use super::request_use;
use super::shares::ShareOf;
use super::transaction::{Transaction, TransactionLease};

/// A pool of connections to one Postgres, or one transaction on it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Database {
    pool: Pool,
    transaction: Option<Transaction>,
    limit: Limit,
    locks: TenantLocks,
    /// The number of rows written in bulk since the tables were last analyzed.
    pub(super) written_rows: Arc<AtomicU64>,
    is_distributed: Arc<AtomicBool>,
}

impl Database {
    /// Does not open a connection yet.
    ///
    /// # Errors
    /// When the URL cannot be read.
    pub fn new(options: &DatabaseOptions) -> Result<Self, DatabaseError> {
        let pool = Pool::new(options)?;
        let locks = TenantLocks::new(pool.has_one_connection());
        Ok(Self {
            pool,
            transaction: None,
            limit: Limit::Request,
            locks,
            written_rows: Arc::default(),
            is_distributed: Arc::default(),
        })
    }

    /// A connection for one autocommit statement, or for several that need not be atomic, whose owner limits how long they take.
    /// Prefer [`Database::run`].
    ///
    /// # Errors
    /// When no connection is free within the acquire timeout.
    pub async fn session(&self) -> Result<Session, DatabaseError> {
        let requested = Instant::now();
        let lease = match &self.transaction {
            None => {
                let timeout = if self.has_one_connection() {
                    self.limit.acquire_timeout(&self.pool)
                } else {
                    self.pool.timeouts().acquire
                };
                Lease::Pooled(self.pool.acquire(request_use::share(), timeout).await?)
            }
            Some(transaction) => Lease::Transaction(transaction.acquire().await?),
        };
        Ok(Session::new(lease, requested))
    }

    /// Runs one autocommit statement, or several that need not be atomic, on a connection of the pool. Within a transaction it
    /// uses the transaction's connection and a savepoint.
    ///
    /// # Errors
    /// Those of `work`, when no connection is free within the acquire timeout, or when the database does not answer within the
    /// limit of a request. Then a transaction is rolled back.
    pub async fn run<T>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, DatabaseError> {
        let limit = if self.has_one_connection() { self.limit } else { Limit::Request };
        let limit = limit.duration(&self.pool);
        let running = async {
            let mut session = self.session().await?;
            let done = work(session.connection()).await;
            session.end(done)
        };
        if self.transaction.is_some() {
            // Dropped by `within` before the transaction is lost, which it holds.
            return self.within(limit, Box::pin(running)).await;
        }
        // Pinned here, because each function that takes it would move it, and it is large.
        let running = pin!(running);
        self.within(limit, running).await
    }

    /// Runs work up to a limit. Then the work is dropped, its connection is closed, and its transaction is lost.
    async fn within<T, E: From<DatabaseError>>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let mut has_ended = false;
        let work = async {
            let done = work.await;
            has_ended = true;
            done
        };
        let done = in_time(&self.pool, Some(limit), work).await;
        if !has_ended && let Some(transaction) = &self.transaction {
            transaction.lose();
        }
        done
    }

    /// Runs work of the start, which may take long, as long as the database answers at all.
    ///
    /// # Errors
    /// Those of `work`, or when the database does not answer.
    pub async fn while_it_answers<T, E: From<DatabaseError>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        in_time(&self.pool, None, work).await
    }

    /// The same database in a transaction, which begins with its first session. A transaction within a transaction is a part of the
    /// outer one.
    #[must_use]
    pub fn begin(&self) -> (Self, Transaction) {
        if let Some(outer) = &self.transaction {
            return (self.clone(), outer.nested());
        }
        let transaction = Transaction::new(self.pool.clone(), self.limit);
        (Self { transaction: Some(transaction.clone()), ..self.clone() }, transaction)
    }

    /// Opens the first connection with its own timeout: the acquire timeout could interrupt it, which would stop the embedded
    /// database.
    ///
    /// # Errors
    /// When no connection is open in time.
    pub async fn connect_within(&self, timeout: Duration) -> Result<(), DatabaseError> {
        self.pool.acquire(ShareOf::Background, timeout).await.map(drop)
    }

    /// The same database for long work. Its transactions have the limits of long work and wait for each other, so that they use few
    /// connections. On an embedded database it waits for the only connection as long.
    #[must_use]
    pub fn patient(&self) -> Self {
        Self { limit: Limit::LongWork, ..self.clone() }
    }

    /// The same database outside a transaction: for a read that does not depend on what the transaction wrote, and after which
    /// the connection must not be held.
    #[must_use]
    pub fn outside_transaction(&self) -> Self {
        Self { transaction: None, ..self.clone() }
    }

    /// Runs `work` in one transaction: committed when it returns `Ok`, rolled back otherwise.
    ///
    /// # Errors
    /// Those of `work`, or of the database before and after it.
    pub async fn in_transaction<T, E: From<DatabaseError>>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        let (database, transaction) = self.begin();
        let running = async {
            let mut session = database.session().await?;
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
        };
        // Pinned here, as in `run`.
        self.within(self.limit.duration(&self.pool), pin!(running)).await
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
        let limit = self.pool.timeouts().long_work();
        let running = async {
            let connection = self.pool.acquire(ShareOf::LongWork, limit).await?;
            let mut session = Session::new(Lease::Pooled(connection), requested);
            let begin =
                format!("begin isolation level repeatable read; {}", self.pool.timeouts().of_long_transaction());
            let started = session.connection().execute(sqlx::raw_sql(AssertSqlSafe(begin))).await;
            started.map_err(DatabaseError::from)?;
            let outcome = work(session.connection()).await;
            if outcome.is_ok() {
                let committed = session.connection().execute("commit").await;
                session.end(committed)?;
            } else {
                session.roll_back().await?;
            }
            outcome
        };
        self.within(limit, pin!(running)).await
    }

    /// Exclusive access to tenants, where there is only one connection.
    #[must_use]
    pub fn locks(&self) -> &TenantLocks {
        &self.locks
    }

    /// Reads whether `directscale-emulator distribute` laid the database out. To be called once, before other statements.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn read_layout(&self) -> Result<(), DatabaseError> {
        let read = self.run(async |connection| {
            sqlx::query_scalar!(
                r#"select coalesce(current_setting('emulator.layout', true) = 'distributed', false) as "is_distributed!""#
            )
            .fetch_one(connection)
            .await
        });
        self.is_distributed.store(read.await?, Ordering::Relaxed);
        Ok(())
    }

    /// Whether tenants' rows are on several nodes.
    #[must_use]
    pub fn is_distributed(&self) -> bool {
        self.is_distributed.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn is_in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    /// Whether there is only one connection, as on an embedded database. Then all requests wait for long work.
    #[must_use]
    pub fn has_one_connection(&self) -> bool {
        self.pool.has_one_connection()
    }

    #[must_use]
    pub fn pool_use(&self) -> PoolUse {
        self.pool.usage()
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Limits long work in one transaction by the limit of a transaction, in case that the server is silent. On an embedded database,
    /// which is a part of this process, there is no limit.
    ///
    /// # Errors
    /// Those of `work`, or when it did not end in time.
    pub fn in_time<T, E: From<DatabaseError>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> impl Future<Output = Result<T, E>> {
        // Boxed, because the futures of long work are large.
        let work = Box::pin(work);
        async move {
            if self.pool.is_embedded() {
                return work.await;
            }
            self.within(self.pool.timeouts().long_work(), work).await
        }
    }

    /// The maximum total time that one request waits for the database.
    #[must_use]
    pub fn request_limit(&self) -> Duration {
        self.pool.timeouts().request()
    }

    /// Waits until the embedded database has ended by itself, which it should not. It does not start again within this process.
    pub async fn ended(&self) {
        if self.pool.ended().wait_for(|has_ended| *has_ended).await.is_err() {
            std::future::pending::<()>().await;
        }
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
            Lease::Transaction(lease) => lease.ended(&result),
        }
        Ok(result?)
    }

    /// Rolls the transaction of a snapshot back.
    async fn roll_back(mut self) -> Result<(), DatabaseError> {
        match &mut self.lease {
            Lease::Pooled(connection) => Ok(connection.roll_back().await?),
            // It is rolled back with its owner.
            Lease::Transaction(_) => Ok(()),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        request_use::add(self.requested.elapsed());
    }
}
