//! The errors of ByDesign's operations, and their responses.

use axum::body::Bytes;
use axum::http::{Response, StatusCode};

use super::error_body;
use super::response::error_response;
use super::violations::{MemberViolation, merged};
use crate::customers;
use crate::database::{DatabaseError, to_be_logged};
use crate::error_chain::ErrorChain;
use crate::gateway::{BrokenBody, GatewayRejection, KeyProblem, RequestContext};
use crate::journal::Reason;

#[derive(Debug)]
pub(crate) enum Error {
    Rejected(Vec<MemberViolation>),
    /// The framework's message for a body of a type that it does not read.
    Unsupported(String),
    /// The message.
    NotFound(String),
    Customers(customers::Error),
}

impl From<BrokenBody> for Error {
    fn from(error: BrokenBody) -> Self {
        let key = match error {
            BrokenBody::Unsupported(why) => return Self::Unsupported(why),
            BrokenBody::Incomplete(_) => "BODY_INCOMPLETE",
            BrokenBody::Undecodable(_) => "BODY_INVALID",
        };
        Self::Rejected(vec![MemberViolation::new("", key, error.to_string())])
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
            customers::Error::Rejected(rejection) => Self::Rejected(merged(Vec::new(), &rejection.violations)),
            customers::Error::UnknownCustomer => Self::NotFound("There is no such customer.".to_owned()),
            customers::Error::Hook(failure) => {
                Self::Rejected(vec![MemberViolation::new("", "REJECTED", failure.message)])
            }
            customers::Error::Unreadable(why) => {
                Self::Rejected(vec![MemberViolation::new("", "REJECTED", format!("{why}."))])
            }
            other => Self::Customers(other),
        }
    }
}

impl Error {
    /// The response and the journal's reasons, or the rejection that the gateway renders.
    pub(super) fn response(
        self,
        context: &RequestContext<'_>,
    ) -> Result<(Response<Bytes>, Vec<Reason>), GatewayRejection> {
        let http_error = |status: StatusCode, message: &str| {
            let response = error_response(context, status, &error_body::http_error(message));
            (response, vec![reason("$", "rejected", message)])
        };
        match self {
            Self::Rejected(violations) => {
                let body = error_body::rejection(&violations, context.plan().bydesign.error);
                let response = error_response(context, StatusCode::BAD_REQUEST, &body);
                let reasons = violations.iter().map(|violation| {
                    let member = if violation.member.is_empty() { "$" } else { violation.member };
                    reason(member, violation.code, &violation.message)
                });
                Ok((response, reasons.collect()))
            }
            Self::Unsupported(message) => Ok(http_error(StatusCode::UNSUPPORTED_MEDIA_TYPE, &message)),
            Self::NotFound(message) => Ok(http_error(StatusCode::NOT_FOUND, &message)),
            Self::Customers(customers::Error::UnknownTenant) => Err(GatewayRejection::InvalidKey(KeyProblem::Unknown)),
            Self::Customers(error) => {
                if let Some(left_out) = to_be_logged(&error) {
                    tracing::error!(error = %ErrorChain(&error), request.id = %context.request_id, left_out, "the back end failed");
                }
                Err(GatewayRejection::BackEndFailed(context.request_id))
            }
        }
    }
}

fn reason(field: &str, rule: &str, message: &str) -> Reason {
    Reason { field: field.to_owned(), rule: rule.to_owned(), message: message.to_owned() }
}
