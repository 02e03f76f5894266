//! Fair shares of the pool, so that a tenant cannot slow down the others.
//!
//! Requests before authentication need a connection for a moment only, and all tenants need them. So two connections are left to
//! them. The others are for tenants, long work and the background, where one holds its connection for as long as a lock, a task
//! or an injected delay takes. There each share may have one connection, and more only while enough others are free.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::TenantId;

/// On whose behalf a connection is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ShareOf {
    /// Requests with a valid credential.
    Tenant(TenantId),
    /// Requests before authentication.
    Unauthenticated,
    /// The control API, which has connections of its own.
    Control,
    /// Health checks, which have a connection of their own.
    Health,
    /// Deliveries, expiry, maintenance, start-up.
    Background,
    /// Transactions of long work.
    LongWork,
}

/// The number of tenants' shares from which unused ones are dropped.
const MANY: usize = 1_000;

/// How many connections are left to requests before authentication.
const LEFT_FREE: usize = 2;

/// A second connection of a share leaves at least as many to other shares.
const LEFT_TO_OTHERS: usize = 1;

#[derive(Debug)]
pub(super) struct Shares {
    /// The number of connections that one share may hold: half of all, at least one.
    size: usize,
    unauthenticated: Arc<Share>,
    background: Arc<Share>,
    long_work: Arc<Share>,
    tenants: Mutex<HashMap<TenantId, Arc<Share>>>,
    /// `None` where there is only one connection, which everybody waits for in one queue.
    room: Option<Arc<Room>>,
    /// Requests that may hold a connection during an injected delay: a quarter of all, at least one.
    delays: Arc<Semaphore>,
}

#[derive(Debug)]
pub(super) struct Share {
    /// What the share may hold while the others hold nothing.
    connections: Arc<Semaphore>,
    /// What it holds of the room. Changes only while the room is locked.
    held: AtomicUsize,
}

/// The connections that tenants, long work and the background use together.
#[derive(Debug)]
struct Room(Mutex<RoomState>);

#[derive(Debug)]
struct RoomState {
    free: usize,
    /// At most the size of a share of each.
    waiting: VecDeque<(Arc<Share>, oneshot::Sender<Place>)>,
}

/// One connection of the room, given back on drop.
#[derive(Debug)]
struct Place(Option<(Arc<Room>, Arc<Share>)>);

/// A part of a share in use. Empty where there are no shares.
#[derive(Debug, Default)]
pub(super) struct ShareGuard {
    // Dropped first, so that a place is free for the next of the share.
    _place: Option<Place>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Shares {
    pub(super) fn new(connections: usize) -> Self {
        let size = (connections / 2).max(1);
        let shared = connections - LEFT_FREE.min(connections / 2);
        let share = |size| Arc::new(Share::new(size));
        Self {
            size,
            unauthenticated: share(size),
            background: share(size),
            // Long work holds its connections for the longest time.
            long_work: share((shared / 2).max(1)),
            tenants: Mutex::default(),
            room: (connections > 1).then(|| Arc::new(Room::new(shared))),
            delays: Arc::new(Semaphore::new((connections / 4).max(1))),
        }
    }

    /// `None` where connections are not shared.
    pub(super) fn find(&self, of: ShareOf) -> Option<Arc<Share>> {
        match of {
            ShareOf::Control | ShareOf::Health => None,
            ShareOf::Unauthenticated => Some(Arc::clone(&self.unauthenticated)),
            ShareOf::Background => Some(Arc::clone(&self.background)),
            ShareOf::LongWork => Some(Arc::clone(&self.long_work)),
            ShareOf::Tenant(tenant) => Some(self.of_tenant(tenant)),
        }
    }

    /// Waits until the share may use another connection; within a share first come, first served.
    pub(super) async fn acquire(&self, share: Arc<Share>) -> ShareGuard {
        let permit = Arc::clone(&share.connections).acquire_owned().await.expect("invariant: never closed");
        let place = match &self.room {
            Some(room) if !Arc::ptr_eq(&share, &self.unauthenticated) => Some(room.enter(share).await),
            _ => None,
        };
        ShareGuard { _place: place, _permit: Some(permit) }
    }

    /// Waits until a request may hold a connection during an injected delay.
    pub(super) async fn acquire_delay(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.delays).acquire_owned().await.expect("invariant: never closed")
    }

    fn of_tenant(&self, tenant: TenantId) -> Arc<Share> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = tenants.get(&tenant) {
            return Arc::clone(share);
        }
        if tenants.len() >= MANY {
            // Each request of a tenant that has used a connection holds a reference.
            tenants.retain(|_, share| Arc::strong_count(share) > 1 || share.is_in_use(self.size));
        }
        let share = Arc::new(Share::new(self.size));
        tenants.insert(tenant, Arc::clone(&share));
        share
    }
}

impl Share {
    fn new(size: usize) -> Self {
        Self { connections: Arc::new(Semaphore::new(size)), held: AtomicUsize::new(0) }
    }

    fn is_in_use(&self, size: usize) -> bool {
        self.connections.available_permits() < size
    }
}

impl Room {
    fn new(free: usize) -> Self {
        Self(Mutex::new(RoomState { free, waiting: VecDeque::new() }))
    }

    async fn enter(self: &Arc<Self>, share: Arc<Share>) -> Place {
        let waiting = {
            let mut state = self.lock();
            if state.takes(&share) {
                return Place(Some((Arc::clone(self), share)));
            }
            let (sender, receiver) = oneshot::channel();
            state.waiting.push_back((share, sender));
            receiver
        };
        waiting.await.expect("invariant: the room lasts, and drops no sender of one that waits")
    }

    /// Gives a connection back, and what is free to those who may take it, in the order in which they came.
    fn leave(self: &Arc<Self>, share: &Share) {
        let mut state = self.lock();
        state.give_back(share);
        let mut next = 0;
        while state.free > 0 && next < state.waiting.len() {
            let (share, sender) = &state.waiting[next];
            if sender.is_closed() {
                state.waiting.remove(next);
                continue;
            }
            let share = Arc::clone(share);
            if !state.takes(&share) {
                next += 1;
                continue;
            }
            let place = Place(Some((Arc::clone(self), share)));
            let Some((share, sender)) = state.waiting.remove(next) else { return };
            if let Err(mut unused) = sender.send(place) {
                // Its drop would lock the room again.
                unused.0 = None;
                state.give_back(&share);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, RoomState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RoomState {
    /// Takes a connection if the share may have it. So one share gets half of the pool, and whoever comes later finds a connection.
    fn takes(&mut self, share: &Share) -> bool {
        let held = share.held.load(Ordering::Relaxed);
        let needed = if held == 0 { 1 } else { held.max(1 + LEFT_TO_OTHERS) };
        let takes = self.free >= needed;
        if takes {
            self.free -= 1;
            share.held.store(held + 1, Ordering::Relaxed);
        }
        takes
    }

    fn give_back(&mut self, share: &Share) {
        self.free += 1;
        share.held.store(share.held.load(Ordering::Relaxed).saturating_sub(1), Ordering::Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((room, share)) = self.0.take() {
            room.leave(&share);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::*;

    fn tenant(id: usize) -> ShareOf {
        ShareOf::Tenant(TenantId(i32::try_from(id).expect("small")))
    }

    async fn acquire(shares: &Shares, of: ShareOf) -> ShareGuard {
        shares.acquire(shares.find(of).expect("a share")).await
    }

    /// As many connections as a share gets now.
    async fn all(shares: &Shares, of: ShareOf) -> Vec<ShareGuard> {
        let mut guards = Vec::new();
        loop {
            let mut next = Box::pin(acquire(shares, of));
            match poll!(&mut next) {
                std::task::Poll::Ready(guard) => guards.push(guard),
                std::task::Poll::Pending => return guards,
            }
        }
    }

    #[tokio::test]
    async fn a_tenant_gets_half_of_the_connections_and_unused_shares_are_dropped() {
        let shares = Shares::new(8);
        let mut guards = all(&shares, tenant(0)).await;
        assert_eq!(guards.len(), 4);
        let mut fifth = Box::pin(acquire(&shares, tenant(0)));
        assert!(poll!(&mut fifth).is_pending(), "the tenant's share is used up");
        let other = acquire(&shares, tenant(1)).await;
        guards.pop();
        // While two others are free, a share takes no fourth.
        assert!(poll!(&mut fifth).is_pending());
        drop(other);
        guards.push(fifth.await);

        for id in 2..3 * MANY {
            drop(acquire(&shares, tenant(id)).await);
        }
        let kept = shares.tenants.lock().expect("no panic").len();
        assert!(kept <= MANY, "{kept}");
        let mut sixth = Box::pin(acquire(&shares, tenant(0)));
        assert!(poll!(&mut sixth).is_pending(), "a share in use is kept");
    }

    #[tokio::test]
    async fn whoever_comes_later_finds_a_connection() {
        let shares = Shares::new(8);
        let long = all(&shares, ShareOf::LongWork).await;
        let first = all(&shares, tenant(1)).await;
        let second = all(&shares, tenant(2)).await;
        assert_eq!((long.len(), first.len(), second.len()), (3, 2, 1));
        // Two are left before authentication, when all others are in use.
        let mut third = Box::pin(acquire(&shares, tenant(3)));
        assert!(poll!(&mut third).is_pending());
        assert!(poll!(&mut Box::pin(acquire(&shares, ShareOf::Unauthenticated))).is_ready());
        // One that gave up does not keep its turn.
        let mut gone = Box::pin(acquire(&shares, tenant(4)));
        assert!(poll!(&mut gone).is_pending());
        let mut last = Box::pin(acquire(&shares, tenant(5)));
        assert!(poll!(&mut last).is_pending());
        drop(gone);
        drop(first);
        assert!(poll!(&mut third).is_ready());
        assert!(poll!(&mut last).is_ready());
    }

    #[tokio::test]
    async fn two_greedy_tenants_leave_a_connection_to_a_third() {
        for connections in [8, 16, 50] {
            let shares = Shares::new(connections);
            let _greedy = (all(&shares, tenant(1)).await, all(&shares, tenant(2)).await);
            assert!(!all(&shares, tenant(3)).await.is_empty(), "{connections}");
        }
    }

    #[tokio::test]
    async fn few_connections_are_shares_of_one() {
        for connections in [1, 2, 3] {
            let shares = Shares::new(connections);
            let first = acquire(&shares, ShareOf::Background).await;
            let mut second = Box::pin(acquire(&shares, ShareOf::Background));
            assert!(poll!(&mut second).is_pending());
            assert!(poll!(&mut Box::pin(acquire(&shares, ShareOf::Unauthenticated))).is_ready());
            drop(first);
            second.await;
        }
    }
}
