//! What all requests share, and what the gateway's own responses depend on.

use std::sync::{Arc, LazyLock, OnceLock};

use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue, Uri};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::body_memory::BodyMemory;
use crate::clock::Clock;
use crate::customers::Customers;
use crate::guesses::Guesses;
use crate::journal::Journal;
use crate::plan::Plan;
use crate::random::Random;
use crate::tenants::{Caller, CredentialCache, FaultRules, Limits, Tenant, TenantLoader};

#[derive(Debug, Clone)]
pub struct Services {
    pub credentials: CredentialCache,
    pub limits: Limits,
    pub fault_rules: FaultRules,
    pub tenants: TenantLoader,
    pub customers: Customers,
}

/// Options of all responses, which no plan changes.
#[derive(Debug, Clone, Copy)]
pub struct ResponseOptions {
    /// The largest request body, in bytes.
    pub max_body_bytes: usize,
    /// Whether responses have additions that the vendor's do not have: `X-Emulator-*` headers and the list of violations.
    pub extra_headers: bool,
}

/// The state that all vendor APIs share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct GatewayState {
    pub options: ResponseOptions,
    /// Set once the database is open, migrated and seeded; until then requests are rejected with 500.
    pub services: Arc<OnceLock<Services>>,
    pub body_memory: BodyMemory,
    pub random: Arc<Random>,
    pub journal: Journal,
    pub guesses: Guesses,
    /// The origin of the pages that may use the vendor APIs, `*` for any.
    pub cors_origin: Option<HeaderValue>,
}

impl GatewayState {
    /// Whether pages of this origin may use the vendor APIs.
    pub(super) fn permits(&self, origin: Option<&HeaderValue>) -> bool {
        self.cors_origin.as_ref().is_some_and(|permitted| permitted == "*" || Some(permitted) == origin)
    }
}

#[derive(Debug)]
pub(crate) struct VendorState<V> {
    pub vendor: V,
    pub gateway: GatewayState,
}

/// An operation of a vendor API.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    /// Its name in logs and metrics: the vendor's, without blanks.
    pub id: &'static str,
    /// Its path, with parameters by name.
    pub route: &'static str,
}

/// The name in logs and metrics where no operation has the request's method and path.
pub(crate) const NO_OPERATION: &str = "-";

impl Operation {
    pub(crate) const NONE: Self = Self { id: NO_OPERATION, route: NO_OPERATION };
}

/// The parts of a request that a rejection depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestContext<'a> {
    pub parts: &'a Parts,
    pub operation: Operation,
    pub request_id: Uuid,
    pub options: ResponseOptions,
    /// `None` for an unauthenticated request.
    pub tenant: Option<&'a Tenant>,
}

impl<'a> RequestContext<'a> {
    /// The tenant's plan; the vendor's own rules for an unauthenticated request.
    pub(crate) fn plan(&self) -> &'a Plan {
        static DEFAULT: LazyLock<Plan> = LazyLock::new(Plan::default);
        self.tenant.map_or(&DEFAULT, |tenant| &tenant.plan)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.tenant.map_or(Clock::Real, |tenant| tenant.clock).now()
    }
}

/// In the extensions of a request that the inspector sends again: replaces the credential. No client can set it.
#[derive(Debug, Clone)]
pub struct Replayed(pub Caller);

/// In the extensions of a request: its URI as the client wrote it, if that differs from the canonical one.
#[derive(Debug, Clone)]
pub(crate) struct OriginalUri(pub Uri);

/// The URI as the client wrote it.
#[must_use]
pub(crate) fn original_uri(parts: &Parts) -> &Uri {
    parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(uri)| uri)
}

/// The path and query as the client wrote them.
#[must_use]
pub(crate) fn original_path_and_query(parts: &Parts) -> &str {
    original_uri(parts).path_and_query().map_or("/", |path| path.as_str())
}

/// In the extensions of a request that came over TLS. No client can set it.
#[derive(Debug, Clone, Copy)]
pub struct OverTls;

/// The scheme of a request as the client sees it: what a proxy says, else that of this server.
#[must_use]
pub(crate) fn scheme(headers: &HeaderMap, extensions: &Extensions) -> &'static str {
    match headers.get("x-forwarded-proto").map(HeaderValue::as_bytes) {
        Some(b"https") => "https",
        Some(b"http") => "http",
        _ if extensions.get::<OverTls>().is_some() => "https",
        _ => "http",
    }
}

/// Scheme, host and base path of the API that was requested, as the client named it.
#[must_use]
pub(crate) fn realm(parts: &Parts, base: &str) -> String {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = scheme(&parts.headers, &parts.extensions);
    let is_plain = |host: &&str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte));
    let host = header("x-forwarded-host").or_else(|| header(HOST.as_str())).filter(is_plain).unwrap_or("localhost");
    format!("{scheme}://{host}{base}")
}
