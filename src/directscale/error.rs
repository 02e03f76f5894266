//! What went wrong, as DirectScale says it: a status, the text in `X-DirectScale-Message`, and a JSON object.

use axum::body::Bytes;
use axum::http::{Response, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::message;
use super::wire::BodyError;
use crate::customers::{self, Points};
use crate::database::DatabaseError;
use crate::error_chain::ErrorChain;
use crate::gateway::{BrokenBody, GatewayRefusal, NotBuilt, header_text, json_response};
use crate::journal::Reason;
use crate::plan::{Plan, RefusalStatus, UnknownStatus};

/// Why an operation answers with an error.
#[derive(Debug)]
pub(crate) enum Error {
    /// The body is no JSON object.
    Body(BodyError),
    /// The Content-Encoding of the body is not supported: what is said of it.
    Unsupported(String),
    /// A parameter of path, query or body is missing or cannot be read.
    Parameter {
        /// Its name; `$query` for the query as a whole.
        name: &'static str,
        /// The name of the rule that it breaks.
        rule: &'static str,
        /// What is wrong.
        message: String,
    },
    /// A number of reward points that cannot be entered; the operations' page lists 400 for it.
    Points(&'static str),
    /// As [`Error::Body`], for reward points.
    PointsBody(String),
    /// Username or password is wrong.
    Credentials,
    /// A single sign-on token is unknown or too old.
    Token,
    /// The vendor has this and this emulator has not.
    NotBuilt(NotBuilt),
    /// There is no such customer, or the path names none.
    UnknownCustomer,
    /// As [`Error::UnknownCustomer`], for an upgrade, whose page lists no 404.
    UnknownOnUpgrade,
    /// The domain refused or failed.
    Customers(customers::Error),
}

impl Error {
    /// A parameter that is missing or cannot be read.
    pub(super) fn parameter(name: &'static str, rule: &'static str, message: impl Into<String>) -> Self {
        Self::Parameter { name, rule, message: message.into() }
    }

    /// The same error, of an upgrade.
    pub(super) fn on_upgrade(self) -> Self {
        match self {
            Self::UnknownCustomer => Self::UnknownOnUpgrade,
            other => other,
        }
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl From<NotBuilt> for Error {
    fn from(missing: NotBuilt) -> Self {
        Self::NotBuilt(missing)
    }
}

impl From<BrokenBody> for Error {
    fn from(error: BrokenBody) -> Self {
        match error {
            BrokenBody::Unsupported(why) => Self::Unsupported(why),
            other => Self::Body(BodyError::Broken(other)),
        }
    }
}

impl From<DatabaseError> for Error {
    fn from(error: DatabaseError) -> Self {
        Self::Customers(customers::Error::Database(error))
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

/// One thing that is wrong with a request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fault)]
pub(super) struct FaultJson {
    /// The field, in the request's spelling.
    pub field: &'static str,
    /// The rule that it breaks.
    pub rule: &'static str,
    /// The sentence that says so.
    pub message: String,
}

/// An error, of the gateway or of the back end.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Problem<'a> {
    /// The status of the answer.
    status_code: u16,
    /// What is wrong; of the back end's errors the same as in the header `X-DirectScale-Message`.
    message: &'a str,
    /// The id of the request; of the gateway's errors only with 500.
    #[serde(skip_serializing_if = "Option::is_none")]
    activity_id: Option<String>,
    /// Each thing that is wrong, of the back end's errors; absent with `EMULATOR_EXTRA_HEADERS=off`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<FaultJson>>)]
    errors: Option<&'a [FaultJson]>,
}

/// "A Customer with the given Customer ID was not found." (DirectScale, PATCH Customer page).
pub(super) const NOT_FOUND: &str = "A Customer with the given Customer ID was not found.";

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
            Self::Unsupported(why) => {
                Refused { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, ..single("$", "contentEncoding", why) }
            }
            Self::Parameter { name, rule, message } => single(name, rule, message),
            Self::Points(name) => {
                let most = Points::MOST;
                let message =
                    format!("{name} must be a number other than 0, at most {most}; negative ones cannot be added.");
                Refused { status: StatusCode::BAD_REQUEST, ..single(name, "points", message) }
            }
            Self::PointsBody(message) => Refused { status: StatusCode::BAD_REQUEST, ..single("$", "body", message) },
            Self::Credentials => bad_request("Username or password is incorrect."),
            Self::Token => bad_request("The token is unknown or has expired."),
            Self::NotBuilt(missing) => return Err(GatewayRefusal::NotBuilt(missing)),
            Self::UnknownOnUpgrade if plan.unknown_on_upgrade_status == UnknownStatus::ServerError => {
                Refused { status: StatusCode::INTERNAL_SERVER_ERROR, message: NOT_FOUND.to_owned(), errors: Vec::new() }
            }
            Self::UnknownCustomer | Self::UnknownOnUpgrade | Self::Customers(customers::Error::UnknownCustomer) => {
                Refused { status: StatusCode::NOT_FOUND, message: NOT_FOUND.to_owned(), errors: Vec::new() }
            }
            Self::Customers(customers::Error::NoSuchUpgrade { from, to }) => {
                single("CustomerType", "transition", message::no_such_upgrade(from, to, plan))
            }
            Self::Customers(customers::Error::Placement(rule)) => {
                single("toUplineId", message::rule(&rule), message::placement("toUplineId", &rule))
            }
            Self::Customers(customers::Error::Refused(refusal)) => {
                let fields = refusal.faults.iter().map(|fault| FaultJson {
                    field: fault.field.name(),
                    rule: message::rule(&fault.rule),
                    message: fault.rule.sentence(fault.field.name()),
                });
                // No operation of this door writes companies: an extension calls back for another door's.
                let companies = refusal.companies.iter().map(|name| FaultJson {
                    field: "Companies",
                    rule: "unique",
                    message: format!("The company '{name}' with this organisation number is another customer's."),
                });
                let errors: Vec<FaultJson> = fields.chain(companies).collect();
                let sentences: Vec<&str> = errors.iter().map(|fault| fault.message.as_str()).collect();
                Refused { status, message: sentences.join("; "), errors }
            }
            Self::Customers(customers::Error::Hook(failure)) => {
                Refused { status, message: failure.message, errors: Vec::new() }
            }
            Self::Customers(customers::Error::Unreadable(why)) => single("$", "body", format!("{why}.")),
            Self::Customers(error @ (customers::Error::KeyTaken | customers::Error::KeyReserved)) => {
                single("Key", "unique", format!("{error}."))
            }
            Self::Customers(error @ (customers::Error::WrongWork | customers::Error::Changed)) => {
                tracing::error!(error = %ErrorChain(&error), request.id = %request_id, "an outcome that no operation here has");
                return Err(GatewayRefusal::BackEndFailed(request_id));
            }
            Self::Customers(customers::Error::Database(error)) => {
                tracing::error!(error = %ErrorChain(&error), request.id = %request_id, "database failure");
                return Err(GatewayRefusal::BackEndFailed(request_id));
            }
        };
        Ok(refused)
    }
}

fn bad_request(message: &str) -> Refused {
    Refused { status: StatusCode::BAD_REQUEST, message: message.to_owned(), errors: Vec::new() }
}

impl Refused {
    /// The answer.
    pub(super) fn response(&self, request_id: Uuid, faults: bool) -> Response<Bytes> {
        let mut response = json_response(self.status, self.body(request_id, faults));
        response.headers_mut().insert("x-directscale-message", header_text(&self.message));
        response
    }

    /// Each rule that failed, for the journal.
    pub(super) fn reasons(&self) -> Vec<Reason> {
        if self.errors.is_empty() {
            return vec![Reason { field: "$".to_owned(), rule: "refused".to_owned(), message: self.message.clone() }];
        }
        let reason = |fault: &FaultJson| Reason {
            field: fault.field.to_owned(),
            rule: fault.rule.to_owned(),
            message: fault.message.clone(),
        };
        self.errors.iter().map(reason).collect()
    }

    /// The body; `faults` says whether it lists them.
    pub(super) fn body(&self, request_id: Uuid, faults: bool) -> Vec<u8> {
        let body = Problem {
            status_code: self.status.as_u16(),
            message: &self.message,
            activity_id: Some(request_id.to_string()),
            errors: faults.then_some(&self.errors),
        };
        serde_json::to_vec(&body).expect("invariant: plain data is JSON")
    }
}
