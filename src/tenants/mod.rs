//! Tenants: what a subscription key opens.

mod credential;
mod credential_cache;
mod diff;
mod error;
mod export;
mod hidden;
mod integration;
mod keys;
mod limits;
mod listing;
mod rooms;
mod seed;
mod service;
mod snapshots;
mod store;

use std::sync::{Arc, OnceLock};

use crate::clock::Clock;
use crate::database::TenantId;
use crate::extension::Extension;
use crate::fault_injection::ActiveFault;
use crate::plan::Plan;
use crate::webhooks::EventSettings;
use limits::RequestLimits;

pub use credential::{Credential, CredentialKind, presented};
pub use credential_cache::CredentialCache;
pub use diff::{Diff, RowDiff, TableDiff};
pub use error::TenantError;
pub use export::{Export, ExportFormat, ExportOptions};
pub use integration::Integration;
pub use keys::{
    CredentialError, CredentialListing, CredentialSlot, delete_credential, list_credentials, revoke_credential,
    rotate_credential,
};
pub use limits::LimitExceeded;
pub use listing::{NewCredential, NewTenant, SnapshotListing, TenantListing};
pub use rooms::RequestGuard;
pub use seed::{
    DEMO_KEY, DEMO_SEED, MAX_SEED_BYTES, SeedContents, SeedError, SeedFile, SeedInput, SeedTenant,
    is_named_json, load_seed, read_seed, read_text,
};
pub use crate::tasks::SeedSummary;
pub use service::{SEED, Tenants};
pub use store::is_empty;

/// A tenant, as a call under one of its keys sees it.
#[derive(Debug)]
pub struct Tenant {
    pub id: TenantId,
    pub name: String,
    pub plan: Plan,
    pub clock: Clock,
    /// Where its hooks are answered, if it has a Client Extension.
    pub extension: Option<Extension>,
    /// Who hears of its events, if anybody does.
    pub events: Option<EventSettings>,
    /// The failures that are armed for its calls.
    pub faults: Vec<ActiveFault>,
    /// Whether failures are armed for its events.
    pub has_event_faults: bool,
    /// Its rules for doors that require nothing of anybody, made when they are asked for.
    lenient_plan: OnceLock<Plan>,
}

/// A key that was accepted: the tenant that it opens and its name.
#[derive(Debug, Clone)]
pub struct Caller {
    pub tenant: Arc<Tenant>,
    /// The name of the subscription, never the key.
    pub key_name: Arc<str>,
    pub kind: CredentialKind,
    /// Its stay in the tenant's world.
    _presence: RequestGuard,
}

impl Caller {
    /// A caller who needed no key.
    #[must_use]
    pub fn new(tenant: Arc<Tenant>, key_name: &str, kind: CredentialKind) -> Self {
        Self { tenant, key_name: key_name.into(), kind, _presence: RequestGuard::default() }
    }

    /// The caller with a stay in the tenant's world.
    #[must_use]
    pub fn with_guard(self, presence: RequestGuard) -> Self {
        Self { _presence: presence, ..self }
    }
}

impl Tenant {
    /// Its rules for doors that require nothing of anybody.
    #[must_use]
    pub fn lenient_plan(&self) -> &Plan {
        self.lenient_plan.get_or_init(|| self.plan.lenient())
    }

    /// Whether a failure is armed that calls of this operation come under.
    #[must_use]
    pub fn has_faults_for(&self, operation: &str) -> bool {
        self.faults.iter().any(|fault| fault.is_for(operation))
    }
}
