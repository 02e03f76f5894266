//! A tenant's data: reset, snapshots, fork, seed, deletion, and the tasks that do this work.

use maud::{Markup, html};

use super::extract::Visit;
use super::layout::{self, Tab};
use super::tasks::{self, Outcome};
use super::{Shown, data_forms as forms, see_other, tenants};
use crate::control::error::ControlError;
use crate::tasks::{Begun, TaskState};
use crate::tenants::{SeedContents, SeedInput, TenantError, read_text};

pub(super) async fn page(visit: Visit) -> Shown {
    shown(&visit, None).await
}

/// Resets the data to the snapshot `seed`.
pub(super) async fn reset(visit: Visit) -> Shown {
    follow(&visit, visit.tenants().reset(visit.name())).await
}

/// Saves a snapshot.
pub(super) async fn save(visit: Visit) -> Shown {
    match visit.form().needed("snapshot", "the name of the snapshot") {
        Ok(name) => {
            let is_forced = visit.form().filled("force").is_some();
            follow(&visit, visit.tenants().save(visit.name(), name, is_forced)).await
        }
        Err(error) => shown(&visit, Some(error)).await,
    }
}

/// Restores a snapshot.
pub(super) async fn restore(visit: Visit) -> Shown {
    follow(&visit, visit.tenants().restore(visit.name(), visit.form().raw("snapshot"))).await
}

pub(super) async fn delete_snapshot(visit: Visit) -> Shown {
    match visit.tenants().delete_snapshot(visit.name(), visit.form().raw("snapshot")).await {
        Ok(()) => Ok(visit.to("data#snapshots")),
        Err(error) => shown(&visit, Some(error.into())).await,
    }
}

/// Creates a tenant with a copy of the data, and redirects to its key.
pub(super) async fn fork(visit: Visit) -> Shown {
    let form = visit.form();
    let of = match form.filled("of") {
        Some(snapshot) => format!("{}@{snapshot}", visit.name()),
        None => visit.name().to_owned(),
    };
    let forked = async {
        let new = tenants::new_tenant(form)?;
        let name = new.name.clone();
        let (Outcome::Done(id) | Outcome::Running(id)) = tasks::outcome(visit.tenants().fork(&of, new)).await?;
        Ok::<_, ControlError>(tasks::path(&name, id))
    };
    match forked.await {
        Ok(path) => Ok(see_other(&path)),
        Err(error) => shown(&visit, Some(error)).await,
    }
}

/// Replaces the data: with a population, or with a seed.
pub(super) async fn seed(visit: Visit) -> Shown {
    let form = visit.form();
    let seed: Result<SeedContents, ControlError> = match form.filled("text") {
        Some(text) => read_text::<SeedInput<SeedContents>>(text, text.starts_with(['{', '/']))
            .and_then(|seed| seed.for_tenant(visit.name()))
            .map_err(ControlError::Bad),
        None => tenants::population(form),
    };
    match seed {
        Ok(seed) => follow(&visit, visit.tenants().seed(visit.name(), seed)).await,
        Err(error) => shown(&visit, Some(error)).await,
    }
}

/// Deletes the tenant if the form repeats its name.
pub(super) async fn delete(visit: Visit) -> Shown {
    if visit.form().text("confirm") != visit.name() {
        let error = ControlError::Bad(format!("type '{}' to delete this tenant", visit.name()));
        return shown(&visit, Some(error)).await;
    }
    match tasks::outcome(visit.tenants().delete(visit.name())).await {
        Ok(Outcome::Done(_)) => Ok(see_other("/_emulator?deleted")),
        Ok(Outcome::Running(id)) => Ok(see_other(&tasks::path(visit.name(), id))),
        Err(error) => shown(&visit, Some(error)).await,
    }
}

/// Redirects to the data if the task is done, and to the task if it still runs. Shows the error of a task that failed.
async fn follow(visit: &Visit, begun: Begun<TenantError>) -> Shown {
    match tasks::outcome(begun).await {
        Ok(Outcome::Done(id)) => Ok(visit.to(&format!("data?task={id}"))),
        Ok(Outcome::Running(id)) => Ok(see_other(&tasks::path(visit.name(), id))),
        Err(error) => shown(visit, Some(error)).await,
    }
}

async fn shown(visit: &Visit, problem: Option<ControlError>) -> Shown {
    let snapshots = visit.tenants().snapshots(visit.name()).await?;
    let body = html! {
        (done(visit))
        (forms::reset(visit))
        (forms::snapshots(visit, &snapshots))
        (forms::fork(visit, &snapshots))
        (forms::seed(visit))
        (recent_tasks(visit))
        (forms::delete(visit))
    };
    Ok(layout::of_tenant(visit, Tab::Data, "Data", problem.as_ref(), &body))
}

fn done(visit: &Visit) -> Markup {
    let task = visit.asked.query.text("task").parse().ok().and_then(|id| visit.tenants().tasks.status(id));
    let task = task.filter(|task| task.tenant == visit.tenant.name);
    html! {
        @if let Some(task) = task {
            div.alert.good role="status" { strong { (tasks::words(task.what)) ": " } (tasks::summary(&task)) "." }
        }
    }
}

/// The tasks that run, and the last ones.
fn recent_tasks(visit: &Visit) -> Markup {
    let all = visit.tenants().tasks.of(visit.name());
    html! {
        @if !all.is_empty() {
            section aria-labelledby="tasks" {
                h2 #tasks { "Tasks" }
                ul.plain { @for task in all.iter().take(8) {
                    li {
                        (tasks::words(task.what)) ": " (tasks::summary(task)) ". "
                        @if task.state == TaskState::Running { a href=(tasks::path(visit.name(), task.id)) { "Watch" } }
                    }
                } }
            }
        }
    }
}
