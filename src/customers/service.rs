//! What can be done with customers: rules first, then one round trip that writes or says why not.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use thiserror::Error;
use uuid::Uuid;

use super::model::{Customer, CustomerId, LookUp, Patch, Values};
use super::passwords::Passwords;
use super::refusal::{Fault, Refusal, Rule};
use super::rules::Rules;
use super::store::{self, FieldsSentRecord, Outcome, UpgradeLog, ValuesRecord};
use super::text::alias_of;
use crate::database::{Database, DatabaseError, TenantId, Transaction, is_deadlock, violated_unique_constraint};
use crate::field::Field;
use crate::hooks::HookRegistry;
use crate::plan::Plan;
use crate::random::Random;

/// Whose call it is, and when: what every operation needs to know besides its own arguments.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Whose customers.
    pub tenant: TenantId,
    /// Under which rules.
    pub plan: &'a Plan,
    /// The tenant's present.
    pub now: DateTime<Utc>,
    /// The name of the key that the call came with.
    pub caller: &'a str,
    /// The id of the call.
    pub request: Uuid,
}

/// Why an operation did not do what it was asked.
#[derive(Debug, Error)]
pub enum Error {
    /// There is no such customer.
    #[error("there is no such customer")]
    UnknownCustomer,
    /// The request breaks rules.
    #[error("the request breaks {} rules", .0.faults.len())]
    Refused(Refusal),
    /// The built-in upgrade hook does not go from the customer's type to the one that was asked for.
    #[error("no upgrade from type {from} to type {to:?}")]
    NoSuchUpgrade {
        /// The customer's type.
        from: i32,
        /// The type that was asked for.
        to: Option<i32>,
    },
    /// A customer cannot be placed there: this is what is wrong with the upline.
    #[error("the upline breaks a rule: {0:?}")]
    Placement(Rule),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// The customers of every tenant.
#[derive(Debug, Clone)]
pub struct Customers {
    pub(super) database: Database,
    pub(super) passwords: Passwords,
    pub(super) hooks: HookRegistry,
    pub(super) random: std::sync::Arc<Random>,
}

/// A customer of a seed file.
#[derive(Debug, Clone)]
pub struct SeedCustomer {
    /// The id that it must get, or the next one.
    pub id: Option<CustomerId>,
    /// What it is.
    pub values: Values,
}

impl Customers {
    /// The customers in `database`.
    #[must_use]
    pub fn new(database: Database, passwords: Passwords, hooks: HookRegistry, random: std::sync::Arc<Random>) -> Self {
        Self { database, passwords, hooks, random }
    }

    /// The same customers in a transaction, whose end decides what becomes of all that was done with them.
    #[must_use]
    pub fn begin(&self) -> (Self, Transaction) {
        let (database, transaction) = self.database.begin();
        (Self { database, ..self.clone() }, transaction)
    }

    /// Whether there is such a customer.
    ///
    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn check_exists(&self, scope: &Scope<'_>, id: CustomerId) -> Result<(), Error> {
        let mut session = self.database.session().await?;
        let exists = store::exists(session.connection(), scope.tenant, id).await;
        if session.end(exists)? { Ok(()) } else { Err(Error::UnknownCustomer) }
    }

    /// One customer.
    ///
    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn get(&self, scope: &Scope<'_>, id: CustomerId) -> Result<Customer, Error> {
        let mut session = self.database.session().await?;
        let found = store::find(session.connection(), scope.tenant, &[id.0]).await;
        session.end(found)?.into_iter().next().ok_or(Error::UnknownCustomer)
    }

    /// The customers that a look-up names, by ascending id; none is no error.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn look_up(&self, scope: &Scope<'_>, by: LookUp<'_>) -> Result<Vec<Customer>, Error> {
        if !by.is_possible() {
            return Ok(Vec::new());
        }
        let mut session = self.database.session().await?;
        let ids = store::look_up(session.connection(), scope.tenant, scope.plan, by).await?;
        let found = store::find(session.connection(), scope.tenant, &ids).await;
        Ok(session.end(found)?)
    }

    /// Creates a customer and answers its id. `faults` are those that were found while reading the request.
    ///
    /// # Errors
    /// `Refused` with every fault, or when the database fails.
    pub async fn create(&self, scope: &Scope<'_>, values: Values, faults: Vec<Fault>) -> Result<CustomerId, Error> {
        let rules = Rules { plan: scope.plan, now: scope.now };
        refuse(faults, rules.whole(None, &values))?;
        let sponsor = values.sponsor_id;
        let alias = default_alias(&values);
        let record = self.record(values, scope.plan).await;
        let mut attempts = Attempts::default();
        loop {
            let mut session = self.database.session().await?;
            let connection = session.connection();
            let created =
                store::create(connection, scope.tenant, None, &record, scope.plan, alias.as_deref(), scope.now).await;
            let created = session.end(created);
            if let Some(id) = self.settle(scope, None, &record, sponsor, created, &mut attempts).await? {
                return Ok(id);
            }
        }
    }

    /// Creates the customer of a seed file within the seed's transaction. It is held to formats but not to the required
    /// fields: a world has a root, which has no sponsor.
    ///
    /// # Errors
    /// `Refused` with the faults, or when the database fails.
    pub async fn create_from_seed(
        &self,
        connection: &mut PgConnection,
        scope: &Scope<'_>,
        seed: SeedCustomer,
    ) -> Result<CustomerId, Error> {
        let SeedCustomer { id, values } = seed;
        let rules = Rules { plan: scope.plan, now: scope.now };
        let is_required = |fault: &Fault| fault.field != Field::CustomerType && matches!(fault.rule, Rule::Required(_));
        let faults = rules.whole(id, &values).into_iter().filter(|fault| !is_required(fault)).collect();
        refuse(Vec::new(), faults)?;
        let sponsor = values.sponsor_id;
        let alias = default_alias(&values);
        let record = self.record(values, scope.plan).await;
        let taken = store::taken(connection, scope.tenant, None, &record).await?;
        refuse(Vec::new(), taken)?;
        let outcome =
            store::create(connection, scope.tenant, id, &record, scope.plan, alias.as_deref(), scope.now).await?;
        conclude(outcome, &record, sponsor, Vec::new())
    }

    /// Replaces a customer.
    ///
    /// # Errors
    /// `UnknownCustomer`, `Refused` with every fault, or when the database fails.
    pub async fn replace(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        values: Values,
        faults: Vec<Fault>,
    ) -> Result<(), Error> {
        let rules = Rules { plan: scope.plan, now: scope.now };
        self.refuse_known(scope, id, faults, rules.whole(Some(id), &values)).await?;
        self.write_whole(scope, id, values, None).await?;
        Ok(())
    }

    /// Writes what a partial update sent.
    ///
    /// # Errors
    /// `UnknownCustomer`, `Refused` with every fault, or when the database fails.
    pub async fn patch(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        patch: Patch,
        faults: Vec<Fault>,
    ) -> Result<(), Error> {
        let rules = Rules { plan: scope.plan, now: scope.now };
        self.refuse_known(scope, id, faults, rules.partial(&patch)).await?;
        if patch.sent.is_empty() {
            return self.check_exists(scope, id).await;
        }
        let sent = FieldsSentRecord::from(&patch.sent);
        let record = self.record(patch.values, scope.plan).await;
        let adult_since = rules.adult_since();
        let mut attempts = Attempts::default();
        loop {
            let mut session = self.database.session().await?;
            let connection = session.connection();
            let patched = store::patch(connection, scope.tenant, id, &record, &sent, adult_since, scope.now).await;
            let patched = session.end(patched);
            if let Some(written) =
                self.settle(scope, Some(id), &record, None, patched.map(Outcome::Done), &mut attempts).await?
            {
                if written {
                    return Ok(());
                }
                self.check_exists(scope, id).await?;
                return refuse(vec![rules.too_young()], self.taken(scope, Some(id), &record).await?);
            }
        }
    }

    /// Voids a customer: it is marked as deleted, and its values stay taken.
    ///
    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn void(&self, scope: &Scope<'_>, id: CustomerId) -> Result<(), Error> {
        let mut session = self.database.session().await?;
        let voided = store::void(session.connection(), scope.tenant, id, scope.now).await;
        if session.end(voided)? { Ok(()) } else { Err(Error::UnknownCustomer) }
    }

    /// Replaces a customer, as an upgrade where `upgrade_from` names the types that it may start from; answers the
    /// BackOfficeId.
    pub(super) async fn write_whole(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        values: Values,
        upgrade_from: Option<&[i32]>,
    ) -> Result<String, Error> {
        let sponsor = values.sponsor_id;
        let record = self.record(values, scope.plan).await;
        let log = upgrade_from.map(|from| UpgradeLog {
            from,
            change: self.random.uuid_at(scope.now),
            record_number: self.random.record_number(scope.now),
            changed_by: scope.caller,
            request: scope.request,
        });
        let mut attempts = Attempts::default();
        loop {
            let mut session = self.database.session().await?;
            let connection = session.connection();
            let replaced =
                store::replace(connection, scope.tenant, id, &record, scope.plan, log.as_ref(), scope.now).await;
            let replaced = session.end(replaced);
            if let Some(back_office_id) =
                self.settle(scope, Some(id), &record, sponsor, replaced, &mut attempts).await?
            {
                return Ok(back_office_id);
            }
        }
    }

    /// What a write comes to that asked nothing first: done, refused with all colliding fields at once, or `None`, to be
    /// tried again, when a competing writer came between the write and its explanation.
    async fn settle<T>(
        &self,
        scope: &Scope<'_>,
        id: Option<CustomerId>,
        record: &ValuesRecord,
        sponsor: Option<i32>,
        written: Result<Outcome<T>, DatabaseError>,
        attempts: &mut Attempts,
    ) -> Result<Option<T>, Error> {
        let violation = match written {
            Ok(Outcome::Done(done)) => return Ok(Some(done)),
            Ok(Outcome::UnknownCustomer) => return Err(Error::UnknownCustomer),
            Ok(refused) => {
                let taken = self.taken(scope, id, record).await?;
                return conclude(refused, record, sponsor, taken).map(Some);
            }
            Err(DatabaseError::Statement(error)) if violated_unique_constraint(&error).is_some() => error,
            // Two writers who take each other's values at the same moment.
            Err(DatabaseError::Statement(error)) if is_deadlock(&error) => error,
            Err(error) => return Err(error.into()),
        };
        refuse(Vec::new(), self.taken(scope, id, record).await?)?;
        // The other writer has let go of the value again, or took one that was made for this customer.
        if attempts.may_try_again() { Ok(None) } else { Err(violation.into()) }
    }

    async fn taken(
        &self,
        scope: &Scope<'_>,
        id: Option<CustomerId>,
        record: &ValuesRecord,
    ) -> Result<Vec<Fault>, DatabaseError> {
        let mut session = self.database.session().await?;
        let taken = store::taken(session.connection(), scope.tenant, id, record).await;
        session.end(taken)
    }

    /// Refuses a request for faults, unless the customer is unknown, which comes first.
    pub(super) async fn refuse_known(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        faults: Vec<Fault>,
        more: Vec<Fault>,
    ) -> Result<(), Error> {
        let Err(refusal) = refuse(faults, more) else { return Ok(()) };
        self.check_exists(scope, id).await?;
        Err(refusal)
    }

    async fn record(&self, values: Values, plan: &Plan) -> ValuesRecord {
        let hash = match &values.password {
            Some(password) => Some(self.passwords.hash(password, &self.random).await),
            None => None,
        };
        ValuesRecord::new(values, hash, plan)
    }
}

/// How often a write failed without an explanation.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    failed: u32,
}

impl Attempts {
    /// After so many the write is given up.
    const MOST: u32 = 5;

    /// Counts one more; whether the write is tried again.
    pub(super) fn may_try_again(&mut self) -> bool {
        self.failed += 1;
        self.failed < Self::MOST
    }
}

pub(super) fn refuse(mut faults: Vec<Fault>, more: Vec<Fault>) -> Result<(), Error> {
    faults.extend(more);
    Refusal::of(faults).map_or(Ok(()), |refusal| Err(Error::Refused(refusal)))
}

/// What a write that was not done comes to, with the values that are taken as well. Rules come before the hook, so a
/// move that is not allowed is only said when nothing else is wrong.
fn conclude<T>(
    outcome: Outcome<T>,
    record: &ValuesRecord,
    sponsor: Option<i32>,
    mut faults: Vec<Fault>,
) -> Result<T, Error> {
    let sponsor = sponsor.unwrap_or_default();
    let rule = match outcome {
        Outcome::Done(done) => return Ok(done),
        Outcome::UnknownCustomer => return Err(Error::UnknownCustomer),
        Outcome::Transition(from) => {
            refuse(faults, Vec::new())?;
            return Err(Error::NoSuchUpgrade { from, to: record.customer_type });
        }
        Outcome::SponsorUnknown => Rule::SponsorUnknown(sponsor),
        Outcome::SponsorType => Rule::SponsorNotDistributor(sponsor),
        Outcome::SponsorBelow => Rule::SponsorBelow(sponsor),
    };
    faults.push(Fault { field: Field::SponsorId, rule });
    Err(Error::Refused(Refusal::of(faults).expect("invariant: a fault was just added")))
}

/// The web alias that a new customer gets when it sends none (vendor's engine: it defaults to the username).
fn default_alias(values: &Values) -> Option<String> {
    if values.web_alias.is_some() {
        return None;
    }
    values.username.as_deref().and_then(alias_of)
}
