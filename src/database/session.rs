//! The use of a connection for a while, and the duration of all such uses by a request.

use std::cell::Cell;
use std::time::{Duration, Instant};

use sqlx::PgConnection;

use super::error::DatabaseError;
use super::pool::PooledConnection;
use super::transaction::TransactionLease;

tokio::task_local! {
    static DATABASE_TIME: Cell<Duration>;
}

/// Runs `request` and returns its output with the total duration of its sessions.
pub async fn measured<T>(request: impl Future<Output = T>) -> (T, Duration) {
    DATABASE_TIME
        .scope(Cell::new(Duration::ZERO), async {
            let output = request.await;
            (output, DATABASE_TIME.with(Cell::get))
        })
        .await
}

/// The total duration of the current request's sessions so far.
#[must_use]
pub fn waited() -> Duration {
    DATABASE_TIME.try_with(Cell::get).unwrap_or_default()
}

/// A connection in use, returned when this is dropped.
#[derive(Debug)]
pub struct Session {
    lease: Lease,
    requested: Instant,
}

#[derive(Debug)]
pub(super) enum Lease {
    Pooled(PooledConnection),
    Transaction(TransactionLease),
}

impl Session {
    pub(super) fn new(lease: Lease, requested: Instant) -> Self {
        Self { lease, requested }
    }

    pub fn connection(&mut self) -> &mut PgConnection {
        match &mut self.lease {
            Lease::Pooled(connection) => connection.connection(),
            Lease::Transaction(lease) => lease.connection(),
        }
    }

    /// Returns the connection to the pool, and returns the result. Without this call the connection counts as interrupted.
    ///
    /// # Errors
    /// That of the result.
    pub fn end<T>(mut self, result: Result<T, sqlx::Error>) -> Result<T, DatabaseError> {
        match &mut self.lease {
            Lease::Pooled(connection) => connection.ended(&result),
            Lease::Transaction(lease) => lease.ended(result.is_ok()),
        }
        Ok(result?)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Outside a request (at the start, on the command line) durations are not measured.
        let _ = DATABASE_TIME.try_with(|sum| sum.set(sum.get() + self.requested.elapsed()));
    }
}
