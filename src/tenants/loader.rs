//! Loads tenants from the database.

use super::Tenant;
use super::store::{self, By, TenantRow};
use crate::clock::Clock;
use crate::database::{Database, DatabaseError, TenantId};

/// Loads tenants by their number or name. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TenantLoader {
    database: Database,
}

impl TenantLoader {
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// # Errors
    /// When the database fails.
    pub async fn by_id(&self, id: TenantId) -> Result<Option<Tenant>, DatabaseError> {
        self.load(By::Id(id)).await
    }

    /// # Errors
    /// When the database fails.
    pub async fn by_name(&self, name: &str) -> Result<Option<Tenant>, DatabaseError> {
        // Postgres stores no text with a NUL.
        if name.contains('\0') { Ok(None) } else { self.load(By::Name(name)).await }
    }

    async fn load(&self, by: By<'_>) -> Result<Option<Tenant>, DatabaseError> {
        let is_distributed = self.database.is_distributed();
        let find =
            self.database.run(async |connection| store::find(connection, by, Clock::Real.now(), is_distributed).await);
        let row = find.await?;
        Ok(row.map(TenantRow::into_tenant))
    }
}
