//! The trees: who stands below whom. The sponsor tree is unilevel and has a node for each customer that was placed; the
//! enrolment tree is who enrolled whom, and everybody is in it.

use super::model::CustomerId;
use super::service::{Customers, Error, Scope};
use super::store::tree::{self, Placed};
use super::violation::ViolationKind;
use super::write::Attempts;
use crate::database::{DatabaseError, is_deadlock};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tree {
    /// Unilevel, the one that is flagged as the Sponsor tree (vendor's help, Trees).
    Sponsor,
    /// Who enrolled whom: `EnrollerId`.
    Enrollment,
}

impl Customers {
    /// The ids of those below a customer, down to so many levels or all, level by level and ascending within one.
    ///
    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn downline(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        tree: Tree,
        levels: Option<i32>,
    ) -> Result<Vec<i32>, Error> {
        let mut session = self.database.session().await?;
        let found = match tree {
            Tree::Sponsor => tree::sponsor_downline(session.connection(), scope.tenant, id, levels).await,
            Tree::Enrollment => tree::enrollment_downline(session.connection(), scope.tenant, id, levels).await,
        };
        session.end(found)?.ok_or(Error::UnknownCustomer)
    }

    /// The ids of those whom a customer enrolled and who have no place in the tree yet, ascending. In the enrolment tree
    /// everybody has one.
    ///
    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn unplaced(&self, scope: &Scope<'_>, id: CustomerId, tree: Tree) -> Result<Vec<i32>, Error> {
        let mut session = self.database.session().await?;
        let found = tree::unplaced(session.connection(), scope.tenant, id).await;
        let unplaced = session.end(found)?.ok_or(Error::UnknownCustomer)?;
        Ok(if tree == Tree::Enrollment { Vec::new() } else { unplaced })
    }

    /// Places a customer, with all that stand below it, below another one. Its SponsorId or EnrollerId follows.
    ///
    /// # Errors
    /// `UnknownCustomer`, `Placement` with the rule that the upline breaks, or when the database fails.
    pub async fn place(&self, scope: &Scope<'_>, id: CustomerId, tree: Tree, upline: i32) -> Result<(), Error> {
        let mut attempts = Attempts::default();
        let placed = loop {
            let mut session = self.database.session().await?;
            let placed = tree::place(session.connection(), scope, id, upline, tree).await;
            match session.end(placed) {
                // An update of the customer that turned into a move meanwhile.
                Err(DatabaseError::Statement(error)) if is_deadlock(&error) && attempts.may_try_again() => {}
                placed => break placed?,
            }
        };
        let rule = match placed {
            Placed::Done => return Ok(()),
            Placed::UnknownCustomer => return Err(Error::UnknownCustomer),
            Placed::UplineUnknown => ViolationKind::SponsorUnknown(upline),
            Placed::UplineType => ViolationKind::SponsorNotDistributor(upline),
            Placed::UplineBelow if upline == id.0 => ViolationKind::SponsorIsSelf,
            Placed::UplineBelow => ViolationKind::SponsorBelow(upline),
        };
        Err(Error::Placement(rule))
    }
}
