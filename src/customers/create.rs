//! Creating a customer: the checks, and the write through its hook.

use sqlx::PgConnection;

use super::command::{Command, NewCustomer};
use super::error::{Error, reject};
use super::hooks::DeferredAction;
use super::passwords::PasswordHashText;
use super::scope::Scope;
use super::service::Customers;
use super::store::{self, Columns, WriteOutcome};
use super::text::alias_of;
use super::violation::{Violation, ViolationKind};
use super::write::rejected_write;
use crate::extension::{
    GetNewBackOfficeId, GetNewBackOfficeIdRequest, WriteApplication, WriteApplicationRequest, to_application,
};
use crate::model::{CustomerFields, CustomerId, Field, FieldMask};
use crate::plan::TextPhoneDefault;

/// The status of a customer that is created without one.
const ACTIVE: i32 = 1;

/// A customer of a seed file.
#[derive(Debug, Clone)]
pub struct SeedCustomer {
    /// The id that it must get, or the next one.
    pub id: Option<CustomerId>,
    pub fields: CustomerFields,
    /// The hash of its password, in the place of the password.
    pub password_hash: Option<PasswordHashText>,
}

impl Customers {
    /// Creates a customer and returns its id. `violations` are those that were found while reading the request.
    ///
    /// # Errors
    /// `Rejected` with every violation, `Hook`, or when the database fails.
    pub async fn create(
        &self,
        scope: &Scope<'_>,
        customer: impl Into<NewCustomer>,
        violations: Vec<Violation>,
    ) -> Result<CustomerId, Error> {
        let mut customer = customer.into();
        self.validate(scope, None, &customer.fields, violations).await?;
        self.check_availability(scope, None, &customer.fields).await?;
        let reserved = self.ask_for_back_office_id(scope, &mut customer.fields).await?;
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

    /// The violations of a new customer that can be found without asking the database.
    #[must_use]
    pub fn violations_of(&self, scope: &Scope<'_>, fields: &CustomerFields) -> Vec<Violation> {
        scope.validator().whole(None, fields)
    }

    /// Asks the hook for a BackOfficeId where none was sent, and reserves the customer's id for that. Where no extension
    /// answers the hook, the write generates one.
    async fn ask_for_back_office_id(
        &self,
        scope: &Scope<'_>,
        fields: &mut CustomerFields,
    ) -> Result<Option<CustomerId>, Error> {
        if fields.back_office_id.is_some() || !scope.calls::<GetNewBackOfficeId>() {
            return Ok(None);
        }
        let reserved = self.database.run(async |connection| store::reserve_id(connection, scope.tenant).await).await?;
        let request = GetNewBackOfficeIdRequest {
            associate_base_type: fields.customer_type.unwrap_or_default(),
            associate_id: reserved.0,
            enroller_id: fields.sponsor_id.unwrap_or_default(),
        };
        let response = self.call_hook::<GetNewBackOfficeId>(scope, request, DeferredAction::Answer).await?;
        let mut answered = CustomerFields { back_office_id: response.back_office_id, ..CustomerFields::default() };
        answered.normalize();
        reject(scope.validator().formats(&answered))?;
        fields.back_office_id = answered.back_office_id;
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
            WriteOutcome::Rejected(rejected) => Err(rejected_write(rejected, &columns, Vec::new())),
        }
    }
}

/// What is stored of a new customer, with what is derived from its other fields.
pub(super) fn with_derived(mut fields: CustomerFields, scope: &Scope<'_>) -> CustomerFields {
    // The other vendors' phones are fields of their own, and nothing is put into them that was not sent.
    if scope.plan.text_phone_default == TextPhoneDefault::PrimaryPhone && !scope.is_lenient {
        fields.text_phone = fields.text_phone.or_else(|| fields.primary_phone.clone());
    }
    with_defaults(fields, scope)
}

fn with_defaults(mut fields: CustomerFields, scope: &Scope<'_>) -> CustomerFields {
    fields.set_defaults();
    fields.customer_status.get_or_insert(ACTIVE);
    fields.sign_up_date.get_or_insert(scope.now);
    fields
}

/// The web alias that a new customer gets when it sends none (vendor's engine: it defaults to the username).
pub(super) fn default_alias(fields: &CustomerFields) -> Option<String> {
    if fields.web_alias.is_some() {
        return None;
    }
    fields.username.as_deref().and_then(alias_of)
}
