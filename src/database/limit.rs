//! The limit of this program's own wait for the database. Normally the server's timeouts end a statement first; this one is for a server
//! that is silent.

use std::pin::{Pin, pin};
use std::time::{Duration, Instant};

use super::error::DatabaseError;
use super::pool::Pool;
use super::request_use;
use super::shares::ShareOf;
use super::silence::PATIENCE;

/// Which limit applies to the work of a handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// That of a request.
    Request,
    /// That of long work, for transactions. Its single statements have the limit of a request.
    LongWork,
}

impl Limit {
    pub(super) fn is_long(self) -> bool {
        self == Self::LongWork
    }

    /// The share of a transaction's connection.
    pub(super) fn share_of_transaction(self) -> ShareOf {
        match self {
            Self::Request => request_use::share(),
            Self::LongWork => ShareOf::LongWork,
        }
    }

    /// The maximum wait for a transaction's connection. Long work waits for other long work, and on an embedded database for requests.
    pub(super) fn acquire_timeout(self, pool: &Pool) -> Duration {
        match self {
            Self::Request => pool.timeouts().acquire,
            Self::LongWork => pool.timeouts().long_work(),
        }
    }

    /// How long the work may take from now on. All waits of one request together have one limit.
    pub(super) fn duration(self, pool: &Pool) -> Duration {
        match self {
            Self::LongWork => pool.timeouts().long_work(),
            // Requests of the control API also wait for long work.
            Self::Request if request_use::share() == ShareOf::Control => pool.timeouts().request(),
            Self::Request => pool.timeouts().request().saturating_sub(request_use::waited()),
        }
    }
}

/// Runs work up to a limit, without one for `None`, and no longer than the database answers at all. Then the work is dropped, and its
/// connection is closed.
///
/// # Errors
/// Those of `work`, or when it did not end in time.
pub(super) async fn in_time<T, E: From<DatabaseError>>(
    pool: &Pool,
    limit: Option<Duration>,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let began = Instant::now();
    let mut work = pin!(work);
    let patience = limit.map_or(PATIENCE, |limit| limit.min(PATIENCE));
    match tokio::time::timeout(patience, work.as_mut()).await {
        Ok(done) => done,
        // Boxed, because it is rare.
        Err(_) => Box::pin(while_answering(pool, began, limit, work)).await,
    }
}

async fn while_answering<T, E: From<DatabaseError>>(
    pool: &Pool,
    began: Instant,
    limit: Option<Duration>,
    work: Pin<&mut impl Future<Output = Result<T, E>>>,
) -> Result<T, E> {
    let is_over = async {
        match limit {
            Some(limit) => tokio::time::sleep_until((began + limit).into()).await,
            None => std::future::pending().await,
        }
        limit.unwrap_or_default()
    };
    tokio::select! {
        biased;
        done = work => done,
        limit = is_over => Err(no_answer(limit).into()),
        () = pool.found_silent(began) => Err(silent(began.elapsed()).into()),
    }
}

/// The error of work that did not end within its limit.
fn no_answer(limit: Duration) -> DatabaseError {
    DatabaseError::Unavailable(format!("no answer within {} ms", limit.as_millis()).into())
}

/// The error of work that was given up.
fn silent(after: Duration) -> DatabaseError {
    DatabaseError::Unavailable(format!("given up after {} ms: the database does not answer", after.as_millis()).into())
}
