//! Hooks of the domain: what each one's default work is, and the callbacks that ask for it.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

use super::application::{ExtraFields, asked, tidied};
use super::model::{CustomerFields, CustomerId, Patch};
use super::service::{Customers, Error, Scope, reject};
use super::text::comparable;
use super::validation::Rules;
use super::violation::{Violation, ViolationKind};
use crate::database::{DatabaseError, TenantId};
use crate::extension::{
    Application, Callback, CallbackToken, GetNewBackOfficeId, GetNewBackOfficeIdRequest, GetNewBackOfficeIdResponse,
    Hook, HookError, IsEmailAvailable, IsEmailAvailableRequest, IsEmailAvailableResponse, IsTaxIdAvailable,
    IsTaxIdAvailableRequest, IsTaxIdAvailableResponse, NoResponse, UpdateAssociate, UpdateAssociateBaseType,
    UpdateAssociateBaseTypeRequest, UpdateAssociateRequest, ValidateApplication, ValidateApplicationRequest,
    WriteApplication, WriteApplicationRequest,
};
use crate::field::Field;
use crate::plan::{BackOfficeIdFormat, UniqueField};
use crate::wire::any_case;

/// What the default work of a hook must know besides the hook's request. Kept while the hook runs, so that any server can
/// do the work; it holds no password, at most the hash of a new one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct WorkOf {
    /// The customer, where there is one already.
    pub customer: Option<CustomerId>,
    pub work: Work,
}

/// What is to be done.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Work {
    Ask,
    /// An application is checked, with what it has no member for.
    Check {
        beside: ExtraFields,
        has_password: bool,
    },
    Create {
        beside: ExtraFields,
    },
    Upgrade {
        beside: ExtraFields,
    },
    /// A customer is changed. Boxed, because every upgrade moves this enum.
    Update(Box<Change>),
}

/// The change that the caller asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Change {
    Replace { values: CustomerFields, password_hash: Option<String> },
    Patch { patch: Patch, password_hash: Option<String> },
}

/// A [`WorkOf`] with whose call it was.
#[derive(Debug, Serialize, Deserialize)]
struct Context {
    caller: String,
    request: Uuid,
    #[serde(default)]
    is_lenient: bool,
    work: WorkOf,
    /// The request as the extension was sent it, but for the password: what it leaves out when it calls back is as it was.
    shown: Value,
}

/// The caller, the request id and the rules that a callback's work is done under.
#[derive(Debug, Clone)]
pub struct CalledFor {
    /// The name of the key of the vendor's call.
    pub caller: String,
    /// The id of the vendor's call.
    pub request: Uuid,
    /// Whether it is under the rules of doors that require nothing of anybody.
    pub is_lenient: bool,
}

/// Whose call a callback belongs to.
///
/// # Errors
/// When what was kept cannot be read, which another version of this program wrote.
pub fn called_for(callback: &Callback) -> Result<CalledFor, Error> {
    let Context { caller, request, is_lenient, .. } = context(callback)?;
    Ok(CalledFor { caller, request, is_lenient })
}

fn context(callback: &Callback) -> Result<Context, Error> {
    serde_json::from_value(callback.context.clone()).map_err(|_| Error::WrongWork)
}

impl Customers {
    /// Runs a hook: its default work, or the extension that answers it.
    pub(super) async fn hook<H: Hook, F: Future<Output = Result<H::Response, Error>>>(
        &self,
        scope: &Scope<'_>,
        request: H::Request,
        work: WorkOf,
        default: impl FnOnce(H::Request, WorkOf) -> F,
    ) -> Result<H::Response, Error> {
        if !scope.calls::<H>() {
            return default(request, work).await;
        }
        let (caller, is_lenient) = (scope.caller.to_owned(), scope.is_lenient);
        let context = Context { caller, request: scope.request, is_lenient, work, shown: shown(&request) };
        let context = serde_json::to_value(context).expect("invariant: plain data is JSON");
        let ran = self.hooks.call::<H>(&self.database, &scope.hook_of(), request, context).await;
        ran.map_err(|error| match error {
            HookError::Extension(failure) => Error::Hook(failure),
            HookError::Database(error) => error.into(),
        })
    }

    /// The rules that need no other customer, through the hook `ValidateApplication`. Violations of reading come before it.
    pub(super) async fn check(
        &self,
        scope: &Scope<'_>,
        id: Option<CustomerId>,
        values: &CustomerFields,
        violations: Vec<Violation>,
    ) -> Result<(), Error> {
        let rules = Rules { plan: scope.plan, now: scope.now };
        let mut violations = violations;
        if scope.calls::<ValidateApplication>() {
            // What is required is the hook's to say, but nothing is written that has no type or a broken format.
            violations.extend(rules.sent(values));
            if values.customer_type.is_none() {
                violations.push(Violation { field: Field::CustomerType, rule: ViolationKind::Required(None) });
            }
        } else {
            violations.extend(rules.whole(id, values));
        }
        match id {
            Some(id) => self.reject_known(scope, id, violations, Vec::new()).await?,
            None => reject(violations, Vec::new())?,
        }
        if !scope.calls::<ValidateApplication>() {
            return Ok(());
        }
        if let Some(id) = id {
            self.check_exists(scope, id).await?;
        }
        let (application, beside) = super::application::apply(id, values.clone());
        let has_password = application.password.is_some();
        let request = ValidateApplicationRequest { application };
        let work = WorkOf { customer: id, work: Work::Check { beside, has_password } };
        let validated = self.hook::<ValidateApplication, _>(scope, request, work, |_, _| async { Ok(NoResponse {}) });
        validated.await.map(|NoResponse {}| ())
    }

    /// Asks the hooks whether e-mail address and tax id may be used, where an extension answers them; on an upgrade only
    /// for a value that changes. Without an extension the database alone decides, when it is written.
    pub(super) async fn check_availability(
        &self,
        scope: &Scope<'_>,
        id: Option<CustomerId>,
        values: &CustomerFields,
    ) -> Result<(), Error> {
        if !scope.calls::<IsEmailAvailable>() && !scope.calls::<IsTaxIdAvailable>() {
            return Ok(());
        }
        let current = match id {
            Some(id) => Some(self.get(scope, id).await?),
            None => None,
        };
        let current = current.as_ref();
        let mut violations = Vec::new();
        if let Some(email) = &values.email_address
            && scope.calls::<IsEmailAvailable>()
            && !is_own(current.and_then(|customer| customer.email_address.as_deref()), email)
        {
            let request = IsEmailAvailableRequest { email_address: Some(email.clone()) };
            let work = WorkOf { customer: id, work: Work::Ask };
            let answer = self
                .hook::<IsEmailAvailable, _>(scope, request, work, |request, _| self.is_email_available(scope, request))
                .await?;
            if !answer.is_available {
                let rule = ViolationKind::Unique(Some(email.trim().to_owned()));
                violations.push(Violation { field: Field::EmailAddress, rule });
            }
        }
        if let Some(tax_id) = &values.tax_id
            && scope.calls::<IsTaxIdAvailable>()
            && !is_own(current.and_then(|customer| customer.tax_id.as_deref()), tax_id)
        {
            let request = IsTaxIdAvailableRequest { tax_id: Some(tax_id.clone()) };
            let work = WorkOf { customer: id, work: Work::Ask };
            let answer = self
                .hook::<IsTaxIdAvailable, _>(scope, request, work, |request, _| {
                    self.is_tax_id_available(scope, request)
                })
                .await?;
            if !answer.available {
                violations.push(Violation { field: Field::TaxId, rule: ViolationKind::Unique(None) });
            }
        }
        reject(violations, Vec::new())
    }

    /// The default work of [`IsEmailAvailable`].
    async fn is_email_available(
        &self,
        scope: &Scope<'_>,
        request: IsEmailAvailableRequest,
    ) -> Result<IsEmailAvailableResponse, Error> {
        let value = request.email_address.unwrap_or_default();
        let is_available = self.is_free(scope, UniqueField::EmailAddress, &value).await?;
        Ok(IsEmailAvailableResponse { is_available })
    }

    /// The default work of [`IsTaxIdAvailable`].
    async fn is_tax_id_available(
        &self,
        scope: &Scope<'_>,
        request: IsTaxIdAvailableRequest,
    ) -> Result<IsTaxIdAvailableResponse, Error> {
        let value = request.tax_id.unwrap_or_default();
        let available = self.is_free(scope, UniqueField::TaxId, &value).await?;
        Ok(IsTaxIdAvailableResponse { available })
    }

    /// The default work of [`GetNewBackOfficeId`]: the plan's seed plus the customer's id, or the next free number.
    pub(super) async fn new_back_office_id(
        &self,
        scope: &Scope<'_>,
        request: GetNewBackOfficeIdRequest,
    ) -> Result<GetNewBackOfficeIdResponse, Error> {
        let rule = scope.plan.back_office_id;
        let mut number = i64::from(rule.seed) + i64::from(request.associate_id);
        loop {
            let text = match rule.format {
                BackOfficeIdFormat::Hexadecimal => format!("{number:X}"),
                BackOfficeIdFormat::Decimal => number.to_string(),
            };
            if self.is_free(scope, UniqueField::BackOfficeId, &text).await? {
                return Ok(GetNewBackOfficeIdResponse { back_office_id: Some(text) });
            }
            number += 1;
        }
    }

    /// The default work of [`ValidateApplication`].
    fn validate(
        scope: &Scope<'_>,
        id: Option<CustomerId>,
        application: Application,
        beside: ExtraFields,
        has_password: bool,
    ) -> Result<NoResponse, Error> {
        let values = tidied(asked(application, beside));
        reject(faults_but_password(scope, id, &values, has_password), Vec::new())?;
        Ok(NoResponse {})
    }

    /// The tenants whose extension presents this token.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn extensions_of(&self, bearer: &str) -> Result<Vec<TenantId>, DatabaseError> {
        self.hooks.tenants_of(&self.database, bearer).await
    }

    /// Takes the token of a callback, which is good once and while its hook runs.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim(
        &self,
        tenants: &[TenantId],
        hook: &str,
        token: &CallbackToken,
    ) -> Result<Option<Callback>, DatabaseError> {
        self.hooks.claim(&self.database, tenants, hook, token).await
    }

    /// Does what a callback asks for: the default work of the hook, with the request as the extension altered it, in one
    /// transaction that is only kept when the hook still runs. `None` when it does not.
    ///
    /// # Errors
    /// What the default work rejects or fails with; `Unreadable` for a request that cannot be read.
    pub async fn call_back(
        &self,
        scope: &Scope<'_>,
        hook: &str,
        callback: &Callback,
        request: Value,
    ) -> Result<Option<Value>, Error> {
        let context = context(callback)?;
        let (within, transaction) = self.begin();
        // Before the row of the hook: whoever replaces the world takes them in this order.
        within.enter_tenant(scope).await?;
        if !callback.may_commit(&within.database).await? {
            transaction.roll_back().await?;
            return Ok(None);
        }
        let outcome = Box::pin(within.do_work(scope, hook, context, request)).await;
        self.end(scope.recorder, transaction, outcome).await.map(Some)
    }

    async fn do_work(&self, scope: &Scope<'_>, hook: &str, context: Context, request: Value) -> Result<Value, Error> {
        let Context { work: WorkOf { customer, work }, shown, .. } = context;
        match (hook, work) {
            (UpdateAssociateBaseType::ID, Work::Upgrade { beside }) => {
                let mut request: UpdateAssociateBaseTypeRequest = read(request, &shown)?;
                request.application = checked(scope, customer, request.application, &beside)?;
                answer(self.write_upgrade(scope, customer, request, beside).await?)
            }
            (WriteApplication::ID, Work::Create { beside }) => {
                let mut request: WriteApplicationRequest = read(request, &shown)?;
                request.application = checked(scope, None, request.application, &beside)?;
                let mut response = self.write_application(scope, customer, request, beside).await?;
                let id = CustomerId(response.application_response.associate_id);
                response.application_response.back_office_id = Some(self.get(scope, id).await?.back_office_id);
                answer(response)
            }
            (UpdateAssociate::ID, Work::Update(change)) => {
                let before: UpdateAssociateRequest = read(Value::Null, &shown)?;
                let request: UpdateAssociateRequest = read(request, &shown)?;
                let (altered, shown) = (request.updated_associate_info, before.updated_associate_info);
                answer(self.write_update(scope, customer, altered, *change, shown).await?)
            }
            (ValidateApplication::ID, Work::Check { beside, has_password }) => {
                let request: ValidateApplicationRequest = read(request, &shown)?;
                answer(Self::validate(scope, customer, request.application, beside, has_password)?)
            }
            (IsEmailAvailable::ID, Work::Ask) => answer(self.is_email_available(scope, read(request, &shown)?).await?),
            (IsTaxIdAvailable::ID, Work::Ask) => answer(self.is_tax_id_available(scope, read(request, &shown)?).await?),
            (GetNewBackOfficeId::ID, Work::Ask) => {
                answer(self.new_back_office_id(scope, read(request, &shown)?).await?)
            }
            _ => Err(Error::WrongWork),
        }
    }
}

/// What is kept of a hook's request while the hook runs.
fn shown(request: &impl Serialize) -> Value {
    let mut shown = serde_json::to_value(request).expect("invariant: plain data is JSON");
    if let Some(password) = shown.pointer_mut("/Application/Password") {
        *password = Value::Null;
    }
    shown
}

/// Whether a value is the customer's own already, in the form in which values are compared.
fn is_own(own: Option<&str>, value: &str) -> bool {
    own.is_some_and(|own| comparable(own) == comparable(value))
}

/// An application as an extension altered it, held to the rules: to all of them where `ValidateApplication` is the vendor's
/// own, else to formats, because what is required is the extension's to say.
fn checked(
    scope: &Scope<'_>,
    id: Option<CustomerId>,
    application: Application,
    beside: &ExtraFields,
) -> Result<Application, Error> {
    let values = tidied(asked(application, beside.clone()));
    let rules = Rules { plan: scope.plan, now: scope.now };
    let mut violations = if scope.calls::<ValidateApplication>() {
        rules.sent(&values)
    } else {
        faults_but_password(scope, id, &values, beside.password_hash.is_some())
    };
    if scope.calls::<ValidateApplication>() && id.is_some_and(|id| values.sponsor_id == Some(id.0)) {
        violations.push(Violation { field: Field::SponsorId, rule: ViolationKind::SponsorIsSelf });
    }
    reject(violations, Vec::new())?;
    Ok(super::application::apply(id, values).0)
}

/// The violations of a whole customer. A password that an extension leaves out is as it was, and was checked then.
fn faults_but_password(
    scope: &Scope<'_>,
    id: Option<CustomerId>,
    values: &CustomerFields,
    has_password: bool,
) -> Vec<Violation> {
    let rules = Rules { plan: scope.plan, now: scope.now };
    let is_kept =
        |violation: &Violation| has_password && values.password.is_none() && violation.field == Field::Password;
    rules.whole(id, values).into_iter().filter(|violation| !is_kept(violation)).collect()
}

/// A callback's request over the one that the extension was sent.
fn read<T: DeserializeOwned>(request: Value, shown: &Value) -> Result<T, Error> {
    any_case::read_over(request, shown).map_err(|error| Error::Unreadable(error.to_string()))
}

#[expect(clippy::unnecessary_wraps, reason = "the last step of each work")]
fn answer(response: impl Serialize) -> Result<Value, Error> {
    Ok(serde_json::to_value(response).expect("invariant: plain data is JSON"))
}
