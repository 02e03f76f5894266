//! Creates, changes, upgrades and deletes customers: through DirectScale's API, so that the journal has each of these requests.

use axum::body::Body;
use axum::http::{Method, Response};
use maud::{Markup, html};

use super::PageResult;
use super::customer::stored;
use super::customer_form::{OPENED, Purpose, Values, inputs};
use super::extract::TenantPage;
use super::tabs::{self, Tab};
use super::vendor_call::{self, Refused, Written};
use crate::control::error::ControlError;
use crate::model::{Customer, Field};

pub(super) async fn new(page: TenantPage) -> PageResult {
    Ok(render(&page, Purpose::Create, None, None))
}

pub(super) async fn create(page: TenantPage) -> PageResult {
    submit(&page, Purpose::Create, None).await
}

pub(super) async fn edit(page: TenantPage) -> PageResult {
    let customer = stored(&page).await?;
    Ok(render(&page, Purpose::Change, Some(&customer), None))
}

pub(super) async fn change(page: TenantPage) -> PageResult {
    let customer = stored(&page).await?;
    submit(&page, Purpose::Change, Some(&customer)).await
}

pub(super) async fn upgrade_form(page: TenantPage) -> PageResult {
    let customer = stored(&page).await?;
    Ok(render(&page, Purpose::Upgrade, Some(&customer), None))
}

pub(super) async fn upgrade(page: TenantPage) -> PageResult {
    let customer = stored(&page).await?;
    submit(&page, Purpose::Upgrade, Some(&customer)).await
}

pub(super) async fn delete(page: TenantPage) -> PageResult {
    let customer = stored(&page).await?;
    let id = customer.id.0;
    let written = vendor_call::write(&page, Method::DELETE, &format!("/v1/customers/{id}"), None, false).await?;
    match &written.outcome {
        Ok(_) => Ok(page.to(&format!("customers/{id}?done=deleted&request={}", written.request))),
        Err(refused) => {
            let body = html! { (refusal(&page, &written, refused)) p.links { a href=(page.path(&format!("customers/{id}"))) { "Back to customer " (id) } } };
            let mut response = tabs::of_tenant(&page, Tab::Customers, "Delete a customer", None, &body);
            *response.status_mut() = axum::http::StatusCode::BAD_REQUEST;
            Ok(response)
        }
    }
}

impl Purpose {
    fn title(self) -> &'static str {
        match self {
            Self::Create => "Create a customer",
            Self::Change => "Change a customer",
            Self::Upgrade => "Upgrade a customer",
        }
    }

    /// The page of the form, and the request that it sends.
    fn addresses(self, customer: Option<&Customer>) -> (String, Method, String) {
        let id = customer.map_or(0, |customer| customer.id.0);
        match self {
            Self::Create => ("customers/new".to_owned(), Method::POST, "/v1/customers".to_owned()),
            Self::Change => (format!("customers/{id}/edit"), Method::PATCH, format!("/v1/customers/{id}")),
            Self::Upgrade => (format!("customers/{id}/upgrade"), Method::PUT, format!("/v1/customers/upgrade/{id}")),
        }
    }

    fn done(self) -> &'static str {
        match self {
            Self::Create => "created",
            Self::Change => "changed",
            Self::Upgrade => "upgraded",
        }
    }
}

async fn submit(page: &TenantPage, purpose: Purpose, customer: Option<&Customer>) -> PageResult {
    let body = Values::new(page, purpose, customer).body();
    let (_, method, path) = purpose.addresses(customer);
    if purpose == Purpose::Change && body.as_object().is_some_and(serde_json::Map::is_empty) {
        let error = ControlError::Bad("no field is changed".to_owned());
        return Ok(with_problem(page, purpose, customer, &error));
    }
    let is_dry_run = page.form().filled("dry_run").is_some();
    let written = vendor_call::write(page, method, &path, Some(&body), is_dry_run).await?;
    match (&written.outcome, is_dry_run) {
        (Ok(response), false) => {
            let id =
                customer.map_or_else(|| response.as_i64().unwrap_or_default(), |customer| i64::from(customer.id.0));
            Ok(page.to(&format!("customers/{id}?done={}&request={}", purpose.done(), written.request)))
        }
        _ => Ok(render(page, purpose, customer, Some(&written))),
    }
}

fn render(
    page: &TenantPage,
    purpose: Purpose,
    customer: Option<&Customer>,
    written: Option<&Written>,
) -> Response<Body> {
    let refused = written.and_then(|written| written.outcome.as_ref().err());
    let body = html! {
        @if let Some(written) = written { (outcome(page, written)) }
        (form(page, purpose, customer, refused))
    };
    let mut response = tabs::of_tenant(page, Tab::Customers, purpose.title(), None, &body);
    if refused.is_some() {
        *response.status_mut() = axum::http::StatusCode::BAD_REQUEST;
    }
    response
}

fn with_problem(
    page: &TenantPage,
    purpose: Purpose,
    customer: Option<&Customer>,
    problem: &ControlError,
) -> Response<Body> {
    tabs::of_tenant(page, Tab::Customers, purpose.title(), Some(problem), &form(page, purpose, customer, None))
}

fn form(page: &TenantPage, purpose: Purpose, customer: Option<&Customer>, refused: Option<&Refused>) -> Markup {
    let (action, method, path) = purpose.addresses(customer);
    let values = Values::new(page, purpose, customer);
    let back = customer.map_or_else(|| "customers".to_owned(), |customer| format!("customers/{}", customer.id.0));
    html! {
        p.hint {
            "Sends " code { (method) " " (path) } " as a program does; the list of requests shows it. "
            @match purpose {
                Purpose::Create => "Only what is filled in is sent.",
                Purpose::Change => "Only what you change is sent; a field that you empty is cleared. Secrets are not shown: an empty one stays as it is.",
                Purpose::Upgrade => "An upgrade replaces the customer: a field that is not sent is cleared. Password and tax id have to be typed, because secrets are not shown.",
            }
        }
        form method="post" action=(page.path(&action)) {
            input type="hidden" name="sent" value="1";
            @if purpose == Purpose::Change { input type="hidden" name=(OPENED) value=(values.opened()); }
            (inputs(page, &values, refused))
            p.checks { label { input type="checkbox" name="dry_run" value="1" checked[page.form().filled("dry_run").is_some()]; " Dry run: roll back all changes" } }
            p.buttons {
                button { (purpose.title()) }
                a.button.quiet href=(page.path(&back)) { "Cancel" }
            }
        }
    }
}

/// The response of a write that did not lead to another page.
pub(super) fn outcome(page: &TenantPage, written: &Written) -> Markup {
    if let Err(refused) = &written.outcome {
        return refusal(page, written, refused);
    }
    html! {
            div.alert.good role="status" {
                strong { "The dry run succeeded: " (written.status.as_u16()) ". " }
                "Nothing was changed. " (request_link(page, written))
            }
    }
}

fn refusal(page: &TenantPage, written: &Written, refused: &Refused) -> Markup {
    // Those that have no input stand here.
    let without_input = refused.errors.iter().filter(|error| error.field.parse::<Field>().is_err());
    html! {
        div.alert.bad role="alert" {
            strong { @if written.is_dry_run { "Dry run: " } "rejected with " (written.status.as_u16()) ". " }
            @if refused.errors.is_empty() { (refused.message) " " }
            @for error in without_input { (error.field) ": " (error.message) " (" (error.rule) ") " }
            (request_link(page, written))
        }
    }
}

fn request_link(page: &TenantPage, written: &Written) -> Markup {
    html! { @if !written.request.is_empty() { a href=(page.path(&format!("requests/{}", written.request))) { "Show the request" } } }
}
