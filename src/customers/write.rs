//! The loop in which every statement runs that writes a customer: it writes first, and asks only afterwards why it could not.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::error::{Error, reject};
use super::profile::{Company, Version};
use super::scope::Scope;
use super::service::Customers;
use super::store::{self, Columns, UpgradeLog, WriteOutcome};
use super::violation::{Rejection, Violation, ViolationKind};
use crate::database::{DatabaseError, is_deadlock, violated_unique_constraint};
use crate::model::{CustomerId, Field};

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
        let mut attempts = Attempts::default();
        let mut was_unmatched = false;
        loop {
            match self.database.run(async |connection| run(connection, scope, write).await).await {
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
                    self.explain_unmatched(scope, id, write, was_unmatched).await?;
                    was_unmatched = true;
                }
                Ok(WriteOutcome::Rejected(rejected)) => {
                    return Err(self.explain_rejection(scope, write, rejected).await?);
                }
                // Also two writers who take each other's values at the same moment.
                Err(DatabaseError::Statement(error))
                    if violated_unique_constraint(&error).is_some() || is_deadlock(&error) =>
                {
                    self.explain_conflict(scope, write).await?;
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
        // A reset may have restored the customer's row in the meantime.
        if !was_unmatched {
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

async fn run(connection: &mut PgConnection, scope: &Scope<'_>, write: Write<'_>) -> Result<WriteOutcome, sqlx::Error> {
    let columns = write.columns;
    match write.statement {
        Statement::Create { reserved } => store::create(connection, scope, reserved, columns).await,
        Statement::Replace { id, upgrade } => store::replace(connection, scope, id, columns, upgrade).await,
        Statement::Patch { id, latest_adult_birth_date, version } => {
            store::patch(connection, scope, id, columns, latest_adult_birth_date, version).await
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
