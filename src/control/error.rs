//! What the control API answers when it does not do what it was asked: RFC 9457's problem details.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use thiserror::Error;
use utoipa::ToSchema;

use crate::database::{DatabaseError, is_impossible_text};
use crate::error_chain::ErrorChain;
use crate::tenants::{CredentialError, TenantError};

/// Why the control API did not do what it was asked.
#[derive(Debug, Error)]
pub(super) enum ControlError {
    /// The server is still starting.
    #[error("the server is not ready yet")]
    NotReady,
    /// The request cannot be read, or asks for what cannot be.
    #[error("{0}")]
    Bad(String),
    /// The request's body has more than so many bytes.
    #[error("the request's body is longer than the limit of {0} bytes")]
    TooLong(usize),
    /// The Content-Encoding of the body is not supported.
    #[error("{0}")]
    Unsupported(String),
    /// There is nothing of this name.
    #[error("{0}")]
    NotFound(String),
    /// The caller is not let in.
    #[error("{0}")]
    Forbidden(String),
    /// The caller has not shown the token.
    #[error("{0}")]
    Unauthorized(String),
    /// The world did not do it.
    #[error(transparent)]
    World(#[from] TenantError),
    /// The work broke off: a defect.
    #[error("the work broke off")]
    BrokenOff,
}

impl From<DatabaseError> for ControlError {
    fn from(error: DatabaseError) -> Self {
        Self::World(error.into())
    }
}

impl From<CredentialError> for ControlError {
    fn from(error: CredentialError) -> Self {
        Self::World(error.into())
    }
}

/// A problem (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ControlProblem)]
pub(super) struct ControlProblem {
    /// The status of the answer.
    status: u16,
    /// The status in words.
    title: &'static str,
    /// What is wrong.
    detail: String,
}

impl ControlError {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NotReady => StatusCode::SERVICE_UNAVAILABLE,
            Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::TooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::BrokenOff => StatusCode::INTERNAL_SERVER_ERROR,
            Self::World(error) => match error {
                TenantError::UnknownTenant(_)
                | TenantError::UnknownSnapshot { .. }
                | TenantError::Key(CredentialError::UnknownKey { .. }) => StatusCode::NOT_FOUND,
                TenantError::NameTaken(_) | TenantError::Conflict | TenantError::Key(CredentialError::Taken(_)) => {
                    StatusCode::CONFLICT
                }
                TenantError::BadName(_) | TenantError::Rejected(_) | TenantError::Seed(_) | TenantError::Key(_) => {
                    StatusCode::BAD_REQUEST
                }
                TenantError::Database(DatabaseError::Statement(error)) if is_impossible_text(error) => {
                    StatusCode::NOT_FOUND
                }
                TenantError::Half => StatusCode::SERVICE_UNAVAILABLE,
                TenantError::Database(_) => StatusCode::INTERNAL_SERVER_ERROR,
            },
        }
    }

    /// What is wrong, without what is nobody's business.
    pub(super) fn detail(&self) -> String {
        match self {
            Self::World(TenantError::Database(DatabaseError::Statement(error))) if is_impossible_text(error) => {
                "nothing has a name with the character U+0000 in it".to_owned()
            }
            Self::World(TenantError::Database(error)) => {
                tracing::error!(error = %ErrorChain(error), "database failure in the control API");
                "the database failed; the server's log says why".to_owned()
            }
            other => other.to_string(),
        }
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response<Body> {
        let status = self.status();
        let title = status.canonical_reason().unwrap_or_default();
        let problem = ControlProblem { status: status.as_u16(), title, detail: self.detail() };
        let json = serde_json::to_vec(&problem).expect("invariant: plain data is JSON");
        let mut response = super::typed("application/problem+json", json);
        *response.status_mut() = status;
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
