//! Changes a tenant's settings while servers run: plan, clock, Client Extension, webhook subscriptions and fault rules. Each change
//! raises the version of the settings ([`crate::servers`]).

use serde::Deserialize;
use sqlx::PgConnection;

use super::Tenant;
use super::credential::digest;
use super::error::{Attempts, CLOCK_OUT_OF_RANGE, TenantError};
use super::seed::{SeedExtension, SeedTenant};
use super::service::Tenants;
use super::store::{self, By, lifecycle};
use crate::clock::Clock;
use crate::database::{DatabaseError, TenantId, is_deadlock, lock_tenant, violated_unique_constraint};
use crate::extension::Extension;
use crate::fault_injection::{self, FaultRule};
use crate::plan::Plan;
use crate::webhooks::EventSettings;

/// The members `extension` and `events` of a seed file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Integration {
    extension: Option<SeedExtension>,
    events: Option<EventSettings>,
}

/// A tenant's Client Extension and webhook subscriptions, for a change of a part of them.
#[derive(Default)]
pub struct IntegrationDraft {
    pub extension: Option<Extension>,
    pub events: Option<EventSettings>,
    /// The token with which the extension calls back, if it gets another one.
    pub directscale_token: Option<String>,
}

impl From<SeedTenant> for Integration {
    fn from(tenant: SeedTenant) -> Self {
        Self { extension: tenant.extension, events: tenant.events }
    }
}

impl Tenants {
    /// Replaces a tenant's plan. If more fields become unique, the existing customers must satisfy that.
    ///
    /// # Errors
    /// `UnknownTenant`, `Rejected` when an entry is not in its range or customers share a value that must be unique, or when the
    /// database fails.
    pub async fn replace_plan(&self, name: &str, plan: &Plan) -> Result<(), TenantError> {
        plan.check().map_err(TenantError::Rejected)?;
        let tenant = self.tenant_to_lock(name).await?;
        let _access = self.locks().exclusive(tenant.id).await?;
        let mut attempts = Attempts::default();
        loop {
            let replaced = self.try_to_replace_plan(&tenant, plan).await;
            if !attempts.must_try_again(&replaced) {
                break replaced?;
            }
        }
        self.invalidate(tenant.id);
        Ok(())
    }

    async fn try_to_replace_plan(&self, tenant: &Tenant, plan: &Plan) -> Result<(), TenantError> {
        // With other unique fields all customers are written.
        let database = if plan.unique == tenant.plan.unique { self.database.clone() } else { self.database.patient() };
        let replaced = database.in_transaction(async |connection| {
            lock_tenant(connection, tenant.id).await?;
            // Read again, because a concurrent restore may have replaced the plan.
            if plan.unique != self.reload(connection, tenant).await?.plan.unique {
                let followed = self.customers.follow_uniqueness(connection, tenant.id, plan).await;
                followed.map_err(|error| match violated_unique_constraint(&error) {
                    Some(constraint) => {
                        TenantError::Rejected(format!("customers share a value that must be unique: {constraint}"))
                    }
                    None => error.into(),
                })?;
            }
            lifecycle::set_plan(connection, tenant.id, plan).await?;
            store::write_names(connection, tenant.id, plan).await?;
            self.servers.raise(connection, tenant.id).await?;
            Ok::<_, TenantError>(())
        });
        replaced.await
    }

    /// Sets a tenant's clock to the one that `change` returns for the current one.
    ///
    /// # Errors
    /// `UnknownTenant`, `Rejected` when `change` returns none, or when the database fails.
    pub async fn set_clock(&self, name: &str, change: impl Fn(Clock) -> Option<Clock>) -> Result<Clock, TenantError> {
        let tenant = self.tenant_to_lock(name).await?;
        let _access = self.locks().exclusive(tenant.id).await?;
        let mut attempts = Attempts::default();
        let clock = loop {
            let set = self.try_to_set_clock(&tenant, &change).await;
            if !attempts.must_try_again(&set) {
                break set?;
            }
        };
        self.invalidate(tenant.id);
        Ok(clock)
    }

    async fn try_to_set_clock(
        &self,
        tenant: &Tenant,
        change: impl Fn(Clock) -> Option<Clock>,
    ) -> Result<Clock, TenantError> {
        let set = self.database.in_transaction(async |connection| {
            lock_tenant(connection, tenant.id).await?;
            let before = self.reload(connection, tenant).await?.clock;
            let clock = change(before).ok_or_else(|| TenantError::Rejected(CLOCK_OUT_OF_RANGE.to_owned()))?;
            lifecycle::set_clock(connection, tenant.id, clock).await?;
            // Both clocks at one moment of real time.
            let back = (before.now() - clock.now()).num_microseconds().unwrap_or_default();
            if back > 0 {
                lifecycle::move_back(connection, tenant.id, back).await?;
            }
            self.servers.raise(connection, tenant.id).await?;
            Ok::<_, TenantError>(clock)
        });
        set.await
    }

    /// Replaces a tenant's Client Extension and webhook subscriptions. Those that `integration` does not contain are removed.
    ///
    /// # Errors
    /// `UnknownTenant`, `Rejected` when a part of `integration` is not in its range or two subscriptions have the same
    /// address, or when the database fails.
    pub async fn connect(&self, name: &str, integration: Integration) -> Result<(), TenantError> {
        let tenant = self.tenant_to_lock(name).await?;
        let Integration { extension, events } = integration;
        events.as_ref().map_or(Ok(()), EventSettings::check).map_err(TenantError::Rejected)?;
        let split = extension.map(SeedExtension::split).transpose();
        let (extension, token) = split.map_err(TenantError::Rejected)?.unzip();
        let _access = self.locks().exclusive(tenant.id).await?;
        let connected = self.database.in_transaction(async |connection| {
            lock_tenant(connection, tenant.id).await?;
            // A tenant that was deleted meanwhile is unknown.
            self.reload(connection, &tenant).await?;
            store::set_integration(connection, tenant.id, extension.as_ref(), events.as_ref()).await?;
            store::delete_extension_token(connection, tenant.id).await?;
            if let Some(token) = &token {
                store::insert_extension_token(connection, tenant.id, token.bytes()).await?;
            }
            self.servers.raise(connection, tenant.id).await?;
            Ok::<_, TenantError>(())
        });
        connected.await?;
        self.invalidate(tenant.id);
        Ok(())
    }

    /// Changes a part of a tenant's Client Extension and webhook subscriptions: `change` gets the stored ones, and says why it cannot.
    ///
    /// # Errors
    /// `UnknownTenant`, `Rejected` with the reason of `change`, when a part is not in its range, or when an extension has no token to call
    /// back with; or when the database fails.
    pub async fn change_integration(
        &self,
        name: &str,
        change: impl Fn(&mut IntegrationDraft) -> Result<(), String>,
    ) -> Result<(), TenantError> {
        let tenant = self.tenant_to_lock(name).await?;
        let _access = self.locks().exclusive(tenant.id).await?;
        let changed = self.database.in_transaction(async |connection| {
            lock_tenant(connection, tenant.id).await?;
            let Tenant { extension, events, .. } = self.reload(connection, &tenant).await?;
            let had_extension = extension.is_some();
            let mut draft = IntegrationDraft { extension, events, directscale_token: None };
            change(&mut draft).map_err(TenantError::Rejected)?;
            let IntegrationDraft { extension, events, directscale_token } = draft;
            events.as_ref().map_or(Ok(()), EventSettings::check).map_err(TenantError::Rejected)?;
            extension.as_ref().map_or(Ok(()), Extension::check).map_err(TenantError::Rejected)?;
            if extension.is_some() && !had_extension && directscale_token.is_none() {
                return Err(TenantError::Rejected(
                    "the token with which the extension calls back is missing".to_owned(),
                ));
            }
            store::set_integration(connection, tenant.id, extension.as_ref(), events.as_ref()).await?;
            if extension.is_none() || directscale_token.is_some() {
                store::delete_extension_token(connection, tenant.id).await?;
            }
            if let Some(token) = directscale_token.filter(|_| extension.is_some()) {
                store::insert_extension_token(connection, tenant.id, &digest(&token)).await?;
            }
            self.servers.raise(connection, tenant.id).await?;
            Ok::<_, TenantError>(())
        });
        changed.await?;
        self.invalidate(tenant.id);
        Ok(())
    }

    /// Adds a fault rule for a tenant's requests or events. Returns its number.
    ///
    /// # Errors
    /// `Incomplete`, `Rejected` for a rule that is too long or one too many, or when the database fails.
    pub async fn add_fault_rule(&self, tenant: TenantId, rule: &FaultRule) -> Result<i32, TenantError> {
        rule.check_length().map_err(|error| TenantError::Rejected(error.to_string()))?;
        let _access = self.locks().exclusive(tenant).await?;
        let id = self.insert_fault_rule(tenant, rule).await?;
        let too_many = || format!("a tenant has at most {} fault rules: delete one first", fault_injection::MAX_RULES);
        let id = id.ok_or_else(|| TenantError::Rejected(too_many()))?;
        self.credentials.forget(tenant);
        Ok(id)
    }

    async fn insert_fault_rule(&self, tenant: TenantId, rule: &FaultRule) -> Result<Option<i32>, DatabaseError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let added = self.database.in_transaction(async |connection| {
                let id = fault_injection::add(connection, tenant, rule, Clock::Real.now()).await?;
                if id.is_some() {
                    self.servers.raise(connection, tenant).await?;
                }
                Ok::<_, DatabaseError>(id)
            });
            match added.await {
                // Two testers who add a rule at the same time compute the same number. On a distributed database, where each node has
                // a copy of the rules, they may also wait for each other.
                Err(DatabaseError::Statement(error))
                    if attempts < 20 && (violated_unique_constraint(&error).is_some() || is_deadlock(&error)) => {}
                added => return added,
            }
        }
    }

    /// Deletes a fault rule. False when there is none of this number.
    ///
    /// # Errors
    /// `Incomplete`, or when the database fails.
    pub async fn delete_fault_rule(&self, tenant: TenantId, id: i32) -> Result<bool, TenantError> {
        let _access = self.locks().exclusive(tenant).await?;
        let is_deleted = self.database.in_transaction(async |connection| {
            let is_deleted = fault_injection::delete(connection, tenant, id).await?;
            if is_deleted {
                self.servers.raise(connection, tenant).await?;
            }
            Ok::<_, DatabaseError>(is_deleted)
        });
        let is_deleted = is_deleted.await?;
        self.credentials.forget(tenant);
        Ok(is_deleted)
    }

    /// Deletes all fault rules of a tenant.
    ///
    /// # Errors
    /// `Incomplete`, or when the database fails.
    pub async fn clear_fault_rules(&self, tenant: TenantId) -> Result<(), TenantError> {
        let _access = self.locks().exclusive(tenant).await?;
        let deleted = self.database.in_transaction(async |connection| {
            fault_injection::delete_all(connection, tenant).await?;
            self.servers.raise(connection, tenant).await?;
            Ok::<_, DatabaseError>(())
        });
        deleted.await?;
        self.credentials.forget(tenant);
        Ok(())
    }

    /// Reads a tenant again, within a transaction that has locked its data.
    async fn reload(&self, connection: &mut PgConnection, tenant: &Tenant) -> Result<Tenant, TenantError> {
        let (by, is_distributed) = (By::Id(tenant.id), self.database.is_distributed());
        let row = store::find(connection, by, Clock::Real.now(), is_distributed).await?;
        Ok(row.ok_or_else(|| TenantError::UnknownTenant(tenant.name.clone()))?.into_tenant())
    }
}
