//! Passwords and the values that must be free: login, reset, availability.

use super::model::{Customer, CustomerFields, CustomerId, LookUp};
use super::service::{Customers, Error, Scope};
use super::store::{self, login};
use super::text::{comparable, filled};
use super::violation::{Violation, ViolationKind};
use crate::model::Field;
use crate::plan::UniqueField;
use crate::secret::Password;

impl Customers {
    /// The customer with this username and password, whatever its status; `None` when there is none, which takes as long
    /// to find out as a wrong password does.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sign_in(
        &self,
        scope: &Scope<'_>,
        username: &str,
        password: &Password,
    ) -> Result<Option<Customer>, Error> {
        let by = LookUp::Username(username);
        let known = if by.is_possible() {
            let mut session = self.database.session().await?;
            let ids = store::look_up(session.connection(), scope.tenant, scope.plan, by).await?;
            let known = login::password_hashes(session.connection(), scope.tenant, &ids).await;
            session.end(known)?
        } else {
            Vec::new()
        };
        if known.is_empty() {
            self.passwords.hash(password, &self.random).await;
        }
        // A plan may let several share a username; then the password tells them apart.
        for (id, hash) in known {
            if self.passwords.verify(password, &hash, &self.random).await {
                return self.get(scope, id).await.map(Some);
            }
        }
        Ok(None)
    }

    /// Gives a customer a new password.
    ///
    /// # Errors
    /// `UnknownCustomer`, `Rejected` when the password is missing or not as the plan wants it, or when the database fails.
    pub async fn reset_password(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        password: Option<Password>,
        mut violations: Vec<Violation>,
    ) -> Result<(), Error> {
        let Some(password) = password else {
            let missing = Violation { field: Field::Password, rule: ViolationKind::Required(None) };
            violations.push(missing);
            self.reject_known(scope, id, violations).await?;
            return Err(Error::UnknownCustomer);
        };
        let values = CustomerFields { password: Some(password.clone()), ..CustomerFields::default() };
        violations.extend(scope.validator().formats(&values));
        self.reject_known(scope, id, violations).await?;
        let hash = self.passwords.hash(&password, &self.random).await;
        if let Some(settings) = scope.events {
            let write = async |within: Self| within.set_password_hash(scope, id, &hash).await;
            return Box::pin(self.with_update_event(scope, settings, id, true, write)).await;
        }
        self.set_password_hash(scope, id, &hash).await
    }

    async fn set_password_hash(&self, scope: &Scope<'_>, id: CustomerId, hash: &str) -> Result<(), Error> {
        let mut session = self.database.session().await?;
        let done = login::set_password_hash(session.connection(), scope, id, hash).await;
        if session.end(done)? { Ok(()) } else { Err(Error::UnknownCustomer) }
    }

    /// Whether no customer has this value yet. Blank values never collide, nor those of a field that the plan lets
    /// several share; those of a voided customer do.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_free(&self, scope: &Scope<'_>, field: UniqueField, value: &str) -> Result<bool, Error> {
        let value = filled(value).filter(|value| scope.plan.is_unique(field) && !value.contains('\0'));
        let Some(value) = value else { return Ok(true) };
        let mut session = self.database.session().await?;
        let is_taken = login::is_taken(session.connection(), scope.tenant, field, &comparable(value)).await;
        Ok(!session.end(is_taken)?)
    }
}
