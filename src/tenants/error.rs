//! Why something could not be done with a world.

use thiserror::Error;

use super::keys::CredentialError;
use super::rooms::HALF;
use super::seed::SeedError;
use crate::database::{DatabaseError, violated_unique_constraint};

/// Why something could not be done with a world.
#[derive(Debug, Error)]
pub enum TenantError {
    /// There is no such tenant.
    #[error("there is no tenant '{0}'")]
    UnknownTenant(String),
    /// The tenant has no such snapshot.
    #[error("tenant '{tenant}' has no snapshot '{snapshot}'")]
    UnknownSnapshot { tenant: String, snapshot: String },
    /// Another tenant has the name.
    #[error("there is a tenant '{0}' already")]
    NameTaken(String),
    /// The name cannot be one.
    #[error("'{0}' is not a name: up to 63 letters, digits, '.', '-' and '_', the first of them a letter or digit")]
    BadName(String),
    /// What was asked for cannot be.
    #[error("{0}")]
    Rejected(String),
    /// The world is half put back.
    #[error("{}", HALF)]
    Half,
    /// Somebody else changed the same.
    #[error("somebody else did the same at this moment; try again")]
    Conflict,
    /// The seed cannot be loaded.
    #[error(transparent)]
    Seed(SeedError),
    /// The key cannot be made.
    #[error(transparent)]
    Key(CredentialError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for TenantError {
    fn from(error: sqlx::Error) -> Self {
        // Two who save one snapshot, or fork to one name, at once.
        let is_race = violated_unique_constraint(&error).is_some()
            || error.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code == "40001");
        if is_race { Self::Conflict } else { Self::Database(error.into()) }
    }
}

impl From<SeedError> for TenantError {
    fn from(error: SeedError) -> Self {
        match error {
            SeedError::Database(error) => Self::Database(error),
            other => Self::Seed(other),
        }
    }
}

impl From<CredentialError> for TenantError {
    fn from(error: CredentialError) -> Self {
        match error {
            CredentialError::Database(error) => Self::Database(error),
            CredentialError::UnknownTenant(name) => Self::UnknownTenant(name),
            other => Self::Key(other),
        }
    }
}
