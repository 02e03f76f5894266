//! Records the effects of a request while it runs.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::Text;
use super::row_texts::RowTexts;
use super::rows::{Change, Tables};

/// Records nothing when the journal is off.
#[derive(Debug, Default)]
pub struct Recorder(Option<Recording>);

#[derive(Debug)]
struct Recording {
    tables: Arc<Tables>,
    effects: Mutex<Effects>,
}

/// The effects of a request.
#[derive(Debug, Default)]
pub struct Effects {
    pub changes: Vec<Change>,
    pub events: Vec<EventNote>,
    pub hooks: Vec<HookNote>,
}

/// An event that a request caused.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventNote {
    /// The id that its deliveries have too.
    pub id: Uuid,
    pub event_type: &'static str,
    pub customer: i32,
    #[schema(value_type = Object)]
    pub payload: Value,
}

/// A hook that an extension answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HookNote {
    /// The hook's id.
    pub hook: &'static str,
    pub url: String,
    pub request: Text,
    /// Null when the extension did not respond.
    pub status: Option<u16>,
    /// The response, or why there is none.
    pub response: Text,
    pub duration_ms: f64,
    /// Whether the extension's callback wrote the change.
    pub has_called_back: bool,
}

impl Recorder {
    pub const OFF: &'static Self = &Self(None);

    pub(super) fn on(tables: Arc<Tables>) -> Self {
        Self(Some(Recording { tables, effects: Mutex::default() }))
    }

    /// Statements return rows only for a recorder that is on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Records a row that was written: each column as text, before and after.
    pub fn row(&self, table: &'static str, before: Option<&RowTexts>, after: Option<&RowTexts>) {
        if let Some(recording) = &self.0
            && (before.is_some() || after.is_some())
            && let Some(change) = recording.tables.change(table, before, after)
        {
            recording.with(|effects| effects.changes.push(change));
        }
    }

    /// Records a row that a statement may have written; `after` is `None` if it did not.
    pub fn update(&self, table: &'static str, before: Option<&RowTexts>, after: Option<&RowTexts>) {
        if after.is_some() {
            self.row(table, before, after);
        }
    }

    /// Records an event that was written to the outbox.
    pub fn event(&self, note: impl FnOnce() -> EventNote) {
        if let Some(recording) = &self.0 {
            recording.with(|effects| effects.events.push(note()));
        }
    }

    /// Records a hook that an extension answered.
    pub fn hook(&self, note: impl FnOnce() -> HookNote) {
        if let Some(recording) = &self.0 {
            recording.with(|effects| effects.hooks.push(note()));
        }
    }

    /// Drops the changes and events of a request that was rejected or rolled back.
    pub fn discard_changes(&self) {
        if let Some(recording) = &self.0 {
            recording.with(|effects| {
                effects.changes.clear();
                effects.events.clear();
            });
        }
    }

    /// The effects until now.
    #[must_use]
    pub fn take(&self) -> Effects {
        self.0.as_ref().map(|recording| recording.with(std::mem::take)).unwrap_or_default()
    }
}

impl Recording {
    fn with<T>(&self, work: impl FnOnce(&mut Effects) -> T) -> T {
        work(&mut self.effects.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
