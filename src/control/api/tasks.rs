//! Tasks.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use super::{Answer, Control, ControlError, Path, json};
use crate::tasks::TaskStatus;

/// Get a task
///
/// A key in its result is shown once.
#[utoipa::path(
    get,
    path = "/_emulator/tasks/{task}",
    operation_id = "GetTask",
    params(("task" = uuid::Uuid, Path)),
    responses((status = 200, description = "The task", body = TaskStatus)),
)]
pub(super) async fn get(State(control): State<Arc<Control>>, Path(task): Path<String>) -> Answer {
    let id = task.parse().map_err(|_| unknown(&task))?;
    let status = control.tenants()?.tasks.status(id).await?.ok_or_else(|| unknown(&task))?;
    Ok(json(StatusCode::OK, &status))
}

pub(super) fn unknown(task: &str) -> ControlError {
    ControlError::NotFound(format!("there is no task {task}, or it was deleted"))
}

/// List a tenant's tasks
///
/// The newest first.
#[utoipa::path(
    get,
    path = "/_emulator/tenants/{tenant}/tasks",
    operation_id = "ListTasks",
    params(("tenant" = String, Path)),
    responses((status = 200, description = "The tasks", body = Vec<TaskStatus>)),
)]
pub(super) async fn list(State(control): State<Arc<Control>>, Path(tenant): Path<String>) -> Answer {
    Ok(json(StatusCode::OK, &control.tenants()?.tasks.of(&tenant).await?))
}
