//! The errors of this folder.

use thiserror::Error;

use crate::database::{
    AccessError, DatabaseError, INCOMPLETE, is_deadlock, is_lock_timeout, is_of_deleted_tenant,
    violated_unique_constraint,
};
use crate::tasks::TooManyTasks;

/// The message for a time that a tenant's clock cannot show.
pub(super) const CLOCK_OUT_OF_RANGE: &str = "a clock can show times between the years 1900 and 9000";

/// Why an operation on a tenant failed.
#[derive(Debug, Error)]
pub enum TenantError {
    #[error("there is no tenant '{0}'")]
    UnknownTenant(String),
    #[error("tenant '{tenant}' has no snapshot '{snapshot}'")]
    UnknownSnapshot { tenant: String, snapshot: String },
    #[error("there is a tenant '{0}' already")]
    NameTaken(String),
    #[error("'{0}' is not a name: up to 63 letters, digits, '.', '-' and '_', the first of them a letter or digit")]
    BadName(String),
    /// The text is the reason.
    #[error("{0}")]
    Rejected(String),
    /// A restore of the tenant's data failed.
    #[error("{INCOMPLETE}")]
    Incomplete,
    #[error(transparent)]
    TooManyTasks(#[from] TooManyTasks),
    /// A concurrent request changed the same data.
    #[error("another request changed the same data at the same time; try again")]
    Conflict,
    /// The tenant's lock did not become free within the lock timeout.
    #[error("long work on the tenant, or a request to it, did not end in time; try again")]
    Locked,
    #[error(transparent)]
    Seed(SeedError),
    #[error(transparent)]
    Credential(CredentialError),
    #[error(transparent)]
    Database(DatabaseError),
}

/// Why a credential could not be added, rotated, listed, revoked or deleted. The messages say "key", the short word of routes and
/// pages.
#[derive(Debug, Error)]
pub enum CredentialError {
    /// The text is not a credential of its kind.
    #[error("{0}")]
    Malformed(&'static str),
    #[error("there is no tenant '{0}'")]
    UnknownTenant(String),
    #[error("tenant '{tenant}' has no key '{name}'")]
    Unknown { tenant: String, name: String },
    /// The tenant has a credential of this name, or any tenant has this credential.
    #[error("the key or its name '{0}' is in use already")]
    InUse(String),
    /// The number is the maximum.
    #[error("a tenant has at most {0} keys: delete one first")]
    TooMany(i64),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Why a seed was not loaded. No part of it is stored then.
#[derive(Debug, Error)]
pub enum SeedError {
    #[error("the seed file {path} cannot be read: {reason}")]
    File {
        path: String,
        /// The message of the system or the parser.
        reason: String,
    },
    #[error("the folder of seed files {path} cannot be read: {reason}")]
    Folder {
        path: String,
        /// The message of the system, or the limit.
        reason: String,
    },
    /// The seed contradicts itself or a rule.
    #[error("tenant '{tenant}': {reason}")]
    Content { tenant: String, reason: String },
    /// The same for a file that is loaded at start.
    #[error("the seed file {path}: tenant '{tenant}': {reason}")]
    ContentOfFile { path: String, tenant: String, reason: String },
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl SeedError {
    /// The same error with the name of the file, if it does not have it yet.
    pub(super) fn of_file(self, path: &str) -> Self {
        match self {
            Self::Content { tenant, reason } => Self::ContentOfFile { path: path.to_owned(), tenant, reason },
            other => other,
        }
    }
}

/// Counts the attempts of a transaction that competes with others.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    failed: u32,
}

impl Attempts {
    const MAX: u32 = 5;

    /// Whether the transaction is to be tried again: another one changed the same rows, or the two waited for each other.
    pub(super) fn must_try_again<T>(&mut self, outcome: &Result<T, TenantError>) -> bool {
        self.failed += 1;
        matches!(outcome, Err(TenantError::Conflict)) && self.failed < Self::MAX
    }
}

impl From<sqlx::Error> for TenantError {
    fn from(error: sqlx::Error) -> Self {
        if is_lock_timeout(&error) {
            return Self::Locked;
        }
        // Two requests save the same snapshot, or fork to the same name, or one of them deletes the tenant, at once.
        let is_race = violated_unique_constraint(&error).is_some()
            || is_deadlock(&error)
            || is_of_deleted_tenant(&error)
            || error.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code == "40001");
        if is_race { Self::Conflict } else { Self::Database(error.into()) }
    }
}

impl From<DatabaseError> for TenantError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Statement(error) => error.into(),
            other => Self::Database(other),
        }
    }
}

impl From<AccessError> for TenantError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Busy => Self::Database(error.into()),
            AccessError::Incomplete => Self::Incomplete,
        }
    }
}

impl From<SeedError> for TenantError {
    fn from(error: SeedError) -> Self {
        match error {
            SeedError::Database(error) => error.into(),
            other => Self::Seed(other),
        }
    }
}

impl From<CredentialError> for TenantError {
    fn from(error: CredentialError) -> Self {
        match error {
            CredentialError::Database(error) => error.into(),
            CredentialError::UnknownTenant(name) => Self::UnknownTenant(name),
            other => Self::Credential(other),
        }
    }
}

impl From<sqlx::Error> for SeedError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}
