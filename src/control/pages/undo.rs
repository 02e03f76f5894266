//! Back to before a request: what would be lost, and the form that goes back.

use maud::{Markup, html};

use super::PageResult;
use super::diff;
use super::extract::TenantPage;
use super::format::{at, clock_time, count};
use super::requests::{self, RequestScope};
use super::tabs::{self, Tab};
use super::tasks::{self, Outcome};
use crate::clock::Clock;
use crate::control::error::ControlError;
use crate::control::journal::{find_request, journal, listed};
use crate::control::undo::State;
use crate::journal::{Entry, Filter};

/// The maximum number of listed requests that would be undone.
const MAX_LISTED: usize = 50;

/// The maximum number of listed rows of each table.
const MAX_ROWS: u32 = 50;

/// The link to the page that goes back, on the page of a request that changed something.
pub(super) fn link(page: &TenantPage, entry: &Entry) -> Markup {
    let state = page.request.control.undo.state_before(page.tenant.id, entry.received_at);
    html! {
        @if state.is_some() && !entry.changes.is_empty() && !entry.is_dry_run {
            p.buttons { a.button.quiet href=(page.path(&format!("undo/{}", super::format::request_id(entry)))) { "Back to before this request…" } }
        }
    }
}

/// What would be lost, and the form that goes back.
pub(super) async fn page(page: TenantPage) -> PageResult {
    let (entry, state) = found(&page).await?;
    let to = format!("{}@{}", page.name(), state.snapshot);
    let lost = page.tenants().diff(&to, page.name(), MAX_ROWS).await.map_err(ControlError::from)?;
    let later = Filter { since: entry.number.checked_sub(1), ..Filter::default() };
    let found = listed(journal(page.tenants())?, Some(page.tenant.id), &later, MAX_LISTED).await?;
    let is_undone = |entry: &Entry| page.request.control.undo.is_undone(page.tenant.id, entry.received_at);
    let undone: Vec<Entry> =
        found.into_iter().filter(|entry| !entry.changes.is_empty() && !entry.is_dry_run && !is_undone(entry)).collect();
    let scope = RequestScope { tenant: Some((page.tenant.id, page.name())) };
    let body = html! {
        p.lead {
            "The state before " strong { (entry.method) " " (entry.path) } " was saved at " (clock_time(state.saved_at))
            ". Rows, plan, clock, faults and integration go back to it, so resets since then are undone too; pending webhooks are dropped. Requests to webhook subscribers and hooks that were sent cannot be undone."
        }
        form method="post" action=(page.path(&format!("undo/{}", super::format::request_id(&entry)))) {
            p.buttons {
                button.danger { "Go back: lose " (count(usize::try_from(lost.differing).unwrap_or(usize::MAX), "changed row", "changed rows")) }
                a.button.quiet href=(scope.request(&entry)) { "Cancel" }
            }
        }
        section aria-labelledby="lost-requests" {
            h2 #lost-requests { (count(undone.len(), "request is undone", "requests are undone")) @if undone.len() == MAX_LISTED { " or more" } }
            (requests::table(&undone, scope))
        }
        section aria-labelledby="lost" {
            h2 #lost { "What is lost" }
            (diff::render(&page, &lost))
        }
    };
    Ok(tabs::of_tenant(&page, Tab::Requests, "Back to before a request", None, &body))
}

/// Goes back.
pub(super) async fn go_back(page: TenantPage) -> PageResult {
    let (_, state) = found(&page).await?;
    let begun_at = Clock::Real.now();
    let begun = page.tenants().restore(page.name(), &state.snapshot);
    let (Outcome::Done(id) | Outcome::Running(id)) = tasks::outcome(&page.tenants().tasks, begun).await?;
    page.request.control.undo.went_back(page.tenants(), page.tenant.id, page.name(), &state, begun_at).await?;
    Ok(super::see_other(&at(page.name(), &format!("tasks/{id}"))))
}

async fn found(page: &TenantPage) -> Result<(Entry, State), ControlError> {
    let entry = find_request(journal(page.tenants())?, Some(page.tenant.id), page.request.part("request")).await?;
    let undo = &page.request.control.undo;
    let missing = |why: &str| ControlError::NotFound(why.to_owned());
    if undo.is_undone(page.tenant.id, entry.received_at) {
        return Err(missing("this request is undone already"));
    }
    let state = undo.state_before(page.tenant.id, entry.received_at);
    let state = state.ok_or_else(|| missing("no state from before this request is kept"))?;
    let snapshots = page.tenants().snapshots(page.name()).await?;
    if snapshots.iter().all(|snapshot| snapshot.name != state.snapshot) {
        return Err(missing("the state from before this request was deleted"));
    }
    Ok((entry, state))
}
