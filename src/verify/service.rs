//! A service over HTTP: the real one, or a fork of a tenant of the emulator.

use std::time::Duration;

use reqwest::{Client, Method};
use thiserror::Error;
use tokio::time::Instant;
use url::Url;

use super::exchange::{Exchange, Request, Response};
use crate::clock::Clock;
use crate::error_chain::ErrorChain;
use crate::secret::Password;

/// The maximum length of a response that is compared, in bytes.
const MAX_RESPONSE_BYTES: usize = 4 * 1024 * 1024;

/// How often a request is sent again that the service rejected because there were too many.
const MAX_REPETITIONS: usize = 3;

/// A service that asks for a longer wait does not get the request again.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// How a service knows its caller.
#[derive(Debug, Clone)]
pub enum ServiceKey {
    /// In a header of its own.
    Header(&'static str, Password),
    /// User name and password.
    Basic(String, Password),
    /// An access token.
    Bearer(Password),
}

impl ServiceKey {
    /// The texts that nothing may show.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        match self {
            Self::Header(_, secret) | Self::Basic(_, secret) | Self::Bearer(secret) => vec![secret.reveal().to_owned()],
        }
    }
}

/// A service, with its credential and its rate.
#[derive(Debug)]
pub struct Service {
    client: Client,
    /// Without a slash at the end.
    base: Url,
    key: ServiceKey,
    /// The pause between the beginnings of two requests; zero for none.
    pause: Duration,
    next: Option<Instant>,
}

/// No response came, or none that can be compared.
#[derive(Debug, Error)]
pub enum ServiceError {
    #[error("no response: {0}")]
    NoResponse(String),
    #[error("the response is longer than {MAX_RESPONSE_BYTES} bytes")]
    TooLong,
    #[error("the request cannot be sent: {0}")]
    Unsendable(String),
}

/// Which credential a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    Valid,
    None,
    Wrong,
}

impl Service {
    /// `pause` is the time between the beginnings of two requests. The client must not follow redirects: they would carry the key to
    /// another host.
    #[must_use]
    pub fn new(client: Client, base: Url, key: ServiceKey, pause: Duration) -> Self {
        Self { client, base, key, pause, next: None }
    }

    /// The host and port, for messages.
    #[must_use]
    pub fn host(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        self.base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Sends a request, not before its time. One that the service rejects because there were too many is sent again, unless
    /// `limits_matter`.
    ///
    /// # Errors
    /// When there is no response, or a longer one than [`MAX_RESPONSE_BYTES`].
    pub async fn send(
        &mut self,
        request: &Request,
        key: Presented,
        limits_matter: bool,
    ) -> Result<Exchange, ServiceError> {
        for _ in 0..MAX_REPETITIONS {
            let exchange = self.send_once(request, key).await?;
            if exchange.response.status != 429 || limits_matter {
                return Ok(exchange);
            }
            let asked = exchange.response.header("Retry-After").and_then(|text| text.parse().ok());
            let wait = asked.map_or(Duration::from_secs(1), Duration::from_secs);
            if wait > MAX_WAIT {
                return Ok(exchange);
            }
            tokio::time::sleep(wait).await;
        }
        self.send_once(request, key).await
    }

    async fn send_once(&mut self, request: &Request, key: Presented) -> Result<Exchange, ServiceError> {
        if let Some(next) = self.next {
            tokio::time::sleep_until(next).await;
        }
        self.next = Some(Instant::now() + self.pause);
        let at = Clock::Real.now();
        let mut response = self.built(request, key)?.send().await.map_err(no_response)?;
        let status = response.status().as_u16();
        let header = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let headers: Vec<(String, String)> = response.headers().iter().map(header).collect();
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(no_response)? {
            if body.len() + part.len() > MAX_RESPONSE_BYTES {
                return Err(ServiceError::TooLong);
            }
            body.extend_from_slice(&part);
        }
        Ok(Exchange { at, request: request.clone(), response: Response { status, headers, body } })
    }

    fn built(&self, request: &Request, key: Presented) -> Result<reqwest::RequestBuilder, ServiceError> {
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|error| ServiceError::Unsendable(error.to_string()))?;
        let mut built = self.client.request(method, self.url(&request.path)?);
        for (name, value) in &request.headers {
            built = built.header(name, value);
        }
        if !request.body.is_empty() {
            built = built.body(request.body.clone());
        } else if !matches!(request.method.as_str(), "GET" | "HEAD") {
            built = built.header("Content-Length", "0");
        }
        Ok(match (key, &self.key) {
            (Presented::None, _) => built,
            (Presented::Valid, ServiceKey::Header(name, key)) => built.header(*name, key.reveal()),
            (Presented::Valid, ServiceKey::Basic(user, password)) => built.basic_auth(user, Some(password.reveal())),
            (Presented::Valid, ServiceKey::Bearer(token)) => built.bearer_auth(token.reveal()),
            (Presented::Wrong, ServiceKey::Header(name, _)) => built.header(*name, WRONG),
            (Presented::Wrong, ServiceKey::Basic(..)) => built.basic_auth("wrong", Some(WRONG)),
            (Presented::Wrong, ServiceKey::Bearer(_)) => built.bearer_auth(WRONG),
        })
    }

    /// The address of a path. A part at the end of the base that the path begins with counts once: `…/v1` and `/v1/customers`.
    fn url(&self, path: &str) -> Result<Url, ServiceError> {
        let base = self.base.as_str().trim_end_matches('/');
        let first = path.split(['/', '?']).nth(1).unwrap_or_default();
        let base = base.strip_suffix(&format!("/{first}")).filter(|_| !first.is_empty()).unwrap_or(base);
        Url::parse(&format!("{base}{path}")).map_err(|error| ServiceError::Unsendable(error.to_string()))
    }
}

/// A credential that no service accepts.
const WRONG: &str = "00000000000000000000000000000000";

fn no_response(error: reqwest::Error) -> ServiceError {
    // The address can carry a key in its query.
    ServiceError::NoResponse(ErrorChain(&error.without_url()).to_string())
}
