//! The fault rules of a tenant's requests.

use super::Tenant;
use crate::database::{Database, DatabaseError};
use crate::fault_injection::{self, TriggeredFault};

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
