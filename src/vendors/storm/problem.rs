//! What went wrong, as Storm says it.

use axum::body::Bytes;
use axum::http::{HeaderValue, Response, StatusCode};

use super::error::ErrorMessage;
use super::html;
use super::rejected::{Key, Rejected};
use super::wire::json;
use crate::customers;
use crate::database::DatabaseError;
use crate::error_chain::ErrorChain;
use crate::gateway::{BrokenBody, GatewayRejection, NotBuilt, RequestContext, typed};
use crate::journal::Reason;

/// Why an operation answers with an error.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The call never reaches the operation, because something of it cannot be read: the words say what.
    Unreadable(String),
    /// The same, because the Content-Encoding of the body is not supported.
    Unsupported(String),
    Rejected(Vec<Rejected>),
    /// The vendor has this and this emulator has not.
    NotBuilt(NotBuilt),
    Customers(customers::Error),
}

impl From<NotBuilt> for Problem {
    fn from(missing: NotBuilt) -> Self {
        Self::NotBuilt(missing)
    }
}

impl From<BrokenBody> for Problem {
    fn from(error: BrokenBody) -> Self {
        match error {
            BrokenBody::Unsupported(why) => Self::Unsupported(why),
            BrokenBody::Incomplete(_) | BrokenBody::Undecodable(_) => Self::Unreadable(error.to_string()),
        }
    }
}

impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Self {
        Self::Customers(customers::Error::Database(error))
    }
}

impl From<Key> for Problem {
    fn from(key: Key) -> Self {
        Self::Rejected(vec![key.into()])
    }
}

impl From<customers::Error> for Problem {
    fn from(error: customers::Error) -> Self {
        match error {
            customers::Error::UnknownCustomer => Key::CustomerMissing.into(),
            customers::Error::Rejected(rejection) => {
                let violations = rejection.violations.iter().map(Rejected::from);
                let companies = rejection.companies.iter().map(|name| {
                    let text =
                        format!("There already exists a company '{name}' with the specified organizational number.");
                    Rejected::new(Key::CompanyAlreadyExists, text)
                });
                Self::Rejected(violations.chain(companies).collect())
            }
            customers::Error::KeyTaken => {
                let text = "There already exists a customer with the specified key.";
                Self::Rejected(vec![Rejected::new(Key::CustomerAlreadyExists, text)])
            }
            customers::Error::KeyReserved => {
                let text = "Key must not begin with 00000000-0000-8000-8000: such keys are made of a customer's Id.";
                Self::Rejected(vec![Rejected::new(Key::InvalidValue, text)])
            }
            customers::Error::Hook(failure) => Self::Rejected(vec![Rejected::new(Key::InvalidValue, failure.message)]),
            customers::Error::Unreadable(why) => {
                Self::Rejected(vec![Rejected::new(Key::InvalidValue, format!("{why}."))])
            }
            other => Self::Customers(other),
        }
    }
}

impl Problem {
    /// The answer and each rule that failed, or the rejection where the back end broke.
    pub(super) fn response(
        self,
        about: &RequestContext<'_>,
    ) -> Result<(Response<Bytes>, Vec<Reason>), GatewayRejection> {
        match self {
            Self::Unreadable(why) => Ok(unread(StatusCode::BAD_REQUEST, "unreadable", why)),
            Self::Unsupported(why) => Ok(unread(StatusCode::UNSUPPORTED_MEDIA_TYPE, "contentEncoding", why)),
            Self::Rejected(rejected) => {
                let reason = |rejected: &Rejected| Reason {
                    field: "$".to_owned(),
                    rule: rejected.key.name(),
                    message: rejected.text.clone(),
                };
                let reasons = rejected.iter().map(reason).collect();
                Ok((message(StatusCode::BAD_REQUEST, rejected, about), reasons))
            }
            Self::NotBuilt(missing) => Err(GatewayRejection::NotBuilt(missing)),
            Self::Customers(error) => {
                tracing::error!(error = %ErrorChain(&error), request.id = %about.request_id, "the back end failed");
                Err(GatewayRejection::BackEndFailed(about.request_id))
            }
        }
    }
}

/// The framework's page on what never reaches an operation.
fn unread(status: StatusCode, rule: &str, why: String) -> (Response<Bytes>, Vec<Reason>) {
    let answer = page(status, html::request_error(&why));
    (answer, vec![Reason { field: "$".to_owned(), rule: rule.to_owned(), message: why }])
}

/// An `ErrorMessage` that says all that was rejected.
pub(super) fn message(status: StatusCode, rejected: Vec<Rejected>, about: &RequestContext<'_>) -> Response<Bytes> {
    let body = ErrorMessage::of(rejected, about.now(), about.plan().storm.time_zone);
    json_answer(status, body.to_bytes())
}

pub(super) fn json_answer(status: StatusCode, body: Vec<u8>) -> Response<Bytes> {
    typed(status, HeaderValue::from_static(json::CONTENT_TYPE), body)
}

/// One of the framework's pages.
pub(super) fn page(status: StatusCode, html: String) -> Response<Bytes> {
    typed(status, HeaderValue::from_static(html::CONTENT_TYPE), html.into_bytes())
}
