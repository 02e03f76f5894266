//! Creating a customer: the checks and the write, each through its hook.

use sqlx::PgConnection;

use super::application::{ExtraFields, apply, asked, tidied};
use super::hooked::{Work, WorkOf};
use super::model::{CustomerFields, CustomerId};
use super::passwords::PasswordHashText;
use super::profile::{Company, companies};
use super::service::{Attempts, Customers, Error, Scope, Wanted, conclude, reject};
use super::store::{self, ValuesRecord};
use super::text::alias_of;
use super::validation::Rules;
use super::violation::{Violation, ViolationKind};
use crate::extension::{
    ApplicationResponse, EnrollmentResponse, GetNewBackOfficeId, GetNewBackOfficeIdRequest, WriteApplication,
    WriteApplicationRequest,
};
use crate::field::Field;
use crate::plan::TextPhoneDefault;

/// A customer of a seed file.
#[derive(Debug, Clone)]
pub struct SeedCustomer {
    /// The id that it must get, or the next one.
    pub id: Option<CustomerId>,
    pub values: CustomerFields,
    /// The hash of its password, where that is given and not the password.
    pub password_hash: Option<PasswordHashText>,
}

/// A customer that is about to be written.
#[derive(Debug, Clone, Copy)]
struct New<'a> {
    reserved: Option<CustomerId>,
    record: &'a ValuesRecord,
    sponsor: Option<i32>,
    alias: Option<&'a str>,
    companies: &'a [Company],
}

impl Customers {
    /// Creates a customer and answers its id. `violations` are those that were found while reading the request.
    ///
    /// # Errors
    /// `Rejected` with every violation, `Hook`, or when the database fails.
    pub async fn create(
        &self,
        scope: &Scope<'_>,
        values: CustomerFields,
        violations: Vec<Violation>,
    ) -> Result<CustomerId, Error> {
        self.check(scope, None, &values, violations).await?;
        self.check_availability(scope, None, &values).await?;
        let (reserved, values) = self.with_new_back_office_id(scope, values).await?;
        let password_hash = self.kept_password::<WriteApplication>(scope, &values).await;
        let (application, beside) = apply(None, values);
        let send_emails = beside.send_emails.unwrap_or_default();
        let request = WriteApplicationRequest { application, send_emails };
        let work =
            WorkOf { customer: reserved, work: Work::Create { beside: ExtraFields { password_hash, ..beside } } };
        let response = self
            .hook::<WriteApplication, _>(scope, request, work, |request, work| async move {
                let Work::Create { beside } = work.work else { return Err(Error::WrongWork) };
                self.write_application(scope, work.customer, request, beside).await
            })
            .await?;
        Ok(CustomerId(response.application_response.associate_id))
    }

    /// What the rules that need no other customer say of a new one.
    #[must_use]
    pub fn violations_of(&self, scope: &Scope<'_>, values: &CustomerFields) -> Vec<Violation> {
        Rules { plan: scope.plan, now: scope.now }.whole(None, values)
    }

    /// The default work of [`WriteApplication`].
    pub(super) async fn write_application(
        &self,
        scope: &Scope<'_>,
        reserved: Option<CustomerId>,
        request: WriteApplicationRequest,
        beside: ExtraFields,
    ) -> Result<EnrollmentResponse, Error> {
        let mut beside = beside.with_send_emails(request.send_emails);
        let kept = beside.password_hash.take();
        let values = asked(request.application, beside);
        let back_office_id = values.back_office_id.clone();
        let id = self.write_new(scope, reserved, values, kept).await?;
        let application_response = ApplicationResponse { associate_id: id.0, back_office_id, payment_status: None };
        Ok(EnrollmentResponse { application_response })
    }

    async fn write_new(
        &self,
        scope: &Scope<'_>,
        reserved: Option<CustomerId>,
        values: CustomerFields,
        kept_password: Option<String>,
    ) -> Result<CustomerId, Error> {
        let mut values = values;
        let (key, profile) = (values.key.take(), values.profile.take());
        let sponsor = values.sponsor_id;
        let alias = default_alias(&values);
        // The other vendors' phones are fields of their own, and nothing is put into them that was not sent.
        if scope.plan.text_phone_default == TextPhoneDefault::PrimaryPhone && !scope.is_lenient {
            values.text_phone = values.text_phone.or_else(|| values.primary_phone.clone());
        }
        let password_hash = self.hash_of(&values).await.or(kept_password);
        let record = ValuesRecord::new(values, password_hash, scope.plan);
        let new =
            New { reserved, record: &record, sponsor, alias: alias.as_deref(), companies: companies(profile.as_ref()) };
        if scope.events.is_none() && key.is_none() && profile.is_none() {
            return self.insert(scope, new).await;
        }
        let mut attempts = Attempts::default();
        loop {
            let write = async |within: Self| {
                let id = within.insert(scope, new).await?;
                within.write_profile(scope, id, key, profile.as_ref()).await?;
                Ok(id)
            };
            let written = match scope.events {
                Some(settings) => Box::pin(self.with_create_events(scope, settings, write)).await,
                None => Box::pin(self.at_once(scope, write)).await,
            };
            match written {
                Err(Error::Changed) if attempts.may_try_again() => {}
                written => return written,
            }
        }
    }

    async fn insert(&self, scope: &Scope<'_>, new: New<'_>) -> Result<CustomerId, Error> {
        let New { reserved, record, sponsor, alias, companies } = new;
        let wanted = Wanted { id: None, record, sponsor, companies };
        let mut attempts = Attempts::default();
        loop {
            let mut session = self.database.session().await?;
            let connection = session.connection();
            let created = store::create(connection, scope, reserved, record, alias).await;
            let created = session.end(created);
            if let Some(id) = self.settle(scope, wanted, created, &mut attempts).await? {
                return Ok(id);
            }
        }
    }

    /// Asks the hook for a BackOfficeId where none was sent; the customer's id is reserved for that. Where no extension
    /// answers the hook, the write makes one.
    async fn with_new_back_office_id(
        &self,
        scope: &Scope<'_>,
        mut values: CustomerFields,
    ) -> Result<(Option<CustomerId>, CustomerFields), Error> {
        if values.back_office_id.is_some() || !scope.calls::<GetNewBackOfficeId>() {
            return Ok((None, values));
        }
        let mut session = self.database.session().await?;
        let reserved = store::reserve_id(session.connection(), scope.tenant).await;
        let reserved = session.end(reserved)?;
        let request = GetNewBackOfficeIdRequest {
            associate_base_type: values.customer_type.unwrap_or_default(),
            associate_id: reserved.0,
            enroller_id: values.sponsor_id.unwrap_or_default(),
        };
        let work = WorkOf { customer: Some(reserved), work: Work::Ask };
        let response = self
            .hook::<GetNewBackOfficeId, _>(scope, request, work, |request, _| self.new_back_office_id(scope, request))
            .await?;
        values.back_office_id = response.back_office_id;
        let values = tidied(values);
        let rules = Rules { plan: scope.plan, now: scope.now };
        let only = CustomerFields { back_office_id: values.back_office_id.clone(), ..CustomerFields::default() };
        reject(rules.sent(&only), Vec::new())?;
        Ok((Some(reserved), values))
    }

    /// Creates the customer of a seed file within the seed's transaction. It is held to formats but not to the required
    /// fields: a world has a root, which has no sponsor. No hook is called.
    ///
    /// # Errors
    /// `Rejected` with the violations, or when the database fails.
    pub async fn create_from_seed(
        &self,
        connection: &mut PgConnection,
        scope: &Scope<'_>,
        seed: SeedCustomer,
    ) -> Result<CustomerId, Error> {
        let SeedCustomer { id, values, password_hash } = seed;
        let rules = Rules { plan: scope.plan, now: scope.now };
        let is_required = |violation: &Violation| {
            violation.field != Field::CustomerType && matches!(violation.rule, ViolationKind::Required(_))
        };
        let violations = rules.whole(id, &values).into_iter().filter(|violation| !is_required(violation)).collect();
        reject(Vec::new(), violations)?;
        let sponsor = values.sponsor_id;
        let alias = default_alias(&values);
        let mut record = self.record(values, scope.plan).await;
        if let Some(hash) = password_hash {
            record.password_hash = Some(hash.into_text());
        }
        let taken = store::taken(connection, scope.tenant, None, &record).await?;
        reject(Vec::new(), taken)?;
        let outcome = store::create(connection, scope, id, &record, alias.as_deref()).await?;
        conclude(outcome, &record, sponsor, Vec::new())
    }
}

/// The web alias that a new customer gets when it sends none (vendor's engine: it defaults to the username).
fn default_alias(values: &CustomerFields) -> Option<String> {
    if values.web_alias.is_some() {
        return None;
    }
    values.username.as_deref().and_then(alias_of)
}
