//! The forms of a world's page.

use maud::{Markup, html};

use super::extract::Visit;
use super::format::time;
use super::layout::field;
use super::tenants::{new_tenant_fields, population_fields};
use crate::control::error::ControlError;
use crate::tenants::{SEED, SnapshotListing};

/// Back to the seed, and what differs from it.
pub(super) fn putting_back(visit: &Visit) -> Markup {
    html! {
        section aria-labelledby="reset" {
            h2 #reset { "Put it back" }
            p.hint { "Rows, plan, extension, subscribers, clock and armed failures go back to the snapshot '" (SEED) "'. What is under way is dropped." }
            div.row {
                form method="post" action=(visit.path("world/reset")) { button { "Reset to the seed" } }
                a.button.quiet href=(visit.path("diff")) { "What differs from the seed" }
                a.button.quiet href={ "/_emulator/tenants/" (super::format::encoded(visit.name())) "/export" } { "Export as a seed file" }
            }
        }
    }
}

/// Snapshots: kept, put back, compared, forgotten.
pub(super) fn snapshots(visit: &Visit, snapshots: &[SnapshotListing]) -> Markup {
    let name = html! {
        input #snapshot name="snapshot" value=(visit.form().text("snapshot")) placeholder="before" required autocomplete="off";
    };
    html! {
        section aria-labelledby="snapshots" {
            h2 #snapshots { "Snapshots" }
            table.stack {
                thead { tr {
                    th scope="col" { "Name" } th scope="col" { "Taken" } th scope="col" { "Customers up to id" }
                    th scope="col" { span.unseen { "What to do" } }
                } }
                tbody { @for snapshot in snapshots { (row(visit, snapshot)) } }
            }
            form.row method="post" action=(visit.path("world/save")) {
                (field("snapshot", "Keep the world as it is under this name", &name))
                label { input type="checkbox" name="force" value="yes"; " Replace the seed, if it is called '" (SEED) "'" }
                div.buttons { button { "Save" } }
            }
        }
    }
}

fn row(visit: &Visit, snapshot: &SnapshotListing) -> Markup {
    let side = super::format::encoded(&format!("{}@{}", visit.name(), snapshot.name));
    let other = super::format::encoded(visit.name());
    html! {
        tr {
            td data-label="Name" { strong { (snapshot.name) } }
            td data-label="Taken" { (time(snapshot.taken_at)) }
            td data-label="Up to id" { (snapshot.last_customer_id) }
            td data-label="" {
                div.buttons {
                    form method="post" action=(visit.path("world/restore")) {
                        input type="hidden" name="snapshot" value=(snapshot.name);
                        button.quiet.small { "Restore" span.unseen { " '" (snapshot.name) "'" } }
                    }
                    a.button.quiet.small href={ (visit.path("diff")) "?from=" (side) "&to=" (other) } {
                        "Compare" span.unseen { " '" (snapshot.name) "' with the world as it is" }
                    }
                    @if snapshot.name != SEED {
                        form method="post" action=(visit.path("world/forget")) {
                            input type="hidden" name="snapshot" value=(snapshot.name);
                            button.quiet.small { "Delete" span.unseen { " '" (snapshot.name) "'" } }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn fork(visit: &Visit, snapshots: &[SnapshotListing]) -> Markup {
    let chosen = visit.form().text("of");
    let of = html! {
        select #of name="of" {
            option value="" { "as it is now" }
            @for snapshot in snapshots {
                option value=(snapshot.name) selected[snapshot.name == chosen] { "as the snapshot '" (snapshot.name) "' is" }
            }
        }
    };
    html! {
        section aria-labelledby="fork" {
            h2 #fork { "Fork" }
            p.hint { "A new tenant with a key of its own, whose world is a copy of this one." }
            form method="post" action=(visit.path("world/fork")) {
                (new_tenant_fields(visit.form()))
                div.row { (field("of", "Copy of this world", &of)) div.buttons { button { "Fork" } } }
            }
        }
    }
}

pub(super) fn plan(visit: &Visit, problem: Option<&ControlError>) -> Markup {
    let form = visit.form();
    let is_rejected = problem.is_some() && form.filled("plan").is_some();
    let own = serde_json::to_string_pretty(&visit.tenant.plan).unwrap_or_default();
    let text = if is_rejected { form.raw("plan") } else { &own };
    let rejection = problem.filter(|_| is_rejected);
    html! {
        section aria-labelledby="plan-title" {
            h2 #plan-title { "Plan" }
            p.hint { "The tenant's rules, with every default. Replaced as a whole; rejected as a whole when a name or value is not known." }
            form method="post" action=(visit.path("world/plan")) {
                (field("plan", "Plan, as JSON", &html! {
                    textarea #plan name="plan" rows="14" spellcheck="false" aria-describedby=[rejection.map(|_| "rejected")] { "\n" (text) }
                }))
                @if let Some(rejection) = rejection { p.rejected #rejected { (rejection.detail()) } }
                p.buttons { button { "Replace the plan" } }
            }
        }
    }
}

/// What the world is filled with.
pub(super) fn seed(visit: &Visit) -> Markup {
    let form = visit.form();
    html! {
        section aria-labelledby="fill" {
            h2 #fill { "Fill it anew" }
            p.hint { "In place of all that is in it. A reset goes back to this from then on." }
            form method="post" action=(visit.path("world/seed")) {
                (population_fields(form))
                p.buttons { button.danger { "Fill with made-up customers" } }
            }
            details open[form.filled("text").is_some()] {
                summary { "Or with a seed in YAML or JSON" }
                form method="post" action=(visit.path("world/seed")) {
                    (field("text", "A seed file, or a tenant of one without name and keys", &html! {
                        textarea #text name="text" rows="10" required spellcheck="false" { "\n" (form.raw("text")) }
                    }))
                    p.buttons { button.danger { "Fill with this seed" } }
                }
            }
        }
    }
}

/// The end of a tenant.
pub(super) fn delete(visit: &Visit) -> Markup {
    html! {
        section.last aria-labelledby="delete" {
            h2 #delete { "Delete the tenant" }
            p.hint { "With its keys, snapshots and all that it has. Nothing brings it back." }
            form.row method="post" action=(visit.path("world/delete")) {
                (field("confirm", &format!("Type '{}'", visit.name()), &html! { input #confirm name="confirm" required autocomplete="off"; }))
                div.buttons { button.danger { "Delete" } }
            }
        }
    }
}
