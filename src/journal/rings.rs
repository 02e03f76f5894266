//! The last requests of each tenant in memory, bounded by number and by bytes, and by the bytes of all tenants together. Each tenant's
//! have a lock of their own, which is held only to add, take out or find one.

use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::raw::{Kept, Numbered};
use crate::database::TenantId;

/// Beyond this number, the tenant that has been idle longest loses its requests.
pub(super) const MAX_TENANTS: usize = 256;

/// Where the journal is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum JournalPlace {
    /// In memory while one server runs, and in the database from the moment on when another one does.
    #[default]
    Auto,
    /// In the memory of each server.
    Memory,
    Database,
}

#[derive(Debug, Clone, Copy)]
pub struct JournalOptions {
    /// The embedded database never has it.
    pub place: JournalPlace,
    /// Per tenant; 0 switches the journal off.
    pub entries: usize,
    /// Per tenant.
    pub bytes: usize,
    /// Of all tenants together, and of the unauthenticated requests.
    pub total_bytes: usize,
}

pub(super) struct Rings {
    pub(super) options: JournalOptions,
    /// The number of the latest request.
    latest: AtomicU64,
    /// The size of all requests in bytes.
    bytes: AtomicUsize,
    /// Locked for writing only to add or remove a tenant.
    of_tenants: RwLock<OfTenants>,
    /// Held while all requests together are made smaller.
    shrinking: Mutex<()>,
    /// Whether no request is added any more. Changes only while the tenants are locked for writing.
    is_closed: AtomicBool,
}

type OfTenants = HashMap<Option<TenantId>, Ring>;

#[derive(Default)]
struct Ring(Mutex<Requests>);

#[derive(Default)]
struct Requests {
    /// The numbers ascend.
    entries: VecDeque<Numbered>,
    /// In bytes.
    bytes: usize,
}

impl Rings {
    pub(super) fn new(options: JournalOptions) -> Self {
        Self {
            options,
            latest: AtomicU64::new(0),
            bytes: AtomicUsize::new(0),
            of_tenants: RwLock::default(),
            shrinking: Mutex::default(),
            is_closed: AtomicBool::new(false),
        }
    }

    /// The number of the latest request; 0 before the first.
    pub(super) fn latest(&self) -> u64 {
        self.latest.load(Ordering::Acquire)
    }

    /// Keeps a request, and gives it the next number; returns it where the rings are closed.
    pub(super) fn add(&self, kept: Kept) -> Option<Arc<Kept>> {
        let tenant = kept.request.tenant;
        let kept = Arc::new(kept);
        let rings = self.read();
        if self.is_closed.load(Ordering::Relaxed) {
            return Some(kept);
        }
        if let Some(ring) = rings.get(&tenant) {
            self.add_to(ring, kept);
            self.make_room(&rings);
            return None;
        }
        drop(rings);
        let mut rings = self.write();
        if self.is_closed.load(Ordering::Relaxed) {
            return Some(kept);
        }
        let removed = self.add_tenant(&mut rings, tenant);
        // Under the same lock, so that the next new tenant does not take this one for the one that has been idle longest.
        self.add_to(&rings[&tenant], kept);
        self.make_room(&rings);
        drop(rings);
        drop(removed);
        None
    }

    /// From now on no request is added.
    pub(super) fn close(&self) {
        let _rings = self.write();
        self.is_closed.store(true, Ordering::Relaxed);
    }

    /// All requests, in the order of their numbers.
    pub(super) fn all(&self) -> Vec<Numbered> {
        let rings = self.read();
        let mut all: Vec<Numbered> = rings.values().flat_map(|ring| ring.lock().entries.clone()).collect();
        all.sort_unstable_by_key(|numbered| numbered.number);
        all
    }

    /// Drops all requests.
    pub(super) fn empty(&self) {
        let rings = std::mem::take(&mut *self.write());
        self.bytes.store(0, Ordering::Relaxed);
        drop(rings);
    }

    fn add_to(&self, ring: &Ring, kept: Arc<Kept>) {
        self.bytes.fetch_add(kept.size, Ordering::Relaxed);
        let mut requests = ring.lock();
        // Numbered and kept under one lock, so that every listener receives a tenant's numbers in ascending order.
        let number = self.latest.fetch_add(1, Ordering::AcqRel) + 1;
        requests.bytes += kept.size;
        requests.entries.push_back(Numbered { number, kept });
        let mut dropped = requests.take_excess(self.options);
        drop(requests);
        while let Some(numbered) = dropped {
            self.free(numbered);
            dropped = ring.lock().take_excess(self.options);
        }
    }

    fn free(&self, numbered: Numbered) {
        self.bytes.fetch_sub(numbered.kept.size, Ordering::Relaxed);
        drop(numbered);
    }

    /// Where all requests together are too large, the tenants with the most bytes lose their oldest ones, until a part of the memory is
    /// free again: finding these tenants takes longer than a request.
    fn make_room(&self, rings: &OfTenants) {
        let max = self.options.total_bytes;
        if self.bytes.load(Ordering::Relaxed) <= max {
            return;
        }
        let _shrinking = self.shrinking.lock().unwrap_or_else(PoisonError::into_inner);
        if self.bytes.load(Ordering::Relaxed) <= max {
            return;
        }
        let rings: Vec<&Ring> = rings.values().collect();
        let mut largest: BinaryHeap<(usize, usize)> =
            rings.iter().enumerate().map(|(at, ring)| (ring.lock().bytes, at)).collect();
        while self.bytes.load(Ordering::Relaxed) > max - max / 64 {
            let Some((_, at)) = largest.pop() else { return };
            let mut requests = rings[at].lock();
            let oldest = requests.take_oldest();
            let bytes = requests.bytes;
            drop(requests);
            if let Some(oldest) = oldest {
                self.free(oldest);
                largest.push((bytes, at));
            }
        }
    }

    /// Adds a tenant, unless it is there. Returns the requests of the one that made room for it.
    fn add_tenant(&self, rings: &mut OfTenants, tenant: Option<TenantId>) -> Option<Ring> {
        let mut removed = None;
        if rings.len() >= MAX_TENANTS && !rings.contains_key(&tenant) {
            let last = |ring: &Ring| ring.lock().entries.back().map_or(0, |numbered| numbered.number);
            let idle = rings.iter().min_by_key(|(_, ring)| last(ring)).map(|(tenant, _)| *tenant);
            removed = idle.and_then(|idle| self.remove(rings, idle));
        }
        rings.entry(tenant).or_default();
        removed
    }

    /// No request is added meanwhile, because that needs the lock for reading.
    fn remove(&self, rings: &mut OfTenants, tenant: Option<TenantId>) -> Option<Ring> {
        let removed = rings.remove(&tenant)?;
        self.bytes.fetch_sub(removed.lock().bytes, Ordering::Relaxed);
        Some(removed)
    }

    pub(super) fn clear(&self, tenant: Option<TenantId>) {
        let mut rings = self.write();
        let removed = self.remove(&mut rings, tenant);
        drop(rings);
        drop(removed);
    }

    /// A tenant's earliest request with a higher number than this.
    pub(super) fn after(&self, tenant: Option<TenantId>, number: u64) -> Option<Numbered> {
        let rings = self.read();
        let requests = rings.get(&tenant)?.lock();
        let at = requests.entries.partition_point(|numbered| numbered.number <= number);
        requests.entries.get(at).cloned()
    }

    /// A tenant's latest request with a lower number than this.
    pub(super) fn before(&self, tenant: Option<TenantId>, number: u64) -> Option<Numbered> {
        let rings = self.read();
        let requests = rings.get(&tenant)?.lock();
        let at = requests.entries.partition_point(|numbered| numbered.number < number).checked_sub(1)?;
        requests.entries.get(at).cloned()
    }

    fn read(&self) -> RwLockReadGuard<'_, OfTenants> {
        self.of_tenants.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, OfTenants> {
        self.of_tenants.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    fn lock(&self) -> MutexGuard<'_, Requests> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Requests {
    /// The oldest request, if the tenant has too many or too large ones.
    fn take_excess(&mut self, options: JournalOptions) -> Option<Numbered> {
        let is_over = self.entries.len() > options.entries || self.bytes > options.bytes;
        if is_over { self.take_oldest() } else { None }
    }

    fn take_oldest(&mut self) -> Option<Numbered> {
        let numbered = self.entries.pop_front()?;
        self.bytes -= numbered.kept.size;
        Some(numbered)
    }
}

#[cfg(test)]
mod tests {
    use super::super::raw::tests::request;
    use super::*;

    #[test]
    fn the_bytes_are_those_of_all_requests_while_threads_add_and_clear() {
        let rings = Rings::new(JournalOptions {
            place: JournalPlace::Auto,
            entries: 50,
            bytes: 60_000,
            total_bytes: 1_000_000,
        });
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let rings = &rings;
                scope.spawn(move || {
                    for number in 0..3_000_u16 {
                        let tenant = TenantId((i32::from(number) * 7 + thread) % 400);
                        let added = rings.add(Kept::new(request(tenant, 10 + usize::from(number % 500))));
                        assert!(added.is_none());
                        if number % 97 == 0 {
                            rings.clear(Some(tenant));
                        }
                        let _ = (rings.after(Some(tenant), 0), rings.before(Some(tenant), u64::MAX));
                    }
                });
            }
        });
        let mut of_tenants = rings.write();
        assert!(of_tenants.len() <= MAX_TENANTS);
        let (mut bytes, mut numbers) = (0, Vec::new());
        for ring in of_tenants.values_mut() {
            let requests = ring.lock();
            assert_eq!(requests.bytes, requests.entries.iter().map(|numbered| numbered.kept.size).sum::<usize>());
            assert!(requests.entries.iter().is_sorted_by_key(|numbered| numbered.number));
            bytes += requests.bytes;
            numbers.extend(requests.entries.iter().map(|numbered| numbered.number));
        }
        assert_eq!(rings.bytes.load(Ordering::Relaxed), bytes);
        assert!(bytes <= 1_000_000 && rings.latest() == 12_000, "{bytes}");
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), of_tenants.values().map(|ring| ring.lock().entries.len()).sum::<usize>());
    }

    #[test]
    fn all_requests_together_are_made_smaller_for_many_further_ones_at_once() {
        let rings = Rings::new(JournalOptions {
            place: JournalPlace::Auto,
            entries: 10_000,
            bytes: 10_000_000,
            total_bytes: 1_000_000,
        });
        let add = |tenant: i32| assert!(rings.add(Kept::new(request(TenantId(tenant), 10))).is_none());
        let size = Kept::new(request(TenantId(1), 10)).size;
        [0, 1].into_iter().cycle().take(1_000_000 / size).for_each(add);
        let full = rings.bytes.load(Ordering::Relaxed);
        add(2);
        let free = 1_000_000 - rings.bytes.load(Ordering::Relaxed);
        assert!(full > 1_000_000 - size && (1_000_000 / 64..1_000_000 / 64 + size).contains(&free), "{full} {free}");
        assert!(rings.before(Some(TenantId(2)), u64::MAX).is_some());
    }
}
