//! What every operation needs to know besides its own arguments.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::database::TenantId;
use crate::extension::{Extension, Hook, HookOf};
use crate::journal::Recorder;
use crate::plan::Plan;
use crate::webhooks::EventSettings;

/// The request that an operation belongs to: its tenant, its time, its caller.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    pub tenant: TenantId,
    pub plan: &'a Plan,
    /// Whether the plan is that of the vendor APIs that require no field.
    pub is_lenient: bool,
    pub now: DateTime<Utc>,
    /// The name of the credential that the request came with.
    pub caller: &'a str,
    /// The id of the request.
    pub request: Uuid,
    /// Where hooks are answered, if the tenant has a Client Extension.
    pub extension: Option<&'a Extension>,
    /// Where webhooks go, if there are subscribers.
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

    pub(super) fn hook_of(&self) -> HookOf<'_> {
        HookOf { tenant: self.tenant, extension: self.extension, user: self.caller, recorder: self.recorder }
    }
}
