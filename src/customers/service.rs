//! What can be done with customers: rules first, then one round trip that writes or says why not.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use thiserror::Error;
use uuid::Uuid;

use super::model::{Customer, CustomerFields, CustomerId, LookUp};
use super::passwords::Passwords;
use super::profile::Company;
use super::store::{self, Outcome, ValuesRecord};
use super::violation::{Rejection, Violation, ViolationKind};
use crate::database::{Database, DatabaseError, TenantId, Transaction, is_deadlock, violated_unique_constraint};
use crate::extension::{Extension, Hook, HookFailure, HookOf, Hooks};
use crate::field::Field;
use crate::journal::Recorder;
use crate::plan::Plan;
use crate::random::Random;
use crate::webhooks::{Deliveries, EventSettings};

/// Whose call it is, and when: what every operation needs to know besides its own arguments.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    pub tenant: TenantId,
    pub plan: &'a Plan,
    /// Whether they are those of doors that require nothing of anybody.
    pub is_lenient: bool,
    pub now: DateTime<Utc>,
    /// The name of the key that the call came with.
    pub caller: &'a str,
    /// The id of the call.
    pub request: Uuid,
    /// Where hooks are answered, if the tenant has a Client Extension.
    pub extension: Option<&'a Extension>,
    /// Who hears of events, if anybody does.
    pub events: Option<&'a EventSettings>,
    /// Whether rules for failures of events are armed.
    pub has_event_faults: bool,
    /// Where it is noted what the call does.
    pub recorder: &'a Recorder,
}

impl Scope<'_> {
    /// Whether an extension answers the hook `H`.
    pub(super) fn calls<H: Hook>(&self) -> bool {
        self.extension.is_some_and(|extension| extension.url(H::ID).is_some())
    }

    pub(super) fn hook_of(&self) -> HookOf<'_> {
        HookOf { tenant: self.tenant, extension: self.extension, user: self.caller, recorder: self.recorder }
    }
}

/// Why an operation did not do what it was asked.
#[derive(Debug, Error)]
pub enum Error {
    /// There is no such customer.
    #[error("there is no such customer")]
    UnknownCustomer,
    #[error("the request breaks {} rules", .0.violations.len())]
    Rejected(Rejection),
    /// The built-in upgrade hook does not go from the customer's type to the one that was asked for.
    #[error("no upgrade from type {from} to type {to:?}")]
    NoSuchUpgrade {
        from: i32,
        /// The type that was asked for.
        to: Option<i32>,
    },
    /// A customer cannot be placed there: this is what is wrong with the upline.
    #[error("the upline breaks a rule: {0:?}")]
    Placement(ViolationKind),
    /// The Client Extension rejected, or failed to answer a hook.
    #[error(transparent)]
    Hook(HookFailure),
    /// The request of a hook, as the extension sent it back, cannot be read.
    #[error("the request cannot be read: {0}")]
    Unreadable(String),
    /// What was kept for a callback is not for this hook: another version of this program wrote it.
    #[error("the callback belongs to another version of this server")]
    WrongWork,
    /// Another writer came between, and the change can be made anew: the customer was written since the version that it was
    /// made for, or the two waited for each other.
    #[error("another writer came between")]
    Changed,
    /// Another customer has the id of the system's that the caller chose.
    #[error("the key belongs to another customer")]
    KeyTaken,
    /// The id of the system's that the caller chose is of the form that is made of a customer's number.
    #[error("a key that begins with 00000000-0000-8000-8000 is made of a customer's number and cannot be chosen")]
    KeyReserved,
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Error {
    /// A rejection that names companies which are taken too.
    fn and(self, companies: Vec<String>) -> Self {
        match self {
            Self::Rejected(rejection) => Self::Rejected(Rejection { companies, ..rejection }),
            other => other,
        }
    }
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
    pub(super) hooks: Hooks,
    pub(super) deliveries: Deliveries,
    pub(super) random: std::sync::Arc<Random>,
}

impl Customers {
    /// The customers in `database`.
    #[must_use]
    pub fn new(
        database: Database,
        passwords: Passwords,
        hooks: Hooks,
        deliveries: Deliveries,
        random: std::sync::Arc<Random>,
    ) -> Self {
        Self { database, passwords, hooks, deliveries, random }
    }

    /// Within a transaction: nobody replaces the tenant's world before it ends.
    pub(super) async fn enter_tenant(&self, scope: &Scope<'_>) -> Result<(), DatabaseError> {
        self.database.run(async |connection| store::enter_tenant(connection, scope.tenant).await).await
    }

    /// Within a transaction: no other one takes a number from the tenant's counters before it ends.
    pub(super) async fn hold_counter(&self, scope: &Scope<'_>) -> Result<(), DatabaseError> {
        let mut session = self.database.session().await?;
        let held = store::hold_counter(session.connection(), scope.tenant).await;
        session.end(held)
    }

    /// How many calls of a tenant wait for its extension on this server.
    #[must_use]
    pub fn in_hooks(&self, tenant: TenantId) -> usize {
        self.hooks.running(tenant)
    }

    /// Says that there may be something to tell subscribers.
    pub fn wake_deliveries(&self) {
        self.deliveries.wake();
    }

    /// The same customers in a transaction, whose end decides what becomes of all that was done with them.
    #[must_use]
    pub fn begin(&self) -> (Self, Transaction) {
        let (database, transaction) = self.database.begin();
        (Self { database, ..self.clone() }, transaction)
    }

    /// Has the customers of a tenant follow a plan that makes other fields unique than before.
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
        let found = self.database.run(async |connection| store::find(connection, scope.tenant, &[id.0]).await).await?;
        found.into_iter().next().ok_or(Error::UnknownCustomer)
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

    /// What a write comes to that asked nothing first: done, rejected with all colliding fields at once, or `None`, to be
    /// tried again, when a competing writer came between the write and its explanation.
    pub(super) async fn settle<T>(
        &self,
        scope: &Scope<'_>,
        wanted: Wanted<'_>,
        written: Result<Outcome<T>, DatabaseError>,
        attempts: &mut Attempts,
    ) -> Result<Option<T>, Error> {
        let Wanted { id, record, sponsor, companies } = wanted;
        let violation = match written {
            Ok(Outcome::Done(done)) => return Ok(Some(done)),
            Ok(Outcome::UnknownCustomer) => return Err(Error::UnknownCustomer),
            Ok(rejected) => {
                let taken = self.taken(scope, id, record).await?;
                let companies = self.conflicting_companies(scope, id, companies).await?;
                return conclude(rejected, record, sponsor, taken).map(Some).map_err(|error| error.and(companies));
            }
            Err(DatabaseError::Statement(error)) if violated_unique_constraint(&error).is_some() => error,
            // Two writers who take each other's values at the same moment.
            Err(DatabaseError::Statement(error)) if is_deadlock(&error) => error,
            Err(error) => return Err(error.into()),
        };
        let taken = self.taken(scope, id, record).await?;
        let companies = self.conflicting_companies(scope, id, companies).await?;
        if let Some(rejection) = Rejection::with_companies(taken, companies) {
            return Err(Error::Rejected(rejection));
        }
        // The other writer has let go of the value again, or took one that was made for this customer.
        if attempts.may_try_again() { Ok(None) } else { Err(violation.into()) }
    }

    pub(super) async fn taken(
        &self,
        scope: &Scope<'_>,
        id: Option<CustomerId>,
        record: &ValuesRecord,
    ) -> Result<Vec<Violation>, DatabaseError> {
        let mut session = self.database.session().await?;
        let taken = store::taken(session.connection(), scope.tenant, id, record).await;
        session.end(taken)
    }

    /// Rejects a request for violations, unless the customer is unknown, which comes first.
    pub(super) async fn reject_known(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        violations: Vec<Violation>,
        more: Vec<Violation>,
    ) -> Result<(), Error> {
        let Err(rejection) = reject(violations, more) else { return Ok(()) };
        self.check_exists(scope, id).await?;
        Err(rejection)
    }

    pub(super) async fn record(&self, values: CustomerFields, plan: &Plan) -> ValuesRecord {
        let hash = self.hash_of(&values).await;
        ValuesRecord::new(values, hash, plan)
    }

    /// The hash that is kept while an extension answers the hook `H`, so that a callback which leaves the password out does not
    /// lose it. Nothing where none does: then it is hashed when it is written.
    pub(super) async fn kept_password<H: Hook>(&self, scope: &Scope<'_>, values: &CustomerFields) -> Option<String> {
        if scope.calls::<H>() { self.hash_of(values).await } else { None }
    }

    /// The hash of the password that was sent, if one was.
    pub(super) async fn hash_of(&self, values: &CustomerFields) -> Option<String> {
        match &values.password {
            Some(password) => Some(self.passwords.hash(password, &self.random).await),
            None => None,
        }
    }
}

/// What a write asks for: of a customer that there is, or of a new one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub id: Option<CustomerId>,
    pub record: &'a ValuesRecord,
    pub sponsor: Option<i32>,
    pub companies: &'a [Company],
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

pub(super) fn reject(mut violations: Vec<Violation>, more: Vec<Violation>) -> Result<(), Error> {
    violations.extend(more);
    Rejection::of(violations).map_or(Ok(()), |rejection| Err(Error::Rejected(rejection)))
}

/// What a write that was not done comes to, with the values that are taken as well. Rules come before the hook, so a
/// move that is not allowed is only said when nothing else is wrong.
pub(super) fn conclude<T>(
    outcome: Outcome<T>,
    record: &ValuesRecord,
    sponsor: Option<i32>,
    mut violations: Vec<Violation>,
) -> Result<T, Error> {
    let sponsor = sponsor.unwrap_or_default();
    let rule = match outcome {
        Outcome::Done(done) => return Ok(done),
        Outcome::UnknownCustomer => return Err(Error::UnknownCustomer),
        Outcome::Transition(from) => {
            reject(violations, Vec::new())?;
            return Err(Error::NoSuchUpgrade { from, to: record.customer_type });
        }
        Outcome::SponsorUnknown => ViolationKind::SponsorUnknown(sponsor),
        Outcome::SponsorType => ViolationKind::SponsorNotDistributor(sponsor),
        Outcome::SponsorBelow => ViolationKind::SponsorBelow(sponsor),
    };
    violations.push(Violation { field: Field::SponsorId, rule });
    Err(Error::Rejected(Rejection::of(violations).expect("invariant: a violation was just added")))
}
