//! The errors of the control API: RFC 9457's problem details.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use thiserror::Error;
use utoipa::ToSchema;

use crate::database::{DatabaseError, is_impossible_text, to_be_logged};
use crate::error_chain::ErrorChain;
use crate::gateway::MEMORY_FULL;
use crate::guesses::TooManyGuesses;
use crate::journal::JournalError;
use crate::tenants::{CredentialError, TenantError};

/// What a client reads of a failure of the database.
pub(super) const DATABASE_FAILED: &str = "the database failed; the server's log says why";

/// Why the control API rejected a request, or failed.
#[derive(Debug, Error)]
pub(super) enum ControlError {
    #[error("the server is not ready yet")]
    NotReady,
    /// The request cannot be read, or has an impossible value.
    #[error("{0}")]
    Bad(String),
    /// The body has more bytes than this limit.
    #[error("the request's body is longer than the limit of {0} bytes")]
    TooLong(usize),
    /// The bodies of other requests take all of the memory for bodies.
    #[error("{MEMORY_FULL}")]
    MemoryFull,
    /// An unknown Content-Encoding.
    #[error("{0}")]
    Unsupported(String),
    #[error("other tenants are exported: try again in a moment")]
    TooManyExports,
    #[error("{0}")]
    NotFound(String),
    /// The client may not use the control API.
    #[error("{0}")]
    Forbidden(String),
    /// The token is missing or wrong.
    #[error("{0}")]
    Unauthorized(String),
    #[error(transparent)]
    TooManyGuesses(#[from] TooManyGuesses),
    #[error(transparent)]
    Tenant(#[from] TenantError),
    /// The task panicked: a defect.
    #[error("the task was interrupted")]
    Interrupted,
}

impl From<DatabaseError> for ControlError {
    fn from(error: DatabaseError) -> Self {
        Self::Tenant(error.into())
    }
}

impl From<JournalError> for ControlError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Database(error) => error.into(),
            JournalError::NotJoined => Self::NotReady,
            JournalError::Interrupted => Self::Interrupted,
        }
    }
}

impl From<CredentialError> for ControlError {
    fn from(error: CredentialError) -> Self {
        Self::Tenant(error.into())
    }
}

/// A problem (RFC 9457)
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ControlProblem)]
pub(super) struct ControlProblem {
    status: u16,
    /// The status in words.
    title: &'static str,
    /// What is wrong.
    detail: String,
}

impl ControlProblem {
    pub(super) fn new(status: StatusCode, detail: String) -> Self {
        Self { status: status.as_u16(), title: status.canonical_reason().unwrap_or_default(), detail }
    }
}

impl ControlError {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NotReady | Self::MemoryFull | Self::TooManyExports => StatusCode::SERVICE_UNAVAILABLE,
            Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::TooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::TooManyGuesses(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Interrupted => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Tenant(error) => match error {
                TenantError::UnknownTenant(_)
                | TenantError::UnknownSnapshot { .. }
                | TenantError::Credential(CredentialError::Unknown { .. }) => StatusCode::NOT_FOUND,
                TenantError::NameTaken(_)
                | TenantError::Conflict
                | TenantError::Locked
                | TenantError::Credential(CredentialError::InUse(_)) => StatusCode::CONFLICT,
                TenantError::BadName(_)
                | TenantError::Rejected(_)
                | TenantError::Seed(_)
                | TenantError::Credential(_) => StatusCode::BAD_REQUEST,
                TenantError::Database(DatabaseError::Statement(error)) if is_impossible_text(error) => {
                    StatusCode::NOT_FOUND
                }
                TenantError::Incomplete | TenantError::TooManyTasks(_) => StatusCode::SERVICE_UNAVAILABLE,
                TenantError::Database(_) => StatusCode::INTERNAL_SERVER_ERROR,
            },
        }
    }

    /// What is wrong, without the details of a database failure.
    pub(super) fn detail(&self) -> String {
        match self {
            Self::Tenant(TenantError::Database(DatabaseError::Statement(error))) if is_impossible_text(error) => {
                "a name cannot contain the character U+0000".to_owned()
            }
            Self::Tenant(TenantError::Database(error)) => {
                if let Some(left_out) = to_be_logged(error) {
                    tracing::error!(error = %ErrorChain(error), left_out, "database failure in the control API");
                }
                DATABASE_FAILED.to_owned()
            }
            other => other.to_string(),
        }
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response<Body> {
        let status = self.status();
        let problem = ControlProblem::new(status, self.detail());
        let json = serde_json::to_vec(&problem).expect("invariant: plain data is JSON");
        let mut response = super::typed("application/problem+json", json);
        *response.status_mut() = status;
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Self::TooManyGuesses(TooManyGuesses(seconds)) = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
