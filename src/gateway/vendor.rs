//! What differs between vendor APIs: how a request presents its credential, and how the responses look that are not an
//! operation's own.

use std::borrow::Cow;
use std::fmt::Debug;

use axum::body::Bytes;
use axum::http::Response;
use axum::http::request::Parts;
use uuid::Uuid;

use super::context::RequestContext;
use super::request::ApiRequest;
use super::response::{BrokenBody, GatewayRejection};
use crate::database::DatabaseError;
use crate::journal::Reason;
use crate::tenants::CredentialKind;

/// A failure that a fault rule injects as a status.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InjectedStatus<'a> {
    pub code: u16,
    /// `None`: the vendor's own message.
    pub message: Option<&'a str>,
    /// In seconds.
    pub retry_after: u64,
}

pub(crate) trait Vendor: Debug + Send + Sync + 'static {
    /// Why an operation fails.
    type Error: From<BrokenBody> + From<DatabaseError> + Send;

    const CREDENTIAL: CredentialKind;

    /// The header with a credential whose last characters the journal shows if it is not valid.
    const PREVIEW_HEADER: Option<&'static str> = None;

    /// The text that identifies the request's credential, in the form of `tenants::presented` for [`Self::CREDENTIAL`]. `None` when
    /// the request presents no credential.
    fn presented_credential<'a>(&self, parts: &'a Parts) -> Option<Cow<'a, str>>;

    /// The path as the routes spell it, without the base that clients put before it; `None` if it has no base.
    fn canonical_path(&self, path: &str) -> Option<String> {
        let _ = path;
        None
    }

    /// Whether this vendor responds to a path that no operation has.
    fn owns(&self, path: &str) -> bool;

    /// The response to a request that did not reach its operation, to one that no operation has, and to one whose handler
    /// panicked.
    fn reject(&self, rejection: GatewayRejection, context: &RequestContext<'_>) -> Response<Bytes>;

    /// The response to an error, with a reason for each violation.
    ///
    /// # Errors
    /// When the gateway must respond.
    fn render_error(
        &self,
        error: Self::Error,
        context: &RequestContext<'_>,
    ) -> Result<(Response<Bytes>, Vec<Reason>), GatewayRejection>;

    /// The response to an injected status that is not one of the gateway's.
    fn render_injected(&self, injected: InjectedStatus<'_>, context: &RequestContext<'_>) -> Response<Bytes>;

    /// Adds the headers of every response of the vendor's back end.
    fn add_response_headers(&self, response: &mut Response<Bytes>, request_id: Uuid) {
        let _ = (response, request_id);
    }

    /// The customer that the request names in its path or query.
    fn customer(&self, request: &ApiRequest<'_>) -> Option<i32>;
}
