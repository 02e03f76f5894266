//! Creating a customer: the checks, and the write through its hook.

use sqlx::PgConnection;

use super::defaults::with_defaults;
use super::error::{Error, Violation, ViolationKind, reject};
use super::hooks::DeferredAction;
use super::passwords::PasswordHashText;
use super::scope::Scope;
use super::service::Customers;
use super::store::{self, Columns, WriteOutcome};
use super::write::{Command, NewCustomer, rejected_write};
use crate::extension::{
    GetNewBackOfficeId, GetNewBackOfficeIdRequest, WriteApplication, WriteApplicationRequest, to_application,
};
use crate::model::{CustomerFields, CustomerId, Field, FieldMask};

/// A customer of a seed file.
#[derive(Debug, Clone)]
pub struct SeedCustomer {
    /// `None` for the next id.
    pub id: Option<CustomerId>,
    pub fields: CustomerFields,
    /// The hash of its password, instead of the password itself.
    pub password_hash: Option<PasswordHashText>,
}

impl Customers {
    /// Creates a customer and returns its id. `violations` are those of reading the request.
    ///
    /// # Errors
    /// `Rejected` with every violation, `Hook`, or when the database fails.
    pub async fn create(
        &self,
        scope: &Scope<'_>,
        customer: impl Into<NewCustomer>,
        violations: Vec<Violation>,
    ) -> Result<CustomerId, Error> {
        let mut customer = Box::new(customer.into());
        self.validate(scope, None, &customer.fields, violations).await?;
        self.check_availability(scope, None, &customer.fields).await?;
        let reserved = self.call_back_office_id_hook(scope, &mut customer.fields).await?;
        let password_hash = self.hash_of(&customer.fields).await;
        if !scope.calls::<WriteApplication>() {
            return self.execute(scope, Command::Create { reserved, customer, password_hash }).await;
        }
        let application = to_application(None, &customer.fields);
        let send_emails = customer.fields.send_emails.unwrap_or_default();
        let request = WriteApplicationRequest { application, send_emails };
        let action = DeferredAction::Execute(Command::Create { reserved, customer, password_hash });
        let response = self.call_hook::<WriteApplication>(scope, request, action).await?;
        Ok(CustomerId(response.application_response.associate_id))
    }

    /// The violations of a new customer that need no database.
    #[must_use]
    pub fn violations_of(&self, scope: &Scope<'_>, fields: &CustomerFields) -> Vec<Violation> {
        scope.validator().whole(None, fields)
    }

    /// Calls the hook for a BackOfficeId if the request has none, and reserves the customer's id for this call. If no extension
    /// answers the hook, the write generates one.
    async fn call_back_office_id_hook(
        &self,
        scope: &Scope<'_>,
        fields: &mut CustomerFields,
    ) -> Result<Option<CustomerId>, Error> {
        if fields.back_office_id.is_some() || !scope.calls::<GetNewBackOfficeId>() {
            return Ok(None);
        }
        let reserve = self.database.in_transaction(async |connection| {
            // A reset replaces the counter.
            store::enter_tenant(connection, scope.tenant).await?;
            store::reserve_id(connection, scope.tenant).await?.ok_or(Error::UnknownTenant)
        });
        let reserved = Box::pin(reserve).await?;
        let request = GetNewBackOfficeIdRequest {
            associate_base_type: fields.customer_type.unwrap_or_default(),
            associate_id: reserved.0,
            enroller_id: fields.sponsor_id.unwrap_or_default(),
        };
        let response = self.call_hook::<GetNewBackOfficeId>(scope, request, DeferredAction::Answer).await?;
        let mut returned = CustomerFields { back_office_id: response.back_office_id, ..CustomerFields::default() };
        returned.normalize();
        reject(scope.validator().formats(&returned))?;
        fields.back_office_id = returned.back_office_id;
        Ok(Some(reserved))
    }

    /// Creates the customer of a seed file within the seed's transaction. Formats are checked, required fields are not: the
    /// root of a tenant has no sponsor. No hook is called.
    ///
    /// # Errors
    /// `Rejected` with the violations, or when the database fails.
    pub async fn create_from_seed(
        &self,
        connection: &mut PgConnection,
        scope: &Scope<'_>,
        seed: SeedCustomer,
    ) -> Result<CustomerId, Error> {
        let SeedCustomer { id, fields, password_hash } = seed;
        let is_required = |violation: &Violation| {
            violation.field != Field::CustomerType && matches!(violation.kind, ViolationKind::Required(_))
        };
        let mut violations = scope.validator().whole(id, &fields);
        violations.retain(|violation| !is_required(violation));
        reject(violations)?;
        let password_hash = match password_hash {
            Some(hash) => Some(hash.into_text()),
            None => self.hash_of(&fields).await,
        };
        let fields = with_defaults(fields, scope);
        let password_hash = password_hash.as_deref();
        let columns = Columns { plan: scope.plan, fields: &fields, mask: FieldMask::ALL, password_hash };
        reject(store::conflicts(connection, scope.tenant, None, &columns).await?)?;
        match store::create(connection, scope, id, &columns).await? {
            WriteOutcome::Done(id) => Ok(id),
            WriteOutcome::UnknownCustomer | WriteOutcome::Unmatched(_) => Err(Error::UnknownCustomer),
            WriteOutcome::UnknownTenant => Err(Error::UnknownTenant),
            WriteOutcome::Rejected(rejected) => Err(rejected_write(rejected, &columns, Vec::new())),
        }
    }
}
