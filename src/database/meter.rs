//! How long a request waited for the database: its log line says so.

use std::cell::Cell;
use std::time::{Duration, Instant};

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

/// Adds the time that `work` takes to the request that it runs in, if any.
pub(super) async fn metered<T>(work: impl Future<Output = T>) -> T {
    let start = Instant::now();
    let output = work.await;
    // Outside a request (start-up, the command line) there is nobody to tell.
    let _ = WAITED.try_with(|waited| waited.set(waited.get() + start.elapsed()));
    output
}
