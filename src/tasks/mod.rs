//! Tasks: long work with its progress. A task runs to its end even if its client hangs up.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::watch;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::journal::HIDDEN;

/// The maximum number of stored tasks, finished ones included.
const MAX_TASKS: usize = 100;

/// The maximum duration of a task. Then it is interrupted, in case that its database never answers.
const MAX_DURATION: Duration = Duration::from_hours(2);

/// The maximum number of running tasks: each may hold a whole seed in memory.
const MAX_RUNNING: usize = 50;

/// How long the result of a finished task keeps a key that no client has read.
const KEY_LIFETIME: Duration = Duration::from_mins(10);

/// The maximum number of tasks is running.
#[derive(Debug, Error)]
#[error("{MAX_RUNNING} tasks are running: try again when one of them has ended")]
pub struct TooManyTasks;

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
    end: watch::Sender<Option<End>>,
    /// The task panicked, if it is closed before it has an end.
    is_running: watch::Receiver<()>,
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
    /// Starts work that continues when its client hangs up. It fails at once while too many other tasks are running.
    pub fn begin<E, F>(
        &self,
        id: Uuid,
        tenant: &str,
        kind: &'static str,
        work: impl FnOnce(Arc<Progress>) -> F,
    ) -> StartedTask<E>
    where
        E: std::error::Error + From<TooManyTasks> + Send + 'static,
        F: Future<Output = Result<TaskResult, E>> + Send + 'static,
    {
        let progress = Arc::new(Progress::default());
        let (running, is_running) = watch::channel(());
        let mut ended = is_running.clone();
        let task = Arc::new(Task {
            id,
            tenant: tenant.to_owned(),
            kind,
            started_at: Instant::now(),
            progress: Arc::clone(&progress),
            end: watch::Sender::new(None),
            is_running,
        });
        if !self.keep(Arc::clone(&task)) {
            return StartedTask { id, end: tokio::spawn(async { Err(TooManyTasks.into()) }) };
        }
        let work = work(progress);
        let end = tokio::spawn(async move {
            let _running = running;
            let outcome = work.await;
            task.finish(outcome.as_ref().map(Clone::clone).map_err(ToString::to_string));
            if let Ok(TaskResult::CreatedTenant(_)) = &outcome {
                tokio::spawn(async move {
                    tokio::time::sleep(KEY_LIFETIME).await;
                    task.forget_key();
                });
            }
            outcome
        });
        let task = end.abort_handle();
        tokio::spawn(async move {
            if tokio::time::timeout(MAX_DURATION, ended.changed()).await.is_err() {
                tracing::error!(task.id = %id, "a task was interrupted, because it did not end");
                task.abort();
            }
        });
        StartedTask { id, end }
    }

    /// Keeps a task that begins, in place of the oldest finished one. False while too many are running.
    fn keep(&self, task: Arc<Task>) -> bool {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tasks.iter().filter(|task| task.is_running()).count() >= MAX_RUNNING {
            return false;
        }
        if tasks.len() >= MAX_TASKS
            && let Some(oldest) = tasks.iter().position(|task| !task.is_running())
        {
            tasks.remove(oldest);
        }
        tasks.push_back(task);
        true
    }

    /// The status of a task; `None` for an unknown one. A key in its result is shown the first time, and kept no longer.
    #[must_use]
    pub fn status(&self, id: Uuid) -> Option<TaskStatus> {
        let tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let task = tasks.iter().find(|task| task.id == id)?;
        let status = task.status();
        task.forget_key();
        Some(status)
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
    fn is_running(&self) -> bool {
        self.end.borrow().is_none() && self.is_running.has_changed().is_ok()
    }

    fn finish(&self, outcome: Result<TaskResult, String>) {
        let ms = u64::try_from(self.started_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.end.send_replace(Some(End { outcome, ms }));
    }

    /// Hides the key in the result of a finished task.
    fn forget_key(&self) {
        self.end.send_modify(|end| {
            if let Some(End { outcome: Ok(result), .. }) = end {
                *result = result.clone().without_key();
            }
        });
    }

    fn status(&self) -> TaskStatus {
        let end = self.end.borrow().clone();
        // A panic drops the sender before the task has an end.
        let is_interrupted = end.is_none() && self.is_running.has_changed().is_err();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Error)]
    #[error("{0}")]
    struct Failure(String);

    impl From<TooManyTasks> for Failure {
        fn from(error: TooManyTasks) -> Self {
            Self(error.to_string())
        }
    }

    fn key_of(status: Option<TaskStatus>) -> String {
        match status.and_then(|status| status.result) {
            Some(TaskResult::CreatedTenant(tenant)) => tenant.key,
            other => panic!("no tenant: {other:?}"),
        }
    }

    fn created() -> TaskResult {
        let (tenant, key_name, key) = ("t".to_owned(), "default".to_owned(), "the-key".to_owned());
        TaskResult::CreatedTenant(CreatedTenant { tenant, key_name, kind: "subscription-key", account: None, key })
    }

    #[tokio::test]
    async fn running_tasks_have_a_maximum_and_finished_ones_make_room() {
        let tasks = Tasks::default();
        let (release, _) = watch::channel(false);
        let begin = || {
            let mut released = release.subscribe();
            tasks.begin::<Failure, _>(Uuid::nil(), "t", "reset", |_| async move {
                let _ = released.wait_for(|is_released| *is_released).await;
                Ok(TaskResult::Data(DataRows { rows: 1 }))
            })
        };
        let running: Vec<StartedTask<Failure>> = (0..MAX_RUNNING).map(|_| begin()).collect();
        let error = begin().end.await.expect("no panic").expect_err("one too many").to_string();
        assert_eq!(error, "50 tasks are running: try again when one of them has ended");
        assert_eq!(tasks.of("t").len(), MAX_RUNNING);
        release.send_replace(true);
        for task in running {
            task.end.await.expect("no panic").expect("done");
        }
        for _ in 0..2 * MAX_TASKS {
            begin().end.await.expect("no panic").expect("done");
        }
        assert_eq!(tasks.of("t").len(), MAX_TASKS);
    }

    #[tokio::test]
    async fn a_key_is_shown_once_and_not_kept_longer() {
        let tasks = Tasks::default();
        let task = tasks.begin::<Failure, _>(Uuid::nil(), "t", "create", |_| async { Ok(created()) });
        task.end.await.expect("no panic").expect("done");
        assert_eq!(key_of(tasks.status(task.id)), "the-key");
        assert_eq!(key_of(tasks.status(task.id)), HIDDEN);
        let kept = tasks.0.lock().expect("no panic").front().cloned().expect("the task");
        assert!(!format!("{:?}", kept.end.borrow()).contains("the-key"), "it is in memory still");
    }
}
