//! How long a request waited for the database: its log line says so.

use std::cell::Cell;
use std::time::Duration;

tokio::task_local! {
    static WAITED: Cell<Duration>;
}

/// Runs `request` and returns with its output how long it waited for the database in all.
pub async fn measured<T>(request: impl Future<Output = T>) -> (T, Duration) {
    WAITED
        .scope(Cell::new(Duration::ZERO), async {
            let output = request.await;
            (output, WAITED.with(Cell::get))
        })
        .await
}

/// How long the request that this runs in has waited for the database so far.
#[must_use]
pub fn waited() -> Duration {
    WAITED.try_with(Cell::get).unwrap_or_default()
}

/// Adds to what the request that this runs in has waited, if it runs in one.
pub(super) fn add(waited: Duration) {
    // Outside a request (start-up, the command line) there is nobody to tell.
    let _ = WAITED.try_with(|sum| sum.set(sum.get() + waited));
}
