//! Who is in which tenant's world, on a database with one connection. There Postgres' own locks keep nobody out, because all
//! are one session; and work on a large world takes many small transactions, so that other tenants have their turn. So this
//! process keeps the tenant's callers waiting itself. On a server, none of it is needed and nothing is counted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::database::{Database, TenantId};

/// How long calls under way are waited for. One that takes longer waits for a hook, and finds afterwards that it was ended.
const PATIENCE: Duration = Duration::from_secs(2);

/// The tenants' worlds as rooms. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub(super) struct Rooms(Option<Arc<Shared>>);

#[derive(Debug, Default)]
struct Shared {
    rooms: Mutex<HashMap<TenantId, Room>>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Room {
    /// Calls under way.
    present: usize,
    /// Whether somebody works on the world as a whole.
    is_taken: bool,
    /// Whether calls wait before it.
    is_closed: bool,
}

/// A call's stay in a world, until the last clone is dropped.
#[derive(Debug, Clone, Default)]
pub struct Presence {
    _stay: Option<Arc<Stay>>,
}

#[derive(Debug)]
struct Stay {
    shared: Arc<Shared>,
    tenant: TenantId,
}

/// Work on a world as a whole, one at a time; dropped, it lets in whoever waits.
#[derive(Debug)]
pub(super) struct Work(Option<(Arc<Shared>, TenantId)>);

impl Rooms {
    pub(super) fn new(database: &Database) -> Self {
        Self(database.has_one_connection().then(Arc::default))
    }

    /// Lets a call in; `None` where it would have had to wait, and did, so that what it knows of the tenant may be of the past.
    pub(super) async fn enter(&self, tenant: TenantId) -> Option<Presence> {
        let Some(shared) = &self.0 else { return Some(Presence::default()) };
        let waited = shared.until(|room| !room.is_closed, tenant, None).await;
        if waited {
            return None;
        }
        shared.with(tenant, |room| room.present += 1);
        let stay = Stay { shared: Arc::clone(shared), tenant };
        Some(Presence { _stay: Some(Arc::new(stay)) })
    }

    /// Begins work on a world, when nobody else works on it.
    pub(super) async fn work(&self, tenant: TenantId) -> Work {
        let Some(shared) = &self.0 else { return Work(None) };
        loop {
            shared.until(|room| !room.is_taken, tenant, None).await;
            if !shared.with(tenant, |room| std::mem::replace(&mut room.is_taken, true)) {
                return Work(Some((Arc::clone(shared), tenant)));
            }
        }
    }
}

impl Work {
    /// Has new calls wait until the work is done, and waits for those that are under way.
    pub(super) async fn close(&self) {
        let Some((shared, tenant)) = &self.0 else { return };
        shared.with(*tenant, |room| room.is_closed = true);
        shared.until(|room| room.present == 0, *tenant, Some(Instant::now() + PATIENCE)).await;
    }
}

impl Shared {
    /// Waits until a room is so, or not longer than until then; whether it had to.
    async fn until(&self, is_so: impl Fn(&Room) -> bool, tenant: TenantId, deadline: Option<Instant>) -> bool {
        let mut waited = false;
        loop {
            // Before the look, so that a change right after it is not missed.
            let changed = self.changed.notified();
            if self.rooms().get(&tenant).is_none_or(&is_so) {
                return waited;
            }
            waited = true;
            let Some(deadline) = deadline else {
                changed.await;
                continue;
            };
            if timeout_at(deadline, changed).await.is_err() {
                return waited;
            }
        }
    }

    fn with<T>(&self, tenant: TenantId, change: impl FnOnce(&mut Room) -> T) -> T {
        let mut rooms = self.rooms();
        let room = rooms.entry(tenant).or_default();
        let outcome = change(room);
        if room.present == 0 && !room.is_taken {
            rooms.remove(&tenant);
        }
        drop(rooms);
        self.changed.notify_waiters();
        outcome
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<TenantId, Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        self.shared.with(self.tenant, |room| room.present -= 1);
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Some((shared, tenant)) = &self.0 {
            shared.with(*tenant, |room| {
                room.is_taken = false;
                room.is_closed = false;
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_waits_for_calls_and_calls_wait_for_work() {
        let rooms = Rooms(Some(Arc::default()));
        let (one, other) = (TenantId(1), TenantId(2));
        let present = rooms.enter(one).await.expect("nobody works");
        let work = rooms.work(one).await;
        let closing = tokio::spawn(async move {
            work.close().await;
            work
        });
        tokio::task::yield_now().await;
        assert!(!closing.is_finished(), "a call is under way");
        assert!(rooms.enter(other).await.is_some(), "another tenant waits for nobody");
        drop(present);
        let work = closing.await.expect("closed");

        let entering = tokio::spawn({
            let rooms = rooms.clone();
            async move { rooms.enter(one).await.is_none() }
        });
        let working = tokio::spawn({
            let rooms = rooms.clone();
            async move { rooms.work(one).await }
        });
        tokio::task::yield_now().await;
        assert!(!entering.is_finished() && !working.is_finished(), "the world is worked on");
        drop(work);
        assert!(entering.await.expect("let in"), "it waited, and asks again who it is");
        drop(working.await.expect("its turn"));
        assert!(rooms.enter(one).await.is_some());
        assert!(rooms.0.expect("rooms").rooms().is_empty(), "nothing is kept of rooms that nobody is in");
    }
}
