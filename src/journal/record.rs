//! What a call does besides answering, noted while it runs.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::Text;
use super::row_texts::RowTexts;
use super::rows::{Change, Tables};

/// Where a call's doings are noted; nowhere when the journal is off.
#[derive(Debug, Default)]
pub struct Recorder(Option<Noting>);

#[derive(Debug)]
struct Noting {
    tables: Arc<Tables>,
    noted: Mutex<Noted>,
}

/// What was noted of a call.
#[derive(Debug, Default)]
pub struct Noted {
    /// The rows that it changed.
    pub changes: Vec<Change>,
    /// The events that it caused.
    pub events: Vec<EventNote>,
    /// The hooks that an extension answered for it.
    pub hooks: Vec<HookNote>,
}

/// An event that a call caused.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventNote {
    /// The event's id, by which its deliveries are found.
    pub id: Uuid,
    /// What it was.
    pub event_type: &'static str,
    /// The customer.
    pub customer: i32,
    /// What is told.
    #[schema(value_type = Object)]
    pub body: Value,
}

/// A hook that an extension answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HookNote {
    /// The hook's id.
    pub hook: &'static str,
    /// Where it is answered.
    pub url: String,
    /// What was sent.
    pub request: Text,
    /// The status of the answer, if one came.
    pub status: Option<u16>,
    /// The answer, or why there is none.
    pub response: Text,
    /// How long it took, in milliseconds.
    pub ms: f64,
    /// Whether its callback wrote the change.
    pub has_called_back: bool,
}

impl Recorder {
    /// A recorder that notes nothing.
    pub const OFF: &'static Self = &Self(None);

    pub(super) fn on(tables: Arc<Tables>) -> Self {
        Self(Some(Noting { tables, noted: Mutex::default() }))
    }

    /// Whether anything is noted: statements need not return rows that nobody keeps.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// A row that was written, each column as a text: as it was, if it was there, and as it is.
    pub fn row(&self, table: &'static str, before: Option<&RowTexts>, after: Option<&RowTexts>) {
        if let Some(noting) = &self.0
            && (before.is_some() || after.is_some())
            && let Some(change) = noting.tables.change(table, before, after)
        {
            noting.with(|noted| noted.changes.push(change));
        }
    }

    /// A row that a statement may have written: it has where it returns the row as it is.
    pub fn update(&self, table: &'static str, before: Option<&RowTexts>, after: Option<&RowTexts>) {
        if after.is_some() {
            self.row(table, before, after);
        }
    }

    /// An event that was written to the outbox.
    pub fn event(&self, note: impl FnOnce() -> EventNote) {
        if let Some(noting) = &self.0 {
            noting.with(|noted| noted.events.push(note()));
        }
    }

    /// A hook that an extension answered.
    pub fn hook(&self, note: impl FnOnce() -> HookNote) {
        if let Some(noting) = &self.0 {
            noting.with(|noted| noted.hooks.push(note()));
        }
    }

    /// Forgets what was noted of changes by a call that was rejected in the end.
    pub fn rejected(&self) {
        self.rolled_back();
    }

    /// Forgets what a transaction changed that was rolled back.
    pub fn rolled_back(&self) {
        if let Some(noting) = &self.0 {
            noting.with(|noted| {
                noted.changes.clear();
                noted.events.clear();
            });
        }
    }

    /// What was noted.
    #[must_use]
    pub fn take(&self) -> Noted {
        self.0.as_ref().map(|noting| noting.with(std::mem::take)).unwrap_or_default()
    }
}

impl Noting {
    fn with<T>(&self, work: impl FnOnce(&mut Noted) -> T) -> T {
        work(&mut self.noted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
