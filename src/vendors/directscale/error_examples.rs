//! The bodies of documented errors in the OpenAPI document, made by the code that responds with them.

use serde_json::Value;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{RefOr, Required};

use super::error::Error;
use super::examples::parameter_names;
use super::query::{no_date, no_integer, no_look_up, no_path, no_tree, not_sent};
use super::rejection;
use crate::customers::{self, Rejection, Violation, ViolationKind};
use crate::gateway::{EXAMPLE_REQUEST, NotBuilt, example_rejections};
use crate::model::Field;
use crate::plan::{Plan, RejectionStatus};
use crate::wire::coding::CodingError;

/// Adds the body of each error that an operation documents.
pub(super) fn add(operation: &mut Operation, missing: Option<NotBuilt>) {
    let id = operation.operation_id.clone().unwrap_or_default();
    let wrong = wrong(operation);
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        let Some(body) = body(&id, status, &wrong, missing) else { continue };
        for content in response.content.values_mut() {
            if let RefOr::T(content) = content {
                content.example.get_or_insert_with(|| body.clone());
            }
        }
    }
}

/// Optional parameters that are integers, and dates.
const INTEGERS: [&str; 5] = ["levels", "types", "statuses", "customerType", "customerStatus"];
const DATES: [&str; 2] = ["date", "modifiedSince"];

/// What is wrong with a request in the example of a rejection.
enum Wrong {
    MissingField(Field),
    MissingParameter(&'static str),
    NoInteger(&'static str),
    NoDate(&'static str),
    NoLookUp,
    NoTree,
    Path,
    Nothing,
}

fn wrong(operation: &Operation) -> Wrong {
    let id = operation.operation_id.as_deref().unwrap_or_default();
    match id {
        "ResetPassword" => return Wrong::MissingField(Field::Password),
        // They respond with 400 to what is wrong with a request.
        "AddRewardPoints" | "DeductRewardPoints" | "Login" | "LoginByQuery" | "UseSsoToken" => return Wrong::Nothing,
        "GetCustomersByParameter" => return Wrong::NoLookUp,
        _ if operation.request_body.is_some() => return Wrong::MissingField(Field::EmailAddress),
        _ => {}
    }
    let in_query = |is_required: Option<Required>| {
        operation.parameters.iter().flatten().filter_map(move |parameter| match parameter {
            RefOr::T(Parameter { name, parameter_in: ParameterIn::Query, required, .. })
                if is_required.as_ref().is_none_or(|is_required| is_required == required) =>
            {
                Some(name.as_str())
            }
            _ => None,
        })
    };
    let of = |known: &'static [&'static str]| {
        in_query(None).find_map(|name| known.iter().copied().find(|known| *known == name))
    };
    let is_any_text_in_path = operation.parameters.iter().flatten().any(|parameter| {
        matches!(parameter, RefOr::T(Parameter { name, parameter_in: ParameterIn::Path, .. }) if name != "customerId")
    });
    let missing = in_query(Some(Required::True)).find_map(|name| parameter_names().find(|known| *known == name));
    missing
        .map(Wrong::MissingParameter)
        .or_else(|| of(&INTEGERS).map(Wrong::NoInteger))
        .or_else(|| of(&DATES).map(Wrong::NoDate))
        .or_else(|| of(&["tree"]).map(|_| Wrong::NoTree))
        .or_else(|| is_any_text_in_path.then_some(Wrong::Path))
        .unwrap_or(Wrong::Nothing)
}

/// `None` for a success, and for a status of which the document has no body.
fn body(operation: &str, status: &str, wrong: &Wrong, missing: Option<NotBuilt>) -> Option<Value> {
    let gateway = || {
        let mut responses = example_rejections(missing).map(|rejection| rejection::response(&rejection, String::new));
        let response = responses.find(|response| response.status().as_str() == status)?;
        serde_json::from_slice(response.body()).ok()
    };
    let back_end = |error: Error, status: RejectionStatus| {
        let plan = Plan { rejection_status: status, ..Plan::default() };
        let rejected = error.rejected(&plan, EXAMPLE_REQUEST).ok()?;
        serde_json::from_slice(&rejected.body(EXAMPLE_REQUEST, true)).ok()
    };
    let rejected = |status: RejectionStatus| {
        let error = match *wrong {
            Wrong::MissingField(field) => {
                let violation = Violation { field, kind: ViolationKind::Required(Some(1)) };
                Error::Customers(customers::Error::Rejected(Rejection::of(vec![violation])?))
            }
            Wrong::MissingParameter(name) => not_sent(name),
            Wrong::NoInteger(name) => no_integer(name),
            Wrong::NoDate(name) => no_date(name),
            Wrong::NoLookUp => no_look_up(),
            Wrong::NoTree => no_tree(),
            Wrong::Path => no_path(),
            Wrong::Nothing => return None,
        };
        back_end(error, status)
    };
    match status {
        "400" => match operation {
            "AddRewardPoints" => back_end(Error::Points("pointsToAdd"), RejectionStatus::BadRequest),
            "DeductRewardPoints" => back_end(Error::Points("pointsToDeduct"), RejectionStatus::BadRequest),
            "Login" | "LoginByQuery" => back_end(Error::Credentials, RejectionStatus::BadRequest),
            "UseSsoToken" => back_end(Error::Token, RejectionStatus::BadRequest),
            _ => rejected(RejectionStatus::BadRequest),
        },
        "404" => back_end(Error::UNKNOWN_CUSTOMER, RejectionStatus::ServerError),
        "415" => {
            let unsupported = CodingError::Unsupported("zstd".to_owned()).to_string();
            back_end(Error::Unsupported(unsupported), RejectionStatus::ServerError)
        }
        "500" => rejected(RejectionStatus::ServerError).or_else(gateway),
        _ => gateway(),
    }
}
