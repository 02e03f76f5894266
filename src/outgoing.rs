//! HTTP out, to addresses that tenants chose: no redirects, a bounded answer, a bounded time, and no private networks unless
//! they are allowed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::{Host, Url};

use crate::error_chain::ErrorChain;
use crate::wire::charset::answer_to_utf8;

/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// An `http://` or `https://` address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TargetUrl(Url);

impl TargetUrl {
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.0
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
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

/// Sends requests to addresses that tenants chose.
#[derive(Debug, Clone)]
pub struct Outgoing {
    client: reqwest::Client,
    private_targets: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Its body, in UTF-8 where its encoding is known.
    pub body: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OutgoingError {
    /// The address is on a private network, which the server's settings do not allow.
    #[error("its address is on a private network, which EMULATOR_PRIVATE_TARGETS rejects")]
    Private,
    /// Nobody listens there, or the name is not known.
    #[error("no connection could be made")]
    Unreachable,
    #[error("it did not answer within {} seconds", .0.as_secs())]
    TimedOut(Duration),
    /// The answer leads elsewhere, and is not followed.
    #[error("it answered with a redirect, which is not followed")]
    Redirect,
    /// The answer is longer than what is read.
    #[error("its answer is longer than {LONGEST_ANSWER} bytes")]
    TooLong { status: u16 },
    #[error("the connection broke off")]
    Broken,
}

/// A client that cannot be made.
#[derive(Debug, Error)]
#[error("the HTTP client cannot be made")]
pub struct OutgoingSetupError(#[from] reqwest::Error);

impl Outgoing {
    /// A client. `private_targets` says whether it may reach loopback and private networks. A system without certificates
    /// of its own reaches `http://` alone.
    ///
    /// # Errors
    /// Only for a defect of this program.
    pub fn new(private_targets: bool) -> Result<Self, OutgoingSetupError> {
        // The process' provider of cryptography; somebody may have set it before, to the same.
        use_ring();
        let builder = || {
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .dns_resolver(Arc::new(Resolver { private_targets }))
                // A proxy would resolve names itself, and lead where the resolver does not.
                .no_proxy()
                .user_agent("directscale-emulator")
                // X-Directscale-Message-Id, as the vendor spells it.
                .http1_title_case_headers()
        };
        let client = builder().build().or_else(|error| {
            tracing::warn!(error = %ErrorChain(&error), "hooks and events over https:// are out of reach");
            builder().tls_certs_only([]).build()
        })?;
        Ok(Self { client, private_targets })
    }

    /// Posts a JSON body and reads the answer, whatever its status but a redirect.
    ///
    /// # Errors
    /// When no answer came, or none that can be used.
    pub async fn post(
        &self,
        url: &Url,
        headers: HeaderMap,
        body: Vec<u8>,
        timeout: Duration,
    ) -> Result<Answer, OutgoingError> {
        if !self.private_targets && is_private_host(url) {
            return Err(OutgoingError::Private);
        }
        match tokio::time::timeout(timeout, self.exchange(url, headers, body)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(OutgoingError::TimedOut(timeout)),
        }
    }

    async fn exchange(&self, url: &Url, headers: HeaderMap, body: Vec<u8>) -> Result<Answer, OutgoingError> {
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
            if body.len() + part.len() > LONGEST_ANSWER {
                return Err(OutgoingError::TooLong { status });
            }
            body.extend_from_slice(&part);
        }
        Ok(Answer { status, body: answer_to_utf8(body.into(), &headers) })
    }
}

/// Names become addresses here and nowhere else, so that a name cannot lead to a private network after it was checked.
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
                return Err("the name leads nowhere that is allowed".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether the address names a private network without a name in between.
fn is_private_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_private(address.into()),
        Some(Host::Ipv6(address)) => is_private(address.into()),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => true,
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => is_private_v4(address),
            None => is_private_v6(address),
        },
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_unspecified()
        || address.is_broadcast()
        || address.is_multicast()
        || first == 0
        // Carriers' shared addresses, 100.64.0.0/10; protocol assignments and benchmarks; what is reserved.
        || (first == 100 && (64..128).contains(&second))
        || address.octets().starts_with(&[192, 0, 0])
        || (first == 198 && (18..20).contains(&second))
        || first >= 240
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        // An address of version 4 may be within: 64:ff9b::/96 and 2002::/16.
        || matches!(address.segments(), [0x64, 0xff9b, 0, 0, 0, 0, ..] | [0x2002, ..])
}

/// Has TLS use the cryptography that sqlx brings along. Once is enough, and more does no harm.
pub(crate) fn use_ring() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known_in_every_spelling() {
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
        let outgoing = Outgoing::new(false).expect("a client");
        let post = async |address: &str| {
            let url = address.parse().expect("an address");
            outgoing.post(&url, HeaderMap::new(), Vec::new(), Duration::from_secs(5)).await
        };
        assert_eq!(post("http://127.0.0.1:9/").await, Err(OutgoingError::Private));
        assert_eq!(post("http://localhost:9/").await, Err(OutgoingError::Private));
        // By a name that only the resolver sees through, somebody is there and hears nothing.
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let number = nobody.local_addr().expect("an address").port();
        nobody.set_nonblocking(true).expect("a socket");
        assert_eq!(post(&format!("http://localhost.:{number}/")).await, Err(OutgoingError::Unreachable));
        assert!(nobody.accept().is_err());
        assert!(TargetUrl::try_from("http://user:secret@extension.example/".to_owned()).is_err());
    }
}
