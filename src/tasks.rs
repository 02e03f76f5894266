//! Tasks: long work with its progress. A task runs to its end even if its client hangs up.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::journal::HIDDEN;

/// The maximum number of stored tasks, finished ones included.
const MAX_TASKS: usize = 100;

/// The maximum duration of a task. Then it is interrupted, in case that its database never answers.
const MAX_DURATION: Duration = Duration::from_hours(2);

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

/// A task as clients see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TaskStatus {
    pub id: Uuid,
    /// The tenant whose data it changes.
    pub tenant: String,
    /// `create`, `fork`, `seed`, `load`, `reset`, `restore`, `snapshot` or `delete`.
    pub kind: &'static str,
    pub state: TaskState,
    /// The current step.
    pub step: String,
    /// The number of finished items of the step.
    pub done: u64,
    /// The number of items of the step; 0 if it is unknown.
    pub total: u64,
    /// The duration so far in milliseconds.
    pub ms: u64,
    /// The result of a task that is done.
    pub result: Option<TaskResult>,
    /// The error of a task that failed.
    pub error: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TaskState {
    Running,
    Done,
    Failed,
}

/// The result of a task.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub enum TaskResult {
    CreatedTenant(CreatedTenant),
    DeletedTenant(DeletedTenant),
    LoadedSeed(SeedSummary),
    Snapshot(SnapshotRows),
    Data(DataRows),
}

/// A new tenant with its key, which no other response shows.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CreatedTenant {
    pub tenant: String,
    pub key_name: String,
    /// `subscription-key`, `basic` or `oauth-client`.
    pub kind: &'static str,
    /// The user name or client id; null for a subscription key.
    pub account: Option<String>,
    /// The key, password or client secret.
    pub key: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeletedTenant {
    /// The name of the deleted tenant.
    pub deleted: String,
}

/// The tenants of a seed file that was loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SeedSummary {
    /// The tenants that were created.
    pub created: Vec<String>,
    /// The tenants that existed before and did not change.
    pub unchanged: Vec<String>,
}

/// A snapshot that was saved or restored.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SnapshotRows {
    pub snapshot: String,
    /// The number of written rows.
    pub rows: u64,
}

/// New data of a tenant.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DataRows {
    /// The number of written rows.
    pub rows: u64,
}

impl TaskResult {
    /// The number of written rows, if the task wrote a tenant's data.
    #[must_use]
    pub fn rows(&self) -> Option<u64> {
        match self {
            Self::Snapshot(SnapshotRows { rows, .. }) | Self::Data(DataRows { rows }) => Some(*rows),
            Self::CreatedTenant(_) | Self::DeletedTenant(_) | Self::LoadedSeed(_) => None,
        }
    }

    fn without_key(self) -> Self {
        match self {
            Self::CreatedTenant(tenant) => Self::CreatedTenant(CreatedTenant { key: HIDDEN.to_owned(), ..tenant }),
            other => other,
        }
    }
}

/// The tasks of this server. Cheap to clone; all clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Tasks(Arc<Mutex<VecDeque<Arc<Task>>>>);

#[derive(Debug)]
struct Task {
    id: Uuid,
    tenant: String,
    kind: &'static str,
    started_at: Instant,
    progress: Arc<Progress>,
    end: watch::Receiver<Option<End>>,
    /// Whether a client has read the result. A key in it is shown once.
    is_read: AtomicBool,
}

#[derive(Debug, Clone)]
struct End {
    outcome: Result<TaskResult, String>,
    ms: u64,
}

#[derive(Debug)]
pub struct StartedTask<E> {
    pub id: Uuid,
    pub end: tokio::task::JoinHandle<Result<TaskResult, E>>,
}

impl Tasks {
    /// Starts work that continues when its client hangs up.
    pub fn begin<E, F>(
        &self,
        id: Uuid,
        tenant: &str,
        kind: &'static str,
        work: impl FnOnce(Arc<Progress>) -> F,
    ) -> StartedTask<E>
    where
        E: std::error::Error + Send + 'static,
        F: Future<Output = Result<TaskResult, E>> + Send + 'static,
    {
        let progress = Arc::new(Progress::default());
        let (ended, end) = watch::channel(None);
        let mut watched = end.clone();
        let started_at = Instant::now();
        let task = Task {
            id,
            tenant: tenant.to_owned(),
            kind,
            started_at,
            progress: Arc::clone(&progress),
            end,
            is_read: AtomicBool::new(false),
        };
        {
            let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if tasks.len() >= MAX_TASKS {
                tasks.pop_front();
            }
            tasks.push_back(Arc::new(task));
        }
        let work = work(progress);
        let end = tokio::spawn(async move {
            let outcome = work.await;
            let stored = outcome.as_ref().map(Clone::clone).map_err(ToString::to_string);
            let ms = u64::try_from(started_at.elapsed().as_millis()).unwrap_or(u64::MAX);
            ended.send_replace(Some(End { outcome: stored, ms }));
            outcome
        });
        let task = end.abort_handle();
        tokio::spawn(async move {
            if tokio::time::timeout(MAX_DURATION, watched.changed()).await.is_err() {
                tracing::error!(task.id = %id, "a task was interrupted, because it did not end");
                task.abort();
            }
        });
        StartedTask { id, end }
    }

    /// The status of a task; `None` for an unknown one. A key in its result is shown the first time.
    #[must_use]
    pub fn status(&self, id: Uuid) -> Option<TaskStatus> {
        let tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let task = tasks.iter().find(|task| task.id == id)?;
        let status = task.status();
        let is_first = status.result.is_some() && !task.is_read.swap(true, Ordering::Relaxed);
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
        self.result = self.result.map(TaskResult::without_key);
        self
    }
}

impl Task {
    fn status(&self) -> TaskStatus {
        let end = self.end.borrow().clone();
        // A panic drops the sender before an end is sent.
        let is_interrupted = end.is_none() && self.end.has_changed().is_err();
        let elapsed = u64::try_from(self.started_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (state, ms, result, error) = match end {
            None if is_interrupted => (TaskState::Failed, elapsed, None, Some("the task was interrupted".to_owned())),
            None => (TaskState::Running, elapsed, None, None),
            Some(End { outcome: Ok(result), ms }) => (TaskState::Done, ms, Some(result), None),
            Some(End { outcome: Err(error), ms }) => (TaskState::Failed, ms, None, Some(error)),
        };
        TaskStatus {
            id: self.id,
            tenant: self.tenant.clone(),
            kind: self.kind,
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
