//! The page of a task that a form started. It reloads until the task is done, and then redirects.

use std::time::Duration;

use maud::{Markup, html};
use uuid::Uuid;

use super::connect::{self, Shown};
use super::extract::PageRequest;
use super::format::at;
use super::layout::{self, facts};
use super::{PageResult, see_other};
use crate::control::error::ControlError;
use crate::tasks::{CreatedTenant, SnapshotRows, StartedTask, TaskResult, TaskState, TaskStatus, Tasks};
use crate::tenants::{CredentialKind, TenantError};

/// How long a form waits for its task, before the browser is redirected to the task's page.
const TIMEOUT: Duration = Duration::from_millis(300);

/// The state of a task after the wait.
#[derive(Debug)]
pub(super) enum Outcome {
    Done(Uuid),
    Running(Uuid),
}

/// Waits for a task, for at most `TIMEOUT`.
pub(super) async fn outcome(tasks: &Tasks, begun: StartedTask<TenantError>) -> Result<Outcome, ControlError> {
    let StartedTask { id, end } = begun;
    match tokio::time::timeout(TIMEOUT, end).await {
        Err(_) => {
            // The browser may ask another server for it.
            tasks.try_write().await;
            Ok(Outcome::Running(id))
        }
        Ok(Err(_)) => Err(ControlError::Interrupted),
        Ok(Ok(result)) => result.map(|_| Outcome::Done(id)).map_err(ControlError::from),
    }
}

/// The address of a task.
pub(super) fn path(tenant: &str, id: Uuid) -> String {
    at(tenant, &format!("tasks/{id}"))
}

/// The progress of a task, and then its result.
pub(super) async fn page(request: PageRequest) -> PageResult {
    let (tenant, text) = (request.part("tenant"), request.part("task"));
    let known = match text.parse() {
        Ok(id) => request.tenants.tasks.status(id).await?.filter(|task| task.tenant == tenant),
        Err(_) => None,
    };
    let unknown = || ControlError::NotFound("there is no such task, or it was deleted".to_owned());
    let task = known.ok_or_else(unknown)?;
    let title = words(&task.kind);
    match (task.state, &task.result) {
        (TaskState::Running, _) => Ok(layout::renewed(title, &running(&task))),
        (TaskState::Failed, _) => Ok(layout::plain(title, None, &failed(&task))),
        (TaskState::Done, Some(TaskResult::CreatedTenant(tenant))) => {
            Ok(layout::plain(title, None, &created(tenant, &request.vendor_origin())))
        }
        (TaskState::Done, Some(TaskResult::DeletedTenant(_))) => Ok(see_other("/_emulator?deleted")),
        (TaskState::Done, _) => Ok(see_other(&at(tenant, &format!("data?task={}", task.id)))),
    }
}

/// What a task does, in words.
pub(super) fn words(what: &str) -> &'static str {
    match what {
        "create" => "Creating a tenant",
        "fork" => "Forking a tenant",
        "delete" => "Deleting a tenant",
        "seed" => "Seeding the data",
        "load" => "Loading a seed file",
        "reset" => "Resetting the data",
        "restore" => "Restoring a snapshot",
        "snapshot" => "Saving a snapshot",
        _ => "Task",
    }
}

/// The state of a task, in one line.
pub(super) fn summary(task: &TaskStatus) -> String {
    let snapshot = match &task.result {
        Some(TaskResult::Snapshot(SnapshotRows { snapshot, .. })) => format!(" '{snapshot}'"),
        _ => String::new(),
    };
    let rows = task.result.as_ref().and_then(TaskResult::rows);
    let rows = rows.map(|rows| format!(", {rows} rows")).unwrap_or_default();
    match task.state {
        TaskState::Running => format!("running for {} ms", task.ms),
        TaskState::Failed => format!("failed: {}", task.error.as_deref().unwrap_or("the task was interrupted")),
        TaskState::Done => format!("done{snapshot} in {} ms{rows}", task.ms),
    }
}

fn running(task: &TaskStatus) -> Markup {
    let step = if task.step.is_empty() { "starting" } else { &task.step };
    html! {
        p.lead { "Tenant " strong { (task.tenant) } }
        @if task.total > 0 {
            progress aria-label=(step) value=(task.done) max=(task.total) {}
        } @else {
            progress aria-label=(step) {}
        }
        (facts(&[
            ("Step", html! { (step) }),
            ("Done", html! { (task.done) @if task.total > 0 { " of " (task.total) } }),
            ("Duration", html! { (task.ms / 1_000) " s" }),
        ]))
        p.hint { "This page reloads every second. The task continues when you close it." }
        p { a href="/_emulator" { "All tenants" } }
    }
}

fn failed(task: &TaskStatus) -> Markup {
    let is_new = matches!(&*task.kind, "create" | "fork");
    html! {
        p.lead { "Tenant " strong { (task.tenant) } }
        div.alert.bad role="alert" { strong { "That did not work: " } (task.error.as_deref().unwrap_or("the task was interrupted")) }
        p.links {
            @if !is_new { a href=(at(&task.tenant, "data")) { "Back to the data" } }
            a href="/_emulator" { "All tenants" }
        }
    }
}

fn created(CreatedTenant { tenant, key_name, key, .. }: &CreatedTenant, origin: &str) -> Markup {
    let shown = Shown { kind: CredentialKind::default(), account: None, secret: key };
    html! {
        p.lead { "The tenant " strong { (tenant) } " is created." }
        (layout::new_key(key_name, None, key))
        section.connect #connect aria-labelledby="connect-title" {
            h2 #connect-title { "Connect a program" }
            (connect::with_credential(origin, shown))
        }
        p.buttons {
            a.button href=(at(tenant, "")) { "Show its requests" }
            a.button.quiet href=(at(tenant, "customers")) { "Show its customers" }
        }
    }
}
