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

    /// The settings of each session on a server, as statements. TCP settings have no effect on a Unix socket. A server whose client
    /// machine disappeared ends the session within a minute and releases its locks.
    pub(super) fn of_session(&self) -> String {
        format!(
            "set statement_timeout = {statement}; set lock_timeout = {lock}; \
             set idle_in_transaction_session_timeout = {idle}; \
             set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3; \
             set tcp_user_timeout = 30000; \
             do $$ begin set client_connection_check_interval = {check}; \
             exception when others then null; /* some systems cannot check */ end $$",
            statement = milliseconds(self.statement),
            lock = milliseconds(self.lock),
            idle = milliseconds(IDLE_IN_TRANSACTION),
            check = milliseconds(CHECK_INTERVAL),
        )
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
