//! `/_emulator`: what the emulator says of itself, the control API, and the inspector's pages.

mod access;
mod api;
mod catalogue;
mod documents;
mod error;
mod pages;

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::{HeaderValue, Response, header};
use axum::middleware::from_fn_with_state;
use chrono::{DateTime, Utc};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use utoipa::openapi::OpenApi;

use crate::clock::Clock;
use crate::tenants::Tenants;
use catalogue::Catalogue;
use error::ControlError;

pub(crate) use access::wants_page;
pub use access::{Access, Peer};
pub use documents::{Api, Coverage, at_address, document};
pub(crate) use pages::laid_out;

/// What the control API and the inspector need.
#[derive(Debug)]
pub struct Control {
    /// Set once the database is open, migrated and seeded.
    tenants: OnceLock<Tenants>,
    access: Access,
    catalogue: Catalogue,
    /// Whether hooks may be tried on loopback and private networks.
    outgoing: OnceLock<crate::outgoing::Outgoing>,
    /// The vendor's API, to send calls again.
    vendor: OnceLock<Router>,
    /// The port of the vendors' APIs, where they are on another listener.
    api_port: OnceLock<u16>,
    /// When the server was started: another time is another server, whose journal counts from 1 again.
    started_at: DateTime<Utc>,
}

impl Control {
    /// A control API that nobody but those whom `access` lets in can use, over the vendor's operations in `document`.
    #[must_use]
    pub fn new(access: Access, document: &OpenApi) -> Self {
        let catalogue = Catalogue::of(document);
        Self {
            tenants: OnceLock::new(),
            access,
            catalogue,
            outgoing: OnceLock::new(),
            vendor: OnceLock::new(),
            api_port: OnceLock::new(),
            started_at: Clock::Real.now(),
        }
    }

    pub fn serve_from(&self, tenants: Tenants, outgoing: crate::outgoing::Outgoing) {
        // A second call would change nothing: the first world stays.
        let _ = self.tenants.set(tenants);
        let _ = self.outgoing.set(outgoing);
    }

    /// Gives it the vendor's API, to send calls again.
    pub fn replay_to(&self, vendor: Router) {
        // A second call would change nothing: the first API stays.
        let _ = self.vendor.set(vendor);
    }

    /// Tells it the port of the vendors' APIs, where they are on another listener.
    pub fn api_is_on(&self, port: u16) {
        // A second call would change nothing: a server listens once.
        let _ = self.api_port.set(port);
    }

    fn tenants(&self) -> Result<&Tenants, ControlError> {
        self.tenants.get().ok_or(ControlError::NotReady)
    }
}

/// Everything under `/_emulator`.
pub fn routes(control: Arc<Control>, vendor: &OpenApi) -> Router {
    let guarded = api::router()
        .0
        .merge(pages::routes())
        .layer(from_fn_with_state(Arc::clone(&control), access::guard))
        .merge(pages::open_routes())
        .with_state(control);
    documents::routes(vendor).merge(guarded)
}

/// The body of a request, of at most `limit` bytes. One that says that it is longer is not read at all.
async fn read_body(body: Body, limit: usize) -> Result<Bytes, ControlError> {
    if body.size_hint().lower() > limit as u64 {
        return Err(ControlError::TooLong(limit));
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ControlError::TooLong(limit)),
        Err(_) => Err(ControlError::Bad("the request broke off".to_owned())),
    }
}

fn typed(content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
