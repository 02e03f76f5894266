//! The sizes of the journal's requests. An entry has at most 512 KiB, whatever the client sent.

use std::borrow::Cow;

use super::entry::{Effects, Entry, EventNote, HookNote, Reason, Text};
use super::rows::{Change, shortened};

/// The maximum length of a path, in bytes.
const MAX_PATH: usize = 16 * 1024;

/// The maximum size of the reasons of a rejection, and of the notes on ignored members, in bytes.
const MAX_REASONS: usize = 32 * 1024;

/// The maximum length of the text of a reason or note, in bytes.
const MAX_REASON: usize = 4 * 1024;

fn shorten(text: &mut String, max: usize) {
    if let Some(short) = shortened(text, max) {
        *text = short;
    }
}

/// Keeps the first items up to a size in bytes.
fn keep_first<T>(items: &mut Vec<T>, max: usize, size: impl Fn(&T) -> usize) {
    let mut bytes = 0;
    let fitting = items.iter().take_while(|item| {
        bytes += size(item);
        bytes <= max
    });
    let count = fitting.count();
    items.truncate(count);
}

impl Entry {
    /// Cuts what a client can make long.
    pub(super) fn bounded(mut self) -> Self {
        shorten(&mut self.path, MAX_PATH);
        if let Cow::Owned(method) = &mut self.method {
            shorten(method, MAX_REASON);
        }
        for Reason { field, rule, message } in &mut self.reasons {
            for text in [field, rule, message] {
                shorten(text, MAX_REASON);
            }
        }
        keep_first(&mut self.reasons, MAX_REASONS, Reason::size);
        for note in &mut self.ignored {
            shorten(note, MAX_REASON);
        }
        keep_first(&mut self.ignored, MAX_REASONS, String::capacity);
        self
    }

    /// The bytes in memory.
    pub(super) fn size(&self) -> usize {
        let Self { key, method, path, request_headers, request_body, response_headers, response_body, .. } = self;
        let method = if let Cow::Owned(method) = method { method.capacity() } else { 0 };
        let fault = self.fault.as_ref().map_or(0, |fault| fault.description.capacity());
        let ignored = of_items(&self.ignored, |note| note.capacity() + size_of::<String>());
        // The counts of the `Arc`.
        size_of::<Self>()
            + 2 * size_of::<usize>()
            + key.as_ref().map_or(0, String::capacity)
            + method
            + path.capacity()
            + request_headers.0.capacity()
            + response_headers.0.capacity()
            + request_body.text.capacity()
            + response_body.text.capacity()
            + fault
            + of_items(&self.reasons, Reason::size)
            + ignored
            + self.did_you_mean.size()
            + of_items(&self.changes, Change::size)
            + of_items(&self.events, EventNote::size)
            + of_items(&self.hooks, HookNote::size)
    }
}

/// The bytes of a list: those of its items, their structs included, and those of its unused space.
fn of_items<T>(items: &Vec<T>, size: impl Fn(&T) -> usize) -> usize {
    items.iter().map(size).sum::<usize>() + (items.capacity() - items.len()) * size_of::<T>()
}

impl Effects {
    /// The bytes in memory.
    pub(super) fn size(&self) -> usize {
        let changes: usize = self.changes.iter().map(Change::size).sum();
        let events: usize = self.events.iter().map(EventNote::size).sum();
        changes + events + self.hooks.iter().map(HookNote::size).sum::<usize>()
    }
}

impl Reason {
    fn size(&self) -> usize {
        size_of::<Self>() + self.field.capacity() + self.rule.capacity() + self.message.capacity()
    }
}

impl EventNote {
    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + self.payload.size()
    }
}

impl HookNote {
    pub(super) fn size(&self) -> usize {
        let text = |text: &Text| text.text.capacity();
        size_of::<Self>() + self.url.capacity() + text(&self.request) + text(&self.response)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::{DateTime, Utc};
    use serde_json::json;
    use uuid::Uuid;

    use super::super::entry::{Filter, Recorder, Suggestions};
    use super::super::rows::{Cell, Tables};
    use super::super::{Journal, JournalOptions};
    use super::*;
    use crate::database::TenantId;

    const MAX_ENTRY: usize = 512 * 1024;

    fn note(length: usize) -> EventNote {
        let payload = Cell::from(json!({ "text": "x".repeat(length) }));
        EventNote { id: Uuid::nil(), event_type: "Enrollment", customer: 1, payload }
    }

    fn hook(length: usize) -> HookNote {
        let text = || Text::request(&vec![b'x'; length]);
        let (request, response) = (text(), text());
        let url = "http://h/".to_owned();
        HookNote { hook: "h", url, request, status: None, response, duration_ms: 0.0, has_called_back: false }
    }

    /// An entry with this number of effects, and with texts of this length everywhere.
    fn entry(tenant: i32, effects: usize, length: usize) -> Entry {
        let recorder = Recorder::on(Arc::new(Tables::default()));
        for _ in 0..effects {
            recorder.event(|| note(length));
            recorder.hook(|| hook(length));
        }
        let Effects { changes, events, hooks, left_out, .. } = recorder.take();
        let text = || "x".repeat(length);
        let body = || Text::request(text().as_bytes());
        let headers = || super::super::entry::Headers::new([("x-long", text().as_bytes()), ("x-short", b"1")], &[]);
        Entry {
            number: 0,
            request_id: Uuid::nil(),
            received_at: DateTime::<Utc>::UNIX_EPOCH,
            tenant_time: None,
            tenant: Some(TenantId(tenant)),
            key: None,
            operation: "-",
            route: "-",
            method: Cow::Owned(text()),
            path: text(),
            customer: None,
            request_headers: headers(),
            request_body: body(),
            status: Some(200),
            response_headers: headers(),
            response_body: body(),
            duration_ms: 0.0,
            database_ms: 0.0,
            fault: None,
            reasons: (0..effects).map(|_| Reason { field: text(), rule: text(), message: text() }).collect(),
            ignored: (0..effects).map(|_| text()).collect(),
            did_you_mean: Suggestions::default(),
            is_dry_run: false,
            changes,
            events,
            hooks,
            left_out,
        }
    }

    #[test]
    fn an_entry_has_a_maximum_size() {
        let entry = entry(1, 1_000, 1_000_000).bounded();
        assert!(entry.size() < MAX_ENTRY, "{}", entry.size());
        assert!(entry.left_out > 1_900 && entry.events.len() >= 5, "{} left out", entry.left_out);
        assert!(serde_json::to_vec(&entry).expect("JSON").len() < MAX_ENTRY);
        let text = entry.events[0].payload.value();
        assert!(text.as_str().is_some_and(|text| text.ends_with("… (1000011 bytes)")), "{text}");
        assert!(entry.path.ends_with("… (1000000 bytes)"));
    }

    #[test]
    fn a_size_is_that_of_everything_an_entry_holds() {
        let (small, large) = (entry(1, 1, 10), entry(1, 1, 1_010));
        // Method, path, two headers each, two bodies, three texts of a reason, a note, a payload, and a hook's two bodies.
        let grown = large.size() - small.size();
        assert!((13 * 1_000..16 * 1_000).contains(&grown), "{grown}");
        assert!(small.size() > serde_json::to_vec(&small).expect("JSON").len() / 2);
    }

    #[test]
    fn changes_of_a_transaction_that_is_not_committed_are_dropped() {
        let recorder = Recorder::on(Arc::new(Tables::default()));
        recorder.transaction().committed();
        recorder.event(|| note(1));
        let outer = recorder.transaction();
        let inner = recorder.transaction();
        recorder.event(|| note(2));
        inner.committed();
        drop(recorder.transaction());
        let nested = recorder.transaction();
        recorder.event(|| note(3));
        drop(nested);
        outer.committed();
        let open = recorder.transaction();
        recorder.event(|| note(4));
        drop(open);
        let effects = recorder.take();
        let texts: Vec<_> = effects.events.iter().map(|event| event.payload.value()["text"].clone()).collect();
        assert_eq!(texts, ["x", "xx"]);
    }

    #[test]
    fn the_journal_of_all_tenants_is_bounded() {
        let options = JournalOptions { entries: 1_000, bytes: 300_000, total_bytes: 1_000_000 };
        let journal = Journal::new(options, Vec::new());
        let count = |tenant| journal.find(Some(TenantId(tenant)), &Filter::default(), 1_000).len();
        let bytes = |tenant| -> usize {
            let found = journal.find(Some(TenantId(tenant)), &Filter::default(), 1_000);
            found.iter().map(|entry| entry.size()).sum()
        };
        for _ in 0..10 {
            journal.add(entry(1, 0, 10));
        }
        for tenant in 2..=12 {
            for _ in 0..100 {
                journal.add(entry(tenant, 0, 1_000));
            }
        }
        assert_eq!(count(1), 10, "a tenant with few bytes keeps them");
        let total: usize = (1..=12).map(bytes).sum();
        assert!((900_000..=1_000_000).contains(&total), "{total}");
        for tenant in 2..=12 {
            assert!((60_000..=100_000).contains(&bytes(tenant)), "{tenant}: {}", bytes(tenant));
        }
        // Cleared bytes are free again.
        for tenant in 2..=12 {
            journal.clear(Some(TenantId(tenant)));
        }
        for _ in 0..100 {
            journal.add(entry(2, 0, 1_000));
        }
        assert!((250_000..=300_000).contains(&bytes(2)), "{}", bytes(2));
    }
}
