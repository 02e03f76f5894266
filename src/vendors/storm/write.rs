//! Creates customers, and updates the customer that an Id, a Key or an e-mail address identifies.

use axum::http::{HeaderValue, StatusCode};

use super::changes::Changes;
use super::error::{ErrorCode, StormError};
use super::error_body::ErrorMessage;
use super::query;
use super::view::customer_response;
use super::wire::read::read;
use super::wire::{Parsed, json, request, response};
use crate::customers::{Error as CustomerError, LookUp, Profiled, Scope};
use crate::gateway::{ApiRequest, Reply};
use crate::model::CustomerId;
use crate::secret::Password;
use crate::vendor_facts::ProfileOwner;
use crate::wire::relaxed::Leniency;

/// Maximum number of attempts to update a customer that other requests change at the same time. One of them succeeds in each
/// round, so that many concurrent updates of one customer all come to an end.
const MAX_ATTEMPTS: u32 = 100;

/// The operations that write: they differ in their parameters.
macro_rules! operations {
    ($(
        $write:ident with $account:tt, evidence $class:literal $source:literal:
        $($doc:literal $handler:ident at $path:literal as $id:literal ($($parameter:tt)*) $password:expr;)*
    )*) => {
        $($(
            #[doc = $doc]
            #[utoipa::path(
                post,
                path = $path,
                operation_id = $id,
                params(
                    $($parameter)*
                    $account,
                    ("cultureCode" = Option<String>, Query, description = "Ignored: texts are in English."),
                    ("format" = Option<String>, Query, description = "`json`, the format of every response."),
                ),
                request_body = request::Customer,
                responses(
                    (status = 200, description = "The customer", body = response::Customer),
                    (status = 400, description = "Rejected, with a code for each violation", body = ErrorMessage),
                ),
                extensions(("x-evidence" = json!({ "class": $class, "source": $source })))
            )]
            pub(super) async fn $handler(request: &ApiRequest<'_>) -> Result<Reply, StormError> {
                let password: fn(&ApiRequest<'_>) -> Option<Password> = $password;
                let password = password(request);
                $write(request, password).await
            }
        )*)*
    };
}

operations! {
    update with ("updatedBy" = i32, Query, description = "Account internal id of current user; any number is accepted."),
        evidence "documented" "UpdateCustomer page; what it leaves open is inferred and chosen":

        "Update a customer: `UpdateCustomer3` with an empty password"
        update_customer at "/CustomerService.svc/rest/UpdateCustomer" as "StormUpdateCustomer" () |_| None;

        "Update a customer and its password"
        update_customer2 at "/CustomerService.svc/rest/UpdateCustomer2" as "StormUpdateCustomer2"
            (("password" = Option<String>, Query),) query::password;

        "Update a customer and its password; no mail is ever sent"
        update_customer3 at "/CustomerService.svc/rest/UpdateCustomer3" as "StormUpdateCustomer3"
            (("password" = Option<String>, Query), ("doSendMail" = Option<String>, Query),) query::password;

    create with ("createdBy" = Option<String>, Query, description = "Account internal id of current user."),
        evidence "client-observed" "the service's published contract; its rules are those of UpdateCustomer":

        "Create a customer"
        create_customer at "/CustomerService.svc/rest/CreateCustomer" as "StormCreateCustomer" () |_| None;

        "Create a customer with a password"
        create_customer2 at "/CustomerService.svc/rest/CreateCustomer2" as "StormCreateCustomer2"
            (("password" = Option<String>, Query),) query::password;

        "Create a customer with a password; no mail is ever sent"
        create_customer3 at "/CustomerService.svc/rest/CreateCustomer3" as "StormCreateCustomer3"
            (("password" = Option<String>, Query), ("doSendMail" = Option<String>, Query),) query::password;
}

async fn update(request: &ApiRequest<'_>, password: Option<Password>) -> Result<Reply, StormError> {
    let scope = request.lenient_scope();
    let updated_by = query::updated_by(request);
    // The body is read in any case, so that the response lists its unknown members.
    let body = body(request, &scope);
    let (updated_by, body) = (updated_by?, body?);
    for _ in 0..MAX_ATTEMPTS {
        let Some(id) = find(request, &scope, &body.value).await? else {
            // An unreadable member may be the reason why no customer was found.
            let missing = std::iter::once(ErrorCode::CustomerMissing.into());
            return Err(StormError::Rejected(missing.chain(body.rejections).collect()));
        };
        let stored = request.services.customers.profiled(&scope, id, ProfileOwner::Storm).await?;
        let changes = Changes::update(&body, &stored, &scope.plan.storm).map_err(StormError::Rejected)?;
        let mut ignored = changes.ignored.clone();
        ignored.extend(query::ignored(request));
        if password.is_none() && changes.is_empty(&stored.fields) {
            return Ok(reply(&stored, &scope).ignoring(ignored));
        }
        let password = password.clone().or_else(|| generate_password(request, &scope, &changes));
        let patch = changes.by(updated_by).into_patch(&stored, password);
        match request.services.customers.patch(&scope, id, Box::new(patch), Vec::new()).await {
            // Another request changed the customer since it was read.
            Err(CustomerError::Changed) => {}
            Err(error) => return Err(error.into()),
            Ok(()) => {
                let stored = request.services.customers.profiled(&scope, id, ProfileOwner::Storm).await?;
                return Ok(reply(&stored, &scope).ignoring(ignored));
            }
        }
    }
    Err(StormError::Customers(CustomerError::Changed))
}

async fn create(request: &ApiRequest<'_>, password: Option<Password>) -> Result<Reply, StormError> {
    let scope = request.lenient_scope();
    let body = body(request, &scope)?;
    let mut changes = Changes::creation(&body, &scope.plan.storm).map_err(StormError::Rejected)?;
    let mut ignored = std::mem::take(&mut changes.ignored);
    ignored.extend(query::ignored(request));
    match request.query_parameter("createdBy").map(|text| text.trim().parse()) {
        Some(Ok(created_by)) => changes = changes.by(created_by),
        Some(Err(_)) => ignored.push("createdBy".to_owned()),
        None => {}
    }
    let password = password.or_else(|| generate_password(request, &scope, &changes));
    let customer = changes.into_new_customer(password);
    let id = request.services.customers.create(&scope, customer, Vec::new()).await?;
    let stored = request.services.customers.profiled(&scope, id, ProfileOwner::Storm).await?;
    Ok(reply(&stored, &scope).ignoring(ignored))
}

/// A random password for an account that is created without one. It is never sent to the client (Norce, `RegisterCustomer3` page).
fn generate_password(request: &ApiRequest<'_>, scope: &Scope<'_>, changes: &Changes) -> Option<Password> {
    changes.creates_account.then(|| request.services.customers.random_password(scope))
}

/// The customer in the body.
fn body(request: &ApiRequest<'_>, scope: &Scope<'_>) -> Result<Parsed<request::Customer>, StormError> {
    let parsed = read(request.source(Leniency::Comments), &scope.plan.storm);
    let parsed = parsed.map_err(|error| StormError::Unreadable(error.to_string()))?;
    let mut parsed: Parsed<request::Customer> = parsed.ok_or(ErrorCode::CustomerMissing)?;
    request.ignore(std::mem::take(&mut parsed.ignored));
    Ok(parsed)
}

/// Finds the customer of a request by its Id, else by its Key, else by its e-mail address.
async fn find(
    request: &ApiRequest<'_>,
    scope: &Scope<'_>,
    sent: &request::Customer,
) -> Result<Option<CustomerId>, StormError> {
    let customers = &request.services.customers;
    if let Some(id) = sent.id.value() {
        let id = CustomerId(*id);
        return match customers.check_exists(scope, id).await {
            Ok(()) => Ok(Some(id)),
            Err(CustomerError::UnknownCustomer) => Ok(None),
            Err(error) => Err(error.into()),
        };
    }
    if let Some(key) = sent.key {
        return Ok(customers.find_by_uuid(scope, key).await?);
    }
    let Some(email) = sent.email.value() else { return Ok(None) };
    let found = customers.look_up(scope, LookUp::EmailAddress(email)).await?;
    Ok(found.first().map(|customer| customer.id))
}

/// A response with a customer.
pub(super) fn reply(stored: &Profiled, scope: &Scope<'_>) -> Reply {
    json_reply(customer_response(stored, &scope.plan.storm).to_bytes())
}

pub(super) fn json_reply(json: Vec<u8>) -> Reply {
    Reply::of(StatusCode::OK, HeaderValue::from_static(json::CONTENT_TYPE), json)
}
