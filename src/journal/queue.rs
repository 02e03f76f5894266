//! The requests that wait to be written into the database, bounded in bytes. A request that does not fit is dropped and counted, so that
//! a slow database holds up no request and fills no memory.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::raw::Kept;
use crate::database::TenantId;

/// The maximum number of requests that are written at once.
const MAX_ROWS: usize = 200;

/// The size from which a batch takes no further request, in bytes of memory.
const MAX_BATCH_BYTES: usize = 1024 * 1024;

pub(super) struct Queue {
    state: Mutex<State>,
    /// In bytes.
    max: usize,
    changed: Notify,
    /// How many of all accepted requests are written or given up.
    ended: watch::Sender<u64>,
    /// How many requests were dropped.
    dropped: AtomicU64,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Arc<Kept>>,
    /// The size of those that wait or are being written, in bytes.
    bytes: usize,
    of_tenants: HashMap<Option<TenantId>, usize>,
    /// How many requests were accepted.
    accepted: u64,
    /// Whether somebody waits until all are written.
    is_urgent: bool,
}

impl Queue {
    /// `max` is in bytes.
    pub(super) fn new(max: usize) -> Self {
        let (ended, dropped) = (watch::Sender::new(0), AtomicU64::new(0));
        Self { state: Mutex::default(), max, changed: Notify::new(), ended, dropped }
    }

    /// Adds a request, or drops it if its tenant would have more bytes in the queue than are left to others: so one tenant takes at most
    /// half of it, and there is always some left to another.
    pub(super) fn push(&self, kept: Arc<Kept>) {
        let mut state = self.lock();
        let of_tenant = state.of_tenants.get(&kept.request.tenant).copied().unwrap_or(0);
        let left = self.max.saturating_sub(state.bytes + kept.size);
        if of_tenant + kept.size > left && state.bytes > 0 {
            drop(state);
            return self.count_dropped(1);
        }
        state.bytes += kept.size;
        state.of_tenants.insert(kept.request.tenant, of_tenant + kept.size);
        state.accepted += 1;
        state.waiting.push_back(kept);
        let waiting = state.waiting.len();
        drop(state);
        if waiting == 1 || waiting == MAX_ROWS {
            self.changed.notify_one();
        }
    }

    pub(super) fn count_dropped(&self, requests: usize) {
        self.dropped.fetch_add(u64::try_from(requests).unwrap_or_default(), Ordering::Relaxed);
    }

    /// How many requests were dropped since the start.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits for the next requests to write, and until the time comes unless there are many or somebody waits for them. They count as
    /// bytes of the queue until [`Queue::end`].
    pub(super) async fn next_batch(&self, not_before: Instant) -> Vec<Arc<Kept>> {
        loop {
            let is_empty = {
                let mut state = self.lock();
                let is_due = state.waiting.len() >= MAX_ROWS || state.is_urgent || Instant::now() >= not_before;
                if is_due && !state.waiting.is_empty() {
                    return state.take();
                }
                state.waiting.is_empty()
            };
            if is_empty {
                self.changed.notified().await;
            } else {
                // Both ends of the wait are looked at above.
                let _ = tokio::time::timeout_at(not_before, self.changed.notified()).await;
            }
        }
    }

    /// A batch is written or given up.
    pub(super) fn end(&self, batch: &[Arc<Kept>]) {
        let mut state = self.lock();
        for kept in batch {
            state.free(kept);
        }
        drop(state);
        self.ended.send_modify(|ended| *ended += u64::try_from(batch.len()).unwrap_or_default());
    }

    /// Puts a batch that was not written back to the beginning.
    pub(super) fn put_back(&self, batch: Vec<Arc<Kept>>) {
        let mut state = self.lock();
        for kept in batch.into_iter().rev() {
            state.waiting.push_front(kept);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Waits until the requests that are in the queue now are written, without the usual delay. Returns whether they are.
    pub(super) async fn flush(&self, timeout: Duration) -> bool {
        let accepted = {
            let mut state = self.lock();
            state.is_urgent = state.bytes > 0;
            state.accepted
        };
        self.changed.notify_one();
        let mut ended = self.ended.subscribe();
        tokio::time::timeout(timeout, ended.wait_for(|ended| *ended >= accepted)).await.is_ok()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The first requests up to the maximum number and size, at least one.
    fn take(&mut self) -> Vec<Arc<Kept>> {
        let mut batch = Vec::with_capacity(MAX_ROWS.min(self.waiting.len()));
        let mut bytes = 0;
        while batch.len() < MAX_ROWS && bytes < MAX_BATCH_BYTES {
            let Some(kept) = self.waiting.pop_front() else { break };
            bytes += kept.size;
            batch.push(kept);
        }
        self.is_urgent &= !self.waiting.is_empty();
        batch
    }

    fn free(&mut self, kept: &Kept) {
        self.bytes = self.bytes.saturating_sub(kept.size);
        let tenant = kept.request.tenant;
        let left = self.of_tenants.get(&tenant).map_or(0, |bytes| bytes.saturating_sub(kept.size));
        if left == 0 {
            self.of_tenants.remove(&tenant);
        } else {
            self.of_tenants.insert(tenant, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::raw::tests::request;
    use super::*;

    fn kept(tenant: i32) -> Arc<Kept> {
        Arc::new(Kept::new(request(TenantId(tenant), 1_000)))
    }

    fn queue(requests: usize) -> Queue {
        Queue::new(requests * kept(1).size)
    }

    #[tokio::test]
    async fn a_tenant_takes_half_of_the_queue_and_leaves_room_to_others() {
        let queue = queue(80);
        for _ in 0..1_000 {
            queue.push(kept(1));
        }
        assert_eq!(queue.dropped(), 960);
        for _ in 0..1_000 {
            queue.push(kept(2));
        }
        queue.push(kept(3));
        assert_eq!((queue.lock().waiting.len(), queue.dropped()), (61, 1_940));
        assert!(queue.lock().bytes <= queue.max);
        // What is being written counts until it is written.
        let batch = queue.next_batch(Instant::now()).await;
        assert_eq!(batch.len(), 61);
        queue.push(kept(1));
        assert_eq!(queue.dropped(), 1_941);
        queue.end(&batch);
        queue.push(kept(1));
        assert_eq!(queue.dropped(), 1_941);
        let rest = queue.next_batch(Instant::now()).await;
        queue.end(&rest);
        assert!(queue.flush(Duration::ZERO).await);
        let state = queue.lock();
        assert_eq!((state.bytes, state.of_tenants.len(), state.waiting.len()), (0, 0, 0));
    }

    #[tokio::test]
    async fn a_batch_waits_for_its_time_for_many_requests_or_for_a_reader() {
        let queue = Arc::new(queue(1_000));
        let start = Instant::now();
        let later = start + Duration::from_mins(1);
        queue.push(kept(1));
        assert_eq!(queue.next_batch(start).await.len(), 1);
        queue.push(kept(1));
        let soon = start + Duration::from_millis(80);
        assert_eq!(queue.next_batch(soon).await.len(), 1);
        assert!(Instant::now() >= soon);
        (0..MAX_ROWS + 10).for_each(|_| queue.push(kept(1)));
        assert_eq!(queue.next_batch(later).await.len(), MAX_ROWS);
        let flushed = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.flush(Duration::from_millis(200)).await }
        });
        assert_eq!(queue.next_batch(later).await.len(), 10);
        assert!(!flushed.await.expect("no panic"), "none was written");
        // A large request is a batch of its own.
        let large = || Arc::new(Kept::new(request(TenantId(1), 16_000)));
        (0..MAX_ROWS * 2).for_each(|_| queue.push(large()));
        let bytes: usize = queue.next_batch(start).await.iter().map(|kept| kept.size).sum();
        assert!(bytes <= MAX_BATCH_BYTES + large().size, "{bytes}");
    }
}
