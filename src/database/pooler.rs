//! Poolers between this program and Postgres. Statements stay prepared, so a pooler that gives the transactions of one client to
//! several sessions must prepare them in each: `PgBouncer` does so from 1.21 on, with `max_prepared_statements` above zero. Others are
//! recognized at start. Without a check they fail later, when several clients use them at once.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Executor as _, PgConnection, Row as _};

use super::error::{DatabaseError, has_code};
use super::pool::Pool;
use crate::error_chain::ErrorChain;

/// How often two clients are compared. One comparison is enough unless others use the pooler at the same time.
const COMPARISONS: usize = 20;

/// The maximum wait for a session of a pooler that gives each client its own and has no more of them.
const SESSION_TIMEOUT: Duration = Duration::from_secs(1);

/// The maximum time, and the maximum number of clients at once, to reach the open sessions of a pooler.
const REACH_TIMEOUT: Duration = Duration::from_secs(2);
const MAX_SESSIONS: usize = 50;

const PROCESS: &str = "select pg_backend_pid()::text";

const OPEN_SESSIONS: &str = "select pid::text from pg_stat_activity \
    where usename = session_user and datname = current_database() and backend_type = 'client backend'";

/// Whether the pooler gave this statement, which is prepared, a name of its own.
const IS_RENAMED: &str = "select exists(select from pg_prepared_statements \
    where statement like 'select exists(select from pg_prepared_statements where %' and name not like 'sqlx\\_s\\_%')";

/// What a pooler does with the sessions of Postgres.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pooling {
    /// Each client has a session of its own.
    Sessions,
    /// Clients share sessions, and the pooler prepares each statement where it is executed.
    Transactions,
    /// Clients share sessions, and a statement is prepared in one of them.
    LosesStatements,
}

/// The database of this process is behind a pooler.
static IS_USED: AtomicBool = AtomicBool::new(false);

/// Whether a pooler is in between, from the start on. Then each statement with parameters must be prepared with a name: the two messages
/// of one without a name can reach two sessions, and meet the statement of another client.
#[must_use]
pub fn is_through_pooler() -> bool {
    IS_USED.load(Ordering::Relaxed)
}

/// Records that a pooler is in between, and finds out what it does.
///
/// # Errors
/// When the connection breaks, or a statement fails for another reason.
pub(super) async fn pooling(connection: &mut PgConnection, pool: &Pool) -> Result<Pooling, DatabaseError> {
    IS_USED.store(true, Ordering::Relaxed);
    match sqlx::query_scalar::<_, bool>(IS_RENAMED).fetch_one(&mut *connection).await {
        Ok(true) => Ok(Pooling::Transactions),
        Ok(false) if shares_sessions(connection, pool).await? => Ok(Pooling::LosesStatements),
        Ok(false) => Ok(Pooling::Sessions),
        Err(error) if is_lost_statement(&error) => Ok(Pooling::LosesStatements),
        Err(error) => Err(error.into()),
    }
}

/// The statement exists already in another session than its own, or does not exist in that of the moment.
fn is_lost_statement(error: &sqlx::Error) -> bool {
    has_code(error, "42P05") || has_code(error, "26000")
}

/// Whether a session of Postgres serves several clients. Otherwise each client keeps its own, and with it what it prepared.
async fn shares_sessions(connection: &mut PgConnection, pool: &Pool) -> Result<bool, DatabaseError> {
    let opened = tokio::time::timeout(SESSION_TIMEOUT, async {
        let mut other = pool.open().await?;
        process(&mut other).await?;
        Ok::<_, DatabaseError>(other)
    });
    let Ok(opened) = opened.await else { return Ok(false) };
    let (mut other, own) = (opened?, process(connection).await?);
    for _ in 0..COMPARISONS {
        let (others, owns) = (process(&mut other).await?, process(connection).await?);
        if others == owns || owns != own {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Runs a statement in each session that a pooler has open for this role and database. One transaction after the other is held
/// open, so that each gets another session. Gives up after a while: a session that is not reached lasts as long as the pooler keeps it.
pub(super) async fn reach_open_sessions(connection: &mut PgConnection, pool: &Pool, statement: &str) {
    let text = format!("begin; {statement}; {PROCESS}");
    let reaching = async {
        let mut reached = HashSet::new();
        loop {
            let open = open_sessions(connection).await?;
            if open.is_subset(&reached) {
                return Ok::<_, DatabaseError>(());
            }
            let mut clients = Vec::new();
            for _ in 0..open.len().min(MAX_SESSIONS) {
                let mut client = pool.open().await?;
                let rows = client.fetch_all(sqlx::raw_sql(AssertSqlSafe(text.clone()))).await?;
                reached.extend(rows.last().map(|row| row.try_get::<String, _>(0)).transpose()?);
                clients.push(client);
            }
            for client in &mut clients {
                client.execute("commit").await?;
            }
        }
    };
    if let Ok(Err(error)) = tokio::time::timeout(REACH_TIMEOUT, reaching).await {
        tracing::debug!(error = %ErrorChain(&error), "not every session of the pooler was reached");
    }
}

/// The processes of Postgres that serve this role in this database.
async fn open_sessions(connection: &mut PgConnection) -> Result<HashSet<String>, sqlx::Error> {
    let rows = connection.fetch_all(sqlx::raw_sql(OPEN_SESSIONS)).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// The process of Postgres that serves a transaction of this connection.
async fn process(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    let row = connection.fetch_one(sqlx::raw_sql(PROCESS)).await?;
    row.try_get(0)
}
