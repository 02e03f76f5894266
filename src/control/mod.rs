//! `/_emulator`: what the emulator says of itself, the control API, and the inspector's pages.

mod access;
mod api;
mod catalogue;
mod documents;
mod error;
mod pages;

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use axum::middleware::from_fn_with_state;
use chrono::{DateTime, Utc};
use utoipa::openapi::OpenApi;

use crate::clock::Clock;
use crate::doors;
use crate::tenants::Worlds;
use catalogue::Catalogue;
use error::ControlError;

pub use access::{Access, AdminToken, Peer};
pub use documents::Coverage;
pub(crate) use pages::laid_out;

/// What the control API and the inspector need.
#[derive(Debug)]
pub struct Control {
    /// Set once the database is open, migrated and seeded.
    worlds: OnceLock<Worlds>,
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
            worlds: OnceLock::new(),
            access,
            catalogue,
            outgoing: OnceLock::new(),
            vendor: OnceLock::new(),
            api_port: OnceLock::new(),
            started_at: Clock::Real.now(),
        }
    }

    /// Gives it the worlds.
    pub fn serve_from(&self, worlds: Worlds, outgoing: crate::outgoing::Outgoing) {
        // A second call would change nothing: the first world stays.
        let _ = self.worlds.set(worlds);
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

    fn worlds(&self) -> Result<&Worlds, ControlError> {
        self.worlds.get().ok_or(ControlError::NotReady)
    }
}

/// Everything under `/_emulator`.
pub fn routes(control: Arc<Control>, vendor: &OpenApi) -> Router {
    let document = with_control(vendor.clone());
    let guarded = api::router()
        .0
        .merge(pages::routes())
        .layer(from_fn_with_state(Arc::clone(&control), access::guard))
        .merge(pages::open_routes())
        .with_state(control);
    documents::routes(&document, vendor).merge(guarded)
}

/// The document of everything: the vendor's operations and the control API's.
#[must_use]
pub fn document() -> OpenApi {
    with_control(doors::document())
}

fn with_control(mut document: OpenApi) -> OpenApi {
    document.merge(api::router().1);
    document
}

fn typed(content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
