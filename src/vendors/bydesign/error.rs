//! What went wrong, as ByDesign says it.

use axum::body::Bytes;
use axum::http::{Response, StatusCode};

use super::render::{answer_to, with};
use super::violations::{MemberViolation, gathered};
use super::wire::result;
use crate::customers;
use crate::database::DatabaseError;
use crate::error_chain::ErrorChain;
use crate::gateway::{BrokenBody, GatewayRejection, RequestContext};
use crate::journal::Reason;

/// Why an operation answers with an error.
#[derive(Debug)]
pub(crate) enum Error {
    Rejected(Vec<MemberViolation>),
    /// The body is of a type that is not read: the framework's sentence.
    Unsupported(String),
    /// There is nothing of that id: what is said of it.
    NotFound(String),
    /// The domain rejected or failed.
    Customers(customers::Error),
}

impl From<BrokenBody> for Error {
    fn from(error: BrokenBody) -> Self {
        let rule = match error {
            BrokenBody::Unsupported(why) => return Self::Unsupported(why),
            BrokenBody::Incomplete(_) => "BODY_INCOMPLETE",
            BrokenBody::Undecodable(_) => "BODY_INVALID",
        };
        Self::Rejected(vec![MemberViolation::new("", rule, error.to_string())])
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
            customers::Error::Rejected(rejection) => Self::Rejected(gathered(Vec::new(), &rejection.violations)),
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
    /// The answer and each rule that failed, or the rejection where the back end broke.
    pub(super) fn response(
        self,
        about: &RequestContext<'_>,
    ) -> Result<(Response<Bytes>, Vec<Reason>), GatewayRejection> {
        let said = |status: StatusCode, sentence: &str| {
            let answer = answer_to(about, status, &result::http_error(sentence));
            (answer, vec![reason("$", "rejected", sentence)])
        };
        match self {
            Self::Rejected(violations) => {
                let answer =
                    answer_to(about, StatusCode::BAD_REQUEST, &result::rejection(&violations, with(about).error));
                let reasons = violations.iter().map(|violation| {
                    let member = if violation.member.is_empty() { "$" } else { violation.member };
                    reason(member, violation.rule, &violation.sentence)
                });
                Ok((answer, reasons.collect()))
            }
            Self::Unsupported(sentence) => Ok(said(StatusCode::UNSUPPORTED_MEDIA_TYPE, &sentence)),
            Self::NotFound(sentence) => Ok(said(StatusCode::NOT_FOUND, &sentence)),
            Self::Customers(error) => {
                tracing::error!(error = %ErrorChain(&error), request.id = %about.request_id, "the back end failed");
                Err(GatewayRejection::BackEndFailed(about.request_id))
            }
        }
    }
}

fn reason(field: &str, rule: &str, message: &str) -> Reason {
    Reason { field: field.to_owned(), rule: rule.to_owned(), message: message.to_owned() }
}
