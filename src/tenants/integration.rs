//! What a tenant is connected to, changed while servers run: its Client Extension, the subscribers of its events, and the failures
//! that either meets.

use serde::Deserialize;

use super::error::WorldError;
use super::seed::{SeedExtension, SeedTenant};
use super::world::Worlds;
use super::{copy, store};
use crate::clock::Clock;
use crate::database::TenantId;
use crate::events::EventSettings;
use crate::faults::{self, Rule};

/// A tenant's `extension` and `events`, as they stand in a seed file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Integration {
    extension: Option<SeedExtension>,
    events: Option<EventSettings>,
}

impl From<SeedTenant> for Integration {
    fn from(tenant: SeedTenant) -> Self {
        Self { extension: tenant.extension, events: tenant.events }
    }
}

impl Worlds {
    /// Connects a tenant as is said, and no further: what is not named is disconnected. Other servers follow within half a
    /// second.
    ///
    /// # Errors
    /// `UnknownTenant`, `Refused` when two subscriptions have one address, or when the database fails.
    pub async fn connect(&self, name: &str, integration: Integration) -> Result<(), WorldError> {
        let tenant = self.tenant(name).await?;
        let Integration { extension, events } = integration;
        if let Some(url) = events.as_ref().and_then(EventSettings::doubled) {
            return Err(WorldError::Refused(format!("two subscriptions have the address {url}")));
        }
        let split = extension.map(SeedExtension::split).transpose();
        let (extension, token) = split.map_err(WorldError::Refused)?.unzip();
        let _work = self.directory.work(tenant.id).await?;
        self.database
            .in_transaction(async |connection| {
                copy::close_world(connection, tenant.id).await?;
                store::connect(connection, tenant.id, extension.as_ref(), events.as_ref()).await?;
                store::delete_extension_token(connection, tenant.id).await?;
                if let Some(token) = &token {
                    store::insert_extension_token(connection, tenant.id, token.bytes()).await?;
                }
                Ok::<_, WorldError>(())
            })
            .await?;
        self.changed(tenant.id);
        Ok(())
    }

    /// Arms a failure for a tenant's calls or events; its number.
    ///
    /// # Errors
    /// `Half`, or when the database fails.
    pub async fn arm(&self, tenant: TenantId, rule: &Rule) -> Result<i32, WorldError> {
        let _work = self.directory.work(tenant).await?;
        let id = faults::arm(&self.database, tenant, rule, Clock::Real.now()).await?;
        self.directory.forget();
        Ok(id)
    }

    /// Disarms a failure; false when there is none of this number.
    ///
    /// # Errors
    /// `Half`, or when the database fails.
    pub async fn disarm(&self, tenant: TenantId, id: i32) -> Result<bool, WorldError> {
        let _work = self.directory.work(tenant).await?;
        let was_there = faults::disarm(&self.database, tenant, id).await?;
        self.directory.forget();
        Ok(was_there)
    }

    /// Disarms all failures of a tenant.
    ///
    /// # Errors
    /// `Half`, or when the database fails.
    pub async fn disarm_all(&self, tenant: TenantId) -> Result<(), WorldError> {
        let _work = self.directory.work(tenant).await?;
        faults::disarm_all(&self.database, tenant).await?;
        self.directory.forget();
        Ok(())
    }
}
