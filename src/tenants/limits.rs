//! What a request counts against: the limits of its subscription, which are off unless the plan sets them, and the fault rules of its
//! tenant.

use chrono::{DateTime, Utc};

use super::store;
use super::{Caller, Tenant};
use crate::database::{Database, DatabaseError};
use crate::fault_injection::{self, TriggeredFault};

/// Counts requests in the database, so that limits apply across all servers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Limits {
    database: Database,
}

/// The limit that a request exceeds, with the seconds until it renews, at least one; or that its tenant is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitExceeded {
    RateLimit(u64),
    Quota(u64),
    /// The tenant was deleted.
    TenantDeleted,
}

impl Limits {
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Counts a request of a subscription. Returns the limit that it exceeds. A plan without limits costs no statement.
    ///
    /// # Errors
    /// When the plan sets a limit and the database fails.
    pub async fn count_request(
        &self,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<Option<LimitExceeded>, DatabaseError> {
        let plan = &caller.tenant.plan;
        if plan.rate_limit.is_none() && plan.quota.is_none() {
            return Ok(None);
        }
        let counted = self.database.run(async |connection| {
            store::count_request(connection, caller.tenant.id, &caller.key_name, plan, now).await
        });
        // Boxed, because it is rare.
        let counted = Box::pin(counted).await?;
        let Some(rejected_by) = counted.rejected_by else { return Ok(None) };
        let left = counted.renewed_at.unwrap_or(now) - now;
        // Rounded up, so that a request after that time is accepted.
        let seconds = u64::try_from((left.num_milliseconds() + 999) / 1000).unwrap_or_default().max(1);
        Ok(Some(match rejected_by.as_str() {
            "unknown_tenant" => LimitExceeded::TenantDeleted,
            "quota" => LimitExceeded::Quota(seconds),
            _ => LimitExceeded::RateLimit(seconds),
        }))
    }
}

/// Counts requests under fault rules. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FaultRules {
    database: Database,
}

impl FaultRules {
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Counts a request under the rules for its operation. Returns the fault that it triggers. A tenant without such a rule costs no
    /// statement.
    ///
    /// # Errors
    /// When a rule is active and the database fails.
    pub async fn trigger(&self, tenant: &Tenant, operation: &str) -> Result<Option<TriggeredFault>, DatabaseError> {
        if !tenant.has_faults_for(operation) {
            return Ok(None);
        }
        Box::pin(fault_injection::trigger(&self.database, tenant.id, operation)).await
    }
}
