//! One task of this server.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use uuid::Uuid;

use super::status::{TaskResult, TaskState, TaskStatus};

/// How long the result of a finished task keeps a key that no client has read.
pub(super) const KEY_LIFETIME: Duration = Duration::from_mins(10);

#[derive(Debug, Default)]
pub struct Progress {
    step: Mutex<String>,
    done: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    /// Starts a step that counts up to `total`, or to an unknown end if it is 0.
    pub fn expect(&self, step: &str, total: u64) {
        step.clone_into(&mut self.step.lock().unwrap_or_else(PoisonError::into_inner));
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    pub fn advance(&self, done: u64) {
        self.done.fetch_add(done, Ordering::Relaxed);
    }
}

#[derive(Debug)]
pub(super) struct Task {
    pub id: Uuid,
    pub tenant: String,
    kind: &'static str,
    started_at: Instant,
    pub progress: Arc<Progress>,
    pub(super) end: watch::Sender<Option<End>>,
    /// The task panicked, if it is closed before it has an end.
    is_running: watch::Receiver<()>,
    /// Whether its end is in the table of all servers.
    is_stored: AtomicBool,
}

#[derive(Debug, Clone)]
pub(super) struct End {
    outcome: Result<TaskResult, String>,
    ms: u64,
    at: Instant,
}

impl Task {
    pub(super) fn new(id: Uuid, tenant: &str, kind: &'static str, is_running: watch::Receiver<()>) -> Self {
        Self {
            id,
            tenant: tenant.to_owned(),
            kind,
            started_at: Instant::now(),
            progress: Arc::default(),
            end: watch::Sender::new(None),
            is_running,
            is_stored: AtomicBool::new(false),
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.end.borrow().is_none() && self.is_running.has_changed().is_ok()
    }

    pub(super) fn is_stored(&self) -> bool {
        self.is_stored.load(Ordering::Relaxed)
    }

    /// Its end, and the key in it, are in the table of all servers from here on.
    pub(super) fn set_stored(&self) {
        self.is_stored.store(true, Ordering::Relaxed);
        self.forget_key();
    }

    pub(super) fn finish(&self, outcome: Result<TaskResult, String>) {
        let ms = milliseconds(self.age());
        self.end.send_replace(Some(End { outcome, ms, at: Instant::now() }));
    }

    /// Hides the key in the result of a finished task.
    pub(super) fn forget_key(&self) {
        self.end.send_modify(|end| {
            if let Some(End { outcome: Ok(result), .. }) = end {
                *result = result.clone().without_key();
            }
        });
    }

    /// The time since its beginning.
    pub(super) fn age(&self) -> Duration {
        self.started_at.elapsed()
    }

    /// How much longer a key in its result is kept.
    pub(super) fn key_lifetime(&self) -> Duration {
        let ended = self.end.borrow().as_ref().map(|end| end.at.elapsed());
        KEY_LIFETIME.saturating_sub(ended.unwrap_or_default())
    }

    pub(super) fn status(&self) -> TaskStatus {
        let end = self.end.borrow().clone();
        // A panic drops the sender before the task has an end.
        let is_interrupted = end.is_none() && self.is_running.has_changed().is_err();
        let elapsed = milliseconds(self.age());
        let (state, ms, result, error) = match end {
            None if is_interrupted => (TaskState::Failed, elapsed, None, Some("the task was interrupted".to_owned())),
            None => (TaskState::Running, elapsed, None, None),
            Some(End { outcome: Ok(result), ms, .. }) => (TaskState::Done, ms, Some(result), None),
            Some(End { outcome: Err(error), ms, .. }) => (TaskState::Failed, ms, None, Some(error)),
        };
        TaskStatus {
            id: self.id,
            tenant: self.tenant.clone(),
            kind: Cow::Borrowed(self.kind),
            state,
            step: self.progress.step.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            done: self.progress.done.load(Ordering::Relaxed),
            total: self.progress.total.load(Ordering::Relaxed),
            ms,
            result,
            error,
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
