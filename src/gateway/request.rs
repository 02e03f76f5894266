//! A request whose credential was accepted, as its handler reads it.

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

/// What a handler reads.
#[derive(Debug)]
pub(crate) struct ApiRequest<'a> {
    pub services: &'a Services,
    pub parts: &'a Parts,
    /// Decoded and in UTF-8; empty for a read.
    pub body: &'a Bytes,
    /// The customer that the request names, where its vendor names one in the path or the query.
    pub customer: Option<i32>,
    pub(super) caller: &'a Caller,
    pub(super) path: Option<&'a RawPathParams>,
    pub(super) now: DateTime<Utc>,
    pub(super) id: Uuid,
    pub(super) recorder: &'a Recorder,
    /// The body as strict JSON, where it is written otherwise.
    pub(super) rewritten: Rewritten,
    pub(super) ignored: Mutex<Notes>,
}

impl ApiRequest<'_> {
    /// The same request, served by these services.
    pub(super) fn within<'b>(&'b mut self, services: &'b Services) -> ApiRequest<'b> {
        let (rewritten, ignored) = (std::mem::take(&mut self.rewritten), std::mem::take(&mut self.ignored));
        ApiRequest { services, rewritten, ignored, ..*self }
    }

    #[must_use]
    pub(crate) fn scope(&self) -> Scope<'_> {
        self.scope_under(&self.caller.tenant.plan, false)
    }

    /// The scope for a vendor API that requires no field.
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
            request: self.id,
            extension: tenant.extension.as_ref(),
            events: tenant.events.as_ref(),
            has_event_faults: tenant.has_event_faults,
            recorder: self.recorder,
        }
    }

    /// The body as JSON. The plan can demand strict JSON, whatever `leniency` allows.
    ///
    /// # Errors
    /// When the body is empty, or not such JSON.
    pub(crate) fn json(&self, leniency: Leniency) -> Result<Value<'_>, JsonError> {
        self.source(leniency).parse()
    }

    /// The body with the leniency that applies to it, not yet parsed.
    #[must_use]
    pub(crate) fn source(&self, leniency: Leniency) -> Source<'_> {
        let leniency = if self.is_strict() { Leniency::Strict } else { leniency };
        Source { bytes: self.body, leniency, room: &self.rewritten }
    }

    /// Whether the plan demands strict JSON.
    #[must_use]
    pub(crate) fn is_strict(&self) -> bool {
        self.caller.tenant.plan.strict_json
    }

    /// Notes members of the request that have no effect. They are listed in the response, also where the request is rejected.
    pub(crate) fn ignore(&self, notes: Notes) {
        self.ignored.lock().unwrap_or_else(PoisonError::into_inner).join(notes);
    }

    pub(super) fn take_ignored(&self) -> Notes {
        std::mem::take(&mut *self.ignored.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The first query parameter of this name, in any case. `None` when it is blank or a placeholder that nobody filled in.
    #[must_use]
    pub(crate) fn query_parameter(&self, name: &str) -> Option<String> {
        let query = self.parts.uri.query().unwrap_or_default();
        let mut pairs = parameters(query);
        let value = pairs.find(|(sent, _)| sent.eq_ignore_ascii_case(name)).map(|(_, value)| value.into_owned());
        value.filter(|value| filled(value).is_some())
    }

    /// A parameter of the path, decoded. `None` when it is not UTF-8.
    #[must_use]
    pub(crate) fn path_parameter(&self, name: &str) -> Option<&str> {
        self.path.into_iter().flatten().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}
