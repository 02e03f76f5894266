//! Who listens to the journal in the database, and what one query for all of them found last.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, Semaphore};

/// How many listeners read at once, so that many of them do not keep the database's connections from requests.
const READS: usize = 2;

#[derive(Debug)]
pub(super) struct Polling {
    state: Mutex<State>,
    woken: Notify,
    /// Held while a listener reads its requests.
    pub reads: Semaphore,
}

#[derive(Debug, Default)]
struct State {
    /// The number of listeners of each tenant.
    listeners: HashMap<i32, usize>,
    /// The number of the latest request of each of these tenants.
    latest: HashMap<i32, u64>,
}

impl Default for Polling {
    fn default() -> Self {
        Self { state: Mutex::default(), woken: Notify::new(), reads: Semaphore::new(READS) }
    }
}

impl Polling {
    pub(super) fn begin(&self, tenant: i32) {
        *self.lock().listeners.entry(tenant).or_default() += 1;
        self.wake();
    }

    pub(super) fn end(&self, tenant: i32) {
        let mut state = self.lock();
        let left = state.listeners.get(&tenant).map_or(0, |listeners| listeners.saturating_sub(1));
        if left > 0 {
            state.listeners.insert(tenant, left);
        } else {
            state.listeners.remove(&tenant);
            state.latest.remove(&tenant);
        }
    }

    /// The tenants that have a listener.
    pub(super) fn tenants(&self) -> Vec<i32> {
        self.lock().listeners.keys().copied().collect()
    }

    /// Takes what a query found. Returns whether it is anything new.
    pub(super) fn hear(&self, latest: HashMap<i32, u64>) -> bool {
        let mut state = self.lock();
        let is_new = latest != state.latest;
        state.latest = latest;
        is_new
    }

    /// The number of a tenant's latest request; `None` if it is not known.
    pub(super) fn latest(&self, tenant: i32) -> Option<u64> {
        self.lock().latest.get(&tenant).copied()
    }

    pub(super) fn wake(&self) {
        self.woken.notify_one();
    }

    pub(super) async fn woken(&self) {
        self.woken.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
