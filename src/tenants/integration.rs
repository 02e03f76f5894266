//! What a tenant is connected to, changed while servers run: its Client Extension, the subscribers of its events, and the failures
//! that either meets.

use serde::Deserialize;

use super::error::TenantError;
use super::seed::{SeedExtension, SeedTenant};
use super::service::Tenants;
use super::{snapshots, store};
use crate::clock::Clock;
use crate::database::TenantId;
use crate::fault_injection::{self, FaultRule};
use crate::webhooks::EventSettings;

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

impl Tenants {
    /// Connects a tenant as is said, and no further: what is not named is disconnected. Other servers follow within half a
    /// second.
    ///
    /// # Errors
    /// `UnknownTenant`, `Rejected` when two subscriptions have one address, or when the database fails.
    pub async fn connect(&self, name: &str, integration: Integration) -> Result<(), TenantError> {
        let tenant = self.tenant(name).await?;
        let Integration { extension, events } = integration;
        if let Some(url) = events.as_ref().and_then(EventSettings::doubled) {
            return Err(TenantError::Rejected(format!("two subscriptions have the address {url}")));
        }
        let split = extension.map(SeedExtension::split).transpose();
        let (extension, token) = split.map_err(TenantError::Rejected)?.unzip();
        let _work = self.credentials.work(tenant.id).await?;
        self.database
            .in_transaction(async |connection| {
                snapshots::close_tenant(connection, tenant.id).await?;
                store::connect(connection, tenant.id, extension.as_ref(), events.as_ref()).await?;
                store::delete_extension_token(connection, tenant.id).await?;
                if let Some(token) = &token {
                    store::insert_extension_token(connection, tenant.id, token.bytes()).await?;
                }
                Ok::<_, TenantError>(())
            })
            .await?;
        self.changed(tenant.id);
        Ok(())
    }

    /// Arms a failure for a tenant's calls or events; its number.
    ///
    /// # Errors
    /// `Half`, or when the database fails.
    pub async fn arm(&self, tenant: TenantId, rule: &FaultRule) -> Result<i32, TenantError> {
        let _work = self.credentials.work(tenant).await?;
        let id = fault_injection::add(&self.database, tenant, rule, Clock::Real.now()).await?;
        self.credentials.forget();
        Ok(id)
    }

    /// Disarms a failure; false when there is none of this number.
    ///
    /// # Errors
    /// `Half`, or when the database fails.
    pub async fn disarm(&self, tenant: TenantId, id: i32) -> Result<bool, TenantError> {
        let _work = self.credentials.work(tenant).await?;
        let was_there = fault_injection::delete(&self.database, tenant, id).await?;
        self.credentials.forget();
        Ok(was_there)
    }

    /// Disarms all failures of a tenant.
    ///
    /// # Errors
    /// `Half`, or when the database fails.
    pub async fn disarm_all(&self, tenant: TenantId) -> Result<(), TenantError> {
        let _work = self.credentials.work(tenant).await?;
        fault_injection::delete_all(&self.database, tenant).await?;
        self.credentials.forget();
        Ok(())
    }
}
