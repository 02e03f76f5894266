//! The pool of connections.
//!
//! The connections are from sqlx, the pool is from deadpool. sqlx's own pool needs one more round trip for every statement: it tests
//! each connection that is returned to it. This pool does not test a connection whose work ended. It rolls back, and thereby tests,
//! only a connection whose work was interrupted (the client hung up, the socket failed), in a separate task, which no client can
//! interrupt.

use std::str::FromStr as _;
use std::time::{Duration, Instant};

use deadpool::managed::{self, Metrics, PoolError, RecycleError, RecycleResult};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tracing::log::LevelFilter;

use super::error::DatabaseError;
use crate::error_chain::ErrorChain;

/// A connection that was idle for this long is tested before its next use: the server may have stopped in the meantime.
const TEST_AFTER_IDLE: Duration = Duration::from_secs(1);

/// Every statement in this program is static, can use an index, and is planned once, often while its tables are small. A plan that
/// reads a whole table would stay after the table grows, so such plans are off (only `compare_rows` joins whole tenants and turns
/// them on). A new plan for each execution costs more than a read, so plans are generic. Such plans need few statistics, so few rows
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
    /// Whether an idle connection is tested before its next use. A server can stop. The embedded database cannot, and it would not
    /// survive a test that a client interrupts.
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

    /// Waits for a free connection, up to the acquire timeout if `has_timeout`.
    pub(super) async fn acquire(&self, has_timeout: bool) -> Result<PooledConnection, DatabaseError> {
        let mut timeouts = self.0.timeouts();
        if !has_timeout {
            timeouts.wait = None;
        }
        self.acquire_within(&timeouts).await
    }

    /// Opens a connection if none is open, with its own timeout.
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
        let connection = self.0.as_mut().expect("invariant: present until dropped");
        connection.is_interrupted = true;
        &mut connection.connection
    }

    /// Records how the last statement ended. Without this call the connection counts as interrupted.
    pub(super) fn ended<T>(&mut self, result: &Result<T, sqlx::Error>) {
        let Some(connection) = &mut self.0 else { return };
        connection.is_interrupted = match result {
            Ok(_) | Err(sqlx::Error::RowNotFound) => false,
            // After an error of Postgres itself the connection is usable, unless the server stops (class 57P).
            Err(sqlx::Error::Database(error)) => error.code().is_some_and(|code| code.starts_with("57P")),
            Err(_) => true,
        };
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        let Some(connection) = self.0.take().filter(|connection| connection.is_interrupted) else { return };
        // Without a runtime there is no pool to which it could be returned.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(repair(connection));
        }
    }
}

/// Returns an interrupted connection to the pool, or closes it. It may have an open transaction that sqlx has not recorded (sqlx 0.9.0
/// forgets one whose BEGIN was interrupted), and a response that was not read yet.
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
        // Boxed, because connecting is rare and its future is large: unboxed it would be part of every request's future.
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
