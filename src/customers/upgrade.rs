//! The upgrade: "performs the exact work of the Update call, except that it: 1. Logs the change to the
//! CRM_AssociateTypeChanges table", "including placing them in the Sponsor tree", through the hook
//! `Associates.Enrollment.UpdateAssociateBaseType` (DirectScale, Upgrade Customer page).

use super::application::{ExtraFields, apply, asked};
use super::hooked::{Work, WorkOf};
use super::model::{CustomerFields, CustomerId};
use super::service::{Customers, Error, Scope};
use super::store::ValuesRecord;
use super::violation::Violation;
use crate::extension::{
    ApplicationResponse, EnrollmentResponse, UpdateAssociateBaseType, UpdateAssociateBaseTypeRequest,
};

impl Customers {
    /// Upgrades a customer. `violations` are those that were found while reading the request.
    ///
    /// # Errors
    /// `UnknownCustomer`, `Rejected` with every violation, `NoSuchUpgrade`, `Hook`, or when the database fails.
    pub async fn upgrade(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        values: CustomerFields,
        violations: Vec<Violation>,
    ) -> Result<ApplicationResponse, Error> {
        self.check(scope, Some(id), &values, violations).await?;
        self.check_availability(scope, Some(id), &values).await?;
        let password_hash = self.kept_password::<UpdateAssociateBaseType>(scope, &values).await;
        let (application, beside) = apply(Some(id), values);
        let send_emails = beside.send_emails.unwrap_or_default();
        let request = UpdateAssociateBaseTypeRequest { application, associate_id: id.0, send_emails };
        let work =
            WorkOf { customer: Some(id), work: Work::Upgrade { beside: ExtraFields { password_hash, ..beside } } };
        let response = self
            .hook::<UpdateAssociateBaseType, _>(scope, request, work, |request, work| async move {
                let Work::Upgrade { beside } = work.work else { return Err(Error::WrongWork) };
                self.write_upgrade(scope, work.customer, request, beside).await
            })
            .await?;
        Ok(response.application_response)
    }

    /// The default work of [`UpdateAssociateBaseType`]. The customer is the one of the vendor's call, whatever the
    /// extension made of the request.
    pub(super) async fn write_upgrade(
        &self,
        scope: &Scope<'_>,
        id: Option<CustomerId>,
        request: UpdateAssociateBaseTypeRequest,
        beside: ExtraFields,
    ) -> Result<EnrollmentResponse, Error> {
        let id = id.ok_or(Error::WrongWork)?;
        // The request's word on mail counts where the extension has said it, be it the caller's.
        let mut beside = beside.with_send_emails(request.send_emails);
        let kept = beside.password_hash.take();
        let values = asked(request.application, beside);
        let from = scope.plan.upgrade_from(values.customer_type.unwrap_or_default());
        let password_hash = self.hash_of(&values).await.or(kept);
        let record = ValuesRecord::new(values, password_hash, scope.plan);
        let back_office_id = self.write_whole(scope, id, &record, Some(&from)).await?;
        let application_response =
            ApplicationResponse { associate_id: id.0, back_office_id: Some(back_office_id), payment_status: None };
        Ok(EnrollmentResponse { application_response })
    }
}
