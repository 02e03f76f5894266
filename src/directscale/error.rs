//! What went wrong, as DirectScale says it: a status, the text in `X-DirectScale-Message`, and a JSON object.

use axum::http::StatusCode;
use serde::Serialize;
use uuid::Uuid;

use super::message;
use super::wire::BodyError;
use crate::customers;
use crate::error_chain::ErrorChain;
use crate::gateway::GatewayRefusal;
use crate::plan::{Plan, RefusalStatus, UnknownStatus};

/// Why an operation answers with an error.
#[derive(Debug)]
pub(super) enum Error {
    /// The body is no JSON object.
    Body(BodyError),
    /// A query parameter is missing or blank.
    Query(&'static str),
    /// There is no such customer, or the path names none.
    UnknownCustomer,
    /// As [`Error::UnknownCustomer`], for an upgrade, whose page lists no 404.
    UnknownOnUpgrade,
    /// The domain refused or failed.
    Customers(customers::Error),
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl From<customers::Error> for Error {
    fn from(error: customers::Error) -> Self {
        match error {
            customers::Error::UnknownCustomer => Self::UnknownCustomer,
            other => Self::Customers(other),
        }
    }
}

/// An error answer of the back end.
#[derive(Debug)]
pub(super) struct Refused {
    pub status: StatusCode,
    pub message: String,
    pub errors: Vec<FaultJson>,
}

/// One entry of the list of faults, which is ours and not the vendor's.
#[derive(Debug, Serialize)]
pub(super) struct FaultJson {
    pub field: &'static str,
    pub rule: &'static str,
    pub message: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct BodyJson<'a> {
    status_code: u16,
    message: &'a str,
    activity_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<&'a [FaultJson]>,
}

/// "A Customer with the given Customer ID was not found." (DirectScale, PATCH Customer page).
const NOT_FOUND: &str = "A Customer with the given Customer ID was not found.";

impl Error {
    /// The back end's answer, or the gateway's where the back end broke.
    pub(super) fn refused(self, plan: &Plan, request_id: Uuid) -> Result<Refused, GatewayRefusal> {
        let status = match plan.refusal_status {
            RefusalStatus::BadRequest => StatusCode::BAD_REQUEST,
            RefusalStatus::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let single = |field: &'static str, rule: &'static str, message: String| Refused {
            status,
            errors: vec![FaultJson { field, rule, message: message.clone() }],
            message,
        };
        let refused = match self {
            Self::Body(error) => single("$", "body", error.to_string()),
            Self::Query(message) => single("$query", "required", message.to_owned()),
            Self::UnknownOnUpgrade if plan.unknown_on_upgrade_status == UnknownStatus::ServerError => {
                Refused { status: StatusCode::INTERNAL_SERVER_ERROR, message: NOT_FOUND.to_owned(), errors: Vec::new() }
            }
            Self::UnknownCustomer | Self::UnknownOnUpgrade | Self::Customers(customers::Error::UnknownCustomer) => {
                Refused { status: StatusCode::NOT_FOUND, message: NOT_FOUND.to_owned(), errors: Vec::new() }
            }
            Self::Customers(customers::Error::NoSuchUpgrade { from, to }) => {
                single("CustomerType", "transition", message::no_such_upgrade(from, to, plan))
            }
            Self::Customers(customers::Error::Refused(refusal)) => {
                let errors: Vec<FaultJson> = refusal
                    .faults
                    .iter()
                    .map(|fault| FaultJson {
                        field: fault.field.name(),
                        rule: message::rule(&fault.rule),
                        message: message::sentence(fault),
                    })
                    .collect();
                let sentences: Vec<&str> = errors.iter().map(|fault| fault.message.as_str()).collect();
                Refused { status, message: sentences.join("; "), errors }
            }
            Self::Customers(customers::Error::Database(error)) => {
                tracing::error!(error = %ErrorChain(&error), request.id = %request_id, "database failure");
                return Err(GatewayRefusal::BackEndFailed(request_id));
            }
        };
        Ok(refused)
    }
}

impl Refused {
    /// The body; `faults` says whether it lists them.
    pub(super) fn body(&self, request_id: Uuid, faults: bool) -> Vec<u8> {
        let body = BodyJson {
            status_code: self.status.as_u16(),
            message: &self.message,
            activity_id: request_id.to_string(),
            errors: faults.then_some(&self.errors),
        };
        serde_json::to_vec(&body).expect("invariant: plain data is JSON")
    }
}
