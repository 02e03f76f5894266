//! Fills an empty tenant with a seed's settings, customers and population.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::entry::{EntryKind, SeedEntry};
use super::extension::SeedExtension;
use super::file::SeedContents;
use super::population::Population;
use super::settings::{self, Counters, SeedFault};
use super::write_error::write_error;
use crate::clock::Clock;
use crate::customers::{Customers, Error as CustomerError, RestoredCustomer, Scope, SeedCustomer};
use crate::database::{Batches, DatabaseError, TenantId};
use crate::fault_injection;
use crate::model::CustomerId;
use crate::plan::Plan;
use crate::random::Random;
use crate::tasks::Progress;
use crate::tenants::error::{CLOCK_OUT_OF_RANGE, SeedError};
use crate::tenants::store::{self, lifecycle};
use crate::webhooks::EventSettings;

/// The number of customers with a record that are written at a time.
const BATCH: usize = 1_000;

/// The tenant that is filled.
#[derive(Debug, Clone, Copy)]
pub(in crate::tenants) struct SeedTarget<'a> {
    pub id: TenantId,
    pub name: &'a str,
    pub plan: &'a Plan,
}

impl SeedTarget<'_> {
    fn error(&self, reason: String) -> SeedError {
        SeedError::Content { tenant: self.name.to_owned(), reason }
    }
}

/// Fills a tenant that has no customers. Its plan is the target's, not the seed's.
pub(in crate::tenants) async fn fill(
    batches: &mut Batches,
    customers: &Customers,
    random: &Random,
    target: SeedTarget<'_>,
    seed: SeedContents,
    progress: &Progress,
) -> Result<(), SeedError> {
    progress.expect("customers", seed.size());
    let SeedContents {
        _schema: _,
        plan: _,
        clock,
        extension,
        events,
        faults,
        counters,
        customers: entries,
        population,
    } = seed;
    // A plan that was stored before stays as it is.
    seed.plan.as_ref().map_or(Ok(()), Plan::check).map_err(|reason| target.error(reason))?;
    counters.check().map_err(|reason| target.error(reason))?;
    let settings = Settings { clock, extension, events, faults };
    settings.write(batches.connection().await?, target).await?;
    let scope = Scope::internal(target.id, target.plan, Clock::Real.now(), "seed", random.uuid());
    let mut filler = Filler { customers, scope, target, progress, restored: Vec::new(), has_restored: false };
    let first_distributor = filler.add_all(batches, entries).await?;
    filler.raise_counters(batches.connection().await?, counters).await?;
    match population {
        Some(population) => filler.populate(batches, population, first_distributor).await,
        None => Ok(()),
    }
}

/// A seed's settings without plan and counters.
struct Settings {
    clock: Clock,
    extension: Option<SeedExtension>,
    events: Option<EventSettings>,
    faults: Vec<SeedFault>,
}

impl Settings {
    async fn write(self, connection: &mut PgConnection, target: SeedTarget<'_>) -> Result<(), SeedError> {
        let failed = |reason: String| target.error(reason);
        let Self { clock, extension, events, faults } = self;
        events.as_ref().map_or(Ok(()), EventSettings::check).map_err(failed)?;
        if !clock.is_possible() {
            return Err(failed(CLOCK_OUT_OF_RANGE.to_owned()));
        }
        if faults.len() > fault_injection::MAX_RULES {
            return Err(failed(format!("faults must have at most {} entries", fault_injection::MAX_RULES)));
        }
        faults.iter().try_for_each(SeedFault::check).map_err(failed)?;
        let (extension, token) = extension.map(SeedExtension::split).transpose().map_err(failed)?.unzip();
        store::set_integration(connection, target.id, extension.as_ref(), events.as_ref())
            .await
            .map_err(|error| write_error(error, &failed))?;
        if let Some(token) = token {
            store::insert_extension_token(connection, target.id, token.bytes()).await?;
        }
        lifecycle::set_clock(connection, target.id, clock).await?;
        fault_injection::restore(connection, target.id, &settings::numbered(faults))
            .await
            .map_err(|error| write_error(error, &|reason| failed(format!("faults: {reason}"))))
    }
}

/// Writes the customers of a seed.
struct Filler<'a> {
    customers: &'a Customers,
    scope: Scope<'a>,
    target: SeedTarget<'a>,
    progress: &'a Progress,
    /// The next batch of customers with a record.
    restored: Vec<RestoredCustomer>,
    /// Whether a batch was written.
    has_restored: bool,
}

impl Filler<'_> {
    /// Writes customers. Returns the first distributor among them.
    async fn add_all(
        &mut self,
        batches: &mut Batches,
        mut entries: Vec<SeedEntry>,
    ) -> Result<Option<CustomerId>, SeedError> {
        self.assign_ids(batches.connection().await?, &mut entries).await?;
        let mut references = HashMap::new();
        let mut first_distributor = None;
        for (index, entry) in entries.into_iter().enumerate() {
            let (label, target) = (entry.label(index + 1), self.target);
            let failed = |reason: String| target.error(format!("customer {label}: {reason}"));
            let (reference, is_distributor) = (entry.reference.clone(), entry.is_distributor());
            let id = match entry.into_customer(&references).map_err(failed)? {
                EntryKind::Restored(customer) => {
                    let id = customer.id;
                    self.restored.push(*customer);
                    if self.restored.len() >= BATCH {
                        self.write_restored(batches.connection().await?).await?;
                    }
                    id
                }
                EntryKind::New(customer) => {
                    // The batch may contain its sponsor, or a customer with the same id.
                    self.write_restored(batches.connection().await?).await?;
                    self.create(batches.connection().await?, *customer, &failed).await?
                }
            };
            if is_distributor && first_distributor.is_none() {
                first_distributor = Some(id);
            }
            if let Some(reference) = reference
                && references.insert(reference, id.0).is_some()
            {
                return Err(failed("its ref is used twice".to_owned()));
            }
            batches.pause().await?;
        }
        self.write_restored(batches.connection().await?).await?;
        self.check_links(batches.connection().await?).await?;
        Ok(first_distributor)
    }

    /// Assigns an id to every customer without one, and raises the tenant's counter once for all of them.
    async fn assign_ids(&self, connection: &mut PgConnection, entries: &mut [SeedEntry]) -> Result<(), SeedError> {
        let tenant = self.target.id;
        let first = store::last_customer_id(connection, tenant).await?;
        let last = entries.iter_mut().try_fold(first, |last, entry| entry.number(last));
        let last = last.ok_or_else(|| self.target.error("there is no id left for its customers".to_owned()))?;
        if last > first {
            store::raise_counters(connection, tenant, last, 0).await?;
        }
        Ok(())
    }

    async fn create(
        &self,
        connection: &mut PgConnection,
        customer: SeedCustomer,
        failed: &(dyn Fn(String) -> SeedError + Sync),
    ) -> Result<CustomerId, SeedError> {
        let created = match self.customers.create_from_seed(connection, &self.scope, customer).await {
            Ok(created) => created,
            Err(CustomerError::Database(DatabaseError::Statement(error))) => return Err(write_error(error, failed)),
            Err(CustomerError::Database(error)) => return Err(error.into()),
            Err(CustomerError::Rejected(rejection)) => {
                let sentences: Vec<String> = rejection
                    .violations
                    .iter()
                    .map(|violation| violation.kind.sentence(violation.field.name()))
                    .collect();
                return Err(failed(sentences.join(" ")));
            }
            Err(other) => return Err(failed(other.to_string())),
        };
        self.progress.advance(1);
        Ok(created)
    }

    async fn write_restored(&mut self, connection: &mut PgConnection) -> Result<(), SeedError> {
        let batch = std::mem::take(&mut self.restored);
        let (Some(first), Some(last)) = (batch.first().map(|first| first.id.0), batch.last().map(|last| last.id.0))
        else {
            return Ok(());
        };
        let (target, written) = (self.target, batch.len() as u64);
        let failed = |reason: String| target.error(format!("customers {first} to {last}: {reason}"));
        self.customers
            .restore(connection, target.id, target.plan, batch)
            .await
            .map_err(|error| write_error(error, &failed))?;
        // Later customers get higher ids than these.
        store::raise_counters(connection, target.id, 0, 0).await?;
        self.has_restored = true;
        self.progress.advance(written);
        Ok(())
    }

    /// Checks the sponsors and trees of customers with a record, which may refer to later ones.
    async fn check_links(&self, connection: &mut PgConnection) -> Result<(), SeedError> {
        if self.has_restored
            && let Some(reason) = self.customers.link_error(connection, self.target.id).await?
        {
            return Err(self.target.error(reason));
        }
        Ok(())
    }

    async fn raise_counters(&self, connection: &mut PgConnection, counters: Counters) -> Result<(), SeedError> {
        Ok(store::raise_counters(connection, self.target.id, counters.customers, counters.companies).await?)
    }

    async fn populate(
        &self,
        batches: &mut Batches,
        population: Population,
        first_distributor: Option<CustomerId>,
    ) -> Result<(), SeedError> {
        population.check().map_err(|reason| self.target.error(reason))?;
        let advance = |rows| self.progress.advance(rows);
        match self.customers.populate(batches, &self.scope, population.into(), first_distributor, &advance).await {
            Ok(()) => Ok(()),
            Err(DatabaseError::Statement(error)) => {
                Err(write_error(error, &|reason| self.target.error(format!("population: {reason}"))))
            }
            Err(error) => Err(error.into()),
        }
    }
}
