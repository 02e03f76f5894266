//! What the credential cache remembers: who holds a credential, and which credentials no tenant has.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use crate::database::TenantId;
use crate::tenants::Caller;

/// The maximum number of entries, and of credentials that no tenant has.
const CAPACITY: usize = 10_000;

/// 128 bits of a credential, two hashes of the standard library under a random key that does not leave this process. A
/// digest as in the database would be most of the cost of a look-up.
pub(super) type Fingerprint = [u64; 2];

#[derive(Debug, Default)]
pub(super) struct Entries {
    known: RwLock<HashMap<Fingerprint, Entry>>,
    /// Credentials that no tenant has, and when the database was asked. Apart from the others, because a client can send any number of
    /// them.
    unknown: RwLock<HashMap<Fingerprint, Instant>>,
    /// Counts the changes, so that the answer to a question that was asked before one is not stored.
    changes: AtomicU64,
}

#[derive(Debug)]
struct Entry {
    caller: Caller,
    read_at: Instant,
    /// When the credential or its tenant ends.
    ends_at: Option<Instant>,
    /// Whether it is being read again.
    is_refreshed: AtomicBool,
    /// Whether it was found since the cache was last full.
    is_used: AtomicBool,
}

/// A question to the database.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    asked_at: Instant,
    changes: u64,
}

impl Entries {
    /// The holder of a credential, if it was read within `max_age`, and whether this caller is to read it again: soon it will be too old.
    pub(super) fn find(&self, credential: &Fingerprint, now: Instant, max_age: Duration) -> Option<(Caller, bool)> {
        let known = self.known();
        let entry = known.get(credential)?;
        let age = now.saturating_duration_since(entry.read_at);
        if age >= max_age || entry.ends_at.is_some_and(|ends_at| now >= ends_at) {
            return None;
        }
        let must_refresh = age >= max_age * 4 / 5 && !entry.is_refreshed.swap(true, Ordering::Relaxed);
        // Written once only, because all threads read it.
        if !entry.is_used.load(Ordering::Relaxed) {
            entry.is_used.store(true, Ordering::Relaxed);
        }
        Some((entry.caller.clone(), must_refresh))
    }

    /// Whether a credential has a holder, known long ago or not.
    pub(super) fn has(&self, credential: &Fingerprint) -> bool {
        self.known().contains_key(credential)
    }

    pub(super) fn is_unknown(&self, credential: &Fingerprint, now: Instant, max_age: Duration) -> bool {
        let unknown = self.unknown.read().unwrap_or_else(PoisonError::into_inner);
        unknown.get(credential).is_some_and(|asked_at| now.saturating_duration_since(*asked_at) < max_age)
    }

    /// To be called before the database is asked.
    pub(super) fn ask(&self) -> Question {
        Question { asked_at: Instant::now(), changes: self.changes.load(Ordering::Acquire) }
    }

    /// Stores the holder of a credential that lasts this long, unless something changed since the question.
    pub(super) fn store(&self, credential: Fingerprint, caller: &Caller, lasts: Option<Duration>, question: Question) {
        let mut known = self.known_mut();
        if !self.is_current(question) {
            return;
        }
        if known.len() >= CAPACITY && !known.contains_key(&credential) {
            make_room(&mut known);
        }
        let read_at = question.asked_at;
        let ends_at = lasts.and_then(|lasts| read_at.checked_add(lasts));
        let (is_refreshed, is_used) = (AtomicBool::new(false), AtomicBool::new(false));
        known.insert(credential, Entry { caller: caller.clone(), read_at, ends_at, is_refreshed, is_used });
    }

    /// Stores that no tenant has a credential.
    pub(super) fn store_unknown(&self, credential: Fingerprint, question: Question) {
        let mut known = self.known_mut();
        let mut unknown = self.unknown_mut();
        if !self.is_current(question) {
            return;
        }
        known.remove(&credential);
        if unknown.len() >= CAPACITY {
            unknown.clear();
        }
        unknown.insert(credential, question.asked_at);
    }

    /// Forgets the credentials of changed tenants, and which credentials no tenant has: one of them may have it now.
    pub(super) fn forget(&self, tenants: &[TenantId]) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.known_mut().retain(|_, entry| !tenants.contains(&entry.caller.tenant.id));
        self.unknown_mut().clear();
    }

    pub(super) fn clear(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.known_mut().clear();
        self.unknown_mut().clear();
    }

    /// To be called under a lock, so that what was read before a change does not stay.
    fn is_current(&self, question: Question) -> bool {
        self.changes.load(Ordering::Acquire) == question.changes
    }

    fn known(&self) -> RwLockReadGuard<'_, HashMap<Fingerprint, Entry>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn known_mut(&self) -> RwLockWriteGuard<'_, HashMap<Fingerprint, Entry>> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn unknown_mut(&self) -> RwLockWriteGuard<'_, HashMap<Fingerprint, Instant>> {
        self.unknown.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes what was not found since the last time; everything where all was found. So a client that presents many access tokens once
/// does not displace the credentials of others.
fn make_room(known: &mut HashMap<Fingerprint, Entry>) {
    known.retain(|_, entry| entry.is_used.swap(false, Ordering::Relaxed));
    if known.len() >= CAPACITY {
        known.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::Clock;
    use crate::plan::Plan;
    use crate::tenants::Tenant;
    use crate::vendor_facts::CredentialKind;

    const MINUTE: Duration = Duration::from_mins(1);

    fn caller(tenant: i32) -> Caller {
        let tenant = Tenant {
            id: TenantId(tenant),
            name: "t".to_owned(),
            plan: Plan::default(),
            clock: Clock::Real,
            extension: None,
            events: None,
            faults: Vec::new(),
            has_event_faults: false,
            lenient_plan: std::sync::OnceLock::new(),
        };
        Caller::new(Arc::new(tenant), "key", CredentialKind::default())
    }

    fn is_found(entries: &Entries, number: u64, now: Instant, max_age: Duration) -> bool {
        entries.find(&[number, 0], now, max_age).is_some()
    }

    #[test]
    fn an_entry_ends_with_its_age_its_credential_and_its_tenant() {
        let entries = Entries::default();
        let question = entries.ask();
        entries.store([1, 0], &caller(1), None, question);
        entries.store([2, 0], &caller(2), Some(Duration::from_secs(5)), question);
        let at = |seconds| question.asked_at + Duration::from_secs(seconds);
        assert!(is_found(&entries, 1, at(4), MINUTE) && is_found(&entries, 2, at(4), MINUTE));
        assert!(!is_found(&entries, 1, at(4), Duration::from_secs(4)), "it is too old");
        assert!(!is_found(&entries, 1, question.asked_at, Duration::ZERO));
        assert!(is_found(&entries, 1, at(5), MINUTE) && !is_found(&entries, 2, at(5), MINUTE), "its credential ended");
        assert!(!is_found(&entries, 1, at(60), MINUTE));
        entries.forget(&[TenantId(1)]);
        assert!(!is_found(&entries, 1, at(1), MINUTE) && is_found(&entries, 2, at(1), MINUTE));
    }

    #[test]
    fn what_was_asked_before_a_change_is_not_stored() {
        let entries = Entries::default();
        let question = entries.ask();
        entries.forget(&[TenantId(9)]);
        entries.store([1, 0], &caller(1), None, question);
        entries.store_unknown([2, 0], question);
        let now = Instant::now();
        assert!(!entries.has(&[1, 0]) && !entries.is_unknown(&[2, 0], now, MINUTE));
        let question = entries.ask();
        entries.store_unknown([2, 0], question);
        assert!(entries.is_unknown(&[2, 0], now, MINUTE));
        entries.forget(&[TenantId(9)]);
        assert!(!entries.is_unknown(&[2, 0], now, MINUTE), "the changed tenant may have it");
    }

    #[test]
    fn one_request_reads_an_entry_again_before_it_is_too_old() {
        let entries = Entries::default();
        let question = entries.ask();
        entries.store([1, 0], &caller(1), None, question);
        let refreshes = |seconds| {
            let found = entries.find(&[1, 0], question.asked_at + Duration::from_secs(seconds), MINUTE);
            found.expect("an entry").1
        };
        assert!(!refreshes(47));
        assert!(refreshes(48));
        assert!(!refreshes(49), "another request does");
    }

    #[test]
    fn what_is_not_used_makes_room() {
        let entries = Entries::default();
        let caller = caller(1);
        let question = entries.ask();
        entries.store([0, 0], &caller, None, question);
        assert!(is_found(&entries, 0, Instant::now(), MINUTE));
        for number in 1..=CAPACITY as u64 {
            entries.store([number, 0], &caller, None, question);
        }
        assert!(entries.has(&[0, 0]), "it was used");
        assert!(entries.has(&[CAPACITY as u64, 0]) && !entries.has(&[1, 0]));
        assert!(entries.known().len() < 10);
        // All of them in use: the next one clears them.
        for number in 0..CAPACITY as u64 {
            entries.store([number, 0], &caller, None, question);
            is_found(&entries, number, Instant::now(), MINUTE);
        }
        entries.store([u64::MAX, 0], &caller, None, question);
        assert!(entries.known().len() <= CAPACITY);
    }
}
