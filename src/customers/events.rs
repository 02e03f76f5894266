//! Events: each is appended to the outbox in the transaction of the change that it reports.

use sqlx::PgConnection;

use super::error::Error;
use super::scope::Scope;
use super::service::Customers;
use crate::database::{TenantId, Transaction};
use crate::journal::{EventNote, RecordedTransaction};
use crate::model::{Customer, CustomerId};
use crate::webhooks::{self, Event, EventSettings, EventType};

impl Customers {
    /// Runs a write that changes a customer, and appends its event, in one transaction. A write after which the customer is the
    /// same has no event, unless `is_always`: then the write changes something that [`Customer`] does not contain.
    pub(super) async fn with_update_event<T>(
        &self,
        scope: &Scope<'_>,
        settings: &EventSettings,
        id: CustomerId,
        is_always: bool,
        write: impl AsyncFnOnce(Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let recorded = scope.recorder.transaction();
        let (within, transaction) = self.begin();
        let work = async {
            // Not locked, so that the write locks rows in its own order. A change between the two is reported twice.
            let before = within.get(scope, id).await?;
            let done = write(within.clone()).await?;
            let after = within.get(scope, id).await?;
            if is_always || before != after {
                within.append_event(scope, settings, EventType::UpdateAssociateEvent, &after).await?;
            }
            Ok(done)
        };
        let outcome = work.await;
        self.end(recorded, transaction, outcome).await
    }

    /// Runs a write that creates a customer, and appends its events, in one transaction.
    pub(super) async fn with_create_events(
        &self,
        scope: &Scope<'_>,
        settings: &EventSettings,
        write: impl AsyncFnOnce(Self) -> Result<CustomerId, Error>,
    ) -> Result<CustomerId, Error> {
        let recorded = scope.recorder.transaction();
        let (within, transaction) = self.begin();
        let work = async {
            let id = write(within.clone()).await?;
            let customer = within.get(scope, id).await?;
            within.append_event(scope, settings, EventType::CreateAssociateEvent, &customer).await?;
            within.append_event(scope, settings, EventType::Enrollment, &customer).await?;
            Ok(id)
        };
        let outcome = work.await;
        self.end(recorded, transaction, outcome).await
    }

    /// Runs a write of several statements in one transaction, without an event.
    pub(super) async fn in_transaction<T>(
        &self,
        scope: &Scope<'_>,
        write: impl AsyncFnOnce(Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let recorded = scope.recorder.transaction();
        let (within, transaction) = self.begin();
        let outcome = write(within).await;
        self.end(recorded, transaction, outcome).await
    }

    /// Commits a transaction, events included, or rolls it back if it failed.
    pub(super) async fn end<T>(
        &self,
        recorded: RecordedTransaction<'_>,
        transaction: Transaction,
        outcome: Result<T, Error>,
    ) -> Result<T, Error> {
        match outcome {
            Ok(done) => {
                transaction.commit().await?;
                recorded.committed();
                self.deliveries.wake();
                Ok(done)
            }
            Err(error) => {
                transaction.roll_back().await?;
                Err(error)
            }
        }
    }

    /// Appends an event of a customer as it is, for a test of the subscribers. Nothing is changed.
    ///
    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn send_test_event(&self, scope: &Scope<'_>, id: CustomerId, event_type: EventType) -> Result<(), Error> {
        let Some(settings) = scope.events else { return Ok(()) };
        let recorded = scope.recorder.transaction();
        let (within, transaction) = self.begin();
        let work = async {
            within.enter_tenant(scope).await?;
            // The events of a customer are in the order in which its row was locked.
            within.database.run(async |connection| lock(connection, scope.tenant, id).await).await?;
            let customer = within.get(scope, id).await?;
            within.append_event(scope, settings, event_type, &customer).await
        };
        let outcome = work.await;
        self.end(recorded, transaction, outcome).await
    }

    async fn append_event(
        &self,
        scope: &Scope<'_>,
        settings: &EventSettings,
        event_type: EventType,
        customer: &Customer,
    ) -> Result<(), Error> {
        let body = webhooks::payload(event_type, customer, scope.now);
        let event = Event {
            id: self.random.uuid_at(scope.now),
            event_type,
            customer: customer.id.0,
            payload: &body,
            caller: scope.caller,
            now: scope.now,
        };
        webhooks::append(&self.database, scope.tenant, settings, scope.has_event_faults, &event).await?;
        let (id, event_type, customer) = (event.id, event_type.name().into(), event.customer);
        scope.recorder.event(|| EventNote { id, event_type, customer, payload: body.into() });
        Ok(())
    }
}

async fn lock(connection: &mut PgConnection, tenant: TenantId, id: CustomerId) -> Result<(), sqlx::Error> {
    let locked = sqlx::query_scalar!(
        r#"select true as "is_locked!" from customers where tenant_id = $1 and customer_id = $2 for no key update"#,
        tenant.0,
        id.0,
    );
    locked.fetch_optional(connection).await.map(drop)
}
