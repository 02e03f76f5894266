//! Tasks: long work that runs to its end even when its caller leaves, with its progress.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::journal::HIDDEN;

/// The limit of tasks that are kept, finished ones included.
const MAX_TASKS: usize = 100;

#[derive(Debug, Default)]
pub struct Progress {
    step: Mutex<String>,
    done: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    /// Starts a step that counts up to `total`, or to an unknown end where it is 0.
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
    /// The tenant that it works on.
    pub tenant: String,
    /// What it does: `create`, `fork`, `seed`, `load`, `reset`, `restore`, `snapshot` or `delete`.
    pub what: &'static str,
    pub state: TaskState,
    /// The current step.
    pub step: String,
    /// How much of the step is done.
    pub done: u64,
    /// The size of the step; 0 where it is not known.
    pub total: u64,
    /// The duration in milliseconds.
    pub ms: u64,
    /// The result of a task that is done.
    pub result: Option<TaskResult>,
    /// Why it failed.
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

/// A new tenant with its key, which is not shown again.
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
    /// The tenants that existed before. They did not change.
    pub unchanged: Vec<String>,
}

/// A snapshot that was saved, or to which a tenant was restored.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SnapshotRows {
    pub snapshot: String,
    /// How many rows were written.
    pub rows: u64,
}

/// New data of a tenant.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DataRows {
    /// How many rows were written.
    pub rows: u64,
}

impl TaskResult {
    /// How many rows were written, for a task that writes a tenant's data.
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
    /// Whether a client has read its result. A key in it is shown once.
    is_read: AtomicBool,
}

#[derive(Debug, Clone)]
struct End {
    outcome: Result<TaskResult, String>,
    ms: u64,
}

/// A task that runs.
#[derive(Debug)]
pub struct Begun<E> {
    pub id: Uuid,
    pub end: tokio::task::JoinHandle<Result<TaskResult, E>>,
}

impl Tasks {
    /// Starts work that does not stop when its caller leaves.
    pub fn begin<E, F>(
        &self,
        id: Uuid,
        tenant: &str,
        what: &'static str,
        work: impl FnOnce(Arc<Progress>) -> F,
    ) -> Begun<E>
    where
        E: std::error::Error + Send + 'static,
        F: Future<Output = Result<TaskResult, E>> + Send + 'static,
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
            let kept = outcome.as_ref().map(Clone::clone).map_err(ToString::to_string);
            let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            ended.send_replace(Some(End { outcome: kept, ms }));
            outcome
        });
        Begun { id, end }
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
        // After a panic the sender is gone and no end was sent.
        let is_lost = end.is_none() && self.end.has_changed().is_err();
        let elapsed = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (state, ms, result, error) = match end {
            None if is_lost => (TaskState::Failed, elapsed, None, Some("the task broke off".to_owned())),
            None => (TaskState::Running, elapsed, None, None),
            Some(End { outcome: Ok(result), ms }) => (TaskState::Done, ms, Some(result), None),
            Some(End { outcome: Err(error), ms }) => (TaskState::Failed, ms, None, Some(error)),
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
