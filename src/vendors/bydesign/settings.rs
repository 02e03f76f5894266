//! The operations on the tenant's settings: customer types, countries, locales.

use super::error::Error;
use super::response::reply;
use super::schema::{Countries, CustomerTypeModel, CustomerTypes, HttpErrorModel, Locales};
use super::{lists, locales};
use crate::gateway::{ApiRequest, Reply};

/// List customer types
#[utoipa::path(
    get,
    path = "/api/Admin/CustomerType",
    operation_id = "ByDesignListCustomerTypes",
    responses((status = 200, description = "The types of the tenant's plan", body = CustomerTypes)),
    extensions(("x-evidence" = json!({
        "class": "documented", "source": "GET api/Admin/CustomerType page; the values but for ID and Description chosen"
    })))
)]
pub(super) async fn customer_types(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    Ok(reply(request, &lists::customer_types(request.scope().plan)))
}

/// Read a customer type
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
pub(super) async fn customer_type(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let id = request.path_parameter("id").and_then(|id| id.parse().ok());
    let found = id.and_then(|id| lists::customer_type(id, request.scope().plan));
    let found = found.ok_or_else(unknown_customer_type)?;
    Ok(reply(request, &found))
}

pub(super) fn unknown_customer_type() -> Error {
    Error::NotFound("No customer type has this ID.".to_owned())
}

/// List countries
#[utoipa::path(
    get,
    path = "/api/Admin/Country",
    operation_id = "ByDesignListCountries",
    responses((status = 200, description = "The countries by the names that are read", body = Countries)),
    extensions(("x-evidence" = json!({
        "class": "client-observed", "source": "the members that a public client reads; ISODescription, Active and the values chosen"
    })))
)]
pub(super) async fn countries(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    Ok(reply(request, &lists::countries(request.scope().plan)))
}

/// List locales
#[utoipa::path(
    get,
    path = "/api/Admin/Locale",
    operation_id = "ByDesignListLocales",
    params(
        ("CustomerDID" = Option<String>, Query, description = "The customer whose locale is marked as the default."),
        ("RepDID" = Option<String>, Query, description = "The same for a representative."),
    ),
    responses((status = 200, description = "The locales", body = Locales)),
    extensions(("x-evidence" = json!({
        "class": "client-observed", "source": "the members, and that 1 is English; the other numbers, IsDecimalUsed and DecimalValue are chosen"
    })))
)]
pub(super) async fn list_locales(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let did = request.query_parameter("CustomerDID").or_else(|| request.query_parameter("RepDID"));
    let customer = match did {
        Some(did) => request.services.customers.find_by_number_or_back_office_id(&request.scope(), &did).await?,
        None => None,
    };
    let default = customer.map_or(locales::DEFAULT_ID, |customer| locales::id(customer.language_code()));
    Ok(reply(request, &lists::locales(default)))
}
