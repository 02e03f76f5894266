//! Watches the parts of the server that run in the background as long as the process does. A part that ends or panics makes the
//! server unready at once and is logged as an error; then it is started again, or the process ends.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinError, JoinHandle};
use tokio::time::Instant;

/// The wait before a part is started again. It doubles up to the maximum each time that the part ends.
const MIN_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_mins(1);

/// A part that ran for this long is started again after the minimum wait.
const STABLE_AFTER: Duration = Duration::from_mins(1);

/// Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Supervisor(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// The parts that do not run, in the order in which they ended.
    ended: Mutex<Vec<&'static str>>,
    /// What runs until [`Supervisor::abort`].
    running: Mutex<Vec<AbortHandle>>,
    /// The first part that ended and cannot be started again.
    failed: watch::Sender<Option<&'static str>>,
    is_stopping: watch::Sender<bool>,
}

impl Supervisor {
    /// Runs a part that is started again whenever it ends.
    pub fn restarting<F>(&self, name: &'static str, part: impl Fn() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let supervisor = self.clone();
        let watching = tokio::spawn(async move {
            let mut backoff = MIN_BACKOFF;
            loop {
                let started = Instant::now();
                let end = supervisor.run(part()).await;
                if supervisor.is_stopping() {
                    return;
                }
                supervisor.ended(name, &end);
                if started.elapsed() >= STABLE_AFTER {
                    backoff = MIN_BACKOFF;
                }
                tokio::time::sleep(backoff).await;
                backoff = (backoff * 2).min(MAX_BACKOFF);
                supervisor.runs_again(name);
            }
        });
        self.keep(watching.abort_handle());
    }

    /// Runs a part that cannot be started again: its end ends the process. The handle ends with the part.
    pub fn vital(&self, name: &'static str, part: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        let supervisor = self.clone();
        let watching = tokio::spawn(async move {
            let end = supervisor.run(part).await;
            if !supervisor.is_stopping() {
                supervisor.ended(name, &end);
                supervisor.0.failed.send_if_modified(|failed| failed.replace(name).is_none());
            }
        });
        self.keep(watching.abort_handle());
        watching
    }

    /// The parts that do not run.
    #[must_use]
    pub fn not_running(&self) -> Vec<&'static str> {
        self.0.ended.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until a part ends that cannot be started again, and returns its name.
    pub async fn failed(&self) -> &'static str {
        let mut failed = self.0.failed.subscribe();
        // The sender lives as long as `self`.
        let failed = failed.wait_for(Option::is_some).await.ok().and_then(|failed| *failed);
        match failed {
            Some(name) => name,
            None => std::future::pending().await,
        }
    }

    /// From now on parts may end.
    pub fn stop(&self) {
        self.0.is_stopping.send_replace(true);
    }

    /// Ends all parts where they are.
    pub fn abort(&self) {
        self.stop();
        for part in self.0.running.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            part.abort();
        }
    }

    /// Runs a part in a task of its own, so that its panic is an end like others.
    async fn run(&self, part: impl Future<Output = ()> + Send + 'static) -> Result<(), JoinError> {
        let running = tokio::spawn(part);
        self.keep(running.abort_handle());
        running.await
    }

    fn keep(&self, handle: AbortHandle) {
        let mut running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|handle| !handle.is_finished());
        running.push(handle);
    }

    fn is_stopping(&self) -> bool {
        *self.0.is_stopping.borrow()
    }

    fn ended(&self, name: &'static str, end: &Result<(), JoinError>) {
        self.0.ended.lock().unwrap_or_else(PoisonError::into_inner).push(name);
        let reason = match end {
            Ok(()) => "it returned".to_owned(),
            // "task 5 panicked with message …"
            Err(error) => error.to_string(),
        };
        tracing::error!(part = name, reason, "a part of the server ended");
    }

    fn runs_again(&self, name: &'static str) {
        self.0.ended.lock().unwrap_or_else(PoisonError::into_inner).retain(|ended| *ended != name);
        tracing::info!(part = name, "the part of the server was started again");
    }
}
