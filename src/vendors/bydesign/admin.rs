//! What the tenant's settings are: customer types, countries, locales.

use std::sync::Arc;

use super::customers::reply;
use super::error::Error;
use super::locales;
use super::schema::{Countries, CustomerTypeModel, CustomerTypes, HttpErrorModel, Locales};
use super::wire::lists;
use crate::gateway::{Call, Reply};

#[utoipa::path(
    get,
    path = "/api/Admin/CustomerType",
    operation_id = "ByDesignListCustomerTypes",
    responses((status = 200, description = "The types of the tenant's plan", body = CustomerTypes)),
    extensions(("x-evidence" = json!({
        "class": "documented", "source": "GET api/Admin/CustomerType page; the values but for ID and Description chosen"
    })))
)]
pub(super) async fn customer_types(call: Arc<Call>) -> Result<Reply, Error> {
    Ok(reply(&call, &lists::customer_types(call.scope().plan)))
}

#[utoipa::path(
    get,
    path = "/api/Admin/CustomerType/{id}",
    operation_id = "ByDesignGetCustomerType",
    params(("id" = i32, Path)),
    responses(
        (status = 200, description = "The type", body = CustomerTypeModel),
        (status = 404, description = "There is no such type", body = HttpErrorModel),
    ),
    extensions(("x-evidence" = json!({
        "class": "documented", "source": "GET api/Admin/CustomerType/{id} page; the rejection is chosen"
    })))
)]
pub(super) async fn customer_type(call: Arc<Call>) -> Result<Reply, Error> {
    let id = call.path_parameter("id").and_then(|id| id.parse().ok());
    let found = id.and_then(|id| lists::customer_type(id, call.scope().plan));
    let found = found.ok_or_else(|| Error::NotFound("No customer type has this ID.".to_owned()))?;
    Ok(reply(&call, &found))
}

#[utoipa::path(
    get,
    path = "/api/Admin/Country",
    operation_id = "ByDesignListCountries",
    responses((status = 200, description = "The countries by the names that are read", body = Countries)),
    extensions(("x-evidence" = json!({
        "class": "client-observed", "source": "the members that a public client reads; ISODescription, Active and the values chosen"
    })))
)]
pub(super) async fn countries(call: Arc<Call>) -> Result<Reply, Error> {
    Ok(reply(&call, &lists::countries(call.scope().plan)))
}

#[utoipa::path(
    get,
    path = "/api/Admin/Locale",
    operation_id = "ByDesignListLocales",
    params(
        ("CustomerDID" = Option<String>, Query, description = "Whose locale is marked as the default."),
        ("RepDID" = Option<String>, Query, description = "The same for a representative."),
    ),
    responses((status = 200, description = "The locales", body = Locales)),
    extensions(("x-evidence" = json!({
        "class": "client-observed", "source": "the members, and that 1 is English; the other numbers, IsDecimalUsed and DecimalValue are chosen"
    })))
)]
pub(super) async fn list_locales(call: Arc<Call>) -> Result<Reply, Error> {
    let did = call.query_parameter("CustomerDID").or_else(|| call.query_parameter("RepDID"));
    let customer = match did {
        Some(did) => call.services.customers.find_numbered(&call.scope(), &did).await?,
        None => None,
    };
    let default = customer.map_or(locales::DEFAULT_ID, |customer| locales::id(&customer.language_code));
    Ok(reply(&call, &lists::locales(default)))
}
