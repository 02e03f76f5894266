//! The current request's use of the database: on whose behalf, and for how long.

use std::cell::Cell;
use std::time::Duration;

use super::TenantId;
use super::shares::ShareOf;

tokio::task_local! {
    static REQUEST: RequestUse;
}

#[derive(Debug)]
struct RequestUse {
    share: Cell<ShareOf>,
    waited: Cell<Duration>,
}

/// Runs `request` and returns its output with the total duration of its sessions. Their connections count to `share`, until
/// [`charge`] names a tenant.
pub async fn measured<T>(share: ShareOf, request: impl Future<Output = T>) -> (T, Duration) {
    let used = RequestUse { share: Cell::new(share), waited: Cell::new(Duration::ZERO) };
    REQUEST
        .scope(used, async {
            let output = request.await;
            (output, waited())
        })
        .await
}

/// Counts the connections that the current request uses from now on to this tenant's share.
pub fn charge(tenant: TenantId) {
    // Outside a request (at the start, on the command line) there are no tenants' shares.
    let _ = REQUEST.try_with(|used| used.share.set(ShareOf::Tenant(tenant)));
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

pub(super) fn add(duration: Duration) {
    // Outside a request durations are not measured.
    let _ = REQUEST.try_with(|used| used.waited.set(used.waited.get() + duration));
}
