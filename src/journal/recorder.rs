//! Records the effects of a request while it runs.

use std::sync::{Arc, Mutex, PoisonError};

use super::entry::{EventNote, HookNote};
use super::row_bytes::RowBytes;
use super::rows::{Change, Tables};

/// The maximum size of the changes, events and hooks of a request, in bytes.
pub(super) const MAX_EFFECTS: usize = 256 * 1024;

/// The maximum size of the two versions of a row that are kept to be compared when somebody looks. Larger ones are compared at once,
/// so that a long value that did not change is not kept. In bytes.
const MAX_ROWS: usize = 32 * 1024;

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
    pub(super) changes: Vec<RawChange>,
    pub(super) events: Vec<EventNote>,
    pub(super) hooks: Vec<HookNote>,
    /// How many more there were.
    pub(super) left_out: usize,
    /// The size of those that are kept, in bytes.
    bytes: usize,
}

/// A row that was written, as it is kept.
#[derive(Debug)]
pub(super) enum RawChange {
    Rows { table: &'static str, before: Option<RowBytes>, after: Option<RowBytes> },
    Compared(Change),
}

impl RawChange {
    /// `None` if nothing changed.
    fn new(tables: &Tables, table: &'static str, before: Option<RowBytes>, after: Option<RowBytes>) -> Option<Self> {
        if before == after {
            return None;
        }
        let size = |row: &Option<RowBytes>| row.as_ref().map_or(0, RowBytes::size);
        if size(&before) + size(&after) > MAX_ROWS {
            return tables.change(table, before.as_ref(), after.as_ref()).map(Self::Compared);
        }
        Some(Self::Rows { table, before, after })
    }

    pub(super) fn table(&self) -> &str {
        match self {
            Self::Rows { table, .. } => table,
            Self::Compared(change) => &change.table,
        }
    }

    /// The change as it is shown; `None` if nothing changed.
    pub(super) fn shown(&self, tables: &Tables) -> Option<Change> {
        match self {
            Self::Rows { table, before, after } => tables.change(table, before.as_ref(), after.as_ref()),
            Self::Compared(change) => Some(change.clone()),
        }
    }

    /// In bytes.
    pub(super) fn size(&self) -> usize {
        let content = match self {
            Self::Rows { before, after, .. } => [before, after].into_iter().flatten().map(RowBytes::size).sum(),
            Self::Compared(change) => change.size(),
        };
        size_of::<Self>() + content
    }
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

    /// Records a row that was written, before and after.
    pub fn row(&self, table: &'static str, before: Option<RowBytes>, after: Option<RowBytes>) {
        if let Some(recording) = &self.0
            && let Some(change) = RawChange::new(&recording.tables, table, before, after)
        {
            recording.with(|effects| effects.keep(change.size(), |effects| effects.changes.push(change)));
        }
    }

    /// Records a row that a statement may have written; `after` is `None` if it did not.
    pub fn update(&self, table: &'static str, before: Option<RowBytes>, after: Option<RowBytes>) {
        if after.is_some() {
            self.row(table, before, after);
        }
    }

    /// Records an event that was written to the outbox.
    pub fn event(&self, note: impl FnOnce() -> EventNote) {
        if let Some(recording) = &self.0 {
            let note = note();
            recording.with(|effects| effects.keep(note.size(), |effects| effects.events.push(note)));
        }
    }

    /// Records a hook that an extension answered.
    pub fn hook(&self, note: impl FnOnce() -> HookNote) {
        if let Some(recording) = &self.0 {
            let note = note();
            recording.with(|effects| effects.keep(note.size(), |effects| effects.hooks.push(note)));
        }
    }

    /// Drops the changes and events of a request that was rejected or rolled back.
    pub fn discard_changes(&self) {
        if let Some(recording) = &self.0 {
            recording.with(|effects| effects.truncate(0, 0, 0));
        }
    }

    /// Begins to record a transaction. Its changes and events are dropped unless it is committed: also when its client hangs up.
    pub fn transaction(&self) -> RecordedTransaction<'_> {
        let before = self
            .0
            .as_ref()
            .map(|recording| recording.with(|effects| (effects.changes.len(), effects.events.len(), effects.left_out)));
        RecordedTransaction { recorder: self, before }
    }

    /// The effects until now.
    #[must_use]
    pub fn take(&self) -> Effects {
        self.0.as_ref().map(|recording| recording.with(std::mem::take)).unwrap_or_default()
    }
}

/// The recording of a transaction that is not committed yet.
#[derive(Debug)]
#[must_use]
pub struct RecordedTransaction<'a> {
    recorder: &'a Recorder,
    /// How many changes and events there were before, and how many were left out; `None` when they are final.
    before: Option<(usize, usize, usize)>,
}

impl RecordedTransaction<'_> {
    /// The transaction is committed.
    pub fn committed(mut self) {
        self.before = None;
    }
}

impl Drop for RecordedTransaction<'_> {
    fn drop(&mut self) {
        if let (Some(recording), Some((changes, events, left_out))) = (&self.recorder.0, self.before) {
            recording.with(|effects| effects.truncate(changes, events, left_out));
        }
    }
}

impl Effects {
    /// Keeps one more effect of this size, unless they would be too large together.
    fn keep(&mut self, size: usize, push: impl FnOnce(&mut Self)) {
        if self.bytes + size > MAX_EFFECTS {
            self.left_out += 1;
            return;
        }
        self.bytes += size;
        push(self);
    }

    /// Drops the changes and events after the first ones.
    fn truncate(&mut self, changes: usize, events: usize, left_out: usize) {
        self.changes.truncate(changes);
        self.events.truncate(events);
        self.left_out = left_out;
        self.bytes = self.size();
    }
}

impl Recording {
    fn with<T>(&self, work: impl FnOnce(&mut Effects) -> T) -> T {
        work(&mut self.effects.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
