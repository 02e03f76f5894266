//! The errors of operations on customers.

use thiserror::Error;

use super::violation::{Rejection, Violation, ViolationKind};
use crate::database::{DatabaseError, is_of_deleted_tenant};
use crate::extension::HookFailure;

#[derive(Debug, Error)]
pub enum Error {
    #[error("there is no such customer")]
    UnknownCustomer,
    /// The tenant was deleted after the request was authenticated.
    #[error("the tenant was deleted")]
    UnknownTenant,
    #[error("the request breaks {} rules", .0.violations.len())]
    Rejected(Rejection),
    /// The built-in upgrade hook does not go from the customer's type to the requested one.
    #[error("no upgrade from type {from} to type {to:?}")]
    NoSuchUpgrade { from: i32, to: Option<i32> },
    /// The customer cannot be placed below this upline.
    #[error("the upline breaks a rule: {0:?}")]
    Placement(ViolationKind),
    /// The Client Extension rejected the request or failed to answer the hook.
    #[error(transparent)]
    Hook(HookFailure),
    /// The body of a callback cannot be read.
    #[error("the request cannot be read: {0}")]
    Unreadable(String),
    /// The command that was stored for a callback cannot be read: another version of this program wrote it.
    #[error("the callback belongs to another version of this server")]
    UnreadableCommand,
    /// Another request wrote at the same time, and this one can be tried again: the customer no longer has the version that
    /// the change is for, or the two requests waited for each other.
    #[error("another request changed the customer at the same time")]
    Changed,
    /// Another customer has the uuid that the caller chose.
    #[error("the key belongs to another customer")]
    UuidInUse,
    /// The uuid that the caller chose has the form that is derived from a customer's number.
    #[error("a key that begins with 00000000-0000-8000-8000 is derived from a customer's number and cannot be chosen")]
    UuidReserved,
    #[error(transparent)]
    Database(DatabaseError),
}

impl From<DatabaseError> for Error {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Statement(error) => error.into(),
            other => Self::Database(other),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if is_of_deleted_tenant(&error) { Self::UnknownTenant } else { Self::Database(error.into()) }
    }
}

/// Rejects the request if it has violations.
pub(super) fn reject(violations: Vec<Violation>) -> Result<(), Error> {
    Rejection::of(violations).map_or(Ok(()), |rejection| Err(Error::Rejected(rejection)))
}
