//! Errors of the database that a seed causes: it contradicts itself or cannot be stored.

use crate::database::violated_unique_constraint;
use crate::tenants::error::SeedError;

/// Turns an error that the seed causes into one with a message; other errors are returned as errors of the database.
pub(super) fn write_error(error: sqlx::Error, failed: &dyn Fn(String) -> SeedError) -> SeedError {
    if let Some(constraint) = violated_unique_constraint(&error) {
        return failed(format!("an id or a value that must be unique is used twice ({constraint})"));
    }
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    match code.as_deref() {
        Some("22003") => failed("an id or a number is too large".to_owned()),
        Some("22021" | "22P05") => failed("a text contains the character NUL".to_owned()),
        Some("54000") => failed("a value that is looked up is too long".to_owned()),
        _ => error.into(),
    }
}

/// Why a credential of a seed was not written.
#[derive(Debug)]
pub(super) enum CredentialNotWritten {
    Rejected(String),
    Database(sqlx::Error),
}

impl From<sqlx::Error> for CredentialNotWritten {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl CredentialNotWritten {
    pub(super) fn into_seed_error(self, failed: &dyn Fn(String) -> SeedError) -> SeedError {
        match self {
            Self::Rejected(reason) => failed(reason),
            Self::Database(error) => write_error(error, failed),
        }
    }
}
