//! The customers of every tenant: reads, and the code that several operations share.

use std::sync::Arc;

use sqlx::PgConnection;

use super::error::{Error, Violation, reject};
use super::look_up::LookUp;
use super::passwords::Passwords;
use super::scope::Scope;
use super::store;
use crate::database::{Database, DatabaseError, TenantId, Transaction};
use crate::extension::Hooks;
use crate::model::{Customer, CustomerFields, CustomerId};
use crate::plan::Plan;
use crate::random::Random;
use crate::webhooks::Deliveries;

/// The customers of every tenant.
#[derive(Debug, Clone)]
pub struct Customers {
    pub(super) database: Database,
    pub(super) passwords: Passwords,
    pub(super) hooks: Hooks,
    pub(super) deliveries: Deliveries,
    pub(super) random: Arc<Random>,
}

impl Customers {
    #[must_use]
    pub fn new(
        database: Database,
        passwords: Passwords,
        hooks: Hooks,
        deliveries: Deliveries,
        random: Arc<Random>,
    ) -> Self {
        Self { database, passwords, hooks, deliveries, random }
    }

    /// Within a transaction: the tenant's data is not replaced as a whole before the transaction ends.
    pub(super) async fn enter_tenant(&self, scope: &Scope<'_>) -> Result<(), DatabaseError> {
        self.database.run(async |connection| store::enter_tenant(connection, scope.tenant).await).await
    }

    /// Within a transaction: no other transaction gets a number from the tenant's counters before this one ends.
    pub(super) async fn hold_counter(&self, scope: &Scope<'_>) -> Result<(), DatabaseError> {
        self.database.run(async |connection| store::hold_counter(connection, scope.tenant).await).await
    }

    /// Wakes the worker that delivers webhooks.
    pub fn wake_deliveries(&self) {
        self.deliveries.wake();
    }

    /// The same customers in a transaction.
    #[must_use]
    pub fn begin(&self) -> (Self, Transaction) {
        let (database, transaction) = self.database.begin();
        (Self { database, ..self.clone() }, transaction)
    }

    /// Writes the unique columns of a tenant's customers for a plan with other unique fields than before.
    ///
    /// # Errors
    /// When customers share a value that must be unique, or when the database fails.
    pub async fn follow_uniqueness(
        &self,
        connection: &mut PgConnection,
        tenant: TenantId,
        plan: &Plan,
    ) -> Result<(), sqlx::Error> {
        store::uniqueness::write_keys(connection, tenant, plan).await
    }

    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn check_exists(&self, scope: &Scope<'_>, id: CustomerId) -> Result<(), Error> {
        let exists = self.database.run(async |connection| store::exists(connection, scope.tenant, id).await).await?;
        if exists { Ok(()) } else { Err(Error::UnknownCustomer) }
    }

    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn get(&self, scope: &Scope<'_>, id: CustomerId) -> Result<Customer, Error> {
        let found = self.database.run(async |connection| store::find_one(connection, scope.tenant, id.0).await).await?;
        found.map(|customer| *customer).ok_or(Error::UnknownCustomer)
    }

    /// The customers with this value, by ascending id. It is no error if there are none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn look_up(&self, scope: &Scope<'_>, by: LookUp<'_>) -> Result<Vec<Customer>, Error> {
        if !by.is_possible() {
            return Ok(Vec::new());
        }
        let found = self.database.run(async |connection| {
            let ids = store::look_up(connection, scope.tenant, scope.plan, by).await?;
            store::find(connection, scope.tenant, &ids).await
        });
        Ok(found.await?)
    }

    /// Rejects a request that has violations. The error is `UnknownCustomer` if there is no such customer.
    pub(super) async fn reject_known(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        violations: Vec<Violation>,
    ) -> Result<(), Error> {
        let Err(rejection) = reject(violations) else { return Ok(()) };
        self.check_exists(scope, id).await?;
        Err(rejection)
    }

    /// The hash of the password that was sent, if one was.
    pub(super) async fn hash_of(&self, fields: &CustomerFields) -> Option<String> {
        match &fields.password {
            Some(password) => Some(self.passwords.hash(password, &self.random).await),
            None => None,
        }
    }
}
