//! Connections: how they are opened, and whether they can be used again.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tokio::sync::watch;

/// A connection that was idle for this long is tested before its next use: the server may have stopped in the meantime.
const TEST_AFTER_IDLE: Duration = Duration::from_secs(1);

/// The maximum duration of this test.
const TEST_TIMEOUT: Duration = Duration::from_millis(500);

/// Every statement in this program is static, can use an index, and is planned once, often while its tables are small. A plan that
/// reads a whole table would stay after the table grows, so such plans are off (only `compare_rows` joins whole tenants and turns
/// them on). A new plan for each execution costs more than a read, so plans are generic. Such plans need few statistics, so few rows
/// are sampled. A statement that could read a large tenant as a whole would be compiled at each execution, which takes 25 ms, and 130 ms
/// the first time in a session, even when it reads one row.
///
/// On a distributed database the coordinator plans for the nodes, and needs the tenant to find the node.
const PLANNING: &str = "set enable_seqscan = off; set enable_bitmapscan = off; set enable_hashjoin = off; \
    set enable_mergejoin = off; set enable_material = off; set default_statistics_target = 10; set jit = off; \
    select set_config('plan_cache_mode', case current_setting('emulator.layout', true) when 'distributed' then 'auto' \
    else 'force_generic_plan' end, false)";

/// The database to which connections are opened.
#[derive(Debug)]
pub(super) struct Manager {
    connect: PgConnectOptions,
    /// The statements that begin each session.
    settings: String,
    is_embedded: bool,
    /// When a test found that the server is silent. A connection that was not used since then is not tested, but closed.
    silent_at: Mutex<Option<Instant>>,
    /// Whether the embedded database has ended.
    ended: watch::Sender<bool>,
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) connection: PgConnection,
    pub(super) state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Usable,
    /// A statement runs, or did not end.
    Interrupted,
    /// The session cannot be used any more, although the server answers.
    Spoiled,
}

impl State {
    /// The state after a statement of which this is the result.
    pub(super) fn after<T>(result: &Result<T, sqlx::Error>) -> Self {
        match result {
            Ok(_) | Err(sqlx::Error::RowNotFound) => Self::Usable,
            Err(sqlx::Error::Database(error)) => match error.code().as_deref() {
                // The server is a standby, or its default changed. A new session may be able to write.
                Some("25006") => Self::Spoiled,
                // After an error of Postgres itself the connection is usable, unless the server stops (class 57P).
                Some(code) if code.starts_with("57P") => Self::Interrupted,
                _ => Self::Usable,
            },
            Err(_) => Self::Interrupted,
        }
    }
}

impl Manager {
    /// `settings` are more statements that begin each session of a server.
    pub(super) fn new(connect: PgConnectOptions, is_embedded: bool, settings: &str) -> Self {
        let settings = if is_embedded { PLANNING.to_owned() } else { format!("{PLANNING}; {settings}") };
        Self { connect, settings, is_embedded, silent_at: Mutex::default(), ended: watch::Sender::new(false) }
    }

    pub(super) fn settings(&self) -> &str {
        &self.settings
    }

    /// Changes to true when the embedded database has ended.
    pub(super) fn ended(&self) -> watch::Receiver<bool> {
        self.ended.subscribe()
    }

    /// Tests an idle connection. When the server is silent, the other idle ones need no test of their own: their waits would add up.
    async fn test(&self, connection: &mut Connection, last_used: Instant) -> RecycleResult<sqlx::Error> {
        let silent_at = *self.silent_at.lock().unwrap_or_else(PoisonError::into_inner);
        if silent_at.is_some_and(|silent_at| last_used < silent_at) {
            return Err(RecycleError::message("the server was silent"));
        }
        let Ok(tested) = tokio::time::timeout(TEST_TIMEOUT, connection.connection.ping()).await else {
            *self.silent_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            return Err(RecycleError::message("the server is silent"));
        };
        tested.map_err(RecycleError::Backend)
    }
}

async fn connect(options: PgConnectOptions, settings: String) -> Result<Connection, sqlx::Error> {
    let mut connection = options.connect().await?;
    connection.execute(sqlx::raw_sql(AssertSqlSafe(settings))).await?;
    Ok(Connection { connection, state: State::Usable })
}

/// Whether no server listens at the address.
fn is_refused(error: &sqlx::Error) -> bool {
    use std::io::ErrorKind;
    matches!(error, sqlx::Error::Io(error) if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound))
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<Connection, sqlx::Error> {
        let connecting = connect(self.connect.clone(), self.settings.clone());
        if !self.is_embedded {
            // Boxed, because connecting is rare and its future is large: unboxed it would be part of every request's future.
            return Box::pin(connecting).await;
        }
        // The embedded database does not survive a connection that ends during its start, so no timeout and no client interrupts it.
        let connected =
            tokio::spawn(connecting).await.map_err(|error| sqlx::Error::Io(std::io::Error::other(error)))?;
        if connected.as_ref().is_err_and(is_refused) {
            self.ended.send_replace(true);
        }
        connected
    }

    async fn recycle(&self, connection: &mut Connection, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        if connection.state != State::Usable {
            return Err(RecycleError::message("its work was interrupted"));
        }
        let last_used = metrics.recycled.unwrap_or(metrics.created);
        // The embedded database cannot stop without this process, and it would not survive a test that a client interrupts.
        if !self.is_embedded && Instant::now().duration_since(last_used) > TEST_AFTER_IDLE {
            self.test(connection, last_used).await?;
        }
        Ok(())
    }
}
