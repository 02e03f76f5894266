//! The upgrade: "performs the exact work of the Update call, except that it: 1. Logs the change to the
//! CRM_AssociateTypeChanges table", "including placing them in the Sponsor tree", through the hook
//! `Associates.Enrollment.UpdateAssociateBaseType` (DirectScale, Upgrade Customer page).

use super::command::Command;
use super::error::Error;
use super::hooks::DeferredAction;
use super::scope::Scope;
use super::service::Customers;
use super::violation::Violation;
use crate::extension::{UpdateAssociateBaseType, UpdateAssociateBaseTypeRequest, to_application};
use crate::model::{CustomerFields, CustomerId};

impl Customers {
    /// `violations` are those of reading the request.
    ///
    /// # Errors
    /// `UnknownCustomer`, `Rejected` with every violation, `NoSuchUpgrade`, `Hook`, or when the database fails.
    pub async fn upgrade(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        fields: CustomerFields,
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
