//! Connections: how they are opened, and whether they can be used again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use sqlx::postgres::{PgDatabaseError, PgSeverity};
use sqlx::{Connection as _, PgConnection};
use tokio::sync::watch;

use super::hosts::{ConnectError, Hosts};

/// A connection that was idle for this long is tested before its next use: the server may have stopped in the meantime.
const TEST_AFTER_IDLE: Duration = Duration::from_secs(1);

/// The maximum duration of this test.
const TEST_TIMEOUT: Duration = Duration::from_millis(500);

/// The database to which connections are opened.
#[derive(Debug)]
pub(super) struct Manager {
    hosts: Arc<Hosts>,
    is_embedded: bool,
    /// When a test found that the server is silent. A connection that was not used since then is not tested, but closed.
    silent_at: Mutex<Option<Instant>>,
    /// Whether the embedded database has ended.
    ended: watch::Sender<bool>,
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) session: PgConnection,
    pub(super) state: State,
    /// The number of its host.
    host: usize,
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
            // After an error of Postgres itself the session is usable, unless it ends or cannot write.
            Err(sqlx::Error::Database(error)) if ends_session(&**error) => Self::Spoiled,
            Ok(_) | Err(sqlx::Error::RowNotFound | sqlx::Error::Database(_)) => Self::Usable,
            Err(_) => Self::Interrupted,
        }
    }
}

/// Whether a session cannot be used after an error: the server ends it, stops (class 57P) or lost it (class 08), or the session is
/// read-only (25006), because the server is a standby or its default changed. A new session may be able to write.
fn ends_session(error: &dyn sqlx::error::DatabaseError) -> bool {
    let code = error.code().unwrap_or_default();
    let is_fatal = error
        .try_downcast_ref::<PgDatabaseError>()
        .is_some_and(|error| matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic));
    is_fatal || code == "25006" || code.starts_with("57P") || code.starts_with("08")
}

impl Manager {
    pub(super) fn new(hosts: Arc<Hosts>, is_embedded: bool) -> Self {
        Self { hosts, is_embedded, silent_at: Mutex::default(), ended: watch::Sender::new(false) }
    }

    /// Changes to true when the embedded database has ended.
    pub(super) fn ended(&self) -> watch::Receiver<bool> {
        self.ended.subscribe()
    }

    /// Tests an idle connection. When the server is silent, the other idle ones need no test of their own: their waits would add up.
    async fn test(&self, connection: &mut Connection, last_used: Instant) -> RecycleResult<ConnectError> {
        let silent_at = *self.silent_at.lock().unwrap_or_else(PoisonError::into_inner);
        if silent_at.is_some_and(|silent_at| last_used < silent_at) {
            return Err(RecycleError::message("the server was silent"));
        }
        let Ok(tested) = tokio::time::timeout(TEST_TIMEOUT, connection.session.ping()).await else {
            *self.silent_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            return Err(RecycleError::message("the server is silent"));
        };
        tested.map_err(|error| RecycleError::Backend(error.into()))
    }
}

/// Whether no server listens at the address.
fn is_refused(error: &ConnectError) -> bool {
    use std::io::ErrorKind;
    matches!(error, ConnectError::Failed(sqlx::Error::Io(error)) if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound))
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = ConnectError;

    async fn create(&self) -> Result<Connection, ConnectError> {
        let hosts = Arc::clone(&self.hosts);
        if !self.is_embedded {
            // Boxed, because connecting is rare and its future is large: unboxed it would be part of every request's future.
            let (session, host) = Box::pin(async move { hosts.connect().await }).await?;
            return Ok(Connection { session, state: State::Usable, host });
        }
        // The embedded database does not survive a connection that ends during its start, so no timeout and no client interrupts it.
        let connecting = tokio::spawn(async move { hosts.open(0).await });
        let connected = connecting.await.map_err(|error| sqlx::Error::Io(std::io::Error::other(error)))?;
        if connected.as_ref().is_err_and(is_refused) {
            self.ended.send_replace(true);
        }
        Ok(Connection { session: connected?, state: State::Usable, host: 0 })
    }

    async fn recycle(&self, connection: &mut Connection, metrics: &Metrics) -> RecycleResult<ConnectError> {
        if connection.state != State::Usable {
            return Err(RecycleError::message("its work was interrupted"));
        }
        // After a failover, the former host may answer again, as a standby or with data that the others do not have.
        if !self.hosts.is_current(connection.host) {
            return Err(RecycleError::message("the database is on another host"));
        }
        let last_used = metrics.recycled.unwrap_or(metrics.created);
        // The embedded database cannot stop without this process, and it would not survive a test that a client interrupts.
        if !self.is_embedded && Instant::now().duration_since(last_used) > TEST_AFTER_IDLE {
            self.test(connection, last_used).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::error::Error;
    use std::fmt;

    use sqlx::error::{DatabaseError, ErrorKind};

    use super::*;

    /// An error of a server with this SQLSTATE.
    #[derive(Debug)]
    struct Failed(&'static str);

    impl fmt::Display for Failed {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(self.0)
        }
    }

    impl Error for Failed {}

    impl DatabaseError for Failed {
        fn message(&self) -> &str {
            self.0
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.into())
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }

        fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
            self
        }
    }

    #[test]
    fn errors_that_end_a_session_close_its_connection() {
        for code in ["25006", "57P01", "57P02", "57P03", "57P05", "08000", "08003", "08006", "08P01"] {
            let result: Result<(), _> = Err(sqlx::Error::Database(Box::new(Failed(code))));
            assert_eq!(State::after(&result), State::Spoiled, "{code}");
        }
        for code in ["23505", "40P01", "55P03", "57014", "25001"] {
            let result: Result<(), _> = Err(sqlx::Error::Database(Box::new(Failed(code))));
            assert_eq!(State::after(&result), State::Usable, "{code}");
        }
        let lost: Result<(), _> = Err(sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into()));
        assert_eq!(State::after(&lost), State::Interrupted);
    }
}
