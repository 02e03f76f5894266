//! The limit of this program's own wait for the database. Normally the server's timeouts end a statement first; this one is for a server
//! that is silent.

use std::time::Duration;

use super::error::DatabaseError;
use super::pool::Pool;
use super::request_use;
use super::shares::ShareOf;

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

/// The error of work that did not end within its limit.
pub(super) fn no_answer(limit: Duration) -> DatabaseError {
    DatabaseError::Unavailable(format!("no answer within {} ms", limit.as_millis()).into())
}
