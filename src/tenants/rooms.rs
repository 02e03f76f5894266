//! Who is in which tenant's world, on a database with one connection. There Postgres' own locks keep nobody out, because all
//! are one session; and work on a large world takes many small transactions, so that other tenants have their turn. So this
//! process keeps the tenant's callers waiting itself. On a server, none of it is needed and nothing is counted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::error::TenantError;
use crate::database::{Database, DatabaseError, TenantId};

/// How long calls under way are waited for before it is asked which of them wait for a hook. Such a call finds afterwards that it
/// was ended; all others are waited for as long as they take.
const TIMEOUT: Duration = Duration::from_secs(2);

/// How often it is asked from then on.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How long a call waits for work on its world: told in `docs/CONTROL.md`.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The tenants' tenants as rooms. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub(super) struct Rooms(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    rooms: Mutex<HashMap<TenantId, Room>>,
    changed: Notify,
    patience: Duration,
    longest_wait: Duration,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Room {
    present: usize,
    /// Whether somebody works on the world as a whole.
    is_taken: bool,
    /// Whether calls wait before it.
    is_closed: bool,
    /// Whether the world is neither what it was nor what it becomes.
    is_half: bool,
}

/// Why nobody is let into a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum Shut {
    /// Work on it takes too long.
    #[error("long work on the tenant's world did not end within {} seconds", LONGEST_WAIT.as_secs())]
    Busy,
    /// Work on it failed in the middle.
    #[error("{}", HALF)]
    Half,
}

/// What is told of a world that nobody is let into.
pub(super) const HALF: &str = "the tenant's world is half put back, because the database failed meanwhile: reset it, restore a snapshot or \
    delete the tenant; the next start of the server tries it too";

impl From<Shut> for TenantError {
    fn from(shut: Shut) -> Self {
        match shut {
            Shut::Busy => Self::Database(shut.into()),
            Shut::Half => Self::Half,
        }
    }
}

impl From<Shut> for DatabaseError {
    fn from(shut: Shut) -> Self {
        Self::Unavailable(shut.into())
    }
}

/// A call's stay in a world, until the last clone is dropped.
#[derive(Debug, Clone, Default)]
pub struct RequestGuard {
    _stay: Option<Arc<Stay>>,
}

#[derive(Debug)]
struct Stay {
    shared: Arc<Shared>,
    tenant: TenantId,
}

/// Work on a world as a whole, one at a time; dropped, it lets in whoever waits, unless it leaves half a world.
#[derive(Debug)]
pub(super) struct Work(Option<(Arc<Shared>, TenantId)>);

impl Rooms {
    pub(super) fn new(database: &Database) -> Self {
        Self(database.has_one_connection().then(|| Arc::new(Shared::new(TIMEOUT, LONGEST_WAIT))))
    }

    /// Until when a call waits that comes now, however often it has to.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.0.as_ref().map_or(LONGEST_WAIT, |shared| shared.longest_wait)
    }

    /// Lets a call in; `None` where it would have had to wait, and did, so that what it knows of the tenant may be of the past.
    pub(super) async fn enter(&self, tenant: TenantId, deadline: Instant) -> Result<Option<RequestGuard>, Shut> {
        let Some(shared) = &self.0 else { return Ok(Some(RequestGuard::default())) };
        // In one step, so that nobody closes it between the look and the entry.
        let enter = |room: &mut Room| match room {
            Room { is_half: true, is_taken: false, .. } => Some(Err(Shut::Half)),
            Room { is_closed: true, .. } => None,
            _ => {
                room.present += 1;
                Some(Ok(()))
            }
        };
        let (entered, waited) = shared.once(tenant, enter, Some(deadline)).await.ok_or(Shut::Busy)?;
        entered?;
        let stay = Stay { shared: Arc::clone(shared), tenant };
        // Whoever waited leaves again at once.
        let presence = RequestGuard { _stay: Some(Arc::new(stay)) };
        Ok((!waited).then_some(presence))
    }

    /// Begins work on a world, when nobody else works on it.
    pub(super) async fn work(&self, tenant: TenantId) -> Work {
        let Some(shared) = &self.0 else { return Work(None) };
        let take = |room: &mut Room| (!std::mem::replace(&mut room.is_taken, true)).then_some(());
        shared.once(tenant, take, None).await;
        Work(Some((Arc::clone(shared), tenant)))
    }
}

impl Work {
    /// Has new calls wait until the work is done, and waits for those that are under way, but for those that wait for a hook:
    /// `in_hooks` of the tenant's.
    pub(super) async fn close(&self, in_hooks: impl Fn(TenantId) -> usize + Send) {
        let Some((shared, tenant)) = &self.0 else { return };
        shared.with(*tenant, |room| room.is_closed = true);
        let is_empty = |room: &mut Room| (room.present == 0).then_some(());
        let mut patience = shared.patience;
        while shared.once(*tenant, is_empty, Some(Instant::now() + patience)).await.is_none() {
            if shared.with(*tenant, |room| room.present) <= in_hooks(*tenant) {
                return;
            }
            patience = LOOK_EVERY;
        }
    }

    /// Says whether the world is in the middle of becoming another, so that nobody is let in, whatever becomes of the work.
    pub(super) fn leaves_half(&self, is_half: bool) {
        if let Some((shared, tenant)) = &self.0 {
            shared.with(*tenant, |room| room.is_half = is_half);
        }
    }

    /// Whether work that failed has left half a world.
    pub(super) fn found_half(&self) -> bool {
        self.0.as_ref().is_some_and(|(shared, tenant)| shared.with(*tenant, |room| room.is_half))
    }
}

impl Shared {
    fn new(patience: Duration, longest_wait: Duration) -> Self {
        Self { rooms: Mutex::default(), changed: Notify::new(), patience, longest_wait }
    }

    /// Does something with a room as soon as it can be done, and says whether that had to be waited for; `None` when it could not
    /// be done until then.
    async fn once<T>(
        &self,
        tenant: TenantId,
        attempt: impl Fn(&mut Room) -> Option<T>,
        deadline: Option<Instant>,
    ) -> Option<(T, bool)> {
        let mut waited = false;
        loop {
            // Before the look, so that a change right after it is not missed.
            let changed = self.changed.notified();
            if let Some(done) = self.with(tenant, &attempt) {
                return Some((done, waited));
            }
            waited = true;
            match deadline {
                None => changed.await,
                Some(deadline) => timeout_at(deadline, changed).await.ok()?,
            }
        }
    }

    fn with<T>(&self, tenant: TenantId, change: impl FnOnce(&mut Room) -> T) -> T {
        let mut rooms = self.rooms();
        let room = rooms.entry(tenant).or_default();
        let before = room.clone();
        let outcome = change(room);
        let has_changed = *room != before;
        if *room == Room::default() {
            rooms.remove(&tenant);
        }
        drop(rooms);
        // Those who only looked wake nobody, or two who wait would wake each other again and again.
        if has_changed {
            self.changed.notify_waiters();
        }
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
                room.is_closed = room.is_half;
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooms() -> Rooms {
        Rooms(Some(Arc::new(Shared::new(Duration::from_millis(100), Duration::from_millis(300)))))
    }

    async fn enter(rooms: &Rooms, tenant: TenantId) -> RequestGuard {
        rooms.enter(tenant, rooms.deadline()).await.expect("let in").expect("without waiting")
    }

    #[tokio::test]
    async fn work_waits_for_calls_and_calls_wait_for_work() {
        let rooms = rooms();
        let (one, other) = (TenantId(1), TenantId(2));
        let present = enter(&rooms, one).await;
        let work = rooms.work(one).await;
        let closing = tokio::spawn(async move {
            work.close(|_| 0).await;
            work
        });
        tokio::task::yield_now().await;
        assert!(!closing.is_finished(), "a call is under way");
        enter(&rooms, other).await;
        drop(present);
        let work = closing.await.expect("closed");

        let entering = tokio::spawn({
            let rooms = rooms.clone();
            async move { rooms.enter(one, rooms.deadline()).await }
        });
        let working = tokio::spawn({
            let rooms = rooms.clone();
            async move { rooms.work(one).await }
        });
        tokio::task::yield_now().await;
        assert!(!entering.is_finished() && !working.is_finished(), "the world is worked on");
        drop(work);
        let entered = entering.await.expect("a task").expect("let in");
        assert!(entered.is_none(), "it waited, and asks again who it is");
        drop(working.await.expect("its turn"));
        enter(&rooms, one).await;
        assert!(rooms.0.expect("rooms").rooms().is_empty(), "nothing is kept of rooms that nobody is in");
    }

    #[tokio::test]
    async fn work_waits_for_all_calls_but_those_in_a_hook() {
        let (rooms, tenant) = (rooms(), TenantId(1));
        let in_hook = enter(&rooms, tenant).await;
        let slow = enter(&rooms, tenant).await;
        let work = rooms.work(tenant).await;
        let closing = tokio::spawn(async move {
            work.close(|_| 1).await;
            work
        });
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert!(!closing.is_finished(), "one of them waits for no hook");
        drop(slow);
        drop(closing.await.expect("closed, though the other is there"));
        drop(in_hook);
    }

    #[tokio::test]
    async fn a_call_does_not_wait_without_end() {
        let (rooms, tenant) = (rooms(), TenantId(1));
        let work = rooms.work(tenant).await;
        work.close(|_| 0).await;
        let began = Instant::now();
        assert_eq!(rooms.enter(tenant, rooms.deadline()).await.err(), Some(Shut::Busy));
        assert!(began.elapsed() >= Duration::from_millis(300));
        drop(work);
        enter(&rooms, tenant).await;
    }

    #[tokio::test]
    async fn half_a_world_stays_shut_until_work_makes_it_whole() {
        let (rooms, tenant) = (rooms(), TenantId(1));
        let work = rooms.work(tenant).await;
        work.close(|_| 0).await;
        work.leaves_half(true);
        // However it ends.
        drop(work);
        assert_eq!(rooms.enter(tenant, rooms.deadline()).await.err(), Some(Shut::Half));
        let work = rooms.work(tenant).await;
        assert!(work.found_half());
        work.leaves_half(false);
        drop(work);
        enter(&rooms, tenant).await;
        assert!(!rooms.work(tenant).await.found_half());
    }

    /// Those who enter between the look of one who closes and its end are waited for.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn nobody_is_in_a_closed_room() {
        let (rooms, tenant) = (rooms(), TenantId(1));
        let calls: Vec<_> = (0..8)
            .map(|_| {
                let rooms = rooms.clone();
                tokio::spawn(async move {
                    for _ in 0..500 {
                        drop(rooms.enter(tenant, rooms.deadline()).await.expect("let in"));
                    }
                })
            })
            .collect();
        for _ in 0..500 {
            let work = rooms.work(tenant).await;
            work.close(|_| 0).await;
            let shared = rooms.0.as_ref().expect("rooms");
            assert_eq!(shared.with(tenant, |room| room.present), 0);
            tokio::task::yield_now().await;
            assert_eq!(shared.with(tenant, |room| room.present), 0);
        }
        for call in calls {
            call.await.expect("a call");
        }
    }
}
