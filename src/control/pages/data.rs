//! A tenant's data: reset, snapshots, fork, seed, deletion, and the tasks that do this work.

use maud::{Markup, html};

use super::extract::TenantPage;
use super::tabs::{self, Tab};
use super::tasks::{self, Outcome};
use super::{PageResult, data_forms as forms, see_other, tenants};
use crate::control::error::ControlError;
use crate::tasks::{StartedTask, TaskState};
use crate::tenants::{SeedContents, SeedInput, TenantError, read_text};

pub(super) async fn page(page: TenantPage) -> PageResult {
    render(&page, None).await
}

/// Resets the data to the snapshot `seed`.
pub(super) async fn reset(page: TenantPage) -> PageResult {
    follow(&page, page.tenants().reset(page.name())).await
}

/// Saves a snapshot.
pub(super) async fn save(page: TenantPage) -> PageResult {
    match page.form().needed("snapshot", "the name of the snapshot") {
        Ok(name) => {
            let is_forced = page.form().filled("force").is_some();
            follow(&page, page.tenants().save(page.name(), name, is_forced)).await
        }
        Err(error) => render(&page, Some(error)).await,
    }
}

/// Restores a snapshot.
pub(super) async fn restore(page: TenantPage) -> PageResult {
    follow(&page, page.tenants().restore(page.name(), page.form().raw("snapshot"))).await
}

pub(super) async fn delete_snapshot(page: TenantPage) -> PageResult {
    match page.tenants().delete_snapshot(page.name(), page.form().raw("snapshot")).await {
        Ok(()) => Ok(page.to("data#snapshots")),
        Err(error) => render(&page, Some(error.into())).await,
    }
}

/// Creates a tenant with a copy of the data, and redirects to its key.
pub(super) async fn fork(page: TenantPage) -> PageResult {
    let form = page.form();
    let of = match form.filled("of") {
        Some(snapshot) => format!("{}@{snapshot}", page.name()),
        None => page.name().to_owned(),
    };
    let forked = async {
        let new = tenants::new_tenant(form)?;
        let name = new.name.clone();
        let (Outcome::Done(id) | Outcome::Running(id)) =
            tasks::outcome(&page.tenants().tasks, page.tenants().fork(&of, new)).await?;
        Ok::<_, ControlError>(tasks::path(&name, id))
    };
    match forked.await {
        Ok(path) => Ok(see_other(&path)),
        Err(error) => render(&page, Some(error)).await,
    }
}

/// Replaces the data: with a population, or with a seed.
pub(super) async fn seed(page: TenantPage) -> PageResult {
    let form = page.form();
    let seed: Result<SeedContents, ControlError> = match form.filled("text") {
        Some(text) => read_text::<SeedInput<SeedContents>>(text, text.starts_with(['{', '/']))
            .and_then(|seed| seed.for_tenant(page.name()))
            .map_err(ControlError::Bad),
        None => tenants::population(form),
    };
    match seed {
        Ok(seed) => follow(&page, page.tenants().seed(page.name(), seed)).await,
        Err(error) => render(&page, Some(error)).await,
    }
}

/// Deletes the tenant if the form repeats its name.
pub(super) async fn delete(page: TenantPage) -> PageResult {
    if page.form().text("confirm") != page.name() {
        let error = ControlError::Bad(format!("type '{}' to delete this tenant", page.name()));
        return render(&page, Some(error)).await;
    }
    match tasks::outcome(&page.tenants().tasks, page.tenants().delete(page.name())).await {
        Ok(Outcome::Done(_)) => Ok(see_other("/_emulator?deleted")),
        Ok(Outcome::Running(id)) => Ok(see_other(&tasks::path(page.name(), id))),
        Err(error) => render(&page, Some(error)).await,
    }
}

/// Redirects to the data if the task is done, and to the task if it still runs. Shows the error of a task that failed.
async fn follow(page: &TenantPage, begun: StartedTask<TenantError>) -> PageResult {
    match tasks::outcome(&page.tenants().tasks, begun).await {
        Ok(Outcome::Done(id)) => Ok(page.to(&format!("data?task={id}"))),
        Ok(Outcome::Running(id)) => Ok(see_other(&tasks::path(page.name(), id))),
        Err(error) => render(page, Some(error)).await,
    }
}

async fn render(page: &TenantPage, problem: Option<ControlError>) -> PageResult {
    let snapshots = page.tenants().snapshots(page.name()).await?;
    let (done, recent) = (done(page).await?, recent_tasks(page).await?);
    let body = html! {
        (done)
        (forms::reset(page))
        (forms::snapshots(page, &snapshots))
        (forms::fork(page, &snapshots))
        (forms::seed(page))
        (recent)
        (forms::delete(page))
    };
    Ok(tabs::of_tenant(page, Tab::Data, "Data", problem.as_ref(), &body))
}

async fn done(page: &TenantPage) -> Result<Markup, ControlError> {
    let task = match page.request.query.text("task").parse() {
        Ok(id) => page.tenants().tasks.status(id).await?.filter(|task| task.tenant == page.tenant.name),
        Err(_) => None,
    };
    Ok(html! {
        @if let Some(task) = task {
            div.alert.good role="status" { strong { (tasks::words(&task.kind)) ": " } (tasks::summary(&task)) "." }
        }
    })
}

/// The tasks that run, and the last ones.
async fn recent_tasks(page: &TenantPage) -> Result<Markup, ControlError> {
    let all = page.tenants().tasks.of(page.name()).await?;
    Ok(html! {
        @if !all.is_empty() {
            section aria-labelledby="tasks" {
                h2 #tasks { "Tasks" }
                ul.plain { @for task in all.iter().take(8) {
                    li {
                        (tasks::words(&task.kind)) ": " (tasks::summary(task)) ". "
                        @if task.state == TaskState::Running { a href=(tasks::path(page.name(), task.id)) { "Watch" } }
                    }
                } }
            }
        }
    })
}
