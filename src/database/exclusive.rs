//! Counts the requests of a tenant and gives exclusive access to it, on a database with one connection. There Postgres' own locks
//! have no effect, because everything runs in one session. Work on a large tenant runs in many small transactions, between which
//! other tenants' requests run. So this process makes the tenant's own requests wait. On a database server this is not needed, and
//! no request is counted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::TenantId;
use super::error::DatabaseError;

/// After this time, exclusive access no longer waits for requests that wait for a hook: such a request waits in turn when its hook
/// returns, and then finds that its hook was ended. It waits for all other requests without a limit.
const HOOK_TIMEOUT: Duration = Duration::from_secs(2);

/// The message for requests to a tenant whose restore failed.
pub const INCOMPLETE: &str = "the tenant's data is incomplete, because the database failed during a restore: reset it, \
    restore a snapshot or delete the tenant; the next start of the server tries it too";

/// The maximum time that a request waits for exclusive access to end; `docs/CONTROL.md` states it.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// The tenants with requests or with exclusive access. Cheap to clone; all clones share one state.
#[derive(Debug, Clone)]
pub struct TenantLocks(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    tenants: Mutex<HashMap<TenantId, State>>,
    changed: Notify,
    hook_timeout: Duration,
    max_wait: Duration,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct State {
    /// The number of running requests.
    requests: usize,
    /// How many of these wait for a hook.
    in_hooks: usize,
    has_exclusive_access: bool,
    /// Whether new requests wait.
    blocks_requests: bool,
    /// Whether a restore started and has not finished.
    is_incomplete: bool,
}

/// Why a request cannot enter a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AccessError {
    #[error("long work on the tenant's data did not end within {} seconds", MAX_WAIT.as_secs())]
    Busy,
    #[error("{INCOMPLETE}")]
    Incomplete,
}

impl From<AccessError> for DatabaseError {
    fn from(error: AccessError) -> Self {
        Self::Unavailable(error.into())
    }
}

/// Counts a request of a tenant until the last clone is dropped.
#[derive(Debug, Clone, Default)]
pub struct RequestGuard {
    _counted: Option<Arc<CountedRequest>>,
}

#[derive(Debug)]
struct CountedRequest {
    shared: Arc<Shared>,
    tenant: TenantId,
}

/// A request that waits for a hook, until it returns or this is dropped.
#[derive(Debug)]
pub struct InHook(Option<(Arc<Shared>, TenantId)>);

/// Exclusive access to a tenant's data. When it is dropped, waiting requests continue, unless the data is incomplete.
#[derive(Debug)]
pub struct ExclusiveAccess(Option<(Arc<Shared>, TenantId)>);

impl TenantLocks {
    #[must_use]
    pub fn new(has_one_connection: bool) -> Self {
        Self(has_one_connection.then(|| Arc::new(Shared::new(HOOK_TIMEOUT, MAX_WAIT))))
    }

    /// Until when a request that arrives now waits, even if it waits several times. `None` where it never waits.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.0.as_ref().map(|shared| Instant::now() + shared.max_wait)
    }

    /// Counts a request. `None` if it had to wait: the tenant may have changed, so the caller reads it again and enters again.
    pub async fn enter(
        &self,
        tenant: TenantId,
        deadline: Option<Instant>,
    ) -> Result<Option<RequestGuard>, AccessError> {
        let Some(shared) = &self.0 else { return Ok(Some(RequestGuard::default())) };
        // Checked and counted in one step, so that no exclusive access begins in between.
        let enter = |state: &mut State| match state {
            State { is_incomplete: true, has_exclusive_access: false, .. } => Some(Err(AccessError::Incomplete)),
            State { blocks_requests: true, .. } => None,
            _ => {
                state.requests += 1;
                Some(Ok(()))
            }
        };
        let (entered, waited) = shared.wait_until(tenant, enter, deadline).await.ok_or(AccessError::Busy)?;
        entered?;
        let counted = CountedRequest { shared: Arc::clone(shared), tenant };
        // The guard of a request that waited is dropped at once, which no longer counts it.
        let guard = RequestGuard { _counted: Some(Arc::new(counted)) };
        Ok((!waited).then_some(guard))
    }

    /// Enters a tenant again: waits until no other code has exclusive access to it.
    ///
    /// # Errors
    /// `Incomplete`, or `Busy` when exclusive access takes too long.
    pub async fn enter_again(&self, tenant: TenantId) -> Result<RequestGuard, AccessError> {
        let deadline = self.deadline();
        loop {
            if let Some(guard) = self.enter(tenant, deadline).await? {
                return Ok(guard);
            }
        }
    }

    /// Counts a request as one that waits for a hook: exclusive access does not wait for it.
    #[must_use]
    pub fn leave_for_hook(&self, tenant: TenantId) -> InHook {
        let Some(shared) = &self.0 else { return InHook(None) };
        shared.with(tenant, |state| state.in_hooks += 1);
        InHook(Some((Arc::clone(shared), tenant)))
    }

    /// Waits for exclusive access to complete data.
    ///
    /// # Errors
    /// `Incomplete`.
    pub async fn exclusive(&self, tenant: TenantId) -> Result<ExclusiveAccess, AccessError> {
        let access = self.exclusive_to_replace(tenant).await;
        if access.is_incomplete() { Err(AccessError::Incomplete) } else { Ok(access) }
    }

    /// Waits for exclusive access to data that is replaced or deleted, complete or not.
    pub async fn exclusive_to_replace(&self, tenant: TenantId) -> ExclusiveAccess {
        let Some(shared) = &self.0 else { return ExclusiveAccess(None) };
        let acquire = |state: &mut State| (!std::mem::replace(&mut state.has_exclusive_access, true)).then_some(());
        shared.wait_until(tenant, acquire, None).await;
        ExclusiveAccess(Some((Arc::clone(shared), tenant)))
    }
}

impl ExclusiveAccess {
    /// Makes new requests wait until the access ends, and waits for running requests, except those that wait for a hook.
    pub async fn block_requests(&self) {
        let Some((shared, tenant)) = &self.0 else { return };
        shared.with(*tenant, |state| state.blocks_requests = true);
        let is_free = |state: &mut State| (state.requests == 0).then_some(());
        if shared.wait_until(*tenant, is_free, Some(Instant::now() + shared.hook_timeout)).await.is_some() {
            return;
        }
        let are_in_hooks = |state: &mut State| (state.requests <= state.in_hooks).then_some(());
        shared.wait_until(*tenant, are_in_hooks, None).await;
    }

    /// While the data is incomplete, no request enters the tenant, even after the access ends.
    pub fn set_incomplete(&self, is_incomplete: bool) {
        if let Some((shared, tenant)) = &self.0 {
            shared.with(*tenant, |state| state.is_incomplete = is_incomplete);
        }
    }

    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.0.as_ref().is_some_and(|(shared, tenant)| shared.with(*tenant, |state| state.is_incomplete))
    }
}

impl Shared {
    fn new(hook_timeout: Duration, max_wait: Duration) -> Self {
        Self { tenants: Mutex::default(), changed: Notify::new(), hook_timeout, max_wait }
    }

    /// Repeats an attempt after each change until it succeeds. Returns also whether it had to wait; `None` when the deadline passes.
    async fn wait_until<T>(
        &self,
        tenant: TenantId,
        attempt: impl Fn(&mut State) -> Option<T>,
        deadline: Option<Instant>,
    ) -> Option<(T, bool)> {
        let mut waited = false;
        loop {
            // Registered before the attempt, so that a change right after it is not missed.
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

    fn with<T>(&self, tenant: TenantId, change: impl FnOnce(&mut State) -> T) -> T {
        let mut tenants = self.tenants();
        let state = tenants.entry(tenant).or_default();
        let before = state.clone();
        let outcome = change(state);
        let has_changed = *state != before;
        if *state == State::default() {
            tenants.remove(&tenant);
        }
        drop(tenants);
        // An attempt without a change wakes no other one: otherwise two waiting attempts would wake each other forever.
        if has_changed {
            self.changed.notify_waiters();
        }
        outcome
    }

    fn tenants(&self) -> MutexGuard<'_, HashMap<TenantId, State>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InHook {
    /// The hook has returned: waits until no other code has exclusive access to the tenant's data, and counts the request again.
    ///
    /// # Errors
    /// `Incomplete`, or `Busy` when exclusive access takes too long.
    pub async fn return_from_hook(mut self) -> Result<(), AccessError> {
        let Some((shared, tenant)) = self.0.clone() else { return Ok(()) };
        // Checked and counted in one step, so that no exclusive access begins in between.
        let enter = |state: &mut State| {
            let entered = match state {
                State { is_incomplete: true, has_exclusive_access: false, .. } => Err(AccessError::Incomplete),
                State { blocks_requests: true, .. } => return None,
                _ => Ok(()),
            };
            state.in_hooks -= 1;
            Some(entered)
        };
        let deadline = Instant::now() + shared.max_wait;
        let (entered, _) = shared.wait_until(tenant, enter, Some(deadline)).await.ok_or(AccessError::Busy)?;
        // Counted already.
        self.0 = None;
        entered
    }
}

impl Drop for InHook {
    fn drop(&mut self) {
        if let Some((shared, tenant)) = &self.0 {
            shared.with(*tenant, |state| state.in_hooks -= 1);
        }
    }
}

impl Drop for CountedRequest {
    fn drop(&mut self) {
        self.shared.with(self.tenant, |state| state.requests -= 1);
    }
}

impl Drop for ExclusiveAccess {
    fn drop(&mut self) {
        if let Some((shared, tenant)) = &self.0 {
            shared.with(*tenant, |state| {
                state.has_exclusive_access = false;
                state.blocks_requests = state.is_incomplete;
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locks() -> TenantLocks {
        TenantLocks(Some(Arc::new(Shared::new(Duration::from_millis(100), Duration::from_millis(300)))))
    }

    async fn enter(locks: &TenantLocks, tenant: TenantId) -> RequestGuard {
        locks.enter(tenant, locks.deadline()).await.expect("access").expect("without waiting")
    }

    #[tokio::test]
    async fn exclusive_access_waits_for_requests_and_requests_wait_for_it() {
        let locks = locks();
        let (one, other) = (TenantId(1), TenantId(2));
        let request = enter(&locks, one).await;
        let access = locks.exclusive_to_replace(one).await;
        let blocking = tokio::spawn(async move {
            access.block_requests().await;
            access
        });
        tokio::task::yield_now().await;
        assert!(!blocking.is_finished(), "a request runs");
        enter(&locks, other).await;
        drop(request);
        let access = blocking.await.expect("a task");

        let entering = tokio::spawn({
            let locks = locks.clone();
            async move { locks.enter(one, locks.deadline()).await }
        });
        let locking = tokio::spawn({
            let locks = locks.clone();
            async move { locks.exclusive_to_replace(one).await }
        });
        tokio::task::yield_now().await;
        assert!(!entering.is_finished() && !locking.is_finished(), "the access lasts");
        drop(access);
        let entered = entering.await.expect("a task").expect("access");
        assert!(entered.is_none(), "it waited, so it reads the tenant again");
        drop(locking.await.expect("a task"));
        enter(&locks, one).await;
        assert!(locks.0.expect("locks").tenants().is_empty(), "tenants without requests have no state");
    }

    #[tokio::test]
    async fn exclusive_access_waits_for_all_requests_but_those_in_a_hook() {
        let (locks, tenant) = (locks(), TenantId(1));
        let in_hook = enter(&locks, tenant).await;
        let hook = locks.leave_for_hook(tenant);
        let slow = enter(&locks, tenant).await;
        let access = locks.exclusive_to_replace(tenant).await;
        let blocking = tokio::spawn(async move {
            access.block_requests().await;
            access
        });
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert!(!blocking.is_finished(), "one of them waits for no hook");
        drop(slow);
        let access = blocking.await.expect("a task that ends, though the other request runs");
        let returning = tokio::spawn(hook.return_from_hook());
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!returning.is_finished(), "its tenant's data is replaced");
        drop(access);
        assert_eq!(returning.await.expect("a task"), Ok(()));
        drop(in_hook);
        assert!(locks.0.expect("locks").tenants().is_empty());
    }

    #[tokio::test]
    async fn a_hook_that_is_interrupted_is_no_longer_counted() {
        let (locks, tenant) = (locks(), TenantId(1));
        let access = locks.exclusive_to_replace(tenant).await;
        access.block_requests().await;
        drop(locks.leave_for_hook(tenant));
        let interrupted =
            tokio::time::timeout(Duration::from_millis(20), locks.leave_for_hook(tenant).return_from_hook());
        assert!(interrupted.await.is_err());
        let busy = locks.leave_for_hook(tenant).return_from_hook().await;
        assert_eq!(busy, Err(AccessError::Busy));
        drop(access);
        assert!(locks.0.expect("locks").tenants().is_empty());
    }

    #[tokio::test]
    async fn a_request_does_not_wait_forever() {
        let (locks, tenant) = (locks(), TenantId(1));
        let access = locks.exclusive_to_replace(tenant).await;
        access.block_requests().await;
        let started_at = Instant::now();
        assert_eq!(locks.enter(tenant, locks.deadline()).await.err(), Some(AccessError::Busy));
        assert!(started_at.elapsed() >= Duration::from_millis(300));
        drop(access);
        enter(&locks, tenant).await;
    }

    #[tokio::test]
    async fn no_request_enters_a_tenant_with_incomplete_data() {
        let (locks, tenant) = (locks(), TenantId(1));
        let access = locks.exclusive_to_replace(tenant).await;
        access.block_requests().await;
        access.set_incomplete(true);
        // Even after the access ended.
        drop(access);
        assert_eq!(locks.enter(tenant, locks.deadline()).await.err(), Some(AccessError::Incomplete));
        assert_eq!(locks.exclusive(tenant).await.err(), Some(AccessError::Incomplete));
        let access = locks.exclusive_to_replace(tenant).await;
        assert!(access.is_incomplete());
        access.set_incomplete(false);
        drop(access);
        enter(&locks, tenant).await;
        assert!(!locks.exclusive_to_replace(tenant).await.is_incomplete());
    }

    /// Blocking waits for a request that enters at the same time.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_request_runs_in_a_blocked_tenant() {
        let (locks, tenant) = (locks(), TenantId(1));
        let requests: Vec<_> = (0..8)
            .map(|_| {
                let locks = locks.clone();
                tokio::spawn(async move {
                    for _ in 0..500 {
                        drop(locks.enter(tenant, locks.deadline()).await.expect("access"));
                    }
                })
            })
            .collect();
        for _ in 0..500 {
            let access = locks.exclusive_to_replace(tenant).await;
            access.block_requests().await;
            let shared = locks.0.as_ref().expect("locks");
            assert_eq!(shared.with(tenant, |state| state.requests), 0);
            tokio::task::yield_now().await;
            assert_eq!(shared.with(tenant, |state| state.requests), 0);
        }
        for request in requests {
            request.await.expect("a request");
        }
    }
}
