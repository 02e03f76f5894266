//! A tenant's world: put back, kept, forked, filled, its plan and its keys; and what of that goes on.

use maud::{Markup, html};

use super::extract::Visit;
use super::layout::{self, Tab};
use super::tasks::{self, Outcome};
use super::{Shown, data_forms as forms, keys, see_other, tenants};
use crate::control::error::ControlError;
use crate::plan::Plan;
use crate::tasks::{Begun, TaskState};
use crate::tenants::{SeedContents, SeedInput, TenantError, list_credentials, read_text};

pub(super) async fn page(visit: Visit) -> Shown {
    shown(&visit, None, None).await
}

/// Puts the world back to its seed.
pub(super) async fn reset(visit: Visit) -> Shown {
    follow(&visit, visit.tenants().reset(visit.name())).await
}

/// Keeps the world under a name.
pub(super) async fn save(visit: Visit) -> Shown {
    match visit.form().needed("snapshot", "the name of the snapshot") {
        Ok(name) => {
            let is_forced = visit.form().filled("force").is_some();
            follow(&visit, visit.tenants().save(visit.name(), name, is_forced)).await
        }
        Err(error) => shown(&visit, Some(error), None).await,
    }
}

/// Puts the world back to a snapshot.
pub(super) async fn restore(visit: Visit) -> Shown {
    follow(&visit, visit.tenants().restore(visit.name(), visit.form().raw("snapshot"))).await
}

pub(super) async fn forget(visit: Visit) -> Shown {
    match visit.tenants().delete_snapshot(visit.name(), visit.form().raw("snapshot")).await {
        Ok(()) => Ok(visit.to("world#snapshots")),
        Err(error) => shown(&visit, Some(error.into()), None).await,
    }
}

/// Makes a tenant whose world is a copy, and leads to its key.
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
        Err(error) => shown(&visit, Some(error), None).await,
    }
}

/// Fills the world anew: with so many customers, or with what a seed says.
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
        Err(error) => shown(&visit, Some(error), None).await,
    }
}

pub(super) async fn replace_plan(visit: Visit) -> Shown {
    let plan: Result<Plan, String> = read_text(visit.form().text("plan"), true);
    let done = match plan {
        Ok(plan) => visit.tenants().replace_plan(visit.name(), &plan).await.map_err(ControlError::from),
        Err(why) => Err(ControlError::Bad(format!("this is no plan: {why}"))),
    };
    match done {
        Ok(()) => Ok(visit.to("world?plan=replaced#plan-title")),
        Err(error) => shown(&visit, Some(error), None).await,
    }
}

/// Deletes the tenant, if its name was typed.
pub(super) async fn delete(visit: Visit) -> Shown {
    if visit.form().text("confirm") != visit.name() {
        let error = ControlError::Bad(format!("type '{}' to delete this tenant", visit.name()));
        return shown(&visit, Some(error), None).await;
    }
    match tasks::outcome(visit.tenants().delete(visit.name())).await {
        Ok(Outcome::Done(_)) => Ok(see_other("/_emulator?gone")),
        Ok(Outcome::Running(id)) => Ok(see_other(&tasks::path(visit.name(), id))),
        Err(error) => shown(&visit, Some(error), None).await,
    }
}

/// Leads back when the work is done, to its task while it goes on, and says why it was not done.
async fn follow(visit: &Visit, begun: Begun<TenantError>) -> Shown {
    match tasks::outcome(begun).await {
        Ok(Outcome::Done(id)) => Ok(visit.to(&format!("world?task={id}"))),
        Ok(Outcome::Running(id)) => Ok(see_other(&tasks::path(visit.name(), id))),
        Err(error) => shown(visit, Some(error), None).await,
    }
}

/// The page, with what was not done or what was made.
pub(super) async fn shown(visit: &Visit, problem: Option<ControlError>, notice: Option<Markup>) -> Shown {
    let tenants = visit.tenants();
    let snapshots = tenants.snapshots(visit.name()).await?;
    let keys = list_credentials(&tenants.database, Some(visit.name())).await?;
    let body = html! {
        @if let Some(notice) = &notice { (notice) }
        (done(visit))
        (forms::putting_back(visit))
        (forms::snapshots(visit, &snapshots))
        (forms::fork(visit, &snapshots))
        (keys::section(visit, &keys))
        (forms::plan(visit, problem.as_ref()))
        (forms::seed(visit))
        (work(visit))
        (forms::delete(visit))
    };
    Ok(layout::of_tenant(visit, Tab::World, "World", problem.as_ref(), &body))
}

fn done(visit: &Visit) -> Markup {
    let query = &visit.asked.query;
    let task = query.text("task").parse().ok().and_then(|id| visit.tenants().tasks.status(id));
    let task = task.filter(|task| task.tenant == visit.tenant.name);
    html! {
        @if let Some(task) = task {
            div.alert.good role="status" { strong { (tasks::words(task.what)) ": " } (tasks::summary(&task)) "." }
        }
        @if query.text("plan") == "replaced" { div.alert.good role="status" { "The plan is replaced." } }
    }
}

/// What goes on, and what was done lately.
fn work(visit: &Visit) -> Markup {
    let all = visit.tenants().tasks.of(visit.name());
    html! {
        @if !all.is_empty() {
            section aria-labelledby="work" {
                h2 #work { "Work" }
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
