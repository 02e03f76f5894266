//! The changes of customers, as values: executed at once, or stored while an extension answers their hook. Every statement that
//! writes a customer runs in one loop: it writes first, and asks only afterwards why it could not.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::error::{Error, Rejection, Violation, ViolationKind, reject};
use super::profile::{Company, Profile, Version, companies};
use super::scope::Scope;
use super::service::Customers;
use super::store::{self, Columns, UpgradeLog, WriteOutcome};
use crate::database::{DatabaseError, is_deadlock, violated_unique_constraint};
use crate::model::{CustomerFields, CustomerId, Field, FieldMask};
use crate::plan::UniqueField;

/// A customer that is to be created.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NewCustomer {
    pub fields: CustomerFields,
    /// The uuid that the caller chose; one that is derived from the customer's number where it is `None`.
    pub uuid: Option<Uuid>,
    pub profile: Option<Profile>,
}

impl From<CustomerFields> for NewCustomer {
    fn from(fields: CustomerFields) -> Self {
        Self { fields, ..Self::default() }
    }
}

/// A partial update: of `fields`, only those in `mask` are written; one that is `None` is cleared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Patch {
    pub fields: CustomerFields,
    pub mask: FieldMask,
    /// The new profile; `None` leaves it as it is.
    pub profile: Option<Profile>,
    /// The version that the patch was made for; it is not written into another one.
    pub version: Option<Version>,
}

/// A validated change. The password is in it only as its hash, so that it can be stored while a hook runs and executed on any
/// server. The fields are boxed, because each future that passes them on would have room for two copies of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Command {
    Create {
        /// The id that was reserved, where a hook needed it before.
        reserved: Option<CustomerId>,
        customer: Box<NewCustomer>,
        password_hash: Option<String>,
    },
    Replace {
        id: CustomerId,
        fields: Box<CustomerFields>,
        password_hash: Option<String>,
    },
    Patch {
        id: CustomerId,
        patch: Box<Patch>,
        password_hash: Option<String>,
    },
    Upgrade {
        id: CustomerId,
        fields: Box<CustomerFields>,
        password_hash: Option<String>,
    },
}

impl Customers {
    /// Executes a command and returns the customer's id.
    pub(super) async fn execute(&self, scope: &Scope<'_>, command: Command) -> Result<CustomerId, Error> {
        match command {
            Command::Create { reserved, customer, password_hash } => {
                self.write_new(scope, reserved, customer, password_hash).await
            }
            Command::Replace { id, fields, password_hash } => {
                self.write_whole(scope, id, fields, password_hash, None).await
            }
            Command::Patch { id, patch, password_hash } => self.write_patch(scope, id, patch, password_hash).await,
            Command::Upgrade { id, fields, password_hash } => {
                let from = scope.plan.upgrade_from(fields.customer_type.unwrap_or_default());
                self.write_whole(scope, id, fields, password_hash, Some(&from)).await
            }
        }
    }

    async fn write_new(
        &self,
        scope: &Scope<'_>,
        reserved: Option<CustomerId>,
        customer: Box<NewCustomer>,
        password_hash: Option<String>,
    ) -> Result<CustomerId, Error> {
        let NewCustomer { fields, uuid, profile } = *customer;
        let fields = super::defaults::with_derived(fields, scope);
        let columns = Columns {
            plan: scope.plan,
            fields: &fields,
            mask: FieldMask::ALL,
            password_hash: password_hash.as_deref(),
        };
        let statement = Statement::Create { reserved };
        let write = Write { statement, columns: &columns, companies: companies(profile.as_ref()) };
        if scope.events.is_none() && uuid.is_none() && profile.is_none() {
            return self.write_customer(scope, write).await;
        }
        let mut attempts = Attempts::default();
        loop {
            let create = async |within: Self| {
                let id = within.write_customer(scope, write).await?;
                within.write_profile(scope, id, uuid, profile.as_ref()).await?;
                Ok(id)
            };
            let written = match scope.events {
                Some(settings) => Box::pin(self.with_create_events(scope, settings, create)).await,
                None => Box::pin(self.in_transaction(scope, create)).await,
            };
            match written {
                Err(Error::Changed) if attempts.may_try_again() => {}
                written => return written,
            }
        }
    }

    /// Replaces a customer, as an upgrade where `upgrade_from` names the types that it may start from.
    async fn write_whole(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        mut fields: Box<CustomerFields>,
        password_hash: Option<String>,
        upgrade_from: Option<&[i32]>,
    ) -> Result<CustomerId, Error> {
        fields.set_defaults();
        let columns = Columns {
            plan: scope.plan,
            fields: &fields,
            mask: FieldMask::ALL,
            password_hash: password_hash.as_deref(),
        };
        let log = upgrade_from.map(|from| UpgradeLog {
            from,
            change: self.random.uuid_at(scope.now),
            number: record_number(scope),
            changed_by: scope.caller,
            request: scope.request,
        });
        let statement = Statement::Replace { id, upgrade: log.as_ref() };
        let write = Write { statement, columns: &columns, companies: &[] };
        match scope.events {
            Some(settings) => {
                // The customer that an event compares does not show the password.
                let is_sure = columns.password_hash.is_some();
                let replace = async |within: Self| within.write_customer(scope, write).await;
                Box::pin(self.with_update_event(scope, settings, id, is_sure, replace)).await
            }
            None => self.write_customer(scope, write).await,
        }
    }

    async fn write_patch(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        mut patch: Box<Patch>,
        password_hash: Option<String>,
    ) -> Result<CustomerId, Error> {
        patch.fields.set_defaults();
        let Patch { ref fields, mask, ref profile, version } = *patch;
        let columns = Columns { plan: scope.plan, fields, mask, password_hash: password_hash.as_deref() };
        let statement =
            Statement::Patch { id, latest_adult_birth_date: scope.validator().latest_adult_birth_date(), version };
        let write = Write { statement, columns: &columns, companies: companies(profile.as_ref()) };
        // Postgres takes the lock of unique values in the statement itself, a distributed database before it.
        let takes_lock = self.database.is_distributed() && mask.iter().any(|field| UniqueField::of(field).is_some());
        let write_all = async |within: Self| {
            if profile.is_some() || takes_lock {
                within.enter_tenant(scope).await?;
            }
            if !write.companies.is_empty() {
                // Creations take it before a company too, so that neither waits for the other.
                within.hold_counter(scope).await?;
            }
            within.write_customer(scope, write).await?;
            within.write_profile(scope, id, None, profile.as_ref()).await
        };
        if let Some(settings) = scope.events {
            // The customer that an event compares shows neither the password nor a profile.
            let is_sure = mask.contains(Field::Password) || profile.is_some();
            Box::pin(self.with_update_event(scope, settings, id, is_sure, write_all)).await?;
        } else if profile.is_some() || takes_lock {
            Box::pin(self.in_transaction(scope, write_all)).await?;
        } else {
            self.write_customer(scope, write).await?;
        }
        Ok(id)
    }
}

/// The record number of an upgrade, as `record_number.sql` reads it: with a clock that stands still the time, so that the same
/// requests give the same numbers; otherwise what tells it apart from other upgrades at the same moment.
fn record_number(scope: &Scope<'_>) -> i64 {
    static ORDER: AtomicI64 = AtomicI64::new(0);
    if scope.is_frozen { scope.now.timestamp_micros() } else { ORDER.fetch_add(1, Ordering::Relaxed) & 15 }
}

/// A write: its statement, and what it sets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Write<'a> {
    pub statement: Statement<'a>,
    pub columns: &'a Columns<'a>,
    /// The companies that are written in the same transaction.
    pub companies: &'a [Company],
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Statement<'a> {
    /// With the id that was reserved, or the next one.
    Create {
        reserved: Option<CustomerId>,
    },
    Replace {
        id: CustomerId,
        upgrade: Option<&'a UpgradeLog<'a>>,
    },
    Patch {
        id: CustomerId,
        latest_adult_birth_date: DateTime<Utc>,
        version: Option<Version>,
    },
}

impl Statement<'_> {
    /// The stored customer that is written.
    fn customer(self) -> Option<CustomerId> {
        match self {
            Self::Create { .. } => None,
            Self::Replace { id, .. } | Self::Patch { id, .. } => Some(id),
        }
    }
}

impl Write<'_> {
    fn has_reserved_id(&self) -> bool {
        matches!(self.statement, Statement::Create { reserved: Some(_) })
    }
}

/// How often a write failed without an explanation.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    failed: u32,
}

impl Attempts {
    const MAX: u32 = 5;

    /// Counts one more; whether the write is tried again.
    pub(super) fn may_try_again(&mut self) -> bool {
        self.failed += 1;
        self.failed < Self::MAX
    }
}

impl Customers {
    /// Runs a statement that writes, and returns the customer's id. Where a unique value collides, it is rejected with all
    /// colliding fields at once; where the competing writer has let go of the value in the meantime, the statement runs again.
    pub(super) async fn write_customer(&self, scope: &Scope<'_>, mut write: Write<'_>) -> Result<CustomerId, Error> {
        let is_distributed = self.database.is_distributed();
        let mut attempts = Attempts::default();
        let mut was_unmatched = false;
        loop {
            match self.database.run(async |connection| run(connection, scope, write, is_distributed).await).await {
                Ok(WriteOutcome::Done(id)) => return Ok(id),
                Ok(WriteOutcome::UnknownCustomer) => return Err(Error::UnknownCustomer),
                Ok(WriteOutcome::UnknownTenant) => return Err(Error::UnknownTenant),
                // A reset came between the reservation of the id and this write, and another customer got the id.
                Err(DatabaseError::Statement(error))
                    if violated_unique_constraint(&error) == Some("customers_pkey") && write.has_reserved_id() =>
                {
                    write.statement = Statement::Create { reserved: None };
                }
                Ok(WriteOutcome::Unmatched(id)) => {
                    // Boxed, as the other explanations, because it is rare.
                    Box::pin(self.explain_unmatched(scope, id, write, was_unmatched)).await?;
                    was_unmatched = true;
                    if !attempts.may_try_again() {
                        return Err(Error::UnknownCustomer);
                    }
                }
                Ok(WriteOutcome::Rejected(rejected)) => {
                    return Err(Box::pin(self.explain_rejection(scope, write, rejected)).await?);
                }
                // Also two writers who take each other's values at the same moment.
                Err(DatabaseError::Statement(error))
                    if violated_unique_constraint(&error).is_some() || is_deadlock(&error) =>
                {
                    Box::pin(self.explain_conflict(scope, write)).await?;
                    if !attempts.may_try_again() {
                        return Err(error.into());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Rejects a write with every value that another customer has, if any still is another's.
    async fn explain_conflict(&self, scope: &Scope<'_>, write: Write<'_>) -> Result<(), Error> {
        let conflicts = self.conflicts(scope, write).await?;
        let companies = self.conflicting_companies(scope, write.statement.customer(), write.companies).await?;
        match Rejection::with_companies(conflicts, companies) {
            Some(rejection) => Err(Error::Rejected(rejection)),
            None => Ok(()),
        }
    }

    /// The error of a write that the database function rejected, with the values that collide as well.
    async fn explain_rejection(
        &self,
        scope: &Scope<'_>,
        write: Write<'_>,
        rejected: store::Rejected,
    ) -> Result<Error, Error> {
        let conflicts = self.conflicts(scope, write).await?;
        let companies = self.conflicting_companies(scope, write.statement.customer(), write.companies).await?;
        Ok(match rejected_write(rejected, write.columns, conflicts) {
            Error::Rejected(rejection) => Error::Rejected(Rejection { companies, ..rejection }),
            other => other,
        })
    }

    /// Rejects a partial update whose conditions no row met, unless it is worth a second try.
    async fn explain_unmatched(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        write: Write<'_>,
        was_unmatched: bool,
    ) -> Result<(), Error> {
        self.check_exists(scope, id).await?;
        if matches!(write.statement, Statement::Patch { version: Some(_), .. }) {
            return Err(Error::Changed);
        }
        // A reset may have restored the customer's row in the meantime. Only a date of birth has a condition of its own.
        if !was_unmatched || !write.columns.mask.contains(Field::BirthDate) {
            return Ok(());
        }
        let mut violations = self.conflicts(scope, write).await?;
        violations.push(scope.validator().too_young());
        reject(violations)
    }

    async fn conflicts(&self, scope: &Scope<'_>, write: Write<'_>) -> Result<Vec<Violation>, DatabaseError> {
        let (id, columns) = (write.statement.customer(), write.columns);
        self.database.run(async |connection| store::conflicts(connection, scope.tenant, id, columns).await).await
    }
}

async fn run(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    write: Write<'_>,
    is_distributed: bool,
) -> Result<WriteOutcome, sqlx::Error> {
    let columns = write.columns;
    match write.statement {
        Statement::Create { reserved } => store::create(connection, scope, reserved, columns).await,
        Statement::Replace { id, upgrade } => {
            store::replace(connection, scope, id, columns, upgrade, is_distributed).await
        }
        Statement::Patch { id, latest_adult_birth_date, version } => {
            store::patch(connection, scope, id, columns, latest_adult_birth_date, version, is_distributed).await
        }
    }
}

/// The error of a write that the database function rejected. The rules come before the hook, so a transition that is not allowed
/// is reported only when nothing else is wrong.
pub(super) fn rejected_write(
    rejected: store::Rejected,
    columns: &Columns<'_>,
    mut violations: Vec<Violation>,
) -> Error {
    let sponsor = columns.fields.sponsor_id.unwrap_or_default();
    let kind = match rejected {
        store::Rejected::Transition(from) => {
            let to = columns.fields.customer_type;
            return Rejection::of(violations).map_or(Error::NoSuchUpgrade { from, to }, Error::Rejected);
        }
        store::Rejected::SponsorUnknown => ViolationKind::SponsorUnknown(sponsor),
        store::Rejected::SponsorType => ViolationKind::SponsorNotDistributor(sponsor),
        store::Rejected::SponsorBelow => ViolationKind::SponsorBelow(sponsor),
    };
    violations.push(Violation { field: Field::SponsorId, kind });
    Error::Rejected(Rejection::of(violations).expect("invariant: a violation was just added"))
}
