//! Changing a customer: replacement and partial update, through the hook `Associates.UpdateAssociate`, and soft delete.

use super::command::{Command, Patch, replaced_fields};
use super::error::Error;
use super::hooks::DeferredAction;
use super::scope::Scope;
use super::service::Customers;
use super::store;
use super::violation::Violation;
use crate::extension::{NoResponse, UpdateAssociate, UpdateAssociateRequest, to_associate};
use crate::model::{CustomerFields, CustomerId, FieldMask};

impl Customers {
    /// # Errors
    /// `UnknownCustomer`, `Rejected` with every violation, `Hook`, or when the database fails.
    pub async fn replace(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        fields: CustomerFields,
        mut violations: Vec<Violation>,
    ) -> Result<(), Error> {
        violations.extend(scope.validator().whole(Some(id), &fields));
        self.reject_known(scope, id, violations).await?;
        let password_hash = self.hash_of(&fields).await;
        if scope.calls::<UpdateAssociate>() {
            let mask = replaced_fields(&fields);
            let mut changes = fields.clone();
            changes.set_defaults();
            let command = Command::Replace { id, fields, password_hash };
            return Box::pin(self.update_through_hook(scope, id, &changes, mask, command)).await;
        }
        self.execute(scope, Command::Replace { id, fields, password_hash }).await.map(drop)
    }

    /// Writes what a partial update sent.
    ///
    /// # Errors
    /// `UnknownCustomer`, `Rejected` with every violation, `Hook`, or when the database fails.
    pub async fn patch(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        mut patch: Patch,
        mut violations: Vec<Violation>,
    ) -> Result<(), Error> {
        violations.extend(scope.validator().partial(&patch));
        self.reject_known(scope, id, violations).await?;
        if patch.mask.is_empty() && patch.profile.is_none() {
            return self.check_exists(scope, id).await;
        }
        let password_hash = self.hash_of(&patch.fields).await;
        if scope.calls::<UpdateAssociate>() {
            // The extension may write the customer itself while it runs, so the version no longer applies.
            patch.version = None;
            let (mut changes, mask) = (patch.fields.clone(), patch.mask);
            changes.set_defaults();
            let command = Command::Patch { id, patch, password_hash };
            return Box::pin(self.update_through_hook(scope, id, &changes, mask, command)).await;
        }
        self.execute(scope, Command::Patch { id, patch, password_hash }).await.map(drop)
    }

    /// Calls the hook with the customer before and after `changes`.
    async fn update_through_hook(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        changes: &CustomerFields,
        mask: FieldMask,
        command: Command,
    ) -> Result<(), Error> {
        let old = self.get(scope, id).await?;
        let mut new = old.clone();
        new.fields.merge(changes, mask);
        let request = UpdateAssociateRequest {
            old_associate_info: to_associate(&old),
            updated_associate_info: to_associate(&new),
        };
        let NoResponse {} = self.call_hook::<UpdateAssociate>(scope, request, DeferredAction::Execute(command)).await?;
        Ok(())
    }

    /// Soft-deletes a customer: its status becomes Deleted, its unique values stay in use.
    ///
    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn soft_delete(&self, scope: &Scope<'_>, id: CustomerId) -> Result<(), Error> {
        if let Some(settings) = scope.events {
            let write = async |within: Self| within.mark_deleted(scope, id).await;
            return Box::pin(self.with_update_event(scope, settings, id, false, write)).await;
        }
        self.mark_deleted(scope, id).await
    }

    async fn mark_deleted(&self, scope: &Scope<'_>, id: CustomerId) -> Result<(), Error> {
        // A concurrent reset may delete and write the customer's row. The second attempt finds it.
        for _ in 0..2 {
            if self.database.run(async |connection| store::soft_delete(connection, scope, id).await).await? {
                return Ok(());
            }
        }
        Err(Error::UnknownCustomer)
    }
}
