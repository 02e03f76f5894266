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
use super::refusal::GatewayRefusal;
use crate::clock::Clock;
use crate::customers::Customers;
use crate::database::DatabaseError;
use crate::journal::{Journal, Reason};
use crate::plan::Plan;
use crate::random::Random;
use crate::tenants::{Caller, Directory, KeyKind, Tenant};

/// What the operations need.
#[derive(Debug, Clone)]
pub struct BackEnd {
    /// From key to tenant.
    pub directory: Directory,
    /// The customers.
    pub customers: Customers,
}

/// How the doors answer, beyond what a tenant's plan says.
#[derive(Debug, Clone, Copy)]
pub struct DoorOptions {
    /// The largest body, in bytes.
    pub max_body_bytes: usize,
    /// Whether answers carry anything that the vendor's do not: `X-Emulator-*` headers and the list of faults.
    pub extra_headers: bool,
}

/// What all doors share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct House {
    /// How they answer.
    pub options: DoorOptions,
    /// Set once the database is open, migrated and seeded; until then there is no back end.
    pub back_end: Arc<OnceLock<BackEnd>>,
    /// Where request ids come from.
    pub random: Arc<Random>,
    /// Where calls are kept.
    pub journal: Journal,
}

/// A door and the house behind it.
#[derive(Debug)]
pub(crate) struct Front<D> {
    /// The vendor's manners.
    pub door: D,
    /// What is behind it.
    pub house: House,
}

/// A request, as far as an answer that is not an operation's own depends on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    /// Its head.
    pub parts: &'a Parts,
    /// The operation that it reached, if it is one.
    pub operation: Option<Operation>,
    /// Its id.
    pub request_id: Uuid,
    /// How the doors answer.
    pub options: DoorOptions,
    /// Whose call it is, once that is known.
    pub tenant: Option<&'a Tenant>,
}

impl<'a> About<'a> {
    /// The tenant's rules; the vendor's own where it is not known who calls.
    pub(crate) fn plan(&self) -> &'a Plan {
        static DEFAULT: LazyLock<Plan> = LazyLock::new(Plan::default);
        self.tenant.map_or(&DEFAULT, |tenant| &tenant.plan)
    }

    /// The tenant's present.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.tenant.map_or(Clock::Real, |tenant| tenant.clock).now()
    }
}

/// A failure of this status that a rule asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StatusFailure<'a> {
    /// The status.
    pub code: u16,
    /// The words, if the rule has any.
    pub message: Option<&'a str>,
    /// After how many seconds to call again.
    pub retry_after: u64,
}

/// A vendor's door.
pub(crate) trait Door: Debug + Send + Sync + 'static {
    /// Why one of its operations answers with an error.
    type Error: From<BrokenBody> + From<DatabaseError> + Send;

    /// What opens it.
    const KEY: KeyKind;

    /// What the caller presents as its key; `None` when it presents nothing.
    fn presented<'a>(&self, parts: &'a Parts) -> Option<Cow<'a, str>>;

    /// Whether the accepted key may be used for this request.
    fn admits(
        &self,
        back_end: &BackEnd,
        caller: &Caller,
        parts: &Parts,
    ) -> impl Future<Output = Result<bool, DatabaseError>> + Send {
        let _ = (back_end, caller, parts);
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
    fn refused(&self, refusal: GatewayRefusal, about: &About<'_>) -> Response<Bytes>;

    /// The answer to an error, and each rule that failed; or the refusal that it comes to.
    fn failed(&self, error: Self::Error, about: &About<'_>) -> Result<(Response<Bytes>, Vec<Reason>), GatewayRefusal>;

    /// The answer to a failure on purpose.
    fn failure(&self, failure: StatusFailure<'_>, about: &About<'_>) -> Response<Bytes>;

    /// Adds what every answer of the back end carries.
    fn sign(&self, response: &mut Response<Bytes>, request_id: Uuid) {
        let _ = (response, request_id);
    }

    /// The customer that the call names, for the journal.
    fn customer(&self, call: &Call) -> Option<i32>;
}
