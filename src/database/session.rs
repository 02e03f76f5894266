//! The use of a connection for a while.

use std::time::Instant;

use sqlx::PgConnection;

use super::error::DatabaseError;
use super::pool::PooledConnection;
use super::request_use;
use super::transaction::TransactionLease;

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
            Lease::Transaction(lease) => lease.ended(&result),
        }
        Ok(result?)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        request_use::add(self.requested.elapsed());
    }
}
