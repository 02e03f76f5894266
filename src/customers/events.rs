//! Events of the domain: each written with the change that it tells of.

use serde_json::{Value, json};

use super::model::{Customer, CustomerId};
use super::service::{Customers, Error, Scope};
use crate::database::Transaction;
use crate::journal::{EventNote, Recorder};
use crate::webhooks::{self, Event, EventSettings, EventType};
use crate::wire::dates;

impl Customers {
    /// A write that changes a customer, and the event that tells of it, in one transaction. `is_sure` says that something
    /// changes which the customer does not show; otherwise a write that leaves it as it was tells nobody.
    pub(super) async fn with_update_event<T>(
        &self,
        scope: &Scope<'_>,
        settings: &EventSettings,
        id: CustomerId,
        is_sure: bool,
        write: impl AsyncFnOnce(Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (within, transaction) = self.begin();
        let work = async {
            // Not locked, so that the write takes its locks in its own order. A change that comes between is told twice.
            let before = within.get(scope, id).await?;
            let done = write(within.clone()).await?;
            let after = within.get(scope, id).await?;
            if is_sure || before != after {
                within.tell(scope, settings, EventType::UpdateAssociateEvent, &after).await?;
            }
            Ok(done)
        };
        let outcome = work.await;
        self.end(scope.recorder, transaction, outcome).await
    }

    /// A write that creates a customer, and the events that tell of it, in one transaction.
    pub(super) async fn with_create_events(
        &self,
        scope: &Scope<'_>,
        settings: &EventSettings,
        write: impl AsyncFnOnce(Self) -> Result<CustomerId, Error>,
    ) -> Result<CustomerId, Error> {
        let (within, transaction) = self.begin();
        let work = async {
            let id = write(within.clone()).await?;
            let customer = within.get(scope, id).await?;
            within.tell(scope, settings, EventType::CreateAssociateEvent, &customer).await?;
            within.tell(scope, settings, EventType::Enrollment, &customer).await?;
            Ok(id)
        };
        let outcome = work.await;
        self.end(scope.recorder, transaction, outcome).await
    }

    /// A write of several statements as one, which tells nobody.
    pub(super) async fn at_once<T>(
        &self,
        scope: &Scope<'_>,
        write: impl AsyncFnOnce(Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (within, transaction) = self.begin();
        let outcome = write(within).await;
        self.end(scope.recorder, transaction, outcome).await
    }

    /// Keeps what a transaction did, events included, or takes it back where it failed.
    pub(super) async fn end<T>(
        &self,
        recorder: &Recorder,
        transaction: Transaction,
        outcome: Result<T, Error>,
    ) -> Result<T, Error> {
        match outcome {
            Ok(done) => {
                transaction.commit().await?;
                self.deliveries.wake();
                Ok(done)
            }
            Err(error) => {
                recorder.rolled_back();
                transaction.roll_back().await?;
                Err(error)
            }
        }
    }

    async fn tell(
        &self,
        scope: &Scope<'_>,
        settings: &EventSettings,
        event_type: EventType,
        customer: &Customer,
    ) -> Result<(), Error> {
        let body = match event_type {
            EventType::Enrollment => enrollment(customer, scope),
            EventType::CreateAssociateEvent | EventType::UpdateAssociateEvent => associate(customer, event_type, scope),
        };
        let event = Event {
            id: self.random.uuid_at(scope.now),
            event_type,
            customer: customer.id.0,
            payload: &body,
            caller: scope.caller,
            now: scope.now,
        };
        webhooks::append(&self.database, scope.tenant, settings, scope.has_event_faults, &event).await?;
        let (id, event_type, customer) = (event.id, event_type.name(), event.customer);
        scope.recorder.event(|| EventNote { id, event_type, customer, payload: body });
        Ok(())
    }
}

fn associate(customer: &Customer, event_type: EventType, scope: &Scope<'_>) -> Value {
    json!({
        "AssociateId": customer.id.0,
        "Username": customer.username,
        "FirstName": customer.first_name,
        "LastName": customer.last_name,
        "CompanyName": customer.company_name,
        "EmailAddress": customer.email_address,
        "AssociateStatus": customer.customer_status,
        "AssociateType": customer.customer_type,
        "WebAliases": customer.web_alias.iter().collect::<Vec<_>>(),
        "BackOfficeId": customer.back_office_id,
        "ExternalReferenceId": customer.external_reference_id,
        "EventDateUtc": dates::format(Some(scope.now)),
        "EventType": event_type.name(),
    })
}

/// All of it strings, as the vendor's sample has it.
fn enrollment(customer: &Customer, scope: &Scope<'_>) -> Value {
    let number = |number: Option<i32>| number.map(|number| number.to_string());
    json!({
        "DistributorId": customer.id.0.to_string(),
        "DistributorType": customer.customer_type.to_string(),
        "DistributorStatus": customer.customer_status.to_string(),
        "DistributorCountry": customer.primary_address.country_code,
        "SponsorId": number(customer.sponsor_id),
        "EnrollmentDateUtc": dates::format(Some(customer.sign_up_date)),
        "EventDateUtc": dates::format(Some(scope.now)),
        "EventType": EventType::Enrollment.name(),
    })
}
