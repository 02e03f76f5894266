//! What went wrong, as ByDesign says it.

use axum::body::Bytes;
use axum::http::{Response, StatusCode};

use super::door::{answer_to, with};
use super::faults::{MemberFault, gathered};
use super::wire::result;
use crate::customers;
use crate::database::DatabaseError;
use crate::error_chain::ErrorChain;
use crate::gateway::{About, BrokenBody, GatewayRefusal, NotBuilt};
use crate::journal::Reason;

/// Why an operation answers with an error.
#[derive(Debug)]
pub(crate) enum Error {
    /// The request breaks rules.
    Refused(Vec<MemberFault>),
    /// The body is of a type that is not read: the framework's sentence.
    Unsupported(String),
    /// There is nothing of that id: what is said of it.
    NotFound(String),
    /// The vendor has this and this emulator has not.
    NotBuilt(NotBuilt),
    /// The domain refused or failed.
    Customers(customers::Error),
}

impl From<NotBuilt> for Error {
    fn from(missing: NotBuilt) -> Self {
        Self::NotBuilt(missing)
    }
}

impl From<BrokenBody> for Error {
    fn from(error: BrokenBody) -> Self {
        let rule = match error {
            BrokenBody::Unsupported(why) => return Self::Unsupported(why),
            BrokenBody::Incomplete(_) => "BODY_INCOMPLETE",
            BrokenBody::Undecodable(_) => "BODY_INVALID",
        };
        Self::Refused(vec![MemberFault::new("", rule, error.to_string())])
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
            customers::Error::Refused(refusal) => Self::Refused(gathered(Vec::new(), &refusal.faults)),
            customers::Error::UnknownCustomer => Self::NotFound("There is no such customer.".to_owned()),
            customers::Error::Hook(failure) => Self::Refused(vec![MemberFault::new("", "REFUSED", failure.message)]),
            customers::Error::Unreadable(why) => {
                Self::Refused(vec![MemberFault::new("", "REFUSED", format!("{why}."))])
            }
            other => Self::Customers(other),
        }
    }
}

impl Error {
    /// The answer and each rule that failed, or the refusal where the back end broke.
    pub(super) fn response(self, about: &About<'_>) -> Result<(Response<Bytes>, Vec<Reason>), GatewayRefusal> {
        let said = |status: StatusCode, sentence: &str| {
            let answer = answer_to(about, status, &result::http_error(sentence));
            (answer, vec![reason("$", "refused", sentence)])
        };
        match self {
            Self::Refused(faults) => {
                let answer = answer_to(about, StatusCode::BAD_REQUEST, &result::refusal(&faults, with(about).error));
                let reasons = faults.iter().map(|fault| {
                    let member = if fault.member.is_empty() { "$" } else { fault.member };
                    reason(member, fault.rule, &fault.sentence)
                });
                Ok((answer, reasons.collect()))
            }
            Self::Unsupported(sentence) => Ok(said(StatusCode::UNSUPPORTED_MEDIA_TYPE, &sentence)),
            Self::NotFound(sentence) => Ok(said(StatusCode::NOT_FOUND, &sentence)),
            Self::NotBuilt(missing) => Err(GatewayRefusal::NotBuilt(missing)),
            Self::Customers(error) => {
                tracing::error!(error = %ErrorChain(&error), request.id = %about.request_id, "the back end failed");
                Err(GatewayRefusal::BackEndFailed(about.request_id))
            }
        }
    }
}

fn reason(field: &str, rule: &str, message: &str) -> Reason {
    Reason { field: field.to_owned(), rule: rule.to_owned(), message: message.to_owned() }
}
