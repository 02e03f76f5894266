//! The pool of connections.
//!
//! Connections are sqlx's, the pool is deadpool's. sqlx's own pool makes one more round trip for every statement: it tests a
//! connection each time it comes back. This pool takes a connection back as it is when its work ended. It rolls back, and
//! thereby tests, only a connection whose work was interrupted (the client hung up, the socket failed): in a task of its own,
//! which no client can interrupt again.

use std::str::FromStr as _;
use std::time::{Duration, Instant};

use deadpool::managed::{self, Metrics, PoolError, RecycleError, RecycleResult};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tracing::log::LevelFilter;

use super::error::DatabaseError;
use crate::error_chain::ErrorChain;

/// A connection that was unused for this long is tested before its next use: the server may have stopped in the meantime.
const TEST_AFTER_IDLE: Duration = Duration::from_secs(1);

/// Every statement here is static, has an index to use, and is prepared once, often while tables are still small. So there is
/// no plan that reads a whole table or tenant, which would stay when it has grown (only `compare_rows` joins whole tenants,
/// and says so), and no new plan for each execution, which costs more than a read. Such plans need few statistics, so few rows
/// are sampled.
const PLANNING: &str = "set enable_seqscan = off; set enable_bitmapscan = off; set enable_hashjoin = off; \
    set enable_mergejoin = off; set enable_material = off; set plan_cache_mode = force_generic_plan; \
    set default_statistics_target = 10";

#[derive(Debug, Clone)]
pub struct DatabaseOptions {
    /// A `postgres://` URL. Contains a password, so it is never logged.
    pub url: String,
    /// The maximum number of open connections, at least 1.
    pub connections: usize,
    /// The maximum time that a request waits for a connection, including the time to open it.
    pub acquire_timeout: Duration,
    /// Whether an unused connection is tested before its next use. A server can stop; the embedded database cannot, and would
    /// not survive a test that its client interrupts.
    pub test_idle: bool,
}

/// Connections in use, and their maximum.
#[derive(Debug, Clone, Copy)]
pub struct PoolUse {
    pub in_use: usize,
    pub size: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Pool(managed::Pool<Manager>);

impl Pool {
    pub(super) fn new(options: &DatabaseOptions) -> Result<Self, DatabaseError> {
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
        Ok(Self(pool))
    }

    /// Waits for a free connection up to the acquire timeout, or for any time.
    pub(super) async fn acquire(&self, has_timeout: bool) -> Result<PooledConnection, DatabaseError> {
        let mut timeouts = self.0.timeouts();
        if !has_timeout {
            timeouts.wait = None;
        }
        self.acquire_within(&timeouts).await
    }

    /// Opens a connection if none is open, within a timeout of its own.
    pub(super) async fn connect(&self, timeout: Duration) -> Result<(), DatabaseError> {
        let timeouts = managed::Timeouts { create: Some(timeout), ..managed::Timeouts::wait_millis(0) };
        self.acquire_within(&timeouts).await.map(drop)
    }

    async fn acquire_within(&self, timeouts: &managed::Timeouts) -> Result<PooledConnection, DatabaseError> {
        let connection = self.0.timeout_get(timeouts).await.map_err(|error| match error {
            PoolError::Backend(error) => DatabaseError::Unavailable(error.into()),
            other => DatabaseError::Unavailable(other.to_string().into()),
        })?;
        Ok(PooledConnection(Some(connection)))
    }

    pub(super) fn usage(&self) -> PoolUse {
        let status = self.0.status();
        PoolUse { in_use: status.size.saturating_sub(status.available), size: status.max_size }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    pub(super) fn close(&self) {
        self.0.close();
    }
}

/// A connection of the pool, returned to it on drop. `Some` until then.
#[derive(Debug)]
pub(super) struct PooledConnection(Option<managed::Object<Manager>>);

impl PooledConnection {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        let connection = self.0.as_mut().expect("invariant: there until dropped");
        connection.is_interrupted = true;
        &mut connection.connection
    }

    /// Says how the last statement ended. Without this the connection counts as interrupted.
    pub(super) fn ended<T>(&mut self, result: &Result<T, sqlx::Error>) {
        let Some(connection) = &mut self.0 else { return };
        connection.is_interrupted = match result {
            Ok(_) | Err(sqlx::Error::RowNotFound) => false,
            // After an error that Postgres itself reported the connection is usable, unless the server is stopping
            // (class 57P).
            Err(sqlx::Error::Database(error)) => error.code().is_some_and(|code| code.starts_with("57P")),
            Err(_) => true,
        };
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        let Some(connection) = self.0.take().filter(|connection| connection.is_interrupted) else { return };
        // Outside a runtime there is no pool to return it to.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(repair(connection));
        }
    }
}

/// Returns an interrupted connection to the pool, or closes it. It may have an open transaction that sqlx does not know of
/// (sqlx 0.9.0 forgets one whose BEGIN was interrupted), and a response may be on its way.
async fn repair(mut connection: managed::Object<Manager>) {
    match connection.connection.execute("rollback").await {
        Ok(_) => connection.is_interrupted = false,
        Err(error) => {
            tracing::debug!(error = %ErrorChain(&error), "a broken connection was closed");
            drop(managed::Object::take(connection));
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
    /// True while a statement runs, and after one that did not end.
    is_interrupted: bool,
}

async fn connect(options: &PgConnectOptions) -> Result<Connection, sqlx::Error> {
    let mut connection = options.connect().await?;
    connection.execute(PLANNING).await?;
    Ok(Connection { connection, is_interrupted: false })
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<Connection, sqlx::Error> {
        // Boxed, because connecting is rare and its future is large: unboxed it would be part of every request's, and
        // moved with it.
        Box::pin(connect(&self.connect)).await
    }

    async fn recycle(&self, connection: &mut Connection, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        if connection.is_interrupted {
            return Err(RecycleError::message("its work was interrupted"));
        }
        let last_used = metrics.recycled.unwrap_or(metrics.created);
        if self.test_idle && Instant::now().duration_since(last_used) > TEST_AFTER_IDLE {
            connection.connection.ping().await.map_err(RecycleError::Backend)?;
        }
        Ok(())
    }
}
