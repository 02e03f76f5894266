//! The customers: created, looked up, shown to anybody.

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode};

use super::error::Error;
use super::mapping::answer::answer;
use super::mapping::creation::{Mapped, Resolved, creation};
use super::schema::{CustomerCreationViewModel, CustomerLists, CustomerLookupModel, CustomerModel, PublicInfoModel};
use super::vendor::{asked_type, body_type};
use super::violations::{MemberViolation, gathered};
use super::wire::members::Members;
use super::wire::request::{self, CustomerCreation, MODEL};
use super::wire::tree::Answer;
use super::wire::{body, lists};
use crate::customers::{
    Customer, CustomerId, Error as CustomerError, LookUp, NewCustomer, Profile, ProfileOwner, Scope,
};
use crate::gateway::{Call, Reply};
use crate::plan::DISTRIBUTOR;
use crate::wire::charset;
use crate::wire::relaxed::Leniency;

/// Create a customer
///
/// Nothing is required. A first segment before `/api` may name the tenant. Answers the flat customer.
#[utoipa::path(
    post,
    path = "/api/users/customer",
    operation_id = "ByDesignCreateCustomer",
    request_body(content(
        (CustomerCreationViewModel = "application/json"),
        (CustomerCreationViewModel = "text/json"),
        (CustomerCreationViewModel = "application/xml"),
        (CustomerCreationViewModel = "text/xml"),
        (CustomerCreationViewModel = "application/x-www-form-urlencoded"),
    )),
    responses((status = 200, description = "The customer", body = CustomerModel)),
    extensions(("x-evidence" = json!({
        "class": "documented", "source": "POST api/users/customer page; status and rejections are client-observed and inferred"
    })))
)]
pub(super) async fn create(call: Arc<Call>) -> Result<Reply, Error> {
    let scope = call.lenient_scope();
    let plan = &scope.plan.bydesign;
    let members = read(&call, MODEL)?;
    let request::Request { wanted, mut violations, ignored } = request::read(&members, plan.time_zone);
    call.ignore(ignored);
    let resolved = resolve(&call, &scope, &wanted, &mut violations).await?;
    let Mapped { values, extras, violations: unknown } = creation(wanted, resolved, plan);
    violations.extend(unknown);
    if !violations.is_empty() {
        // Violations that the domain finds are told with them; nothing is written.
        let found = call.services.customers.violations_of(&scope, &values);
        return Err(Error::Rejected(gathered(violations, &found)));
    }
    let profile = Some(Profile { owner: ProfileOwner::ByDesign, fields: extras, companies: None });
    let customer = NewCustomer { fields: values, uuid: None, profile };
    let id = call.services.customers.create(&scope, customer, Vec::new()).await?;
    let profiled = call.services.customers.profiled(&scope, id, ProfileOwner::ByDesign).await?;
    Ok(reply(&call, &answer(&profiled, plan).answer()))
}

/// Look customers up by e-mail address
#[utoipa::path(
    post,
    path = "/api/users/customer/CustomerLookup",
    operation_id = "ByDesignCustomerLookup",
    request_body(content(
        (CustomerLookupModel = "application/json"),
        (CustomerLookupModel = "text/json"),
        (CustomerLookupModel = "application/xml"),
        (CustomerLookupModel = "text/xml"),
        (CustomerLookupModel = "application/x-www-form-urlencoded"),
    )),
    responses((status = 200, description = "The customers; none is an empty list", body = CustomerLists)),
    extensions(("x-evidence" = json!({
        "class": "client-observed", "source": "a public client calls it with Email; the members are those of the created customer"
    })))
)]
pub(super) async fn look_up(call: Arc<Call>) -> Result<Reply, Error> {
    let scope = call.lenient_scope();
    let members = read(&call, "CustomerLookupModel")?;
    call.ignore(members.beside(&["Email"], &request::NAMES));
    let email = members.text("Email");
    let email = email.ok_or_else(|| {
        Error::Rejected(vec![MemberViolation::new("Email", "REQUIRED", "The Email field is required.")])
    })?;
    let found = call.services.customers.look_up(&scope, LookUp::EmailAddress(&email)).await?;
    let mut profiled = Vec::with_capacity(found.len());
    for customer in found {
        match call.services.customers.profiled(&scope, customer.id, ProfileOwner::ByDesign).await {
            Ok(found) => profiled.push(found),
            // It was put back meanwhile, by a reset of the world.
            Err(CustomerError::UnknownCustomer) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let answers: Vec<_> = profiled.iter().map(|profiled| answer(profiled, &scope.plan.bydesign)).collect();
    Ok(reply(&call, &lists::customers(&answers)))
}

/// What anybody may know of a customer
#[utoipa::path(
    get,
    path = "/api/customer/PublicInfo/GetInfo",
    operation_id = "ByDesignGetPublicInfo",
    params(("CustomerDID" = String, Query, description = "A customer's number or BackOfficeId.", pattern = "\\S")),
    responses(
        (status = 200, description = "The customer's names and place", body = PublicInfoModel),
        (status = 404, description = "There is no such customer", body = super::schema::HttpErrorModel),
    ),
    extensions(("x-evidence" = json!({
        "class": "documented", "source": "GET api/customer/PublicInfo/GetInfo page; the rejections are chosen"
    })))
)]
pub(super) async fn public_info(call: Arc<Call>) -> Result<Reply, Error> {
    let scope = call.lenient_scope();
    let did = call.query_parameter("CustomerDID");
    let did = did.ok_or_else(|| {
        Error::Rejected(vec![MemberViolation::new("", "CUSTOMER_DID_REQUIRED", "The CustomerDID field is required.")])
    })?;
    let found = call.services.customers.find_numbered(&scope, &did).await?;
    let customer = found.ok_or_else(|| Error::NotFound("No customer has this CustomerDID.".to_owned()))?;
    let name = customer.display_name();
    let profiled = call.services.customers.profiled(&scope, customer.id, ProfileOwner::ByDesign).await?;
    Ok(reply(&call, &lists::public_info(&answer(&profiled, &scope.plan.bydesign), &name)))
}

/// The members of the body, whatever its format.
fn read<'a>(call: &'a Call, root: &str) -> Result<Members<'a>, Error> {
    let body_type = body_type(&call.parts.headers);
    if let Some(sentence) = body_type.unsupported().filter(|_| !call.body.is_empty()) {
        return Err(Error::Unsupported(sentence));
    }
    let charset = charset::declared(&call.parts.headers);
    let members = body::read(&body_type, call.source(Leniency::JsonNet), charset, root);
    members.map_err(|error| Error::Rejected(vec![MemberViolation::of_body(&error)]))
}

/// Looks for the customers whom a creation names.
async fn resolve(
    call: &Call,
    scope: &Scope<'_>,
    wanted: &CustomerCreation,
    violations: &mut Vec<MemberViolation>,
) -> Result<Resolved, Error> {
    let customers = &call.services.customers;
    // Clients send 1 for nobody.
    let sponsor = match wanted.rep_did.as_deref().map(str::trim).filter(|did| *did != "1") {
        None => customers.root(scope).await?.map(|CustomerId(id)| id),
        Some(did) => rep(call, scope, "RepDID", did, violations).await?,
    };
    let refer_customer = match wanted.refer_customer_id.as_deref() {
        None => None,
        Some(did) => {
            let found = customers.find_numbered(scope, did).await?.map(|customer| customer.id.0);
            if found.is_none() {
                violations.push(MemberViolation::unknown("ReferCustomerID", did));
            }
            found
        }
    };
    let reciprocal_rep = match wanted.reciprocal_rep_did.as_deref() {
        None => None,
        Some(did) => rep(call, scope, "ReciprocalRepDID", did, violations).await?,
    };
    Ok(Resolved { sponsor, refer_customer, reciprocal_rep })
}

/// The representative of this display id; where the plan lets everybody sponsor, any customer.
async fn rep(
    call: &Call,
    scope: &Scope<'_>,
    member: &'static str,
    did: &str,
    violations: &mut Vec<MemberViolation>,
) -> Result<Option<i32>, Error> {
    let may_be = |customer: &Customer| scope.plan.sponsor_types().is_none() || customer.customer_type() == DISTRIBUTOR;
    let found = call.services.customers.find_displayed(scope, did).await?.filter(may_be);
    if found.is_none() {
        violations.push(MemberViolation::unknown(member, did));
    }
    Ok(found.map(|customer| customer.id.0))
}

/// The answer in the form that the call asks for.
pub(super) fn reply(call: &Call, answer: &Answer<'_>) -> Reply {
    let answer_type = asked_type(&call.parts.headers, call.scope().plan.bydesign.default_format);
    let content_type = HeaderValue::from_static(answer_type.content_type());
    Reply::of(StatusCode::OK, content_type, answer.bytes(answer_type.format()))
}
