//! Long work: done to its end though its caller leaves, and watched while it lasts.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::journal::HIDDEN;

/// So many tasks are remembered.
const REMEMBERED: usize = 100;

/// How far some work is.
#[derive(Debug, Default)]
pub struct Progress {
    step: Mutex<String>,
    done: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    /// A step begins that counts up to `total`, which is 0 where that is not known.
    pub fn expect(&self, step: &str, total: u64) {
        step.clone_into(&mut self.step.lock().unwrap_or_else(PoisonError::into_inner));
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// So many more are done.
    pub fn advance(&self, done: u64) {
        self.done.fetch_add(done, Ordering::Relaxed);
    }
}

/// A task as it may be shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TaskStatus {
    /// By which it is found.
    pub id: Uuid,
    /// Whose world it works on.
    pub tenant: String,
    /// What it does.
    pub what: &'static str,
    /// `running`, `done` or `failed`.
    pub state: &'static str,
    /// What it is at.
    pub step: String,
    /// How much of that is done.
    pub done: u64,
    /// How much that is in all; 0 where it is not known.
    pub total: u64,
    /// How long it takes or took, in milliseconds.
    pub ms: u64,
    /// What came of it, when it is done.
    #[schema(value_type = Option<Object>)]
    pub result: Option<Value>,
    /// Why it failed.
    pub error: Option<String>,
}

/// The tasks of this server. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Tasks(Arc<Mutex<VecDeque<Arc<Task>>>>);

#[derive(Debug)]
struct Task {
    id: Uuid,
    tenant: String,
    what: &'static str,
    begun: Instant,
    progress: Arc<Progress>,
    end: watch::Receiver<Option<End>>,
    /// Whether its result was shown: a key in it is shown once.
    is_shown: AtomicBool,
}

#[derive(Debug, Clone)]
struct End {
    outcome: Result<Value, String>,
    ms: u64,
}

/// Work that was begun.
#[derive(Debug)]
pub struct Begun<E> {
    /// By which its status is found.
    pub id: Uuid,
    /// Its end.
    pub end: tokio::task::JoinHandle<Result<Value, E>>,
}

impl Tasks {
    /// Begins work that goes on whoever waits for it.
    pub fn begin<E, F>(
        &self,
        id: Uuid,
        tenant: &str,
        what: &'static str,
        work: impl FnOnce(Arc<Progress>) -> F,
    ) -> Begun<E>
    where
        E: std::error::Error + Send + 'static,
        F: Future<Output = Result<Value, E>> + Send + 'static,
    {
        let progress = Arc::new(Progress::default());
        let (ended, end) = watch::channel(None);
        let begun = Instant::now();
        let task = Task {
            id,
            tenant: tenant.to_owned(),
            what,
            begun,
            progress: Arc::clone(&progress),
            end,
            is_shown: AtomicBool::new(false),
        };
        {
            let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if tasks.len() >= REMEMBERED {
                tasks.pop_front();
            }
            tasks.push_back(Arc::new(task));
        }
        let work = work(progress);
        let end = tokio::spawn(async move {
            let outcome = work.await;
            let kept = outcome.as_ref().map(Clone::clone).map_err(ToString::to_string);
            let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            ended.send_replace(Some(End { outcome: kept, ms }));
            outcome
        });
        Begun { id, end }
    }

    /// How far a task is; `None` for one that is not known. A new key in its result is shown the first time.
    #[must_use]
    pub fn status(&self, id: Uuid) -> Option<TaskStatus> {
        let tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let task = tasks.iter().find(|task| task.id == id)?;
        let status = task.status();
        let is_first = status.result.is_some() && !task.is_shown.swap(true, Ordering::Relaxed);
        Some(if is_first { status } else { status.without_key() })
    }

    /// The tasks of a tenant, the newest first.
    #[must_use]
    pub fn of(&self, tenant: &str) -> Vec<TaskStatus> {
        let tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.iter().rev().filter(|task| task.tenant == tenant).map(|task| task.status().without_key()).collect()
    }
}

impl TaskStatus {
    fn without_key(mut self) -> Self {
        if let Some(key) = self.result.as_mut().and_then(|result| result.get_mut("key")) {
            *key = HIDDEN.into();
        }
        self
    }
}

impl Task {
    fn status(&self) -> TaskStatus {
        let end = self.end.borrow().clone();
        // The work may also have ended by a panic, which nobody tells.
        let is_lost = end.is_none() && self.end.has_changed().is_err();
        let elapsed = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (state, ms, result, error) = match end {
            None if is_lost => ("failed", elapsed, None, Some("it broke off".to_owned())),
            None => ("running", elapsed, None, None),
            Some(End { outcome: Ok(result), ms }) => ("done", ms, Some(result), None),
            Some(End { outcome: Err(error), ms }) => ("failed", ms, None, Some(error)),
        };
        TaskStatus {
            id: self.id,
            tenant: self.tenant.clone(),
            what: self.what,
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
