//! The customers: created, looked up, shown to anybody.

use axum::http::{HeaderValue, StatusCode};

use super::error::Error;
use super::mapping::answer::answer;
use super::mapping::creation::{Mapped, Resolved, creation};
use super::render::{asked_type, body_type};
use super::schema::{CustomerCreationViewModel, CustomerLists, CustomerLookupModel, CustomerModel, PublicInfoModel};
use super::violations::{MemberViolation, gathered};
use super::wire::members::Members;
use super::wire::request::{self, CustomerCreation, MODEL};
use super::wire::tree::Answer;
use super::wire::{body, lists};
use crate::customers::{Customer, CustomerId, Error as CustomerError, LookUp, Profile, ProfileOwner, Scope};
use crate::gateway::{ApiRequest, Reply};
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
pub(super) async fn create(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let scope = request.lenient_scope();
    let plan = &scope.plan.bydesign;
    let members = read(request, MODEL)?;
    let request::Request { wanted, mut violations, ignored } = request::read(&members, plan.time_zone);
    request.ignore(ignored);
    let resolved = resolve(request, &scope, &wanted, &mut violations).await?;
    let Mapped { mut values, extras, violations: unknown } = creation(wanted, resolved, plan);
    violations.extend(unknown);
    if !violations.is_empty() {
        // Violations that the domain finds are told with them; nothing is written.
        let found = request.services.customers.violations_of(&scope, &values);
        return Err(Error::Rejected(gathered(violations, &found)));
    }
    values.profile = Some(Profile { owner: ProfileOwner::ByDesign, fields: extras, companies: None });
    let id = request.services.customers.create(&scope, values, Vec::new()).await?;
    let profiled = request.services.customers.profiled(&scope, id, ProfileOwner::ByDesign).await?;
    Ok(reply(request, &answer(&profiled, plan).answer()))
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
pub(super) async fn look_up(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let scope = request.lenient_scope();
    let members = read(request, "CustomerLookupModel")?;
    request.ignore(members.beside(&["Email"], &request::NAMES));
    let email = members.text("Email");
    let email = email.ok_or_else(|| {
        Error::Rejected(vec![MemberViolation::new("Email", "REQUIRED", "The Email field is required.")])
    })?;
    let found = request.services.customers.look_up(&scope, LookUp::EmailAddress(&email)).await?;
    let mut profiled = Vec::with_capacity(found.len());
    for customer in found {
        match request.services.customers.profiled(&scope, customer.id, ProfileOwner::ByDesign).await {
            Ok(found) => profiled.push(found),
            // It was put back meanwhile, by a reset of the world.
            Err(CustomerError::UnknownCustomer) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let answers: Vec<_> = profiled.iter().map(|profiled| answer(profiled, &scope.plan.bydesign)).collect();
    Ok(reply(request, &lists::customers(&answers)))
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
pub(super) async fn public_info(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let scope = request.lenient_scope();
    let did = request.query_parameter("CustomerDID");
    let did = did.ok_or_else(|| {
        Error::Rejected(vec![MemberViolation::new("", "CUSTOMER_DID_REQUIRED", "The CustomerDID field is required.")])
    })?;
    let found = request.services.customers.find_numbered(&scope, &did).await?;
    let customer = found.ok_or_else(|| Error::NotFound("No customer has this CustomerDID.".to_owned()))?;
    let name = customer.display_name();
    let profiled = request.services.customers.profiled(&scope, customer.id, ProfileOwner::ByDesign).await?;
    Ok(reply(request, &lists::public_info(&answer(&profiled, &scope.plan.bydesign), &name)))
}

/// The members of the body, whatever its format.
fn read<'a>(request: &'a ApiRequest<'_>, root: &str) -> Result<Members<'a>, Error> {
    let body_type = body_type(&request.parts.headers);
    if let Some(sentence) = body_type.unsupported().filter(|_| !request.body.is_empty()) {
        return Err(Error::Unsupported(sentence));
    }
    let charset = charset::declared(&request.parts.headers);
    let members = body::read(&body_type, request.source(Leniency::JsonNet), charset, root);
    members.map_err(|error| Error::Rejected(vec![MemberViolation::of_body(&error)]))
}

/// Looks for the customers whom a creation names.
async fn resolve(
    request: &ApiRequest<'_>,
    scope: &Scope<'_>,
    wanted: &CustomerCreation,
    violations: &mut Vec<MemberViolation>,
) -> Result<Resolved, Error> {
    let customers = &request.services.customers;
    // Clients send 1 for nobody.
    let sponsor = match wanted.rep_did.as_deref().map(str::trim).filter(|did| *did != "1") {
        None => customers.root(scope).await?.map(|CustomerId(id)| id),
        Some(did) => rep(request, scope, "RepDID", did, violations).await?,
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
        Some(did) => rep(request, scope, "ReciprocalRepDID", did, violations).await?,
    };
    Ok(Resolved { sponsor, refer_customer, reciprocal_rep })
}

/// The representative of this display id; where the plan lets everybody sponsor, any customer.
async fn rep(
    request: &ApiRequest<'_>,
    scope: &Scope<'_>,
    member: &'static str,
    did: &str,
    violations: &mut Vec<MemberViolation>,
) -> Result<Option<i32>, Error> {
    let may_be = |customer: &Customer| scope.plan.sponsor_types().is_none() || customer.customer_type == DISTRIBUTOR;
    let found = request.services.customers.find_displayed(scope, did).await?.filter(may_be);
    if found.is_none() {
        violations.push(MemberViolation::unknown(member, did));
    }
    Ok(found.map(|customer| customer.id.0))
}

/// The answer in the form that the call asks for.
pub(super) fn reply(request: &ApiRequest<'_>, answer: &Answer<'_>) -> Reply {
    let answer_type = asked_type(&request.parts.headers, request.scope().plan.bydesign.default_format);
    let content_type = HeaderValue::from_static(answer_type.content_type());
    Reply::of(StatusCode::OK, content_type, answer.bytes(answer_type.format()))
}
