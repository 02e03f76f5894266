//! How long work on the database may take. Each limit has a server's side, which cancels the statement, and this program's side, which
//! answers the request and closes the connection even if the server is silent.

use std::time::Duration;

/// The settings of the timeouts, each above zero.
#[derive(Debug, Clone, Copy)]
pub struct DatabaseTimeouts {
    /// The maximum wait for a connection, including the wait for the tenant's share and the time to open it.
    pub acquire: Duration,
    /// The maximum duration of one statement of a request.
    pub statement: Duration,
    /// The maximum wait of one statement of a request for a lock.
    pub lock: Duration,
    /// The maximum duration of one statement, and of one transaction, of long work.
    pub long_statement: Duration,
}

/// How much longer this program waits than the server, so that normally the server's own error arrives.
const MARGIN: Duration = Duration::from_secs(1);

/// The maximum idle time of a session within a transaction. More than the longest delay of an injected fault (60 seconds).
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(90);

/// How often the server looks while a statement runs whether its client closed the connection. Then it cancels the statement.
pub(super) const CHECK_INTERVAL: Duration = Duration::from_millis(250);

impl DatabaseTimeouts {
    /// The maximum total time that one request waits for the database.
    #[must_use]
    pub fn request(&self) -> Duration {
        self.acquire + self.statement + MARGIN
    }

    /// The maximum time that one transaction of long work takes, including the wait for a connection.
    #[must_use]
    pub fn long_work(&self) -> Duration {
        self.long_statement + MARGIN
    }

    /// The settings of each session on a server, in their units. Those of TCP have no effect on a Unix socket. A server whose client
    /// machine disappeared ends the session within a minute and releases its locks.
    pub(super) fn of_session(&self) -> [(&'static str, String); 8] {
        let milliseconds = |duration| milliseconds(duration).to_string();
        [
            ("statement_timeout", milliseconds(self.statement)),
            ("lock_timeout", milliseconds(self.lock)),
            ("idle_in_transaction_session_timeout", milliseconds(IDLE_IN_TRANSACTION)),
            ("tcp_keepalives_idle", "30".to_owned()),
            ("tcp_keepalives_interval", "10".to_owned()),
            ("tcp_keepalives_count", "3".to_owned()),
            ("tcp_user_timeout", "30000".to_owned()),
            ("client_connection_check_interval", milliseconds(CHECK_INTERVAL)),
        ]
    }

    /// The settings of a transaction of long work, as statements.
    pub(super) fn of_long_transaction(&self) -> String {
        format!(
            "set local statement_timeout = {limit}; set local lock_timeout = {limit}",
            limit = milliseconds(self.long_statement)
        )
    }
}

/// Postgres' longest timeout is about 24 days. Zero would mean no timeout.
fn milliseconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX).max(1)
}
