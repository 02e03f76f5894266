//! Writing customers: created, and updated where an Id, a Key or an e-mail address says whom.

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode};

use super::document::view;
use super::error::ErrorMessage;
use super::problem::Problem;
use super::query;
use super::rejected::Key;
use super::schema::StormCustomerRequest;
use super::wire::read::read;
use super::wire::{Request, answer, json, request};
use super::written::{Written, created, updated};
use crate::customers::{
    CustomerFields, CustomerId, Error as CustomerError, LookUp, NewCustomer, Patch, Profile, ProfileOwner, Profiled,
    Scope,
};
use crate::gateway::{Call, Reply};
use crate::model::Field;
use crate::secret::Password;
use crate::wire::relaxed::Leniency;

/// So often an update is laid over a customer that somebody else wrote meanwhile. Each time another one is done, so that
/// many who update one customer at once all come to an end.
const MOST_ATTEMPTS: u32 = 100;

/// The operations that update: they differ in their parameters.
macro_rules! updates {
    ($($handler:ident, $path:literal, $name:literal, $doc:literal, ($($more:tt)*), $password:expr;)*) => {
        $(
            #[doc = $doc]
            #[utoipa::path(
                post,
                path = $path,
                operation_id = $name,
                params(
                    $($more)*
                    ("updatedBy" = i32, Query, description = "Account internal id of current user; any number is accepted."),
                    ("cultureCode" = Option<String>, Query, description = "Texts are English whatever it says."),
                    ("format" = Option<String>, Query, description = "`json`, which all answers are."),
                ),
                request_body = StormCustomerRequest,
                responses(
                    (status = 200, description = "The customer", body = answer::Customer),
                    (status = 400, description = "Rejected, with the keys of all that is wrong", body = ErrorMessage),
                ),
                extensions(("x-evidence" = json!({
                    "class": "documented", "source": "UpdateCustomer page; what it leaves open is inferred and chosen"
                })))
            )]
            pub(super) async fn $handler(call: Arc<Call>) -> Result<Reply, Problem> {
                let password: fn(&Call) -> Option<Password> = $password;
                let password = password(&call);
                update(&call, password).await
            }
        )*
    };
}

updates! {
    update_customer, "/CustomerService.svc/rest/UpdateCustomer", "StormUpdateCustomer",
        "Update a customer: `UpdateCustomer3` with an empty password", (), |_| None;
    update_customer2, "/CustomerService.svc/rest/UpdateCustomer2", "StormUpdateCustomer2",
        "Update a customer and its password", (("password" = Option<String>, Query),), query::password;
    update_customer3, "/CustomerService.svc/rest/UpdateCustomer3", "StormUpdateCustomer3",
        "Update a customer and its password; no mail is ever sent",
        (("password" = Option<String>, Query), ("doSendMail" = Option<String>, Query),), query::password;
}

/// The operations that create: they differ in their parameters.
macro_rules! creations {
    ($($handler:ident, $path:literal, $name:literal, $doc:literal, ($($more:tt)*), $password:expr;)*) => {
        $(
            #[doc = $doc]
            #[utoipa::path(
                post,
                path = $path,
                operation_id = $name,
                params(
                    $($more)*
                    ("createdBy" = Option<String>, Query, description = "Account internal id of current user."),
                    ("cultureCode" = Option<String>, Query, description = "Texts are English whatever it says."),
                    ("format" = Option<String>, Query, description = "`json`, which all answers are."),
                ),
                request_body = StormCustomerRequest,
                responses(
                    (status = 200, description = "The customer", body = answer::Customer),
                    (status = 400, description = "Rejected, with the keys of all that is wrong", body = ErrorMessage),
                ),
                extensions(("x-evidence" = json!({
                    "class": "client-observed", "source": "the service's published contract; its rules are those of UpdateCustomer"
                })))
            )]
            pub(super) async fn $handler(call: Arc<Call>) -> Result<Reply, Problem> {
                let password: fn(&Call) -> Option<Password> = $password;
                let password = password(&call);
                create(&call, password).await
            }
        )*
    };
}

creations! {
    create_customer, "/CustomerService.svc/rest/CreateCustomer", "StormCreateCustomer", "Create a customer", (), |_| None;
    create_customer2, "/CustomerService.svc/rest/CreateCustomer2", "StormCreateCustomer2",
        "Create a customer with a password", (("password" = Option<String>, Query),), query::password;
    create_customer3, "/CustomerService.svc/rest/CreateCustomer3", "StormCreateCustomer3",
        "Create a customer with a password; no mail is ever sent",
        (("password" = Option<String>, Query), ("doSendMail" = Option<String>, Query),), query::password;
}

async fn update(call: &Call, password: Option<Password>) -> Result<Reply, Problem> {
    let scope = call.lenient_scope();
    let updated_by = query::updated_by(call);
    // Read in any case: what does not count in it is named whatever the answer.
    let request = body(call, &scope);
    let (updated_by, request) = (updated_by?, request?);
    for _ in 0..MOST_ATTEMPTS {
        let Some(id) = find(call, &scope, &request.wanted).await? else {
            // What could not be read may be why nobody was found.
            let missing = std::iter::once(Key::CustomerMissing.into());
            return Err(Problem::Rejected(missing.chain(request.rejected).collect()));
        };
        let current = call.services.customers.profiled(&scope, id, ProfileOwner::Storm).await?;
        let written = updated(&request, &current, &scope.plan.storm).map_err(Problem::Rejected)?;
        let mut ignored = written.ignored.clone();
        ignored.extend(query::ignored(call));
        if password.is_none() && written.changes_nothing(&current.fields) {
            return Ok(reply(&current, &scope).ignoring(ignored));
        }
        let password = password.clone().or_else(|| generate_password(call, &scope, &written));
        let patch = patch(written.by(updated_by), &current, password);
        match call.services.customers.patch(&scope, id, patch, Vec::new()).await {
            // Somebody else wrote in between: what is kept is read again.
            Err(CustomerError::Changed) => {}
            Err(error) => return Err(error.into()),
            Ok(()) => {
                let current = call.services.customers.profiled(&scope, id, ProfileOwner::Storm).await?;
                return Ok(reply(&current, &scope).ignoring(ignored));
            }
        }
    }
    Err(Problem::Customers(CustomerError::Changed))
}

/// What is written of a customer, guarded by the version that it was made for.
fn patch(written: Written, current: &Profiled, password: Option<Password>) -> Patch {
    let Written { values, mut sent, fields, companies, .. } = written;
    sent.insert_if(Field::Password, password.is_some());
    let profile = Some(Profile { owner: ProfileOwner::Storm, fields, companies });
    Patch { fields: CustomerFields { password, ..values }, mask: sent, profile, version: Some(current.version) }
}

async fn create(call: &Call, password: Option<Password>) -> Result<Reply, Problem> {
    let scope = call.lenient_scope();
    let request = body(call, &scope)?;
    let written = created(&request, &scope.plan.storm).map_err(Problem::Rejected)?;
    let created_by = call.query_parameter("createdBy").map(|text| text.trim().parse());
    let written = match created_by {
        Some(Ok(created_by)) => written.by(created_by),
        _ => written,
    };
    let password = password.or_else(|| generate_password(call, &scope, &written));
    let Written { key, values, fields, companies, mut ignored, .. } = written;
    ignored.extend(query::ignored(call));
    ignored.extend(matches!(created_by, Some(Err(_))).then(|| "createdBy".to_owned()));
    let profile = Some(Profile { owner: ProfileOwner::Storm, fields, companies });
    let customer = NewCustomer { fields: CustomerFields { password, ..values }, uuid: key, profile };
    let id = call.services.customers.create(&scope, customer, Vec::new()).await?;
    let current = call.services.customers.profiled(&scope, id, ProfileOwner::Storm).await?;
    Ok(reply(&current, &scope).ignoring(ignored))
}

/// The password of an account that is made without one: a random one, which nobody learns (Norce, `RegisterCustomer3` page).
fn generate_password(call: &Call, scope: &Scope<'_>, written: &Written) -> Option<Password> {
    written.wants_password.then(|| call.services.customers.random_password(scope))
}

/// The customer in the body.
fn body(call: &Call, scope: &Scope<'_>) -> Result<Request<request::Customer>, Problem> {
    let read = read(call.source(Leniency::Comments), &scope.plan.storm);
    let request = read.map_err(|error| Problem::Unreadable(error.to_string()))?;
    let mut request: Request<request::Customer> = request.ok_or(Key::CustomerMissing)?;
    call.ignore(std::mem::take(&mut request.ignored));
    Ok(request)
}

/// Whom a request means: by Id, else by Key, else by e-mail address.
async fn find(call: &Call, scope: &Scope<'_>, wanted: &request::Customer) -> Result<Option<CustomerId>, Problem> {
    let customers = &call.services.customers;
    if let Some(id) = wanted.id.value() {
        let id = CustomerId(*id);
        return match customers.check_exists(scope, id).await {
            Ok(()) => Ok(Some(id)),
            Err(CustomerError::UnknownCustomer) => Ok(None),
            Err(error) => Err(error.into()),
        };
    }
    if let Some(key) = wanted.key {
        return Ok(customers.find_by_key(scope, key).await?);
    }
    let Some(email) = wanted.email.value() else { return Ok(None) };
    let found = customers.look_up(scope, LookUp::EmailAddress(email)).await?;
    Ok(found.first().map(|customer| customer.id))
}

/// The answer that shows a customer.
pub(super) fn reply(customer: &Profiled, scope: &Scope<'_>) -> Reply {
    shown(view(customer, &scope.plan.storm).to_bytes())
}

pub(super) fn shown(bytes: Vec<u8>) -> Reply {
    Reply::of(StatusCode::OK, HeaderValue::from_static(json::CONTENT_TYPE), bytes)
}
