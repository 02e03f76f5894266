//! The audit: a line for each request that changes something through the control API or the inspector, accepted or not.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, Response, header};
use percent_encoding::percent_decode_str;

use crate::guesses::Peer;
use crate::journal::redacted_path;

/// The longest name of a tenant in a line, in characters.
const MAX_NAME_LENGTH: usize = 100;

/// The longest path in a line, in characters.
const MAX_PATH_LENGTH: usize = 200;

/// In the extensions of a response: the tenant that the request created, where its path names none.
#[derive(Debug, Clone)]
pub(super) struct CreatedTenant(pub String);

/// Who sent a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Client {
    /// A program on this machine, without a token.
    Loopback,
    /// A program with the token.
    Token,
    /// A browser after the login; with the session's fingerprint.
    Session(String),
    Rejected,
}

/// A request that may change something.
#[derive(Debug)]
pub(super) struct Write {
    method: Method,
    path: String,
    tenant: Option<String>,
}

impl Write {
    /// `None` for a request that only reads.
    pub(super) fn of(request: &Request) -> Option<Self> {
        if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
            return None;
        }
        let path = request.uri().path();
        let shown = redacted_path(path, "-").chars().take(MAX_PATH_LENGTH).collect();
        Some(Self { method: request.method().clone(), path: shown, tenant: tenant(path) })
    }

    /// The client is known, and the request begins to change something.
    pub(super) fn begin(self, client: Client) -> BegunWrite {
        BegunWrite { write: self, client, is_logged: false }
    }

    /// `response` is `None` where there is none.
    fn log(&self, client: &Client, response: Option<&Response<Body>>) {
        let Self { method, path, tenant } = self;
        let tenant = tenant.clone().or_else(|| response.and_then(new_tenant));
        let (client, session) = match client {
            Client::Loopback => ("loopback", None),
            Client::Token => ("token", None),
            Client::Session(fingerprint) => ("session", Some(fingerprint.as_str())),
            Client::Rejected => ("rejected", None),
        };
        let peer = Peer::current().map(|peer| peer.0);
        let peer = peer.as_ref().map(tracing::field::display);
        let (method, status) = (method.as_str(), response.map(|response| response.status().as_u16()));
        let result = match response {
            Some(_) => None,
            None if std::thread::panicking() => Some("panicked"),
            None => Some("hung up"),
        };
        tracing::info!(target: "audit", peer, client, session, method, path, tenant, status, result, "control API");
    }
}

/// A request that may have changed something. It is logged without a status when it is dropped before its response: the client hung
/// up, and what it began may run on, or the handler panicked.
#[derive(Debug)]
pub(super) struct BegunWrite {
    write: Write,
    client: Client,
    is_logged: bool,
}

impl BegunWrite {
    pub(super) fn end(mut self, response: &Response<Body>) {
        self.write.log(&self.client, Some(response));
        self.is_logged = true;
    }
}

impl Drop for BegunWrite {
    fn drop(&mut self) {
        if !self.is_logged {
            self.write.log(&self.client, None);
        }
    }
}

/// The tenant that a path names.
fn tenant(path: &str) -> Option<String> {
    let below = ["/_emulator/tenants/", "/_emulator/t/"].iter().find_map(|beginning| path.strip_prefix(beginning))?;
    Some(shown(below.split('/').next()?))
}

/// The tenant that the request created.
fn new_tenant(response: &Response<Body>) -> Option<String> {
    if let Some(CreatedTenant(name)) = response.extensions().get() {
        return Some(shown(name));
    }
    // A page redirects to the new tenant.
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    Some(shown(location.strip_prefix("/_emulator/t/")?.split(['/', '?']).next()?))
}

fn shown(name: &str) -> String {
    let decoded: Cow<'_, str> = percent_decode_str(name).decode_utf8_lossy();
    decoded.chars().take(MAX_NAME_LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_tenant() {
        assert_eq!(tenant("/_emulator/tenants/a%20b/reset").as_deref(), Some("a b"));
        assert_eq!(tenant("/_emulator/t/demo/keys").as_deref(), Some("demo"));
        assert_eq!((tenant("/_emulator/tenants"), tenant("/_emulator/seed")), (None, None));
        assert_eq!(shown(&"x".repeat(1_000)).len(), MAX_NAME_LENGTH);
    }
}
