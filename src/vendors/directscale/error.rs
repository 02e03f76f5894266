//! DirectScale's errors: a status, the text in `X-DirectScale-Message`, and a JSON object.

use axum::body::Bytes;
use axum::http::{Response, StatusCode};
use serde::Serialize;
use thiserror::Error as ThisError;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::customers::{self, Points, Rejection, ViolationKind};
use crate::database::{DatabaseError, to_be_logged};
use crate::error_chain::ErrorChain;
use crate::gateway::{BrokenBody, GatewayRejection, KeyProblem, header_text, json_response};
use crate::journal::Reason;
use crate::model::Field;
use crate::plan::{Plan, RejectionStatus, UnknownStatus};
use crate::wire::json::JsonError;

/// Why a body is no JSON object.
#[derive(Debug, ThisError)]
pub(crate) enum BodyError {
    #[error(transparent)]
    Json(#[from] JsonError),
    #[error(transparent)]
    Broken(BrokenBody),
}

/// Why an operation fails.
#[derive(Debug)]
pub(crate) enum Error {
    /// The body is not a JSON object.
    Body(BodyError),
    /// The Content-Encoding of the body is not supported.
    Unsupported(String),
    /// A parameter of path, query or body is missing or cannot be read.
    Parameter {
        /// `$query` for the query as a whole.
        name: &'static str,
        rule: &'static str,
        message: String,
    },
    /// The number of reward points is out of range. The operations' page lists 400 for it.
    Points(&'static str),
    /// As [`Error::Body`], for reward points.
    PointsBody(String),
    /// Username or password is wrong.
    Credentials,
    /// A single sign-on token is unknown or too old.
    Token,
    /// The customer of an upgrade is unknown. The operation's page does not list 404.
    UnknownOnUpgrade,
    Customers(customers::Error),
}

impl Error {
    /// The path names no customer, or an unknown one.
    pub(super) const UNKNOWN_CUSTOMER: Self = Self::Customers(customers::Error::UnknownCustomer);

    pub(super) fn parameter(name: &'static str, rule: &'static str, message: impl Into<String>) -> Self {
        Self::Parameter { name, rule, message: message.into() }
    }

    /// The same error, of an upgrade.
    pub(super) fn on_upgrade(self) -> Self {
        match self {
            Self::Customers(customers::Error::UnknownCustomer) => Self::UnknownOnUpgrade,
            other => other,
        }
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
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
        Self::Customers(error)
    }
}

/// An error response of the back end.
#[derive(Debug)]
pub(super) struct Rejected {
    pub status: StatusCode,
    pub message: String,
    pub errors: Vec<ViolationJson>,
}

/// A violation of a request
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Violation)]
pub(super) struct ViolationJson {
    /// The field, in the request's spelling.
    pub field: &'static str,
    /// The name of the violated rule.
    pub rule: &'static str,
    pub message: String,
}

/// An error of the gateway or of the back end
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Problem<'a> {
    status_code: u16,
    /// For an error of the back end the same text as the header `X-DirectScale-Message`.
    message: &'a str,
    /// The id of the request. The gateway's errors have it only with 500.
    #[serde(skip_serializing_if = "Option::is_none")]
    activity_id: Option<String>,
    /// The violations, for an error of the back end; absent with `EMULATOR_EXTRA_HEADERS=off`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<ViolationJson>>)]
    errors: Option<&'a [ViolationJson]>,
}

/// "A Customer with the given Customer ID was not found." (DirectScale, PATCH Customer page).
pub(super) const NOT_FOUND: &str = "A Customer with the given Customer ID was not found.";

impl Error {
    /// # Errors
    /// When the gateway responds and not the back end.
    pub(super) fn rejected(self, plan: &Plan, request_id: Uuid) -> Result<Rejected, GatewayRejection> {
        let status = match plan.rejection_status {
            RejectionStatus::BadRequest => StatusCode::BAD_REQUEST,
            RejectionStatus::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let rejected = match self {
            Self::Body(error) => single(status, "$", "body", error.to_string()),
            Self::Unsupported(why) => single(StatusCode::UNSUPPORTED_MEDIA_TYPE, "$", "contentEncoding", why),
            Self::Parameter { name, rule, message } => single(status, name, rule, message),
            Self::Points(name) => {
                let most = Points::MAX;
                let message =
                    format!("{name} must be a number other than 0, at most {most}; negative ones cannot be added.");
                single(StatusCode::BAD_REQUEST, name, "points", message)
            }
            Self::PointsBody(message) => single(StatusCode::BAD_REQUEST, "$", "body", message),
            Self::Credentials => without_violations(StatusCode::BAD_REQUEST, "Username or password is incorrect."),
            Self::Token => without_violations(StatusCode::BAD_REQUEST, "The token is unknown or has expired."),
            Self::UnknownOnUpgrade => match plan.unknown_on_upgrade_status {
                UnknownStatus::ServerError => without_violations(StatusCode::INTERNAL_SERVER_ERROR, NOT_FOUND),
                UnknownStatus::NotFound => without_violations(StatusCode::NOT_FOUND, NOT_FOUND),
            },
            Self::Customers(error) => return rejected_by_customers(error, status, plan, request_id),
        };
        Ok(rejected)
    }
}

fn rejected_by_customers(
    error: customers::Error,
    status: StatusCode,
    plan: &Plan,
    request_id: Uuid,
) -> Result<Rejected, GatewayRejection> {
    use customers::Error as Customers;
    Ok(match error {
        Customers::UnknownCustomer => without_violations(StatusCode::NOT_FOUND, NOT_FOUND),
        Customers::UnknownTenant => return Err(GatewayRejection::InvalidKey(KeyProblem::Unknown)),
        Customers::NoSuchUpgrade { from, to } => {
            single(status, "CustomerType", "transition", no_such_upgrade(from, to, plan))
        }
        Customers::Placement(kind) => single(status, "toUplineId", rule(&kind), placement("toUplineId", &kind)),
        Customers::Rejected(rejection) => with_violations(status, &rejection),
        Customers::Hook(failure) => without_violations(status, &failure.message),
        Customers::Unreadable(why) => single(status, "$", "body", format!("{why}.")),
        error @ (Customers::UuidInUse | Customers::UuidReserved) => {
            single(status, "Key", "unique", format!("{error}."))
        }
        error @ (Customers::UnreadableCommand | Customers::Changed) => {
            tracing::error!(error = %ErrorChain(&error), request.id = %request_id, "an error that no operation here has");
            return Err(GatewayRejection::BackEndFailed(request_id));
        }
        Customers::Database(error) => {
            if let Some(left_out) = to_be_logged(&error) {
                tracing::error!(error = %ErrorChain(&error), request.id = %request_id, left_out, "database failure");
            }
            return Err(GatewayRejection::BackEndFailed(request_id));
        }
    })
}

fn without_violations(status: StatusCode, message: &str) -> Rejected {
    Rejected { status, message: message.to_owned(), errors: Vec::new() }
}

fn single(status: StatusCode, field: &'static str, rule: &'static str, message: String) -> Rejected {
    Rejected { status, errors: vec![ViolationJson { field, rule, message: message.clone() }], message }
}

fn with_violations(status: StatusCode, rejection: &Rejection) -> Rejected {
    let fields = rejection.violations.iter().map(|violation| ViolationJson {
        field: violation.field.name(),
        rule: rule(&violation.kind),
        message: violation.kind.sentence(violation.field.name()),
    });
    // No operation of DirectScale writes companies, but an extension calls back for another vendor's.
    let companies = rejection.companies.iter().map(|name| ViolationJson {
        field: "Companies",
        rule: "unique",
        message: format!("The company '{name}' with this organization number is another customer's."),
    });
    let errors: Vec<ViolationJson> = fields.chain(companies).collect();
    let sentences: Vec<&str> = errors.iter().map(|violation| violation.message.as_str()).collect();
    Rejected { status, message: sentences.join("; "), errors }
}

impl Rejected {
    pub(super) fn response(&self, request_id: Uuid, violations: bool) -> Response<Bytes> {
        let mut response = json_response(self.status, self.body(request_id, violations));
        response.headers_mut().insert("x-directscale-message", header_text(&self.message));
        response
    }

    /// For the journal.
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

    /// With `violations` the body lists them.
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

/// Why a customer cannot be placed below the one in the parameter, in either tree.
fn placement(parameter: &str, kind: &ViolationKind) -> String {
    match kind {
        ViolationKind::SponsorBelow(id) => format!("{parameter} {id} stands below the customer in the tree."),
        other => other.sentence(parameter),
    }
}

fn rule(kind: &ViolationKind) -> &'static str {
    match kind {
        ViolationKind::Required(_) => "required",
        ViolationKind::Type(_) => "type",
        ViolationKind::Format(_) => "format",
        ViolationKind::ControlCharacter => "controlCharacter",
        ViolationKind::MaxLength(_) => "maxLength",
        ViolationKind::OneOf(_) => "oneOf",
        ViolationKind::MinimumAge(_) => "minimumAge",
        ViolationKind::Password(_) => "passwordRule",
        ViolationKind::Unique(_) => "unique",
        ViolationKind::Incomplete => "incomplete",
        ViolationKind::Unsupported => "unsupported",
        ViolationKind::SponsorUnknown(_) => "sponsorUnknown",
        ViolationKind::SponsorNotDistributor(_) => "sponsorNotDistributor",
        ViolationKind::SponsorIsSelf => "sponsorIsSelf",
        ViolationKind::SponsorBelow(_) => "sponsorBelow",
    }
}

/// The default upgrade hook's message for a transition that the plan does not allow ("This call only upgrades from Customer
/// (type 2) to Distributor (type 1)", DirectScale, Upgrade Customer page).
fn no_such_upgrade(from: i32, to: Option<i32>, plan: &Plan) -> String {
    let to = to.map_or_else(|| "none".to_owned(), |to| to.to_string());
    let allowed: Vec<String> = plan.upgrade_transitions.iter().map(|(from, to)| format!("{from} to {to}")).collect();
    let allowed = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
    let field = Field::CustomerType;
    format!("An upgrade from {field} {from} to {field} {to} was asked for; allowed: {allowed}.")
}
