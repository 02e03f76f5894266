//! The operations on customers: create, look up, public information.

use super::creation::{self, CustomerCreation, MODEL};
use super::error::Error;
use super::mapping::{MappedCreation, References, map_creation};
use super::members::Members;
use super::response::{body_type, reply};
use super::schema::{CustomerCreationViewModel, CustomerLists, CustomerLookupModel, CustomerModel, PublicInfoModel};
use super::violations::{MemberViolation, merged};
use super::{body, customer, reader};
use crate::customers::{LookUp, NewCustomer, Profile, Scope};
use crate::gateway::{ApiRequest, Reply};
use crate::model::{Customer, CustomerId};
use crate::plan::DISTRIBUTOR;
use crate::vendor_facts::ProfileOwner;
use crate::wire::coding;
use crate::wire::relaxed::Leniency;

/// Create a customer
///
/// Nothing is required. A first segment before `/api` may name the tenant. Responds with the flat customer.
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
    let reader::ReadCreation { creation, mut violations, ignored } = reader::read(&members, plan.time_zone);
    request.ignore(ignored);
    let references = resolve(request, &scope, &creation, &mut violations).await?;
    let MappedCreation { fields, profile, violations: unknown } = map_creation(creation, references, plan);
    violations.extend(unknown);
    if !violations.is_empty() {
        // Nothing is written; the response lists the domain's violations too.
        let domain = request.services.customers.violations_of(&scope, &fields);
        return Err(Error::Rejected(merged(violations, &domain)));
    }
    let profile = Some(Profile { owner: ProfileOwner::ByDesign, fields: profile, companies: None });
    let new_customer = NewCustomer { fields, uuid: None, profile };
    let id = request.services.customers.create(&scope, new_customer, Vec::new()).await?;
    let profiled = request.services.customers.profiled(&scope, id, ProfileOwner::ByDesign).await?;
    Ok(reply(request, &customer::customer(&profiled, plan)))
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
    responses((status = 200, description = "The customers; an empty list when there are none", body = CustomerLists)),
    extensions(("x-evidence" = json!({
        "class": "client-observed", "source": "a public client calls it with Email; the members are those of the created customer"
    })))
)]
pub(super) async fn look_up(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let scope = request.lenient_scope();
    let members = read(request, "CustomerLookupModel")?;
    request.ignore(members.ignored(&std::iter::once("Email"), &creation::names()));
    let email = members.text("Email");
    let email = email.ok_or_else(no_email)?;
    let found = request.services.customers.look_up(&scope, LookUp::EmailAddress(&email)).await?;
    let ids: Vec<CustomerId> = found.iter().map(|customer| customer.id).collect();
    let profiled = request.services.customers.profiled_all(&scope, ProfileOwner::ByDesign, &ids).await?;
    Ok(reply(request, &customer::customers(&profiled, &scope.plan.bydesign)))
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
pub(super) async fn public_info(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let scope = request.lenient_scope();
    let did = request.query_parameter("CustomerDID");
    let did = did.ok_or_else(no_customer_did)?;
    let found = request.services.customers.find_by_number_or_back_office_id(&scope, &did).await?;
    let customer = found.ok_or_else(unknown_customer_did)?;
    let profiled = request.services.customers.profiled(&scope, customer.id, ProfileOwner::ByDesign).await?;
    Ok(reply(request, &customer::public_info(&profiled, &scope.plan.bydesign)))
}

pub(super) fn no_email() -> Error {
    Error::Rejected(vec![MemberViolation::new("Email", "REQUIRED", "The Email field is required.")])
}

pub(super) fn no_customer_did() -> Error {
    Error::Rejected(vec![MemberViolation::new("", "CUSTOMER_DID_REQUIRED", "The CustomerDID field is required.")])
}

pub(super) fn unknown_customer_did() -> Error {
    Error::NotFound("No customer has this CustomerDID.".to_owned())
}

/// The members of the body.
fn read<'a>(request: &'a ApiRequest<'_>, root: &str) -> Result<Members<'a>, Error> {
    let body_type = body_type(&request.parts.headers);
    if let Some(message) = body_type.unsupported().filter(|_| !request.body.is_empty()) {
        return Err(Error::Unsupported(message));
    }
    let charset = coding::declared(&request.parts.headers);
    let members = body::read(&body_type, request.source(Leniency::JsonNet), charset, root);
    members.map_err(|error| Error::Rejected(vec![MemberViolation::of_body(&error)]))
}

/// Finds the customers that a creation names.
async fn resolve(
    request: &ApiRequest<'_>,
    scope: &Scope<'_>,
    creation: &CustomerCreation,
    violations: &mut Vec<MemberViolation>,
) -> Result<References, Error> {
    let customers = &request.services.customers;
    // Clients send 1 when there is no sponsor.
    let sponsor = match creation.rep_did.as_deref().map(str::trim).filter(|did| *did != "1") {
        None => customers.root(scope).await?.map(|CustomerId(id)| id),
        Some(did) => find_rep(request, scope, "RepDID", did, violations).await?,
    };
    let refer_customer = match creation.refer_customer_id.as_deref() {
        None => None,
        Some(did) => {
            let found = customers.find_by_number_or_back_office_id(scope, did).await?.map(|customer| customer.id.0);
            if found.is_none() {
                violations.push(MemberViolation::unknown("ReferCustomerID", did));
            }
            found
        }
    };
    let reciprocal_rep = match creation.reciprocal_rep_did.as_deref() {
        None => None,
        Some(did) => find_rep(request, scope, "ReciprocalRepDID", did, violations).await?,
    };
    Ok(References { sponsor, refer_customer, reciprocal_rep })
}

/// The representative with this display id: a distributor, or any customer where the plan lets all types sponsor.
async fn find_rep(
    request: &ApiRequest<'_>,
    scope: &Scope<'_>,
    member: &'static str,
    did: &str,
    violations: &mut Vec<MemberViolation>,
) -> Result<Option<i32>, Error> {
    let may_sponsor =
        |customer: &Customer| scope.plan.sponsor_types().is_none() || customer.customer_type() == DISTRIBUTOR;
    let found = request.services.customers.find_by_back_office_id_or_number(scope, did).await?.filter(may_sponsor);
    if found.is_none() {
        violations.push(MemberViolation::unknown(member, did));
    }
    Ok(found.map(|customer| customer.id.0))
}
