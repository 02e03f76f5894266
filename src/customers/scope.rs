//! The request that an operation belongs to.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::database::TenantId;
use crate::extension::{Extension, Hook, HookContext};
use crate::journal::Recorder;
use crate::plan::Plan;
use crate::webhooks::EventSettings;

/// The request that an operation belongs to: tenant, time and caller.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    pub tenant: TenantId,
    pub plan: &'a Plan,
    /// Whether `plan` is the lenient plan, for vendor APIs that require no field.
    pub is_lenient: bool,
    pub now: DateTime<Utc>,
    /// Whether the tenant's clock stands still.
    pub is_frozen: bool,
    /// The name of the request's credential.
    pub caller: &'a str,
    /// The id of the request.
    pub request: Uuid,
    /// `None` for a tenant without a Client Extension.
    pub extension: Option<&'a Extension>,
    /// `None` for a tenant without webhook subscriptions.
    pub events: Option<&'a EventSettings>,
    /// Whether fault rules for events are active.
    pub has_event_faults: bool,
    pub recorder: &'a Recorder,
}

impl<'a> Scope<'a> {
    /// The scope of work that belongs to no request of a vendor API: it calls no hooks, sends no webhooks and is not recorded.
    #[must_use]
    pub fn internal(tenant: TenantId, plan: &'a Plan, now: DateTime<Utc>, caller: &'a str, request: Uuid) -> Self {
        Self {
            tenant,
            plan,
            is_lenient: false,
            now,
            is_frozen: false,
            caller,
            request,
            extension: None,
            events: None,
            has_event_faults: false,
            recorder: Recorder::OFF,
        }
    }

    /// Whether an extension answers the hook `H`.
    pub(super) fn calls<H: Hook>(&self) -> bool {
        self.extension.is_some_and(|extension| extension.url(H::ID).is_some())
    }

    pub(super) fn hook_context(&self) -> HookContext<'_> {
        HookContext { tenant: self.tenant, extension: self.extension, user: self.caller, recorder: self.recorder }
    }
}
