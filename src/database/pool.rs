//! The pool of connections.
//!
//! Connections are sqlx's, the pool is deadpool's. sqlx's own pool makes one more round trip for every statement: it
//! tests a connection each time it comes back. Here a connection whose work ended goes straight back, and only one whose
//! work was broken off (the caller hung up, the socket failed) is rolled back, and thereby tested, before it goes back:
//! in a task of its own, which no caller can break off again.

use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use deadpool::managed::{self, Metrics, PoolError, RecycleError, RecycleResult};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use thiserror::Error;
use tracing::log::LevelFilter;

use super::meter;
use super::transaction::{Transaction, Turn};
use crate::error_chain::ErrorChain;

/// A connection that lay unused for this long is tested before it is lent: the server may have gone in the meantime.
const TEST_AFTER_IDLE: Duration = Duration::from_secs(1);

/// Every statement here is static, has an index to go by, and is prepared once, often while tables are still small. So:
/// no plan that reads a table or a tenant from end to end, which would stay when it has grown (only `compare_rows` joins
/// whole tenants, and says so), and no planning anew for each call, which costs more than a read. Such plans need to know
/// little of a table, so it is analyzed by few of its rows.
const PLANNING: &str = "set enable_seqscan = off; set enable_bitmapscan = off; set enable_hashjoin = off; \
    set enable_mergejoin = off; set enable_material = off; set plan_cache_mode = force_generic_plan; \
    set default_statistics_target = 10";

/// How to reach a Postgres and how many connections to hold.
#[derive(Debug, Clone)]
pub struct DatabaseOptions {
    /// A `postgres://` URL. Holds a password, so it is never logged.
    pub url: String,
    /// The most connections open at once; at least 1.
    pub connections: usize,
    /// The longest that a request waits for a connection, connecting included.
    pub acquire_timeout: Duration,
    /// Whether a connection that lay unused is tested before it is lent: a server can go away, the embedded database
    /// cannot, and would not survive a test that its caller breaks off.
    pub test_idle: bool,
}

/// Why the database did not answer.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// The URL is not one of a Postgres.
    #[error("the database URL cannot be read")]
    Url(#[source] sqlx::Error),
    /// No connection could be made or none came free in time.
    #[error("no connection to the database")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("a statement failed")]
    Statement(#[from] sqlx::Error),
}

/// A pool of connections to one Postgres. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Database {
    pool: managed::Pool<Manager>,
    /// The one transaction in which everything happens, if there is one.
    transaction: Option<Transaction>,
    /// Whether a connection is waited for as long as it takes.
    is_patient: bool,
    /// How many rows were written in bulk since the tables were last analyzed.
    pub(super) filled: Arc<AtomicU64>,
}

/// How many connections are lent and how many there may be.
#[derive(Debug, Clone, Copy)]
pub struct PoolUse {
    pub in_use: usize,
    /// The most that may be open.
    pub size: usize,
}

impl Database {
    /// A pool that connects when first asked to.
    pub fn new(options: &DatabaseOptions) -> Result<Self, DatabaseError> {
        let connect = PgConnectOptions::from_str(&options.url)
            .map_err(DatabaseError::Url)?
            .application_name("directscale-emulator")
            .log_statements(LevelFilter::Trace)
            .log_slow_statements(LevelFilter::Warn, Duration::from_secs(1));
        let timeout = Some(options.acquire_timeout);
        let pool = managed::Pool::builder(Manager { connect, test_idle: options.test_idle })
            .max_size(options.connections)
            .timeouts(managed::Timeouts { wait: timeout, create: timeout, recycle: timeout })
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|error| DatabaseError::Unavailable(error.into()))?;
        Ok(Self { pool, transaction: None, is_patient: false, filled: Arc::default() })
    }

    /// Lends a connection: for one autocommit statement, or several that need no common fate.
    ///
    /// # Errors
    /// When no connection is to be had within the acquire timeout.
    pub async fn session(&self) -> Result<Session, DatabaseError> {
        match &self.transaction {
            None => self.lend().await,
            Some(transaction) => transaction.session().await,
        }
    }

    /// Runs one autocommit statement, or several that need no common fate, on a connection of the pool. Within a transaction it
    /// runs on that one's connection, behind a savepoint.
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

    /// The same database in a transaction: all that its sessions do is kept or taken back together. Within a transaction
    /// it becomes a part of that one. It begins with its first session.
    #[must_use]
    pub fn begin(&self) -> (Self, Transaction) {
        if let Some(outer) = &self.transaction {
            return (self.clone(), outer.nested());
        }
        let transaction = Transaction::on(self.clone());
        (Self { transaction: Some(transaction.clone()), ..self.clone() }, transaction)
    }

    /// Connects for the first time, for which this much time is given: a connection that is broken off while it is made
    /// would end the embedded database.
    ///
    /// # Errors
    /// When no connection is made in time.
    pub async fn connect_within(&self, patience: Duration) -> Result<(), DatabaseError> {
        let timeouts = managed::Timeouts { create: Some(patience), ..managed::Timeouts::wait_millis(0) };
        self.lend_within(&timeouts).await.map(drop)
    }

    pub(super) async fn lend(&self) -> Result<Session, DatabaseError> {
        let mut timeouts = self.pool.timeouts();
        if self.is_patient {
            timeouts.wait = None;
        }
        self.lend_within(&timeouts).await
    }

    /// The same database for work that nobody waits for with a clock in hand: where all share one connection, it waits for its
    /// turn as long as others have theirs. On a server a pool with nothing free stays a failure.
    #[must_use]
    pub fn patient(&self) -> Self {
        Self { is_patient: self.has_one_connection(), ..self.clone() }
    }

    async fn lend_within(&self, timeouts: &managed::Timeouts) -> Result<Session, DatabaseError> {
        let asked = Instant::now();
        let lent = self.pool.timeout_get(timeouts).await.map_err(|error| match error {
            PoolError::Backend(error) => DatabaseError::Unavailable(error.into()),
            other => DatabaseError::Unavailable(other.to_string().into()),
        })?;
        Ok(Session { lent: Lent::Alone(Some(lent)), asked, is_metered: true })
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

    /// Runs `work` in one transaction that sees the database as it was when it began: committed when it returns `Ok`, rolled
    /// back otherwise. A caller who hangs up breaks it off, so long work runs in a task of its own.
    ///
    /// # Errors
    /// Those of `work`, or of the database before and after it.
    pub async fn in_snapshot<T, E: From<DatabaseError>>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut session = self.lend().await?;
        let begun = session.connection().execute("begin isolation level repeatable read").await;
        begun.map_err(DatabaseError::from)?;
        let outcome = work(session.connection()).await;
        let end = if outcome.is_ok() { "commit" } else { "rollback" };
        let ended = session.connection().execute(end).await;
        session.end(ended)?;
        outcome
    }

    /// Whether all that is done here is part of one transaction.
    #[must_use]
    pub fn is_in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    /// Whether all share one connection, as on an embedded database: work on it keeps everybody else waiting.
    #[must_use]
    pub fn has_one_connection(&self) -> bool {
        self.pool.status().max_size == 1
    }

    /// How much of the pool is at work.
    #[must_use]
    pub fn pool_use(&self) -> PoolUse {
        let status = self.pool.status();
        PoolUse { in_use: status.size.saturating_sub(status.available), size: status.max_size }
    }

    /// Whether it was closed, so that nothing can be done here again.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.pool.is_closed()
    }

    /// Closes every connection; work under way ends first.
    pub fn close(&self) {
        self.pool.close();
    }
}

/// A connection on loan, given back when this is dropped.
#[derive(Debug)]
pub struct Session {
    lent: Lent,
    asked: Instant,
    /// Whether its time counts as time at the database.
    is_metered: bool,
}

#[derive(Debug)]
enum Lent {
    /// From the pool; there until it is dropped.
    Alone(Option<managed::Object<Manager>>),
    /// A turn on the connection of a transaction.
    InTurn(Turn),
}

impl Session {
    pub(super) fn of_transaction(turn: Turn) -> Self {
        Self { lent: Lent::InTurn(turn), asked: Instant::now(), is_metered: true }
    }

    /// The same session, whose turns are metered instead.
    pub(super) fn unmetered(mut self) -> Self {
        self.is_metered = false;
        self
    }

    /// The connection.
    ///
    /// # Panics
    /// Never: the connection is there until this is dropped.
    pub fn connection(&mut self) -> &mut PgConnection {
        match &mut self.lent {
            Lent::Alone(lent) => {
                let lent = lent.as_mut().expect("invariant: there until dropped");
                lent.broken_off = true;
                &mut lent.connection
            }
            Lent::InTurn(turn) => turn.connection(),
        }
    }

    /// Gives the connection back, its work done, and passes the work's result on.
    ///
    /// # Errors
    /// That of the result.
    pub fn end<T>(mut self, result: Result<T, sqlx::Error>) -> Result<T, DatabaseError> {
        match &mut self.lent {
            Lent::Alone(Some(lent)) => {
                lent.broken_off = match &result {
                    Ok(_) | Err(sqlx::Error::RowNotFound) => false,
                    // An error that Postgres itself reported leaves the connection as good as before, unless it says
                    // that the server is going (class 57P).
                    Err(sqlx::Error::Database(error)) => error.code().is_some_and(|code| code.starts_with("57P")),
                    Err(_) => true,
                };
            }
            Lent::Alone(None) => {}
            Lent::InTurn(turn) => turn.ended(result.is_ok()),
        }
        Ok(result?)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.is_metered {
            meter::add(self.asked.elapsed());
        }
        let Lent::Alone(lent) = &mut self.lent else { return };
        let Some(lent) = lent.take().filter(|lent| lent.broken_off) else { return };
        // Outside a runtime there is no pool to give it back to.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(mend(lent));
        }
    }
}

/// Gives a connection back whose work was broken off. A transaction may be open on it that nobody knows of (sqlx 0.9.0
/// forgets one whose BEGIN was broken off), and an answer may be on its way.
async fn mend(mut lent: managed::Object<Manager>) {
    match lent.connection.execute("rollback").await {
        Ok(_) => lent.broken_off = false,
        Err(error) => {
            tracing::debug!(error = %ErrorChain(&error), "a broken connection was closed");
            drop(managed::Object::take(lent));
        }
    }
}

#[derive(Debug)]
struct Manager {
    connect: PgConnectOptions,
    test_idle: bool,
}

#[derive(Debug)]
struct Connection {
    connection: PgConnection,
    /// Set while work is under way, and left set when it did not come to its end.
    broken_off: bool,
}

async fn connect(options: &PgConnectOptions) -> Result<Connection, sqlx::Error> {
    let mut connection = options.connect().await?;
    connection.execute(PLANNING).await?;
    Ok(Connection { connection, broken_off: false })
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<Connection, sqlx::Error> {
        // Boxed, because connecting is rare and its future is large: unboxed it would be part of every request's, and
        // moved with it.
        Box::pin(connect(&self.connect)).await
    }

    async fn recycle(&self, lent: &mut Connection, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        if lent.broken_off {
            return Err(RecycleError::message("its work was broken off"));
        }
        let last_used = metrics.recycled.unwrap_or(metrics.created);
        if self.test_idle && Instant::now().duration_since(last_used) > TEST_AFTER_IDLE {
            lent.connection.ping().await.map_err(RecycleError::Backend)?;
        }
        Ok(())
    }
}
