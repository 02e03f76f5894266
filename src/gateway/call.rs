//! A call whose key was accepted.

use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::RawPathParams;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use serde_json_borrow::Value;
use uuid::Uuid;

use super::query::parameters;
use super::vendor::Services;
use crate::customers::{Scope, filled};
use crate::journal::Recorder;
use crate::plan::Plan;
use crate::tenants::Caller;
use crate::wire::json::{JsonError, Rewritten, Source};
use crate::wire::members::Notes;
use crate::wire::relaxed::Leniency;

/// A call whose key was accepted.
#[derive(Debug)]
pub(crate) struct Call {
    pub services: Services,
    pub parts: Parts,
    /// Its body, decoded and in UTF-8; empty for a read.
    pub body: Bytes,
    pub(super) caller: Caller,
    pub(super) path: Option<RawPathParams>,
    pub(super) now: DateTime<Utc>,
    pub(super) request_id: Uuid,
    pub(super) recorder: Recorder,
    pub(super) rewritten: Rewritten,
    pub(super) ignored: Mutex<Notes>,
}

impl Call {
    /// What the domain must know of it.
    #[must_use]
    pub(crate) fn scope(&self) -> Scope<'_> {
        self.scope_under(&self.caller.tenant.plan, false)
    }

    /// The same, for a door that requires no field of anybody.
    #[must_use]
    pub(crate) fn lenient_scope(&self) -> Scope<'_> {
        self.scope_under(self.caller.tenant.lenient_plan(), true)
    }

    fn scope_under<'a>(&'a self, plan: &'a Plan, is_lenient: bool) -> Scope<'a> {
        let tenant = &self.caller.tenant;
        Scope {
            tenant: tenant.id,
            plan,
            is_lenient,
            now: self.now,
            caller: &self.caller.key_name,
            request: self.request_id,
            extension: tenant.extension.as_ref(),
            events: tenant.events.as_ref(),
            has_event_faults: tenant.has_event_faults,
            recorder: &self.recorder,
        }
    }

    /// The body as JSON, in which as much is taken beyond strict JSON as this, unless the plan wants it strict.
    ///
    /// # Errors
    /// When there is nothing in it, or no such JSON.
    pub(crate) fn json(&self, leniency: Leniency) -> Result<Value<'_>, JsonError> {
        self.source(leniency).parse()
    }

    /// The same, to be read later.
    #[must_use]
    pub(crate) fn source(&self, leniency: Leniency) -> Source<'_> {
        let leniency = if self.is_strict() { Leniency::Strict } else { leniency };
        Source { bytes: &self.body, leniency, room: &self.rewritten }
    }

    /// Whether the plan wants strict JSON.
    #[must_use]
    pub(crate) fn is_strict(&self) -> bool {
        self.caller.tenant.plan.strict_json
    }

    /// Notes what was sent and does not count, whatever comes of the call.
    pub(crate) fn ignore(&self, notes: Notes) {
        self.ignored.lock().unwrap_or_else(PoisonError::into_inner).join(notes);
    }

    pub(super) fn take_ignored(&self) -> Notes {
        std::mem::take(&mut *self.ignored.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A parameter of the query that is neither blank nor an unfilled placeholder, its name in any case; of several the first.
    #[must_use]
    pub(crate) fn query_parameter(&self, name: &str) -> Option<String> {
        let query = self.parts.uri.query().unwrap_or_default();
        let mut pairs = parameters(query);
        let value = pairs.find(|(sent, _)| sent.eq_ignore_ascii_case(name)).map(|(_, value)| value.into_owned());
        value.filter(|value| filled(value).is_some())
    }

    /// A parameter of the path, decoded; `None` when it is not UTF-8.
    #[must_use]
    pub(crate) fn path_parameter(&self, name: &str) -> Option<&str> {
        self.path.iter().flatten().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}
