//! What makes a vendor's door its own: how callers show who they are, and how answers that are not an operation's own look.

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::{Arc, LazyLock, OnceLock};

use axum::body::Bytes;
use axum::http::Response;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::call::Call;
use super::endpoint::BrokenBody;
use super::operation::Operation;
use super::rejection::GatewayRejection;
use crate::clock::Clock;
use crate::customers::Customers;
use crate::database::DatabaseError;
use crate::journal::{Journal, Reason};
use crate::plan::Plan;
use crate::random::Random;
use crate::tenants::{Caller, CredentialCache, CredentialKind, FaultRules, Limits, Tenant, TenantLoader};

#[derive(Debug, Clone)]
pub struct Services {
    pub credentials: CredentialCache,
    pub limits: Limits,
    pub fault_rules: FaultRules,
    pub tenants: TenantLoader,
    pub customers: Customers,
}

/// How the doors answer, beyond what a tenant's plan says.
#[derive(Debug, Clone, Copy)]
pub struct ResponseOptions {
    /// The largest body, in bytes.
    pub max_body_bytes: usize,
    /// Whether answers carry anything that the vendor's do not: `X-Emulator-*` headers and the list of faults.
    pub extra_headers: bool,
}

/// What all doors share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct GatewayState {
    pub options: ResponseOptions,
    /// Set once the database is open, migrated and seeded; until then there is no back end.
    pub services: Arc<OnceLock<Services>>,
    /// Where request ids come from.
    pub random: Arc<Random>,
    pub journal: Journal,
}

/// A door and the house behind it.
#[derive(Debug)]
pub(crate) struct VendorState<D> {
    pub door: D,
    pub house: GatewayState,
}

/// A request, as far as an answer that is not an operation's own depends on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestContext<'a> {
    pub parts: &'a Parts,
    /// The operation that it reached, if it is one.
    pub operation: Option<Operation>,
    pub request_id: Uuid,
    pub options: ResponseOptions,
    /// Whose call it is, once that is known.
    pub tenant: Option<&'a Tenant>,
}

impl<'a> RequestContext<'a> {
    /// The tenant's rules; the vendor's own where it is not known who calls.
    pub(crate) fn plan(&self) -> &'a Plan {
        static DEFAULT: LazyLock<Plan> = LazyLock::new(Plan::default);
        self.tenant.map_or(&DEFAULT, |tenant| &tenant.plan)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.tenant.map_or(Clock::Real, |tenant| tenant.clock).now()
    }
}

/// A failure of this status that a rule asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StatusFailure<'a> {
    pub code: u16,
    /// The words, if the rule has any.
    pub message: Option<&'a str>,
    /// After how many seconds to call again.
    pub retry_after: u64,
}

pub(crate) trait Vendor: Debug + Send + Sync + 'static {
    /// Why one of its operations answers with an error.
    type Error: From<BrokenBody> + From<DatabaseError> + Send;

    const KEY: CredentialKind;

    /// What the caller presents as its key; `None` when it presents nothing.
    fn presented<'a>(&self, parts: &'a Parts) -> Option<Cow<'a, str>>;

    /// Whether the accepted key may be used for this request.
    fn admits(
        &self,
        services: &Services,
        caller: &Caller,
        parts: &Parts,
    ) -> impl Future<Output = Result<bool, DatabaseError>> + Send {
        let _ = (services, caller, parts);
        async { Ok(true) }
    }

    /// A path without what this vendor's callers may put before it, as the routes begin; `None` where nothing stands before it.
    fn canonical_path(&self, path: &str) -> Option<String> {
        let _ = path;
        None
    }

    /// Whether a path that is no operation is answered here.
    fn owns(&self, path: &str) -> bool;

    /// The answer to a request that did not reach the back end.
    fn rejected(&self, rejection: GatewayRejection, about: &RequestContext<'_>) -> Response<Bytes>;

    /// The answer to an error, and each rule that failed; or the rejection that it comes to.
    fn failed(
        &self,
        error: Self::Error,
        about: &RequestContext<'_>,
    ) -> Result<(Response<Bytes>, Vec<Reason>), GatewayRejection>;

    /// The answer to a failure on purpose.
    fn failure(&self, failure: StatusFailure<'_>, about: &RequestContext<'_>) -> Response<Bytes>;

    /// Adds what every answer of the back end carries.
    fn sign(&self, response: &mut Response<Bytes>, request_id: Uuid) {
        let _ = (response, request_id);
    }

    /// The customer that the call names, for the journal.
    fn customer(&self, call: &Call) -> Option<i32>;
}
