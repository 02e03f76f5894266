//! Tenants: each is one isolated set of data with its plan, credentials, clock, fault rules and journal.

mod caller;
mod cleanup;
mod credential;
mod credentials;
mod data;
mod diff;
mod error;
mod export;
mod lifecycle;
mod limits;
mod listing;
mod loader;
mod rows;
mod seed;
mod service;
mod settings;
mod snapshots;
mod store;
mod unfinished;

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::clock::Clock;
use crate::customers::Scope;
use crate::database::{RequestGuard, TenantId};
use crate::extension::Extension;
use crate::fault_injection::ActiveFault;
use crate::journal::Recorder;
use crate::plan::Plan;
use crate::webhooks::EventSettings;

pub use crate::tasks::SeedSummary;
pub use crate::vendor_facts::CredentialKind;
pub use caller::{CredentialCache, Denied};
pub use credential::{Credential, CredentialListing, CredentialSlot, NewCredential, presented};
pub use credentials::list_credentials;
pub use diff::{Diff, RowDiff, TableDiff};
pub use error::{CredentialError, SeedError, TenantError};
pub use export::{Export, ExportFormat, ExportOptions};
pub use lifecycle::NewTenant;
pub use limits::{FaultRules, LimitExceeded, Limits};
pub use listing::{SnapshotListing, TenantListing};
pub use loader::TenantLoader;
pub use rows::{RowComparison, RowFilter, RowsPage, TableColumn, TableListing};
pub use seed::{
    DEMO_KEY, DEMO_SEED, LoadedSeed, MAX_SEED_BYTES, SeedContents, SeedFile, SeedInput, SeedSource, SeedTenant,
    is_named_json, load_seed, load_source, read_text, seed_files,
};
pub use service::{NOT_A_KEY_NAME, SEED, Tenants, is_key_name};
pub use settings::{Integration, IntegrationDraft};
pub use store::is_empty;

/// A tenant as a request sees it.
#[derive(Debug)]
pub struct Tenant {
    pub id: TenantId,
    pub name: String,
    pub plan: Plan,
    pub clock: Clock,
    pub extension: Option<Extension>,
    pub events: Option<EventSettings>,
    /// The fault rules for requests.
    pub faults: Vec<ActiveFault>,
    pub has_event_faults: bool,
    /// Computed on first use.
    lenient_plan: OnceLock<Plan>,
}

/// A tenant and the credential that a request presented.
#[derive(Debug, Clone)]
pub struct Caller {
    pub tenant: Arc<Tenant>,
    /// The name of the subscription, never the key.
    pub key_name: Arc<str>,
    pub kind: CredentialKind,
    _guard: RequestGuard,
}

impl Caller {
    /// A caller who is not counted as a request of the tenant.
    #[must_use]
    pub fn new(tenant: Arc<Tenant>, key_name: &str, kind: CredentialKind) -> Self {
        Self { tenant, key_name: key_name.into(), kind, _guard: RequestGuard::default() }
    }

    /// The same caller, counted as a request of the tenant.
    #[must_use]
    pub fn with_guard(self, guard: RequestGuard) -> Self {
        Self { _guard: guard, ..self }
    }
}

impl Tenant {
    /// The plan for vendor APIs that require no fields.
    #[must_use]
    pub fn lenient_plan(&self) -> &Plan {
        self.lenient_plan.get_or_init(|| self.plan.lenient())
    }

    /// The scope of a request of this tenant. `is_lenient` says whether its vendor API requires no field.
    #[must_use]
    pub fn scope<'a>(
        &'a self,
        is_lenient: bool,
        now: DateTime<Utc>,
        caller: &'a str,
        request: Uuid,
        recorder: &'a Recorder,
    ) -> Scope<'a> {
        Scope {
            tenant: self.id,
            plan: if is_lenient { self.lenient_plan() } else { &self.plan },
            is_lenient,
            now,
            is_frozen: matches!(self.clock, Clock::Frozen(_)),
            caller,
            request,
            extension: self.extension.as_ref(),
            events: self.events.as_ref(),
            has_event_faults: self.has_event_faults,
            recorder,
        }
    }

    /// Whether a fault rule applies to requests of this operation.
    #[must_use]
    pub fn has_faults_for(&self, operation: &str) -> bool {
        self.faults.iter().any(|fault| fault.is_for(operation))
    }
}
