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
use crate::gateway::{BrokenBody, GatewayRejection, NotBuilt, header_text, json_response};
use crate::journal::Reason;
use crate::plan::{Plan, RejectionStatus, UnknownStatus};

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
    /// The domain rejected or failed.
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
pub(super) struct Rejected {
    pub status: StatusCode,
    pub message: String,
    pub errors: Vec<ViolationJson>,
}

/// One thing that is wrong with a request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Violation)]
pub(super) struct ViolationJson {
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
    #[schema(value_type = Option<Vec<ViolationJson>>)]
    errors: Option<&'a [ViolationJson]>,
}

/// "A Customer with the given Customer ID was not found." (DirectScale, PATCH Customer page).
pub(super) const NOT_FOUND: &str = "A Customer with the given Customer ID was not found.";

impl Error {
    /// The back end's answer, or the gateway's where the back end broke.
    pub(super) fn rejected(self, plan: &Plan, request_id: Uuid) -> Result<Rejected, GatewayRejection> {
        let status = match plan.rejection_status {
            RejectionStatus::BadRequest => StatusCode::BAD_REQUEST,
            RejectionStatus::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let single = |field: &'static str, rule: &'static str, message: String| Rejected {
            status,
            errors: vec![ViolationJson { field, rule, message: message.clone() }],
            message,
        };
        let rejected = match self {
            Self::Body(error) => single("$", "body", error.to_string()),
            Self::Unsupported(why) => {
                Rejected { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, ..single("$", "contentEncoding", why) }
            }
            Self::Parameter { name, rule, message } => single(name, rule, message),
            Self::Points(name) => {
                let most = Points::MOST;
                let message =
                    format!("{name} must be a number other than 0, at most {most}; negative ones cannot be added.");
                Rejected { status: StatusCode::BAD_REQUEST, ..single(name, "points", message) }
            }
            Self::PointsBody(message) => Rejected { status: StatusCode::BAD_REQUEST, ..single("$", "body", message) },
            Self::Credentials => bad_request("Username or password is incorrect."),
            Self::Token => bad_request("The token is unknown or has expired."),
            Self::NotBuilt(missing) => return Err(GatewayRejection::NotBuilt(missing)),
            Self::UnknownOnUpgrade if plan.unknown_on_upgrade_status == UnknownStatus::ServerError => Rejected {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                message: NOT_FOUND.to_owned(),
                errors: Vec::new(),
            },
            Self::UnknownCustomer | Self::UnknownOnUpgrade | Self::Customers(customers::Error::UnknownCustomer) => {
                Rejected { status: StatusCode::NOT_FOUND, message: NOT_FOUND.to_owned(), errors: Vec::new() }
            }
            Self::Customers(customers::Error::NoSuchUpgrade { from, to }) => {
                single("CustomerType", "transition", message::no_such_upgrade(from, to, plan))
            }
            Self::Customers(customers::Error::Placement(rule)) => {
                single("toUplineId", message::rule(&rule), message::placement("toUplineId", &rule))
            }
            Self::Customers(customers::Error::Rejected(rejection)) => {
                let fields = rejection.violations.iter().map(|violation| ViolationJson {
                    field: violation.field.name(),
                    rule: message::rule(&violation.rule),
                    message: violation.rule.sentence(violation.field.name()),
                });
                // No operation of this door writes companies: an extension calls back for another door's.
                let companies = rejection.companies.iter().map(|name| ViolationJson {
                    field: "Companies",
                    rule: "unique",
                    message: format!("The company '{name}' with this organisation number is another customer's."),
                });
                let errors: Vec<ViolationJson> = fields.chain(companies).collect();
                let sentences: Vec<&str> = errors.iter().map(|violation| violation.message.as_str()).collect();
                Rejected { status, message: sentences.join("; "), errors }
            }
            Self::Customers(customers::Error::Hook(failure)) => {
                Rejected { status, message: failure.message, errors: Vec::new() }
            }
            Self::Customers(customers::Error::Unreadable(why)) => single("$", "body", format!("{why}.")),
            Self::Customers(error @ (customers::Error::KeyTaken | customers::Error::KeyReserved)) => {
                single("Key", "unique", format!("{error}."))
            }
            Self::Customers(error @ (customers::Error::UnreadableCommand | customers::Error::Changed)) => {
                tracing::error!(error = %ErrorChain(&error), request.id = %request_id, "an outcome that no operation here has");
                return Err(GatewayRejection::BackEndFailed(request_id));
            }
            Self::Customers(customers::Error::Database(error)) => {
                tracing::error!(error = %ErrorChain(&error), request.id = %request_id, "database failure");
                return Err(GatewayRejection::BackEndFailed(request_id));
            }
        };
        Ok(rejected)
    }
}

fn bad_request(message: &str) -> Rejected {
    Rejected { status: StatusCode::BAD_REQUEST, message: message.to_owned(), errors: Vec::new() }
}

impl Rejected {
    /// The answer.
    pub(super) fn response(&self, request_id: Uuid, violations: bool) -> Response<Bytes> {
        let mut response = json_response(self.status, self.body(request_id, violations));
        response.headers_mut().insert("x-directscale-message", header_text(&self.message));
        response
    }

    /// Each rule that failed, for the journal.
    pub(super) fn reasons(&self) -> Vec<Reason> {
        if self.errors.is_empty() {
            return vec![Reason { field: "$".to_owned(), rule: "rejected".to_owned(), message: self.message.clone() }];
        }
        let reason = |violation: &ViolationJson| Reason {
            field: violation.field.to_owned(),
            rule: violation.rule.to_owned(),
            message: violation.message.clone(),
        };
        self.errors.iter().map(reason).collect()
    }

    /// The body; `violations` says whether it lists them.
    pub(super) fn body(&self, request_id: Uuid, violations: bool) -> Vec<u8> {
        let body = Problem {
            status_code: self.status.as_u16(),
            message: &self.message,
            activity_id: Some(request_id.to_string()),
            errors: violations.then_some(&self.errors),
        };
        serde_json::to_vec(&body).expect("invariant: plain data is JSON")
    }
}
