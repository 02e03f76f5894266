//! The hosts of a database URL: a connection goes to the one that can write.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, PgConnection, Row as _};
use thiserror::Error;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::log::LevelFilter;

use super::login::{Login, LoginSource};
use super::url::PostgresUrl;

/// How long one host may keep silent before the next one is tried as well.
const HEAD_START: Duration = Duration::from_millis(250);

/// The longest that opening a connection may take, whoever waits for it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Before a file that cannot be read is read again: it may be rewritten at the moment.
const READ_AGAIN: Duration = Duration::from_millis(100);

/// Why there is no connection.
#[derive(Debug, Error)]
pub enum ConnectError {
    #[error("it cannot be opened")]
    Failed(#[from] sqlx::Error),
    /// The text says what cannot be read, without its content.
    #[error("no password: {0}")]
    Login(String),
    #[error("the server is read-only: a standby, or its default changed")]
    ReadOnly,
    #[error("no answer within {} s", CONNECT_TIMEOUT.as_secs())]
    Silent,
    /// Each host as `host:port`, and why it cannot be used.
    #[error("none of the hosts can be used: {}", reasons(.0))]
    NoHost(Vec<(String, ConnectError)>),
}

fn reasons(failures: &[(String, ConnectError)]) -> String {
    let reasons = failures.iter().map(|(host, error)| format!("{host}: {}", error.reason()));
    reasons.collect::<Vec<_>>().join("; ")
}

impl ConnectError {
    /// In one line, with its cause.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Failed(sqlx::Error::Database(error)) => error.message().to_owned(),
            Self::Failed(error) => error.to_string(),
            other => other.to_string(),
        }
    }

    /// Whether a server answered that it does not accept the user or the password.
    fn is_rejected_login(&self) -> bool {
        let code = match self {
            Self::Failed(sqlx::Error::Database(error)) => error.code(),
            _ => None,
        };
        code.is_some_and(|code| code.starts_with("28"))
    }

    /// Whether a server answered, be it with an error: then it is not silent. One that starts or stops does not answer yet.
    pub(super) fn is_answer(&self) -> bool {
        match self {
            Self::Failed(sqlx::Error::Database(error)) => error.code().as_deref() != Some("57P03"),
            Self::NoHost(failures) => failures.iter().any(|(_, error)| error.is_answer()),
            _ => false,
        }
    }
}

/// The hosts, shared by all pools of a database.
#[derive(Debug)]
pub(super) struct Hosts {
    url: PostgresUrl,
    logins: Vec<Login>,
    /// The statements that begin each session. Empty if none are needed.
    settings: Mutex<String>,
    /// The host of the last connection that was opened.
    current: AtomicUsize,
    /// When that became another host.
    moved: watch::Sender<Option<Instant>>,
}

/// A new session, and the number of its host.
pub(super) type Opened = (PgConnection, usize);

impl Hosts {
    pub(super) fn new(url: PostgresUrl, login: &LoginSource, settings: String) -> Self {
        let logins = (0..url.count()).map(|host| Login::new(login.clone(), host)).collect();
        Self {
            url,
            logins,
            settings: Mutex::new(settings),
            current: AtomicUsize::new(0),
            moved: watch::Sender::new(None),
        }
    }

    /// Begins each session with these statements from now on.
    pub(super) fn set_settings(&self, statements: String) {
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = statements;
    }

    /// Whether new connections lead to this host.
    pub(super) fn is_current(&self, host: usize) -> bool {
        self.current.load(Ordering::Relaxed) == host
    }

    /// When the hosts changed, `None` if they never did.
    pub(super) fn moved(&self) -> watch::Receiver<Option<Instant>> {
        self.moved.subscribe()
    }

    /// Opens a connection. Of several hosts, the one that was used last is tried first, and the next one as soon as that has failed or
    /// kept silent for a moment.
    pub(super) async fn connect(self: &Arc<Self>) -> Result<Opened, ConnectError> {
        let opening = async {
            if self.logins.len() == 1 { Ok((self.open(0).await?, 0)) } else { self.connect_to_one_of_them().await }
        };
        tokio::time::timeout(CONNECT_TIMEOUT, opening).await.unwrap_or(Err(ConnectError::Silent))
    }

    async fn connect_to_one_of_them(self: &Arc<Self>) -> Result<Opened, ConnectError> {
        let (first, count) = (self.current.load(Ordering::Relaxed), self.logins.len());
        let mut next = (0..count).map(|place| (first + place) % count);
        // Those that still run when this ends are ended by the drop.
        let mut attempts = JoinSet::new();
        let mut failures = Vec::new();
        loop {
            let is_last = next.next().map(|host| self.attempt(&mut attempts, host)).is_none();
            let ended = if is_last {
                attempts.join_next().await
            } else {
                let ended = tokio::time::timeout(HEAD_START, attempts.join_next()).await;
                let Ok(ended) = ended else { continue };
                ended
            };
            match ended {
                Some(Ok((host, Ok(connection)))) => {
                    self.arrive(host);
                    return Ok((connection, host));
                }
                Some(Ok((host, Err(error)))) => failures.push((self.url.place_of(host), error)),
                // The runtime ends.
                Some(Err(_)) => return Err(ConnectError::Silent),
                None => return Err(ConnectError::NoHost(failures)),
            }
        }
    }

    fn attempt(self: &Arc<Self>, attempts: &mut JoinSet<(usize, Result<PgConnection, ConnectError>)>, host: usize) {
        let hosts = Arc::clone(self);
        attempts.spawn(async move { (host, hosts.open(host).await) });
    }

    fn arrive(&self, host: usize) {
        let previous = self.current.swap(host, Ordering::Relaxed);
        if previous != host {
            tracing::info!(host = self.url.place_of(host), "the database is on another host now");
            self.moved.send_replace(Some(Instant::now()));
        }
    }

    /// Opens a connection to one host. A login that the server rejected is read once more: it may have changed meanwhile.
    pub(super) async fn open(&self, host: usize) -> Result<PgConnection, ConnectError> {
        let login = &self.logins[host];
        match self.open_as(login, false).await {
            Err(ConnectError::Login(_)) => {
                tokio::time::sleep(READ_AGAIN).await;
                self.open_as(login, false).await
            }
            Err(error) if error.is_rejected_login() && login.changes() => self.open_as(login, true).await,
            opened => opened,
        }
    }

    async fn open_as(&self, login: &Login, was_rejected: bool) -> Result<PgConnection, ConnectError> {
        let options = login.options(&self.url, was_rejected).await.map_err(ConnectError::Login)?;
        let options = options
            .application_name("directscale-emulator")
            // Only texts of floating-point numbers depend on it, and PgBouncer rejects it.
            .extra_float_digits(None)
            .log_statements(LevelFilter::Trace)
            .log_slow_statements(LevelFilter::Warn, Duration::from_secs(1));
        let mut connection = options.connect().await?;
        self.begin(&mut connection).await?;
        Ok(connection)
    }

    /// Sets the session up. In the same round trip it says whether it can write, if it must.
    async fn begin(&self, connection: &mut PgConnection) -> Result<(), ConnectError> {
        let mut statements = self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if self.url.must_write() {
            let separator = if statements.is_empty() { "" } else { "; " };
            statements = format!("{statements}{separator}show transaction_read_only");
        }
        if statements.is_empty() {
            return Ok(());
        }
        let rows = connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(statements))).await?;
        if self.url.must_write() {
            let is_read_only: String = rows.last().ok_or(sqlx::Error::RowNotFound)?.try_get(0)?;
            if is_read_only != "off" {
                return Err(ConnectError::ReadOnly);
            }
        }
        Ok(())
    }
}
