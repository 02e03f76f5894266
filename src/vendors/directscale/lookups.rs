//! The customers group: look-ups of customers and of their data.

use axum::http::StatusCode;

use super::error::{Error, Problem};
use super::vendor::DirectScaleRequest as _;
use super::wire::{CountryJson, SearchItemJson, StatsJson, WebsiteJson};
use crate::customers::{IdFilter, LookUp, Search};
use crate::gateway::{ApiRequest, Reply};

/// Search Associates
///
/// The first fifty customers, by ascending id, that hold the term, in any case, in one of: back office id, external reference
/// id, e-mail address, first and last name, text and primary phone, street, city, region and postal code.
#[utoipa::path(
    get,
    path = "/v1/customers/search/{searchTerm}",
    operation_id = "SearchAssociates",
    params(
        ("searchTerm" = String, Path),
        ("types" = Option<String>, Query, description = "Only these customer types, with commas between them."),
        ("statuses" = Option<String>, Query, description = "Only these statuses, with commas between them."),
        ("countries" = Option<String>, Query, description = "Only these ISO 3166-1 codes, with commas between them."),
        ("includeWebAliases" = Option<bool>, Query),
    ),
    responses((status = 200, description = "The found customers", body = Vec<SearchItemJson>)),
    extensions(("x-evidence" = json!({
        "class": "documented", "source": "Search Associates page; the parameters' names and the limit are chosen"
    })))
)]
pub(super) async fn search(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let parameters = request.query();
    let search = Search {
        term: request.path_text("searchTerm")?,
        types: parameters.integers("types")?,
        statuses: parameters.integers("statuses")?,
        countries: parameters.countries("countries")?,
        company: None,
    };
    let with_aliases = parameters.flag("includeWebAliases")?;
    let scope = request.scope();
    let found = request.services.customers.search(&scope, &search).await?;
    let items: Vec<SearchItemJson<'_>> =
        found.iter().map(|customer| SearchItemJson::new(customer, scope.plan, with_aliases)).collect();
    Ok(Reply::json(StatusCode::OK, &items))
}

/// Get Customer IDs
///
/// All ids, or those that pass the filters, ascending.
#[utoipa::path(
    get,
    path = "/v1/customers/customer-ids",
    operation_id = "GetCustomerIds",
    params(
        ("customerType" = Option<i32>, Query),
        ("customerStatus" = Option<i32>, Query),
        ("modifiedSince" = Option<String>, Query, description = "A date such as 2020-02-20T15:47:52Z."),
    ),
    responses((status = 200, description = "The ids", body = Vec<i32>, content_type = "application/json")),
    extensions(("x-evidence" = json!({
        "class": "client-observed", "source": "the path is; named on the PATCH page; shape and filters are chosen"
    })))
)]
pub(super) async fn customer_ids(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let parameters = request.query();
    let filter = IdFilter {
        customer_type: parameters.integer("customerType")?,
        customer_status: parameters.integer("customerStatus")?,
        modified_since: parameters.date("modifiedSince")?,
    };
    let ids = request.services.customers.ids(&request.scope(), &filter).await?;
    Ok(Reply::json(StatusCode::OK, &ids))
}

/// Get Website Info
///
/// The customer with this web alias; an empty object if there is none.
#[utoipa::path(
    get,
    path = "/v1/customers/websiteInfo2",
    operation_id = "GetWebsiteInfo2",
    params(("webAlias" = String, Query)),
    responses((status = 200, description = "The customer", body = WebsiteJson)),
    extensions(("x-evidence" = json!({
        "class": "client-observed", "source": "a public client reads CustomerId; the other members are chosen"
    })))
)]
pub(super) async fn website_info(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let parameters = request.query();
    let alias = parameters.required("webAlias")?;
    let scope = request.scope();
    let found = request.services.customers.look_up(&scope, LookUp::WebAlias(alias)).await?;
    let owner = found.first().map(|customer| WebsiteJson::new(customer, scope.plan));
    Ok(Reply::json(StatusCode::OK, &owner.unwrap_or_default()))
}

/// Get Customer Countries
///
/// The countries of the plan.
#[utoipa::path(
    get,
    path = "/v1/customers/{customerId}/countries",
    operation_id = "GetCustomerCountries",
    params(("customerId" = i32, Path, minimum = 1)),
    responses(
        (status = 200, description = "The countries", body = Vec<CountryJson>),
        (status = 404, description = "There is no such customer", body = Problem),
    ),
    extensions(("x-evidence" = json!({
        "class": "documented", "source": "Making a Request page, which shows one; which countries is chosen"
    })))
)]
pub(super) async fn countries(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let id = request.customer_id()?;
    let scope = request.scope();
    request.services.customers.check_exists(&scope, id).await?;
    let countries = scope.plan.countries.iter();
    let countries: Vec<CountryJson<'_>> =
        countries.filter_map(|(code, currency)| Some(CountryJson::new(code.country()?, currency))).collect();
    Ok(Reply::json(StatusCode::OK, &countries))
}

/// Get Customer Stats
///
/// Statistics of the current trees without the customers that were placed or signed up after a day, and the plan's `stats`.
#[utoipa::path(
    get,
    path = "/v1/customers/{customerId}/stats",
    operation_id = "GetCustomerStats",
    params(
        ("customerId" = i32, Path, minimum = 1),
        ("date" = Option<String>, Query, description = "A date such as 2020-02-20T15:47:52Z."),
    ),
    responses(
        (status = 200, description = "The figures", body = StatsJson),
        (status = 404, description = "There is no such customer", body = Problem),
    ),
    extensions(("x-evidence" = json!({
        "class": "client-observed", "source": "two public clients read this shape; the keys of Stats are chosen, and the plan adds to them"
    })))
)]
pub(super) async fn stats(request: &ApiRequest<'_>) -> Result<Reply, Error> {
    let id = request.customer_id()?;
    let scope = request.scope();
    let at = request.of_known(id, request.query().date("date")).await?.unwrap_or(scope.now);
    let stats = request.services.customers.stats(&scope, id, at).await?;
    Ok(Reply::json(StatusCode::OK, &StatsJson::new(&stats, scope.plan)))
}
