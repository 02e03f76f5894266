//! Waits until the other servers know a change.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::{Part, Servers, store};
use crate::error_chain::ErrorChain;

/// How long the answer to a change waits for the other servers.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// The pause between two questions whether they know it.
const INTERVAL: Duration = Duration::from_millis(10);

/// The last version that this process raised.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Raised {
    version: i64,
    at: Option<Instant>,
    /// The last version that all servers were found to know.
    settled: i64,
}

impl Raised {
    pub(super) fn set(&mut self, version: i64) {
        // Two changes may come here in another order than in the database.
        self.version = self.version.max(version);
        self.at = Some(Instant::now());
    }
}

impl Servers {
    /// Waits until all live servers know what this process has changed, at most until one second after the change. Returns the names of
    /// those that do not. Without other servers it asks nothing.
    pub async fn settle(&self) -> Vec<String> {
        let raised = *self.0.raised.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(at) = raised.at.filter(|_| raised.settled < raised.version) else { return Vec::new() };
        let pending = if self.is_alone() { Vec::new() } else { self.wait_for(raised.version, at + MAX_WAIT).await };
        if pending.is_empty() {
            let mut settled = self.0.raised.lock().unwrap_or_else(PoisonError::into_inner);
            settled.settled = settled.settled.max(raised.version);
        }
        pending
    }

    /// Whether this server has heard lately that there is no other. One that has registered since then waits for this one.
    fn is_alone(&self) -> bool {
        let has_others = || !self.0.names.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        self.0.part == Part::Only || (self.0.trust.hears(Instant::now()) && !has_others())
    }

    async fn wait_for(&self, version: i64, deadline: Instant) -> Vec<String> {
        loop {
            let without = self.0.database.run(async |connection| store::without(connection, self.0.id, version).await);
            // The last question has a moment of its own, so that there is an answer.
            let limit = deadline.saturating_duration_since(Instant::now()).max(INTERVAL * 10);
            match tokio::time::timeout(limit, without).await {
                Ok(Ok(pending)) if pending.is_empty() || Instant::now() >= deadline => return pending,
                Ok(Ok(_)) => tokio::time::sleep(INTERVAL).await,
                Ok(Err(error)) => {
                    tracing::warn!(error = %ErrorChain(&error), "it is unknown which servers know a change");
                    return self.0.names.lock().unwrap_or_else(PoisonError::into_inner).clone();
                }
                Err(_) => return self.0.names.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            }
        }
    }
}
