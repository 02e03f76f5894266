//! The hooks that operations on customers call, and what a callback of each executes.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

use super::error::{Error, Violation, ViolationKind, reject};
use super::scope::Scope;
use super::service::Customers;
use super::store;
use super::write::Command;
use crate::database::{DatabaseError, TenantId};
use crate::extension::{
    Application, ApplicationResponse, Callback, CallbackToken, EnrollmentResponse, GetNewBackOfficeId,
    GetNewBackOfficeIdRequest, GetNewBackOfficeIdResponse, Hook, HookError, IsEmailAvailable, IsEmailAvailableRequest,
    IsEmailAvailableResponse, IsTaxIdAvailable, IsTaxIdAvailableRequest, IsTaxIdAvailableResponse, NoResponse,
    UpdateAssociate, UpdateAssociateBaseType, UpdateAssociateBaseTypeRequest, UpdateAssociateRequest,
    ValidateApplication, ValidateApplicationRequest, WriteApplication, WriteApplicationRequest, from_application,
    from_associate,
};
use crate::model::{CustomerFields, CustomerId, Field, FieldMask};
use crate::plan::UniqueField;
use crate::wire::any_case;

/// The command that a callback executes while its hook runs. Stored in `hook_calls`, so that any server can answer the callback.
#[derive(Debug, Serialize, Deserialize)]
struct DeferredCommand {
    caller: String,
    request: Uuid,
    #[serde(default)]
    is_lenient: bool,
    action: DeferredAction,
    /// The request that the extension received, without the password. Members that its callback omits keep these values.
    sent: Value,
}

/// The action that a hook guards and its callback executes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum DeferredAction {
    /// Answers from the database. It needs only the body of the callback.
    Answer,
    /// Validates an application. `id` is `None` for a new customer.
    Validate {
        id: Option<CustomerId>,
        fields: Box<CustomerFields>,
        has_password: bool,
    },
    Execute(Command),
}

/// The request that called the hook of a callback.
#[derive(Debug, Clone)]
pub struct HookedRequest {
    /// The name of its credential.
    pub caller: String,
    pub id: Uuid,
    /// Whether the lenient plan applies to it.
    pub is_lenient: bool,
}

/// The request that called the hook of a callback.
///
/// # Errors
/// `UnreadableCommand`.
pub fn hooked_request(callback: &Callback) -> Result<HookedRequest, Error> {
    let DeferredCommand { caller, request, is_lenient, .. } = deferred(callback)?;
    Ok(HookedRequest { caller, id: request, is_lenient })
}

fn deferred(callback: &Callback) -> Result<DeferredCommand, Error> {
    serde_json::from_value(callback.context.clone()).map_err(|_| Error::UnreadableCommand)
}

impl Customers {
    /// Calls the extension that answers the hook `H`, with `action` stored for its callback.
    pub(super) async fn call_hook<H: Hook>(
        &self,
        scope: &Scope<'_>,
        request: H::Request,
        action: DeferredAction,
    ) -> Result<H::Response, Error> {
        let deferred = DeferredCommand {
            caller: scope.caller.to_owned(),
            request: scope.request,
            is_lenient: scope.is_lenient,
            action,
            sent: without_password(&request),
        };
        let context = serde_json::to_value(deferred).expect("invariant: plain data is JSON");
        // Boxed, because it is rare and its future is large.
        let called = Box::pin(self.hooks.call::<H>(&self.database, &scope.hook_context(), request, context)).await;
        called.map_err(|error| match error {
            HookError::Extension(failure) => Error::Hook(failure),
            HookError::Database(error) => error.into(),
        })
    }

    /// The tenants whose extension presents this token.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn extensions_of(&self, bearer: &str) -> Result<Vec<TenantId>, DatabaseError> {
        self.hooks.tenants_of(&self.database, bearer).await
    }

    /// Uses up the token of a callback. It is valid once, and only while its hook runs.
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

    /// Executes the action of a hook with the body of its callback, in one transaction that is committed only if the hook still
    /// runs. `None` if it does not.
    ///
    /// # Errors
    /// Those of the command; `Unreadable` for a body that cannot be read.
    pub async fn call_back(
        &self,
        scope: &Scope<'_>,
        hook: &str,
        callback: &Callback,
        request: Value,
    ) -> Result<Option<Value>, Error> {
        let deferred = deferred(callback)?;
        // Before the transaction, so that no connection is held meanwhile.
        let password_hash = self.hash_in_callback(hook, &deferred, &request).await;
        let _guard = self.database.locks().enter_again(scope.tenant).await.map_err(DatabaseError::from)?;
        let recorded = scope.recorder.transaction();
        let (within, transaction) = self.begin();
        // Before the row of the hook: a reset of the tenant locks them in this order.
        within.enter_tenant(scope).await?;
        if !callback.mark_committed(&within.database).await? {
            transaction.roll_back().await?;
            return Ok(None);
        }
        let outcome = Box::pin(within.execute_deferred(scope, hook, deferred, request, password_hash)).await;
        self.end(recorded, transaction, outcome).await.map(Some)
    }

    /// The hash of the password in the application of a callback, if it has one.
    async fn hash_in_callback(&self, hook: &str, deferred: &DeferredCommand, request: &Value) -> Option<String> {
        let (request, sent) = (request.clone(), &deferred.sent);
        let application = match hook {
            WriteApplication::ID => read::<WriteApplicationRequest>(request, sent).ok()?.application,
            UpdateAssociateBaseType::ID => read::<UpdateAssociateBaseTypeRequest>(request, sent).ok()?.application,
            _ => return None,
        };
        let mut fields = CustomerFields::default();
        from_application(application, &mut fields);
        fields.normalize();
        self.hash_of(&fields).await
    }

    /// `new_hash` is that of the password in the callback.
    async fn execute_deferred(
        &self,
        scope: &Scope<'_>,
        hook: &str,
        deferred: DeferredCommand,
        request: Value,
        new_hash: Option<String>,
    ) -> Result<Value, Error> {
        let DeferredCommand { action, sent, .. } = deferred;
        match (hook, action) {
            (
                WriteApplication::ID,
                DeferredAction::Execute(Command::Create { reserved, mut customer, password_hash }),
            ) => {
                let WriteApplicationRequest { application, send_emails } = read(request, &sent)?;
                customer.fields.send_emails = Some(send_emails);
                merge_application(scope, None, &mut customer.fields, application, password_hash.is_some())?;
                let password_hash = new_hash.or(password_hash);
                let command = Command::Create { reserved, customer, password_hash };
                self.enroll(scope, command).await
            }
            (
                UpdateAssociateBaseType::ID,
                DeferredAction::Execute(Command::Upgrade { id, mut fields, password_hash }),
            ) => {
                let UpdateAssociateBaseTypeRequest { application, send_emails, .. } = read(request, &sent)?;
                fields.send_emails = Some(send_emails);
                merge_application(scope, Some(id), &mut fields, application, password_hash.is_some())?;
                let password_hash = new_hash.or(password_hash);
                self.enroll(scope, Command::Upgrade { id, fields, password_hash }).await
            }
            (UpdateAssociate::ID, DeferredAction::Execute(mut command)) => {
                let before: UpdateAssociateRequest = read(Value::Null, &sent)?;
                let request: UpdateAssociateRequest = read(request, &sent)?;
                let sent = from_associate(&before.updated_associate_info);
                let altered = from_associate(&request.updated_associate_info);
                merge_associate(scope, &mut command, &altered, altered.differences(&sent))?;
                self.execute(scope, command).await?;
                answer(NoResponse {})
            }
            (ValidateApplication::ID, DeferredAction::Validate { id, mut fields, has_password }) => {
                let ValidateApplicationRequest { application } = read(request, &sent)?;
                from_application(application, &mut fields);
                fields.normalize();
                reject(violations_but_password(scope, id, &fields, has_password))?;
                answer(NoResponse {})
            }
            (IsEmailAvailable::ID, DeferredAction::Answer) => {
                let IsEmailAvailableRequest { email_address } = read(request, &sent)?;
                let email = email_address.unwrap_or_default();
                let is_available = self.is_free(scope, UniqueField::EmailAddress, &email).await?;
                answer(IsEmailAvailableResponse { is_available })
            }
            (IsTaxIdAvailable::ID, DeferredAction::Answer) => {
                let IsTaxIdAvailableRequest { tax_id } = read(request, &sent)?;
                let available = self.is_free(scope, UniqueField::TaxId, &tax_id.unwrap_or_default()).await?;
                answer(IsTaxIdAvailableResponse { available })
            }
            (GetNewBackOfficeId::ID, DeferredAction::Answer) => {
                let GetNewBackOfficeIdRequest { associate_id, .. } = read(request, &sent)?;
                let generated = self
                    .database
                    .run(async |connection| store::new_back_office_id(connection, scope, associate_id).await);
                let back_office_id = Some(generated.await?);
                answer(GetNewBackOfficeIdResponse { back_office_id })
            }
            _ => Err(Error::UnreadableCommand),
        }
    }

    /// Executes a creation or an upgrade, and answers as the hooks on applications do.
    async fn enroll(&self, scope: &Scope<'_>, command: Command) -> Result<Value, Error> {
        let id = self.execute(scope, command).await?;
        let back_office_id = self.get(scope, id).await?.fields.back_office_id;
        let application_response = ApplicationResponse { associate_id: id.0, back_office_id, payment_status: None };
        answer(EnrollmentResponse { application_response })
    }
}

/// The request of a hook as it is stored while the hook runs.
fn without_password(request: &impl Serialize) -> Value {
    let mut sent = serde_json::to_value(request).expect("invariant: plain data is JSON");
    if let Some(password) = sent.pointer_mut("/Application/Password") {
        *password = Value::Null;
    }
    sent
}

/// Merges the application of a callback into `fields` and validates them: all rules if `ValidateApplication` is the vendor's own,
/// otherwise formats only, because the extension decides what is required.
fn merge_application(
    scope: &Scope<'_>,
    id: Option<CustomerId>,
    fields: &mut CustomerFields,
    application: Application,
    has_password: bool,
) -> Result<(), Error> {
    from_application(application, fields);
    fields.normalize();
    if !scope.calls::<ValidateApplication>() {
        return reject(violations_but_password(scope, id, fields, has_password));
    }
    let mut violations = scope.validator().formats(fields);
    if id.is_some_and(|id| fields.sponsor_id == Some(id.0)) {
        violations.push(Violation { field: Field::SponsorId, kind: ViolationKind::SponsorIsSelf });
    }
    reject(violations)
}

/// Merges the fields that an extension altered into the command, and validates the change.
fn merge_associate(
    scope: &Scope<'_>,
    command: &mut Command,
    altered: &CustomerFields,
    mask: FieldMask,
) -> Result<(), Error> {
    match command {
        Command::Replace { id, fields, password_hash } => {
            fields.merge(altered, mask);
            reject(violations_but_password(scope, Some(*id), fields, password_hash.is_some()))
        }
        Command::Patch { patch, .. } => {
            patch.fields.merge(altered, mask);
            let mut violations = Vec::new();
            for field in mask.each() {
                if field.whole().is_patchable() {
                    patch.mask.insert(field);
                } else {
                    violations.push(Violation { field, kind: ViolationKind::Unsupported });
                }
            }
            violations.extend(scope.validator().partial(patch));
            reject(violations)
        }
        Command::Create { .. } | Command::Upgrade { .. } => Err(Error::UnreadableCommand),
    }
}

/// The violations of a whole customer. A password that an extension leaves out was validated before the hook ran.
fn violations_but_password(
    scope: &Scope<'_>,
    id: Option<CustomerId>,
    fields: &CustomerFields,
    has_password: bool,
) -> Vec<Violation> {
    let is_validated =
        |violation: &Violation| has_password && fields.password.is_none() && violation.field == Field::Password;
    let mut violations = scope.validator().whole(id, fields);
    violations.retain(|violation| !is_validated(violation));
    violations
}

/// Reads the body of a callback. Members that it omits are those of the request that the extension received.
fn read<T: DeserializeOwned>(request: Value, sent: &Value) -> Result<T, Error> {
    any_case::read_over(request, sent).map_err(|error| Error::Unreadable(error.to_string()))
}

#[expect(clippy::unnecessary_wraps, reason = "the last step of each action")]
fn answer(response: impl Serialize) -> Result<Value, Error> {
    Ok(serde_json::to_value(response).expect("invariant: plain data is JSON"))
}
