//! Tasks: long work with its progress. A task runs to its end even if its client hangs up.
//!
//! The tasks of a server are in its memory. As soon as another server uses the same database, each writes its own into one table, from
//! which all of them answer.

mod status;
mod table;
mod task;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;
use uuid::Uuid;

use crate::database::DatabaseError;
use crate::error_chain::ErrorChain;
use table::Written;
use task::{KEY_LIFETIME, Task};

pub use status::{
    CreatedTenant, DataRows, DeletedTenant, SeedSummary, SnapshotRows, TaskResult, TaskState, TaskStatus,
};
pub use table::TaskTable;
pub use task::Progress;

/// The maximum number of stored tasks of a server, finished ones included.
const MAX_TASKS: usize = 100;

/// The maximum duration of a task. Then it is interrupted, in case that its database never answers.
const MAX_DURATION: Duration = Duration::from_hours(2);

/// The maximum number of running tasks of a server: each may hold a whole seed in memory.
const MAX_RUNNING: usize = 50;

/// How often the progress of the running tasks is written, and their leases renewed.
const RENEWAL_INTERVAL: Duration = Duration::from_secs(1);

/// The number of renewals after which the table is cleaned.
const RENEWALS_PER_SWEEP: u32 = 60;

/// How long a client waits for the end of a task to be written for other servers, in case that the database is silent.
const WRITE_TIMEOUT: Duration = Duration::from_secs(2);

/// The maximum number of tasks is running.
#[derive(Debug, Error)]
#[error("{MAX_RUNNING} tasks are running: try again when one of them has ended")]
pub struct TooManyTasks;

/// The tasks of this server, and of the others on its database. Cheap to clone; all clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Tasks(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    own: Mutex<VecDeque<Arc<Task>>>,
    /// `None` where there is never another server.
    table: Option<TaskTable>,
    /// Locked while tasks are written, so that what was read first is written first.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
pub struct StartedTask<E> {
    pub id: Uuid,
    pub end: tokio::task::JoinHandle<Result<TaskResult, E>>,
}

impl Tasks {
    #[must_use]
    pub fn new(table: TaskTable) -> Self {
        Self(Arc::new(Shared { table: Some(table), ..Shared::default() }))
    }

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
        let (running, is_running) = watch::channel(());
        let mut ended = is_running.clone();
        let task = Arc::new(Task::new(id, tenant, kind, is_running));
        if !self.keep(Arc::clone(&task)) {
            return StartedTask { id, end: tokio::spawn(async { Err(TooManyTasks.into()) }) };
        }
        let work = work(Arc::clone(&task.progress));
        let tasks = self.clone();
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
            // Before the end is known to anybody, who may ask another server.
            tasks.try_write().await;
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
        let mut tasks = self.0.own.lock().unwrap_or_else(PoisonError::into_inner);
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

    /// The status of a task of any server; `None` for an unknown one. A key in its result is shown the first time, and kept no longer.
    ///
    /// # Errors
    /// When there are several servers, and the database fails.
    pub async fn status(&self, id: Uuid) -> Result<Option<TaskStatus>, DatabaseError> {
        if let Some(table) = self.table() {
            self.write(table).await?;
            return table.status(id).await;
        }
        let task = self.own().into_iter().find(|task| task.id == id);
        let status = task.as_ref().map(|task| task.status());
        if let Some(task) = task {
            task.forget_key();
        }
        Ok(status)
    }

    /// The tasks of a tenant at all servers, the newest first.
    ///
    /// # Errors
    /// When there are several servers, and the database fails.
    pub async fn of(&self, tenant: &str) -> Result<Vec<TaskStatus>, DatabaseError> {
        if let Some(table) = self.table() {
            self.write(table).await?;
            return table.of(tenant).await;
        }
        let own = self.own();
        Ok(own.iter().rev().filter(|task| task.tenant == tenant).map(|task| task.status().without_key()).collect())
    }

    /// Renews the leases of the running tasks and cleans the table, as long as the process runs.
    pub async fn renew(self) {
        let Some(table) = self.0.table.clone() else { return std::future::pending().await };
        loop {
            if let Err(error) = table.sweep().await {
                tracing::debug!(error = %ErrorChain(&error), "old tasks were not deleted");
            }
            table.used().await;
            for _ in 0..RENEWALS_PER_SWEEP {
                self.try_write().await;
                tokio::time::sleep(RENEWAL_INTERVAL).await;
            }
        }
    }

    /// Tells the other servers that this one ends, and its running tasks with it.
    pub async fn stop(&self) {
        let Some(table) = self.table() else { return };
        if let Err(error) = table.release().await {
            tracing::debug!(error = %ErrorChain(&error), "the other servers learn of the end of the tasks by their leases");
        }
    }

    /// Writes what has changed, so that every server knows it; does nothing while there is only one. A failure is logged, and tried
    /// again at the next renewal.
    pub async fn try_write(&self) {
        let Some(table) = self.table() else { return };
        match tokio::time::timeout(WRITE_TIMEOUT, self.write(table)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(error = %ErrorChain(&error), "the tasks of this server were not written for the others");
            }
            Err(_) => tracing::warn!("the tasks of this server were not written for the others in time"),
        }
    }

    /// Writes the running tasks, and those that have ended since the last time.
    async fn write(&self, table: &TaskTable) -> Result<(), DatabaseError> {
        let _one_after_the_other = self.0.writing.lock().await;
        let own = self.own();
        let due: Vec<(&Arc<Task>, TaskStatus)> =
            own.iter().filter(|task| !task.is_stored()).map(|task| (task, task.status())).collect();
        if due.is_empty() {
            return Ok(());
        }
        let written = |(task, status): &(&Arc<Task>, TaskStatus)| Written {
            status: status.clone(),
            age: task.age(),
            key_lifetime: task.key_lifetime(),
        };
        table.write(due.iter().map(written).collect()).await?;
        let ended: Vec<_> = due.iter().filter(|(_, status)| status.state != TaskState::Running).collect();
        for (task, _) in &ended {
            task.set_stored();
        }
        if !ended.is_empty() {
            let kept: Vec<Uuid> = own.iter().map(|task| task.id).collect();
            table.keep_only(&kept).await?;
        }
        Ok(())
    }

    /// The table, if other servers use it too.
    fn table(&self) -> Option<&TaskTable> {
        self.0.table.as_ref().filter(|table| table.is_used())
    }

    fn own(&self) -> Vec<Arc<Task>> {
        self.0.own.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::HIDDEN;

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
        TaskResult::CreatedTenant(CreatedTenant {
            tenant,
            key_name,
            kind: "subscription-key".into(),
            account: None,
            key,
        })
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
        assert_eq!(tasks.of("t").await.expect("in memory").len(), MAX_RUNNING);
        release.send_replace(true);
        for task in running {
            task.end.await.expect("no panic").expect("done");
        }
        for _ in 0..2 * MAX_TASKS {
            begin().end.await.expect("no panic").expect("done");
        }
        assert_eq!(tasks.of("t").await.expect("in memory").len(), MAX_TASKS);
    }

    #[tokio::test]
    async fn a_key_is_shown_once_and_not_kept_longer() {
        let tasks = Tasks::default();
        let task = tasks.begin::<Failure, _>(Uuid::nil(), "t", "create", |_| async { Ok(created()) });
        task.end.await.expect("no panic").expect("done");
        assert_eq!(key_of(tasks.status(task.id).await.expect("in memory")), "the-key");
        assert_eq!(key_of(tasks.status(task.id).await.expect("in memory")), HIDDEN);
        let kept = tasks.own().remove(0);
        assert!(!format!("{:?}", kept.end.borrow()).contains("the-key"), "it is in memory still");
    }
}
