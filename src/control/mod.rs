//! `/_emulator`: documents, the control API, and the inspector's pages.

mod access;
mod admin_token;
mod api;
mod audit;
mod catalog;
mod documents;
mod error;
mod hooks;
mod journal;
mod keys;
mod pages;
mod pending;
mod sessions;
mod undo;

use std::sync::{Arc, LazyLock, OnceLock};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Response, header};
use axum::middleware::{from_fn, from_fn_with_state};

use crate::gateway::{BodyError, BodyMemory, BrokenBody, collect_body, collect_decoded_body};
use crate::guesses::Guesses;
use crate::random::Random;
use crate::recordings::Folder;
use crate::tenants::{LoadedSeed, Tenants};
use crate::vendors;
use catalog::Catalog;
use error::ControlError;
use sessions::Sessions;

pub use access::Access;
pub(crate) use access::is_browser;
pub use admin_token::AdminToken;
pub use documents::{Api, Coverage, FileSchema, at_address, document};
pub(crate) use keys::DEFAULT_KEY_NAME;
pub(crate) use pages::pretty_json;
pub(crate) use pending::PENDING;

/// The state of the control API and the inspector.
#[derive(Debug)]
pub struct Control {
    /// Set once the database is open, migrated and seeded.
    tenants: OnceLock<Tenants>,
    access: Access,
    /// Of this API alone, so that no tenant's bodies keep an administrator waiting, nor a seed those of tenants.
    body_memory: BodyMemory,
    exports: api::Exports,
    guesses: Guesses,
    random: Arc<Random>,
    catalog: LazyLock<Catalog>,
    outgoing: OnceLock<crate::outgoing::Outgoing>,
    /// The seeds that this server loaded when it started.
    seeded: OnceLock<Vec<LoadedSeed>>,
    /// The vendor APIs, for replays of requests.
    vendor: OnceLock<Router>,
    /// The port of the vendor APIs, if `/_emulator` has its own listener.
    api_port: OnceLock<u16>,
    /// The certificate of the local CA, in PEM.
    ca: OnceLock<String>,
    /// What comparisons with a real service found, if there is a folder with it.
    recordings: OnceLock<Folder>,
    undo: undo::Undo,
}

impl Control {
    /// A control API. `access` says who may use it.
    #[must_use]
    pub fn new(access: Access, body_memory: BodyMemory, guesses: Guesses, random: Arc<Random>) -> Self {
        Self {
            tenants: OnceLock::new(),
            access,
            body_memory,
            exports: api::Exports::default(),
            guesses,
            random,
            catalog: LazyLock::new(|| Catalog::new(&vendors::document())),
            outgoing: OnceLock::new(),
            seeded: OnceLock::new(),
            vendor: OnceLock::new(),
            api_port: OnceLock::new(),
            ca: OnceLock::new(),
            recordings: OnceLock::new(),
            undo: undo::Undo::default(),
        }
    }

    pub fn set_services(&self, tenants: Tenants, outgoing: crate::outgoing::Outgoing, seeded: Vec<LoadedSeed>) {
        // A second call would change nothing.
        let _ = self.seeded.set(seeded);
        let _ = self.tenants.set(tenants);
        let _ = self.outgoing.set(outgoing);
    }

    pub fn replay_to(&self, vendor: Router) {
        // A second call would change nothing.
        let _ = self.vendor.set(vendor);
    }

    pub fn set_api_port(&self, port: u16) {
        // A second call would change nothing.
        let _ = self.api_port.set(port);
    }

    pub fn set_ca(&self, pem: &str) {
        // A second call would change nothing.
        let _ = self.ca.set(pem.to_owned());
    }

    pub fn set_recordings(&self, folder: Folder) {
        // A second call would change nothing.
        let _ = self.recordings.set(folder);
    }

    fn tenants(&self) -> Result<&Tenants, ControlError> {
        self.tenants.get().ok_or(ControlError::NotReady)
    }

    /// The sessions of browsers that sent this token.
    fn sessions<'a>(&'a self, token: &'a AdminToken) -> Result<Sessions<'a>, ControlError> {
        Ok(Sessions { database: &self.tenants()?.database, token })
    }
}

/// Everything under `/_emulator`.
pub fn routes(control: Arc<Control>) -> Router {
    let guarded = api::router()
        .0
        .merge(pages::routes())
        .layer(from_fn_with_state(Arc::clone(&control), access::guard))
        .merge(pages::open_routes())
        .merge(api::open_routes().0)
        .with_state(Arc::clone(&control));
    documents::routes(control).merge(guarded).layer(from_fn(pages::dressed))
}

/// The body of a request, of at most `limit` bytes. One with a longer Content-Length is not read at all.
async fn read_body(control: &Control, body: Body, limit: usize) -> Result<Bytes, ControlError> {
    let read = collect_body(body, limit, control.body_memory.share(None)).await;
    read.map_err(|error| unreadable(error, limit))
}

/// The same, decoded as its headers say; at most `limit` bytes of it are decoded.
async fn read_decoded_body(
    control: &Control,
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<Bytes, ControlError> {
    let read = collect_decoded_body(headers, body, limit, control.body_memory.share(None)).await;
    read.map_err(|error| unreadable(error, limit))
}

fn unreadable(error: BodyError, limit: usize) -> ControlError {
    match error {
        BodyError::TooLong => ControlError::TooLong(limit),
        BodyError::MemoryFull => ControlError::MemoryFull,
        BodyError::Broken(BrokenBody::Unsupported(reason)) => ControlError::Unsupported(reason),
        BodyError::Broken(broken) => ControlError::Bad(broken.to_string()),
    }
}

fn typed(content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
