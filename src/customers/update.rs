//! Changing a customer: replacement and partial update, through the hook `Associates.UpdateAssociate`, upgrade, and soft delete.
//!
//! The upgrade "performs the exact work of the Update call, except that it: 1. Logs the change to the CRM_AssociateTypeChanges
//! table", "including placing them in the Sponsor tree", through the hook `Associates.Enrollment.UpdateAssociateBaseType`
//! (DirectScale, Upgrade Customer page).

use super::error::{Error, Violation};
use super::hooks::DeferredAction;
use super::scope::Scope;
use super::service::Customers;
use super::store;
use super::write::{Command, Patch};
use crate::extension::{
    NoResponse, UpdateAssociate, UpdateAssociateBaseType, UpdateAssociateBaseTypeRequest, UpdateAssociateRequest,
    to_application, to_associate,
};
use crate::model::{CustomerFields, CustomerId, FieldMask};

impl Customers {
    /// # Errors
    /// `UnknownCustomer`, `Rejected` with every violation, `Hook`, or when the database fails.
    pub async fn replace(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        fields: Box<CustomerFields>,
        mut violations: Vec<Violation>,
    ) -> Result<(), Error> {
        violations.extend(scope.validator().whole(Some(id), &fields));
        self.reject_known(scope, id, violations).await?;
        let password_hash = self.hash_of(&fields).await;
        if scope.calls::<UpdateAssociate>() {
            let mask = store::replaced_fields(&fields);
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
        mut patch: Box<Patch>,
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
        // A concurrent reset may delete and write the customer's row. A later attempt finds it.
        for _ in 0..5 {
            if self.database.run(async |connection| store::soft_delete(connection, scope, id).await).await? {
                return Ok(());
            }
        }
        Err(Error::UnknownCustomer)
    }
}

impl Customers {
    /// `violations` are those of reading the request.
    ///
    /// # Errors
    /// `UnknownCustomer`, `Rejected` with every violation, `NoSuchUpgrade`, `Hook`, or when the database fails.
    pub async fn upgrade(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        fields: Box<CustomerFields>,
        violations: Vec<Violation>,
    ) -> Result<(), Error> {
        self.validate(scope, Some(id), &fields, violations).await?;
        self.check_availability(scope, Some(id), &fields).await?;
        let password_hash = self.hash_of(&fields).await;
        if !scope.calls::<UpdateAssociateBaseType>() {
            return self.execute(scope, Command::Upgrade { id, fields, password_hash }).await.map(drop);
        }
        // An extension may answer without a callback, and then no statement finds out.
        self.check_exists(scope, id).await?;
        let application = to_application(Some(id), &fields);
        let send_emails = fields.send_emails.unwrap_or_default();
        let request = UpdateAssociateBaseTypeRequest { application, associate_id: id.0, send_emails };
        let action = DeferredAction::Execute(Command::Upgrade { id, fields, password_hash });
        self.call_hook::<UpdateAssociateBaseType>(scope, request, action).await.map(drop)
    }
}
