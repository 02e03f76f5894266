//! Sends a request through the router of the vendor APIs, as the tenant and without its key. So the journal has it.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use serde::Deserialize;
use serde_json::Value;
use tower::ServiceExt as _;

use super::extract::TenantPage;
use super::format::request_id;
use crate::control::error::ControlError;
use crate::control::journal::listed;
use crate::database::measured;
use crate::gateway::{Replayed, RequestSummary, Transmission, caught, panic_text};
use crate::journal::Filter;
use crate::tenants::{Caller, CredentialKind};

/// In the journal, the key of requests from the inspector.
pub(super) const KEY_NAME: &str = "inspector";

/// The longest response that a page reads, in bytes.
const MAX_RESPONSE: usize = 256 * 1024;

/// A request that was sent, with its response.
#[derive(Debug)]
pub(super) struct Sent {
    pub response: Response<Body>,
    /// For the address of its page.
    pub request: String,
}

/// # Errors
/// `NotReady`, `Interrupted` when the handler panicked, or when the tenant's data cannot be read.
pub(super) async fn send(page: &TenantPage, mut request: Request<Body>) -> Result<Sent, ControlError> {
    let vendor = page.request.control.vendor.get().cloned().ok_or(ControlError::NotReady)?;
    let presence = page.tenants().enter(page.tenant.id).await?;
    let tenant = page.tenants().tenant(page.name()).await?;
    let caller = Caller::new(Arc::new(tenant), KEY_NAME, CredentialKind::default()).with_guard(presence);
    request.extensions_mut().insert(Replayed(caller));
    // In its own task, so that a browser that disconnects does not abort the request.
    let sent = tokio::spawn(async move { caught(measured(vendor.oneshot(request))).await });
    let (Ok(response), _) = sent.await.map_err(|_| ControlError::Interrupted)?.map_err(|panic| {
        tracing::error!(panic = panic_text(&*panic), "a handler panicked");
        ControlError::Interrupted
    })?;
    let id = response.extensions().get::<RequestSummary>().and_then(|summary| summary.request_id);
    let request = match id {
        Some(id) => id.to_string(),
        None => newest_id(page).await?,
    };
    Ok(Sent { response, request })
}

/// The id of the tenant's newest request, for the path of its page.
async fn newest_id(page: &TenantPage) -> Result<String, ControlError> {
    let newest = listed(&page.tenants().journal, Some(page.tenant.id), &Filter::default(), 1).await?;
    Ok(newest.first().map(request_id).unwrap_or_default())
}

/// A write through DirectScale's API, and what became of it.
#[derive(Debug)]
pub(super) struct Written {
    pub status: StatusCode,
    /// The id of the request, for the address of its page.
    pub request: String,
    pub outcome: Result<Value, Refused>,
    pub is_dry_run: bool,
}

/// Why a write was rejected.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Refused {
    pub message: String,
    pub errors: Vec<FieldError>,
}

/// A rule that a field breaks.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FieldError {
    pub field: String,
    pub rule: String,
    pub message: String,
}

/// Sends a write to DirectScale's API. `path` is encoded.
///
/// # Errors
/// Those of [`send`].
pub(super) async fn write(
    page: &TenantPage,
    method: Method,
    path: &str,
    body: Option<&Value>,
    is_dry_run: bool,
) -> Result<Written, ControlError> {
    let uri: Uri = path.parse().map_err(|_| ControlError::Bad("the address cannot be sent".to_owned()))?;
    let mut request = Request::new(body.map_or_else(Body::empty, |body| Body::from(body.to_string())));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    if let Ok(host) = HeaderValue::try_from(page.request.vendor_address()) {
        headers.insert(header::HOST, host);
    }
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    if body.is_some() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if is_dry_run {
        headers.insert("prefer", HeaderValue::from_static("tx=rollback"));
    }
    let Sent { response, request } = send(page, request).await?;
    let status = response.status();
    let summary = response.extensions().get::<RequestSummary>();
    let is_sent = summary.is_none_or(|summary| summary.transmission == Transmission::Complete);
    let bytes = axum::body::to_bytes(response.into_body(), MAX_RESPONSE).await.unwrap_or_default();
    let outcome = if !is_sent {
        let message = "an injected fault closes the connection: a program gets no complete response".to_owned();
        Err(Refused { message, errors: Vec::new() })
    } else if status.is_success() {
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    } else {
        Err(serde_json::from_slice(&bytes).unwrap_or_default())
    };
    Ok(Written { status, request, outcome, is_dry_run })
}
