//! What a tenant is connected to: its Client Extension and the subscribers of its events, changed while servers run.

use serde::Deserialize;
use thiserror::Error;

use super::keys::digest;
use super::seed::{SeedError, SeedExtension, read_file};
use super::store;
use crate::database::{Database, DatabaseError};
use crate::events::EventSettings;

/// A file with a tenant's `extension` and `events`, as they stand in a seed file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Integration {
    extension: Option<SeedExtension>,
    events: Option<EventSettings>,
}

/// Why a tenant was not connected.
#[derive(Debug, Error)]
pub enum IntegrationError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] SeedError),
    /// Two subscriptions have one address.
    #[error("two subscriptions have the address {0}")]
    Doubled(String),
    /// There is no such tenant.
    #[error("there is no tenant '{0}'")]
    UnknownTenant(String),
    /// Another tenant's extension calls back with this token.
    #[error("the directscale_token is another tenant's")]
    TokenTaken,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for IntegrationError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// Reads such a file: YAML, or JSON where it is named so.
///
/// # Errors
/// When it cannot be read, holds a name or value that is not known, or names an address twice.
pub fn read_integration(path: &str) -> Result<Integration, IntegrationError> {
    let integration: Integration = read_file(path)?;
    match integration.events.as_ref().and_then(EventSettings::doubled) {
        Some(url) => Err(IntegrationError::Doubled(url.to_owned())),
        None => Ok(integration),
    }
}

/// Connects a tenant as a file says, and no further: what it does not name is disconnected. Servers that run follow within
/// half a second.
///
/// # Errors
/// When there is no such tenant, when its token is another tenant's, or when the database fails.
pub async fn connect_tenant(
    database: &Database,
    tenant: &str,
    integration: Integration,
) -> Result<(), IntegrationError> {
    let (extension, token) = integration.extension.map(SeedExtension::split).unzip();
    let events = integration.events;
    database
        .in_transaction(async |connection| {
            let updated = store::connect(connection, tenant, extension.as_ref(), events.as_ref()).await?;
            let id = updated.ok_or_else(|| IntegrationError::UnknownTenant(tenant.to_owned()))?;
            store::delete_extension_token(connection, id).await?;
            if let Some(token) = &token
                && !store::insert_extension_token(connection, id, &digest(token)).await?
            {
                return Err(IntegrationError::TokenTaken);
            }
            Ok(())
        })
        .await
}
