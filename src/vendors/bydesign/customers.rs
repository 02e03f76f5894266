//! The operations on customers: create, look up, public information.

use std::sync::Arc;

use super::creation::{self, CustomerCreation, MODEL};
use super::error::Error;
use super::mapping::{NewCustomer, References, new_customer};
use super::members::Members;
use super::response::{body_type, reply};
use super::schema::{CustomerCreationViewModel, CustomerLists, CustomerLookupModel, CustomerModel, PublicInfoModel};
use super::violations::{MemberViolation, merged};
use super::{body, customer, reader};
use crate::customers::{Customer, CustomerId, Error as CustomerError, LookUp, Profile, ProfileOwner, Scope};
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
    let reader::ReadCreation { creation, mut violations, ignored } = reader::read(&members, plan.time_zone);
    call.ignore(ignored);
    let references = resolve(&call, &scope, &creation, &mut violations).await?;
    let NewCustomer { mut fields, profile, violations: unknown } = new_customer(creation, references, plan);
    violations.extend(unknown);
    if !violations.is_empty() {
        // Nothing is written; the response lists the domain's violations too.
        let domain = call.services.customers.violations_of(&scope, &fields);
        return Err(Error::Rejected(merged(violations, &domain)));
    }
    fields.profile = Some(Profile { owner: ProfileOwner::ByDesign, fields: profile, companies: None });
    let id = call.services.customers.create(&scope, fields, Vec::new()).await?;
    let profiled = call.services.customers.profiled(&scope, id, ProfileOwner::ByDesign).await?;
    Ok(reply(&call, &customer::customer(&profiled, plan)))
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
    call.ignore(members.ignored(&std::iter::once("Email"), &creation::names()));
    let email = members.text("Email");
    let email = email.ok_or_else(|| {
        Error::Rejected(vec![MemberViolation::new("Email", "REQUIRED", "The Email field is required.")])
    })?;
    let found = call.services.customers.look_up(&scope, LookUp::EmailAddress(&email)).await?;
    let mut profiled = Vec::with_capacity(found.len());
    for customer in found {
        match call.services.customers.profiled(&scope, customer.id, ProfileOwner::ByDesign).await {
            Ok(found) => profiled.push(found),
            // A reset deleted it meanwhile.
            Err(CustomerError::UnknownCustomer) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(reply(&call, &customer::customers(&profiled, &scope.plan.bydesign)))
}

/// Read a customer's public information
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
    let profiled = call.services.customers.profiled(&scope, customer.id, ProfileOwner::ByDesign).await?;
    Ok(reply(&call, &customer::public_info(&profiled, &scope.plan.bydesign)))
}

/// The members of the body.
fn read<'a>(call: &'a Call, root: &str) -> Result<Members<'a>, Error> {
    let body_type = body_type(&call.parts.headers);
    if let Some(message) = body_type.unsupported().filter(|_| !call.body.is_empty()) {
        return Err(Error::Unsupported(message));
    }
    let charset = charset::declared(&call.parts.headers);
    let members = body::read(&body_type, call.source(Leniency::JsonNet), charset, root);
    members.map_err(|error| Error::Rejected(vec![MemberViolation::of_body(&error)]))
}

/// Finds the customers whom a creation names.
async fn resolve(
    call: &Call,
    scope: &Scope<'_>,
    creation: &CustomerCreation,
    violations: &mut Vec<MemberViolation>,
) -> Result<References, Error> {
    let customers = &call.services.customers;
    // Clients send 1 when there is no sponsor.
    let sponsor = match creation.rep_did.as_deref().map(str::trim).filter(|did| *did != "1") {
        None => customers.root(scope).await?.map(|CustomerId(id)| id),
        Some(did) => find_rep(call, scope, "RepDID", did, violations).await?,
    };
    let refer_customer = match creation.refer_customer_id.as_deref() {
        None => None,
        Some(did) => {
            let found = customers.find_numbered(scope, did).await?.map(|customer| customer.id.0);
            if found.is_none() {
                violations.push(MemberViolation::unknown("ReferCustomerID", did));
            }
            found
        }
    };
    let reciprocal_rep = match creation.reciprocal_rep_did.as_deref() {
        None => None,
        Some(did) => find_rep(call, scope, "ReciprocalRepDID", did, violations).await?,
    };
    Ok(References { sponsor, refer_customer, reciprocal_rep })
}

/// The representative with this display id: a distributor, or any customer where the plan lets all types sponsor.
async fn find_rep(
    call: &Call,
    scope: &Scope<'_>,
    member: &'static str,
    did: &str,
    violations: &mut Vec<MemberViolation>,
) -> Result<Option<i32>, Error> {
    let may_sponsor =
        |customer: &Customer| scope.plan.sponsor_types().is_none() || customer.customer_type == DISTRIBUTOR;
    let found = call.services.customers.find_displayed(scope, did).await?.filter(may_sponsor);
    if found.is_none() {
        violations.push(MemberViolation::unknown(member, did));
    }
    Ok(found.map(|customer| customer.id.0))
}
