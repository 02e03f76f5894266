//! Why an operation on customers did not do what it was asked for.

use thiserror::Error;

use super::violation::{Rejection, Violation, ViolationKind};
use crate::database::DatabaseError;
use crate::extension::HookFailure;

#[derive(Debug, Error)]
pub enum Error {
    #[error("there is no such customer")]
    UnknownCustomer,
    #[error("the request breaks {} rules", .0.violations.len())]
    Rejected(Rejection),
    /// The built-in upgrade hook does not go from the customer's type to the requested one.
    #[error("no upgrade from type {from} to type {to:?}")]
    NoSuchUpgrade { from: i32, to: Option<i32> },
    /// A customer cannot be placed below the upline, which breaks this rule.
    #[error("the upline breaks a rule: {0:?}")]
    Placement(ViolationKind),
    /// The Client Extension rejected, or failed to answer a hook.
    #[error(transparent)]
    Hook(HookFailure),
    /// The request of a hook, as the extension sent it back, cannot be read.
    #[error("the request cannot be read: {0}")]
    Unreadable(String),
    /// The command that was stored for a callback cannot be read: another version of this program wrote it.
    #[error("the callback belongs to another version of this server")]
    UnreadableCommand,
    /// Another writer came between, and the change can be made again: the customer was written since the version that the
    /// change was made for, or the two waited for each other.
    #[error("another writer came between")]
    Changed,
    /// Another customer has the uuid that the caller chose.
    #[error("the key belongs to another customer")]
    UuidTaken,
    /// The uuid that the caller chose has the form that is derived from a customer's number.
    #[error("a key that begins with 00000000-0000-8000-8000 is made of a customer's number and cannot be chosen")]
    UuidReserved,
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// Rejects the request if it has violations.
pub(super) fn reject(violations: Vec<Violation>) -> Result<(), Error> {
    Rejection::of(violations).map_or(Ok(()), |rejection| Err(Error::Rejected(rejection)))
}
