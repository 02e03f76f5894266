//! Outgoing HTTP requests to addresses that tenants choose: no redirects, a limited response, a limited time, and no private
//! networks unless the settings allow them.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::{Host, Url};

use crate::error_chain::ErrorChain;
use crate::wire::coding::response_to_utf8;
use private_networks::is_private;

mod private_networks;

/// Replaces a value in the query of a URL.
const HIDDEN_VALUE: &str = "•••";

/// In bytes.
const MAX_RESPONSE: usize = 1024 * 1024;

/// An `http://` or `https://` address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TargetUrl(Url);

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

    /// The address as people see it.
    #[must_use]
    pub fn shown(&self) -> String {
        shown_url(self.as_str())
    }
}

impl From<TargetUrl> for String {
    fn from(url: TargetUrl) -> Self {
        url.0.into()
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
    client: reqwest::Client,
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

#[derive(Debug, Error)]
#[error("the HTTP client cannot be created")]
pub struct OutgoingSetupError(#[from] reqwest::Error);

impl Outgoing {
    /// `private_targets` allows loopback and private networks. On a system without certificates only `http://` works.
    ///
    /// # Errors
    /// Only for a defect of this program.
    pub fn new(private_targets: bool) -> Result<Self, OutgoingSetupError> {
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
        let client = builder().build().or_else(|error| {
            tracing::warn!(error = %ErrorChain(&error), "hooks and webhooks over https:// will fail");
            builder().tls_certs_only([]).build()
        })?;
        Ok(Self { client, private_targets })
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
        let sent = self.client.post(url.clone()).headers(headers).body(body).send().await;
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

/// A URL as people see it: the values of its query, which can be keys, are hidden.
#[must_use]
pub fn shown_url(url: &str) -> String {
    let Some((address, query)) = url.split_once('?') else { return url.to_owned() };
    let shown = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) if !value.is_empty() => Cow::Owned(format!("{name}={HIDDEN_VALUE}")),
        Some(_) => Cow::Borrowed(pair),
        // Without a name it may be a key.
        None if pair.is_empty() => Cow::Borrowed(pair),
        None => Cow::Borrowed(HIDDEN_VALUE),
    });
    format!("{address}?{}", shown.collect::<Vec<_>>().join("&"))
}

/// Selects the cryptography provider of TLS: ring, which sqlx uses too. Further calls have no effect.
pub(crate) fn use_ring() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn the_values_of_a_query_are_hidden() {
        for (url, shown) in [
            ("https://h.example/x", "https://h.example/x"),
            ("https://h.example/x?code=secret&v=&secret", "https://h.example/x?code=•••&v=&•••"),
            ("https://h.example/x?a=b=c?d", "https://h.example/x?a=•••"),
        ] {
            assert_eq!(shown_url(url), shown);
        }
    }

    #[tokio::test]
    async fn a_private_target_is_rejected_by_number_and_by_name() {
        let outgoing = Outgoing::new(false).expect("a client");
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
