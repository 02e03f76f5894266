//! The sizes of the journal's requests. A request has at most 512 KiB, whatever the client sent.

use super::entry::{Entry, EventNote, HookNote, Reason, Text};
use super::recorder::{Effects, RawChange};
use super::rows::{Change, shortened};

/// The maximum length of a path, in bytes.
pub(super) const MAX_PATH: usize = 16 * 1024;

/// The maximum size of the reasons of a rejection, and of the notes on ignored members, in bytes.
const MAX_REASONS: usize = 32 * 1024;

/// The maximum length of the text of a reason or note, in bytes.
pub(super) const MAX_REASON: usize = 4 * 1024;

pub(super) fn shorten(text: &mut String, max: usize) {
    if let Some(short) = shortened(text, max) {
        *text = short;
    }
}

/// Keeps the first reasons or notes. `cut` shortens one and returns its size in bytes.
pub(super) fn keep_first<T>(items: &mut Vec<T>, cut: impl Fn(&mut T) -> usize) {
    let (mut bytes, mut count) = (0, 0);
    for item in items.iter_mut() {
        bytes += cut(item);
        if bytes > MAX_REASONS {
            break;
        }
        count += 1;
    }
    items.truncate(count);
}

impl Entry {
    /// The bytes in memory.
    pub(super) fn size(&self) -> usize {
        let Self { key, method, path, request_headers, request_body, response_headers, response_body, .. } = self;
        let fault = self.fault.as_ref().map_or(0, |fault| fault.description.capacity());
        size_of::<Self>()
            + key.as_ref().map_or(0, String::capacity)
            + method.len()
            + path.capacity()
            + request_headers.0.capacity()
            + response_headers.0.capacity()
            + request_body.text.capacity()
            + response_body.text.capacity()
            + fault
            + of_items(&self.reasons, Reason::size)
            + of_items(&self.ignored, |note| note.capacity() + size_of::<String>())
            + self.did_you_mean.size()
            + of_items(&self.changes, Change::size)
            + of_items(&self.events, EventNote::size)
            + of_items(&self.hooks, HookNote::size)
    }
}

/// The bytes of a list: those of its items, their structs included, and those of its unused space.
pub(super) fn of_items<T>(items: &Vec<T>, size: impl Fn(&T) -> usize) -> usize {
    items.iter().map(size).sum::<usize>() + (items.capacity() - items.len()) * size_of::<T>()
}

impl Effects {
    /// The bytes in memory.
    pub(super) fn size(&self) -> usize {
        let changes: usize = self.changes.iter().map(RawChange::size).sum();
        let events: usize = self.events.iter().map(EventNote::size).sum();
        changes + events + self.hooks.iter().map(HookNote::size).sum::<usize>()
    }
}

impl Reason {
    pub(super) fn size(&self) -> usize {
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
    use std::borrow::Cow;
    use std::sync::Arc;

    use axum::http::{HeaderMap, HeaderName, HeaderValue};
    use serde_json::json;
    use uuid::Uuid;

    use super::super::filter::Filter;
    use super::super::memory;
    use super::super::raw::tests::request as empty;
    use super::super::raw::{Kept, Numbered, RawEntry, RawMessages};
    use super::super::recorder::Recorder;
    use super::super::rings::{JournalOptions, JournalPlace, Rings};
    use super::super::rows::{Cell, Tables};
    use super::super::show::{Detail, Redactor};
    use super::*;
    use crate::database::TenantId;

    const MAX_ENTRY: usize = 512 * 1024;

    fn note(length: usize) -> EventNote {
        let payload = Cell::from(json!({ "text": "x".repeat(length) }));
        EventNote { id: Uuid::nil(), event_type: Cow::Borrowed("Enrollment"), customer: 1, payload }
    }

    fn hook(length: usize) -> HookNote {
        let text = || Text::request(&vec![b'x'; length]);
        let (request, response) = (text(), text());
        let url = "http://h/".to_owned();
        HookNote {
            hook: Cow::Borrowed("h"),
            url,
            request,
            status: None,
            response,
            duration_ms: 0.0,
            has_called_back: false,
        }
    }

    /// A request with this number of effects, and with texts of this length everywhere.
    fn request(tenant: i32, effects: usize, length: usize) -> RawEntry {
        let recorder = Recorder::on(Arc::new(Tables::default()));
        for _ in 0..effects {
            recorder.event(|| note(length));
            recorder.hook(|| hook(length));
        }
        let text = || "x".repeat(length);
        let long = text();
        let header = |name: &'static str, value: &str| {
            (HeaderName::from_static(name), HeaderValue::try_from(value).expect("a value"))
        };
        let headers = HeaderMap::from_iter([header("x-long", &long), header("x-short", "1")]);
        let mut messages = RawMessages::of_request(&long, "-", &headers);
        messages.read(long.as_bytes());
        messages.respond(&headers, long.as_bytes());
        RawEntry {
            method: Cow::Owned(text()),
            messages,
            reasons: (0..effects).map(|_| Reason { field: text(), rule: text(), message: text() }).collect(),
            ignored: (0..effects).map(|_| text()).collect(),
            effects: recorder.take(),
            ..empty(TenantId(tenant), 0)
        }
    }

    fn kept(effects: usize, length: usize) -> Kept {
        Kept::new(request(1, effects, length))
    }

    fn entry(kept: Kept) -> Entry {
        Redactor::default().entry(&Numbered { number: 1, kept: Arc::new(kept) }, Detail::Whole)
    }

    #[test]
    fn an_entry_has_a_maximum_size() {
        let kept = kept(1_000, 1_000_000);
        assert!(kept.size < MAX_ENTRY, "{}", kept.size);
        let entry = entry(kept);
        assert!(entry.size() < MAX_ENTRY, "{}", entry.size());
        assert!(entry.left_out > 1_900 && entry.events.len() >= 5, "{} left out", entry.left_out);
        assert!(serde_json::to_vec(&entry).expect("JSON").len() < MAX_ENTRY);
        let text = entry.events[0].payload.value();
        assert!(text.as_str().is_some_and(|text| text.ends_with("… (1000011 bytes)")), "{text}");
        assert!(entry.path.ends_with("… (1000000 bytes)"));
        assert!(entry.reasons[0].message.ends_with("… (1000000 bytes)"));
    }

    #[test]
    fn a_size_is_that_of_everything_a_request_holds() {
        let (small, large) = (kept(1, 10), kept(1, 1_010));
        // Method, path, two headers each, two bodies, three texts of a reason, a note, a payload, and a hook's two bodies.
        let grown = large.size - small.size;
        assert!((13 * 1_000..16 * 1_000).contains(&grown), "{grown}");
        let size = small.size;
        assert!(size > serde_json::to_vec(&entry(small)).expect("JSON").len() / 2);
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
        let options =
            JournalOptions { place: JournalPlace::Auto, entries: 1_000, bytes: 300_000, total_bytes: 1_000_000 };
        let (rings, redactor) = (Rings::new(options), Redactor::default());
        let most = (1_000, usize::MAX);
        let count = |tenant| {
            memory::newest(&rings, &redactor, Some(TenantId(tenant)), &Filter::default(), most, Detail::Whole).len()
        };
        let add = |request| assert!(rings.add(Kept::new(request)).is_none());
        // All requests of a tenant have the same size.
        let bytes = |tenant| count(tenant) * Kept::new(request(tenant, 0, if tenant == 1 { 10 } else { 1_000 })).size;
        for _ in 0..10 {
            add(request(1, 0, 10));
        }
        for tenant in 2..=12 {
            for _ in 0..100 {
                add(request(tenant, 0, 1_000));
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
            rings.clear(Some(TenantId(tenant)));
        }
        for _ in 0..100 {
            add(request(2, 0, 1_000));
        }
        assert!((250_000..=300_000).contains(&bytes(2)), "{}", bytes(2));
    }
}
