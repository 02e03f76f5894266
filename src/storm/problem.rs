//! What went wrong, as Storm says it.

use axum::body::Bytes;
use axum::http::{HeaderValue, Response, StatusCode};

use super::error::ErrorMessage;
use super::html;
use super::refused::{Key, Refused};
use super::wire::json;
use crate::customers;
use crate::database::DatabaseError;
use crate::error_chain::ErrorChain;
use crate::gateway::{About, BrokenBody, GatewayRefusal, NotBuilt, typed};
use crate::journal::Reason;

/// Why an operation answers with an error.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The call never reaches the operation, because something of it cannot be read: the words say what.
    Unreadable(String),
    /// The same, because the Content-Encoding of the body is not supported.
    Unsupported(String),
    /// The call breaks rules.
    Refused(Vec<Refused>),
    /// The vendor has this and this emulator has not.
    NotBuilt(NotBuilt),
    /// The domain failed.
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
        Self::Refused(vec![key.into()])
    }
}

impl From<customers::Error> for Problem {
    fn from(error: customers::Error) -> Self {
        match error {
            customers::Error::UnknownCustomer => Key::CustomerMissing.into(),
            customers::Error::Refused(refusal) => {
                let faults = refusal.faults.iter().map(Refused::from);
                let companies = refusal.companies.iter().map(|name| {
                    let text =
                        format!("There already exists a company '{name}' with the specified organizational number.");
                    Refused::new(Key::CompanyAlreadyExists, text)
                });
                Self::Refused(faults.chain(companies).collect())
            }
            customers::Error::KeyTaken => {
                let text = "There already exists a customer with the specified key.";
                Self::Refused(vec![Refused::new(Key::CustomerAlreadyExists, text)])
            }
            customers::Error::KeyReserved => {
                let text = "Key must not begin with 00000000-0000-8000-8000: such keys are made of a customer's Id.";
                Self::Refused(vec![Refused::new(Key::InvalidValue, text)])
            }
            customers::Error::Hook(failure) => Self::Refused(vec![Refused::new(Key::InvalidValue, failure.message)]),
            customers::Error::Unreadable(why) => {
                Self::Refused(vec![Refused::new(Key::InvalidValue, format!("{why}."))])
            }
            other => Self::Customers(other),
        }
    }
}

impl Problem {
    /// The answer and each rule that failed, or the refusal where the back end broke.
    pub(super) fn response(self, about: &About<'_>) -> Result<(Response<Bytes>, Vec<Reason>), GatewayRefusal> {
        match self {
            Self::Unreadable(why) => Ok(unread(StatusCode::BAD_REQUEST, "unreadable", why)),
            Self::Unsupported(why) => Ok(unread(StatusCode::UNSUPPORTED_MEDIA_TYPE, "contentEncoding", why)),
            Self::Refused(refused) => {
                let reason = |refused: &Refused| Reason {
                    field: "$".to_owned(),
                    rule: refused.key.name(),
                    message: refused.text.clone(),
                };
                let reasons = refused.iter().map(reason).collect();
                Ok((message(StatusCode::BAD_REQUEST, refused, about), reasons))
            }
            Self::NotBuilt(missing) => Err(GatewayRefusal::NotBuilt(missing)),
            Self::Customers(error) => {
                tracing::error!(error = %ErrorChain(&error), request.id = %about.request_id, "the back end failed");
                Err(GatewayRefusal::BackEndFailed(about.request_id))
            }
        }
    }
}

/// The framework's page on what never reaches an operation.
fn unread(status: StatusCode, rule: &str, why: String) -> (Response<Bytes>, Vec<Reason>) {
    let answer = page(status, html::request_error(&why));
    (answer, vec![Reason { field: "$".to_owned(), rule: rule.to_owned(), message: why }])
}

/// An `ErrorMessage` that says all that was refused.
pub(super) fn message(status: StatusCode, refused: Vec<Refused>, about: &About<'_>) -> Response<Bytes> {
    let body = ErrorMessage::of(refused, about.now(), about.plan().storm.time_zone);
    json_answer(status, body.to_bytes())
}

/// An answer in JSON.
pub(super) fn json_answer(status: StatusCode, body: Vec<u8>) -> Response<Bytes> {
    typed(status, HeaderValue::from_static(json::CONTENT_TYPE), body)
}

/// One of the framework's pages.
pub(super) fn page(status: StatusCode, html: String) -> Response<Bytes> {
    typed(status, HeaderValue::from_static(html::CONTENT_TYPE), html.into_bytes())
}
