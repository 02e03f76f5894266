//! Outgoing HTTP requests to addresses that tenants choose: no redirects, a limited response, a limited time, and no private
//! networks unless the settings allow them.

mod private_networks;
mod timeout;

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::OnceCell;
use url::{Host, Url};

use crate::error_chain::ErrorChain;
use crate::secret::HIDDEN;
use crate::wire::coding::response_to_utf8;
use private_networks::is_private;

pub use timeout::TimeoutSeconds;

/// In bytes.
const MAX_RESPONSE: usize = 1024 * 1024;

/// The maximum length of an address that a person sends, in bytes: it is a part of an index, whose entries have at most 2,704.
const MAX_URL: usize = 2_000;

/// An `http://` or `https://` address.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TargetUrl(Url);

impl fmt::Debug for TargetUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown())
    }
}

impl TargetUrl {
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// The whole address, which can hold a key in its query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The address for pages, lists, the journal and messages: without the values of its query, which can be keys.
    #[must_use]
    pub fn shown(&self) -> String {
        without_query_values(self.as_str())
    }

    /// Checks an address that a person sent.
    ///
    /// # Errors
    /// When it is longer than the maximum.
    pub fn check(&self) -> Result<(), String> {
        let length = self.as_str().len();
        if length <= MAX_URL {
            Ok(())
        } else {
            Err(format!("an address must be at most {MAX_URL} bytes long, not {length}"))
        }
    }
}

/// An address whose query has only the names of its parameters.
#[must_use]
pub fn without_query_values(address: &str) -> String {
    let address = address.split('#').next().unwrap_or_default();
    let Some((path, query)) = address.split_once('?') else { return address.to_owned() };
    let shown = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) if !value.is_empty() => Cow::Owned(format!("{name}={HIDDEN}")),
        Some(_) => Cow::Borrowed(pair),
        None if pair.is_empty() => Cow::Borrowed(pair),
        // The value may have no name.
        None => Cow::Borrowed(HIDDEN),
    });
    format!("{path}?{}", shown.collect::<Vec<_>>().join("&"))
}

impl From<TargetUrl> for String {
    fn from(url: TargetUrl) -> Self {
        url.0.into()
    }
}

impl JsonSchema for TargetUrl {
    fn schema_name() -> Cow<'static, str> {
        "TargetUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?:", "maxLength": MAX_URL,
            "description": "An `http://` or `https://` address without user name and password."
        })
    }
}

impl TryFrom<String> for TargetUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let url: Url = text.parse().map_err(|error| format!("it is not an address: {error}"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("an address must not hold a user name or password".to_owned());
        }
        if matches!(url.scheme(), "http" | "https") && url.has_host() {
            Ok(Self(url))
        } else {
            Err("it is not an http:// or https:// address".to_owned())
        }
    }
}

#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Created for the first request, because it reads and keeps the certificates of the system.
    client: Arc<OnceCell<reqwest::Client>>,
    private_targets: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingResponse {
    pub status: u16,
    /// In UTF-8 if its encoding is known.
    pub body: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OutgoingError {
    #[error("its address is on a private network, which EMULATOR_PRIVATE_TARGETS rejects")]
    Private,
    /// The connection was refused, or the name is unknown.
    #[error("the connection failed")]
    Unreachable,
    #[error("it did not answer within {} seconds", .0.as_secs())]
    TimedOut(Duration),
    #[error("it answered with a redirect, which is not followed")]
    Redirect,
    #[error("its answer is longer than {MAX_RESPONSE} bytes")]
    TooLong { status: u16 },
    #[error("the connection was lost")]
    Broken,
}

impl Outgoing {
    /// `private_targets` allows loopback and private networks. On a system without certificates only `http://` works.
    #[must_use]
    pub fn new(private_targets: bool) -> Self {
        Self { client: Arc::default(), private_targets }
    }

    /// Created on a blocking thread, once.
    async fn client(&self) -> Result<&reqwest::Client, OutgoingError> {
        let private_targets = self.private_targets;
        let create = async || {
            let created = tokio::task::spawn_blocking(move || Self::create(private_targets)).await;
            created.ok().and_then(Result::ok).ok_or(OutgoingError::Broken)
        };
        self.client.get_or_try_init(create).await
    }

    fn create(private_targets: bool) -> Result<reqwest::Client, reqwest::Error> {
        use_ring();
        let builder = || {
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .dns_resolver(Arc::new(Resolver { private_targets }))
                // A proxy would resolve names itself, without the resolver's check.
                .no_proxy()
                .user_agent("directscale-emulator")
                // X-Directscale-Message-Id, as the vendor spells it.
                .http1_title_case_headers()
        };
        builder().build().or_else(|error| {
            tracing::warn!(error = %ErrorChain(&error), "hooks and webhooks over https:// will fail");
            builder().tls_certs_only([]).build()
        })
    }

    /// Sends a POST request with a JSON body. Any status but a redirect is a result.
    ///
    /// # Errors
    /// When there is no complete response, or it is a redirect or too long.
    pub async fn post(
        &self,
        url: &Url,
        headers: HeaderMap,
        body: Vec<u8>,
        timeout: Duration,
    ) -> Result<OutgoingResponse, OutgoingError> {
        if !self.private_targets && is_private_host(url) {
            return Err(OutgoingError::Private);
        }
        match tokio::time::timeout(timeout, self.exchange(url, headers, body)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(OutgoingError::TimedOut(timeout)),
        }
    }

    async fn exchange(&self, url: &Url, headers: HeaderMap, body: Vec<u8>) -> Result<OutgoingResponse, OutgoingError> {
        let sent = self.client().await?.post(url.clone()).headers(headers).body(body).send().await;
        let mut response = sent.map_err(|error| {
            let failure = if error.is_connect() { OutgoingError::Unreachable } else { OutgoingError::Broken };
            tracing::debug!(error = %ErrorChain(&error.without_url()), "an outgoing request failed");
            failure
        })?;
        if response.status().is_redirection() {
            return Err(OutgoingError::Redirect);
        }
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|_| OutgoingError::Broken)? {
            if body.len() + part.len() > MAX_RESPONSE {
                return Err(OutgoingError::TooLong { status });
            }
            body.extend_from_slice(&part);
        }
        Ok(OutgoingResponse { status, body: response_to_utf8(body.into(), &headers) })
    }
}

/// The only place where names are resolved, so that no name resolves to a private network after it was checked.
#[derive(Debug)]
struct Resolver {
    private_targets: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let private_targets = self.private_targets;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> =
                found.filter(|address| private_targets || !is_private(address.ip())).collect();
            if allowed.is_empty() {
                return Err("the name has no address that is allowed".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether the URL contains a private IP address, or localhost.
fn is_private_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_private(address.into()),
        Some(Host::Ipv6(address)) => is_private(address.into()),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => true,
    }
}

/// Selects the cryptography provider of TLS: ring, which sqlx uses too. Further calls have no effect.
pub(crate) fn use_ring() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_the_values_of_its_query() {
        for (address, shown) in [
            ("http://h/a", "http://h/a"),
            ("http://h/a?", "http://h/a?"),
            ("http://h/a?code=x&b=&c=y#z", "http://h/a?code=•••&b=&c=•••"),
            ("http://h/a?x", "http://h/a?•••"),
            ("http://h/a?b=c=d?e=f", "http://h/a?b=•••"),
        ] {
            let url = TargetUrl::try_from(address.to_owned()).expect(address);
            assert_eq!((url.shown().as_str(), format!("{url:?}").as_str()), (shown, shown), "{address}");
        }
    }

    #[test]
    fn private_addresses_are_recognized_in_every_form() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "10.1.2.3",
            "192.168.0.1",
            "172.16.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[fd00::1]",
            "[fe80::1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "198.18.0.1",
            "240.0.0.1",
            "localhost",
            "LOCALHOST",
        ] {
            let url: Url = format!("http://{host}:5000/").parse().expect("an address");
            assert!(is_private_host(&url), "{host}");
        }
        for host in ["93.184.216.34", "100.128.0.1", "172.32.0.1", "[2606:2800:220:1::1]", "extension.example"] {
            let url: Url = format!("http://{host}/").parse().expect("an address");
            assert!(!is_private_host(&url), "{host}");
        }
    }

    #[tokio::test]
    async fn a_private_target_is_rejected_by_number_and_by_name() {
        let outgoing = Outgoing::new(false);
        let post = async |address: &str| {
            let url = address.parse().expect("an address");
            outgoing.post(&url, HeaderMap::new(), Vec::new(), Duration::from_secs(5)).await
        };
        assert_eq!(post("http://127.0.0.1:9/").await, Err(OutgoingError::Private));
        assert_eq!(post("http://localhost:9/").await, Err(OutgoingError::Private));
        // The resolver rejects the name although the port is open.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let number = listener.local_addr().expect("an address").port();
        listener.set_nonblocking(true).expect("a socket");
        assert_eq!(post(&format!("http://localhost.:{number}/")).await, Err(OutgoingError::Unreachable));
        assert!(listener.accept().is_err());
        assert!(TargetUrl::try_from("http://user:secret@extension.example/".to_owned()).is_err());
    }
}
