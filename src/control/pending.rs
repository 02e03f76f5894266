//! Answers to changes wait until every server of the database knows the change, or name those that do not.

use axum::body::Body;
use axum::http::{HeaderValue, Response};

use super::Control;

/// The header with the names of the live servers that do not know the change yet.
pub(crate) const PENDING: &str = "x-emulator-pending";

/// Waits until the other servers know what this one has changed, at most until a second after the change. Then it adds the names of those
/// that do not.
pub(super) async fn settle(control: &Control, response: &mut Response<Body>) {
    let Ok(tenants) = control.tenants() else { return };
    let pending = tenants.servers.settle().await;
    if !pending.is_empty()
        && let Ok(names) = HeaderValue::try_from(pending.join(", "))
    {
        response.headers_mut().insert(PENDING, names);
    }
}
