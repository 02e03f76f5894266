//! The current request's use of the database: on whose behalf, and for how long.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use super::TenantId;
use super::shares::{Share, ShareOf};

tokio::task_local! {
    static REQUEST: RequestUse;
}

#[derive(Debug)]
struct RequestUse {
    share: Cell<ShareOf>,
    /// The share of its last connection.
    known: RefCell<Option<(ShareOf, Arc<Share>)>>,
    waited: Cell<Duration>,
}

/// Runs `request` and returns its output with the total duration of its sessions. Their connections count as those of a request before
/// authentication, until [`charge`] or [`count_to`] is called.
pub async fn measured<T>(request: impl Future<Output = T>) -> (T, Duration) {
    let used = RequestUse {
        share: Cell::new(ShareOf::Unauthenticated),
        known: RefCell::default(),
        waited: Cell::new(Duration::ZERO),
    };
    REQUEST
        .scope(used, async {
            let output = request.await;
            (output, waited())
        })
        .await
}

/// Counts the connections that the current request uses from now on to this tenant's share. To be called as soon as the tenant is
/// known: all tenants need the share of requests before authentication.
pub fn charge(tenant: TenantId) {
    count_to(ShareOf::Tenant(tenant));
}

/// Counts the connections that the current request uses from now on to this share.
pub fn count_to(share: ShareOf) {
    // Outside a request (at the start, on the command line) there are no tenants' shares.
    let _ = REQUEST.try_with(|used| used.share.set(share));
}

/// The total duration of the current request's sessions so far.
#[must_use]
pub fn waited() -> Duration {
    REQUEST.try_with(|used| used.waited.get()).unwrap_or_default()
}

/// The share to which the current task's connections count.
pub(super) fn share() -> ShareOf {
    REQUEST.try_with(|used| used.share.get()).unwrap_or(ShareOf::Background)
}

/// The same share as the last time, if the current request has used it.
pub(super) fn known(of: ShareOf) -> Option<Arc<Share>> {
    let find = |used: &RequestUse| {
        used.known.borrow().as_ref().filter(|(known, _)| *known == of).map(|(_, share)| Arc::clone(share))
    };
    REQUEST.try_with(find).ok().flatten()
}

pub(super) fn know(of: ShareOf, share: &Arc<Share>) {
    // Outside a request it is found each time.
    let _ = REQUEST.try_with(|used| *used.known.borrow_mut() = Some((of, Arc::clone(share))));
}

pub(super) fn add(duration: Duration) {
    // Outside a request durations are not measured.
    let _ = REQUEST.try_with(|used| used.waited.set(used.waited.get() + duration));
}
