//! Fair shares of the pool: a tenant holds at most half of the connections at once, so that it cannot slow down the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::TenantId;

/// On whose behalf a connection is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ShareOf {
    /// Requests with a valid credential.
    Tenant(TenantId),
    /// Requests before authentication.
    Unauthenticated,
    /// The control API and health checks, which have connections of their own.
    Control,
    /// Deliveries, expiry, maintenance, start-up.
    Background,
    /// Transactions of long work.
    LongWork,
}

/// The number of shares from which unused ones are dropped.
const MANY: usize = 1_000;

#[derive(Debug)]
pub(super) struct Shares {
    /// The number of connections that one share may hold.
    size: usize,
    shares: Mutex<HashMap<ShareOf, Arc<Semaphore>>>,
}

/// A part of a share in use. Empty where there are no shares.
#[derive(Debug)]
pub(super) struct ShareGuard {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Shares {
    /// Half of the connections, at least one.
    pub(super) fn new(connections: usize) -> Self {
        Self { size: (connections / 2).max(1), shares: Mutex::default() }
    }

    /// Waits until the share has a free connection; first come, first served.
    pub(super) async fn acquire(&self, of: ShareOf) -> ShareGuard {
        if of == ShareOf::Control {
            return ShareGuard { _permit: None };
        }
        let permit = self.share(of).acquire_owned().await.expect("invariant: never closed");
        ShareGuard { _permit: Some(permit) }
    }

    fn share(&self, of: ShareOf) -> Arc<Semaphore> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(&of) {
            return Arc::clone(share);
        }
        if shares.len() >= MANY {
            // Each user and each waiting user of a share holds a reference.
            shares.retain(|_, share| Arc::strong_count(share) > 1);
        }
        let share = Arc::new(Semaphore::new(self.size));
        shares.insert(of, Arc::clone(&share));
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tenant_gets_half_of_the_connections_and_unused_shares_are_dropped() {
        let shares = Shares::new(8);
        let tenant = |id: usize| ShareOf::Tenant(TenantId(i32::try_from(id).expect("small")));
        let mut guards = Vec::new();
        for _ in 0..4 {
            guards.push(shares.acquire(tenant(0)).await);
        }
        let mut fifth = Box::pin(shares.acquire(tenant(0)));
        assert!(futures_util::poll!(&mut fifth).is_pending(), "the tenant's share is used up");
        let other = shares.acquire(tenant(1)).await;
        guards.pop();
        guards.push(fifth.await);

        for id in 2..3 * MANY {
            drop(shares.acquire(tenant(id)).await);
        }
        let kept = shares.shares.lock().expect("no panic").len();
        assert!(kept <= MANY, "{kept}");
        let mut sixth = Box::pin(shares.acquire(tenant(0)));
        assert!(futures_util::poll!(&mut sixth).is_pending(), "a share in use is kept");
        drop(other);
    }

    #[tokio::test]
    async fn one_connection_is_a_share() {
        let shares = Shares::new(1);
        let first = shares.acquire(ShareOf::Background).await;
        let mut second = Box::pin(shares.acquire(ShareOf::Background));
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(first);
        second.await;
    }
}
