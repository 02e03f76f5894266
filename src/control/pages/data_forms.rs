//! The forms of the data page.

use maud::{Markup, html};

use super::extract::TenantPage;
use super::format::time;
use super::layout::field;
use super::tenants::{new_tenant_fields, population_fields};
use crate::tenants::{SEED, SnapshotListing};

pub(super) fn reset(page: &TenantPage) -> Markup {
    html! {
        section aria-labelledby="reset" {
            h2 #reset { "Reset" }
            p.hint { "Resets rows, plan, extension, subscribers, clock and injected faults to the snapshot '" (SEED) "'. Pending webhooks are deleted." }
            div.row {
                form method="post" action=(page.path("data/reset")) { button { "Reset to the seed" } }
                a.button.quiet href=(page.path("diff")) { "Compare with the seed" }
                a.button.quiet href={ "/_emulator/tenants/" (super::format::encoded(page.name())) "/export" } { "Export as a seed file" }
                a.button.quiet href=(page.path("tables")) { "Look at the tables" }
            }
        }
    }
}

pub(super) fn snapshots(page: &TenantPage, snapshots: &[SnapshotListing]) -> Markup {
    let name = html! {
        input #snapshot name="snapshot" value=(page.form().text("snapshot")) placeholder="before" required autocomplete="off";
    };
    html! {
        section aria-labelledby="snapshots" {
            h2 #snapshots { "Snapshots" }
            table.stack {
                thead { tr {
                    th scope="col" { "Name" } th scope="col" { "Saved" } th scope="col" { "Customers up to id" }
                    th scope="col" { span.unseen { "Actions" } }
                } }
                tbody { @for snapshot in snapshots { (row(page, snapshot)) } }
            }
            form.row method="post" action=(page.path("data/save")) {
                (field("snapshot", "Save the data as a snapshot with this name", &name))
                label { input type="checkbox" name="force" value="yes"; " Replace the snapshot '" (SEED) "' if this is its name" }
                div.buttons { button { "Save" } }
            }
        }
    }
}

fn row(page: &TenantPage, snapshot: &SnapshotListing) -> Markup {
    let side = super::format::encoded(&format!("{}@{}", page.name(), snapshot.name));
    let other = super::format::encoded(page.name());
    html! {
        tr {
            td data-label="Name" { strong { (snapshot.name) } }
            td data-label="Saved" { (time(snapshot.taken_at)) }
            td data-label="Up to id" { (snapshot.last_customer_id) }
            td data-label="" {
                div.buttons {
                    form method="post" action=(page.path("data/restore")) {
                        input type="hidden" name="snapshot" value=(snapshot.name);
                        button.quiet.small { "Restore" span.unseen { " '" (snapshot.name) "'" } }
                    }
                    a.button.quiet.small href={ (page.path("diff")) "?from=" (side) "&to=" (other) } {
                        "Compare" span.unseen { " '" (snapshot.name) "' with the current data" }
                    }
                    @if snapshot.name != SEED {
                        form method="post" action=(page.path("data/delete-snapshot")) {
                            input type="hidden" name="snapshot" value=(snapshot.name);
                            button.quiet.small { "Delete" span.unseen { " '" (snapshot.name) "'" } }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn fork(page: &TenantPage, snapshots: &[SnapshotListing]) -> Markup {
    let chosen = page.form().text("of");
    let of = html! {
        select #of name="of" {
            option value="" { "the current data" }
            @for snapshot in snapshots {
                option value=(snapshot.name) selected[snapshot.name == chosen] { "the snapshot '" (snapshot.name) "'" }
            }
        }
    };
    html! {
        section aria-labelledby="fork" {
            h2 #fork { "Fork" }
            p.hint { "A new tenant with its own key and a copy of the data of this one." }
            form method="post" action=(page.path("data/fork")) {
                (new_tenant_fields(page.form()))
                div.row { (field("of", "Copy of", &of)) div.buttons { button { "Fork" } } }
            }
        }
    }
}

pub(super) fn seed(page: &TenantPage) -> Markup {
    let form = page.form();
    html! {
        section aria-labelledby="fill" {
            h2 #fill { "Seed" }
            p.hint { "Replaces all data. A reset restores the new data from then on." }
            form method="post" action=(page.path("data/seed")) {
                (population_fields(form))
                p.buttons { button.danger { "Seed with generated customers" } }
            }
            details open[form.filled("text").is_some()] {
                summary { "Or with a seed file in YAML or JSON" }
                form method="post" action=(page.path("data/seed")) {
                    (field("text", "A seed file, or a tenant of one without name and keys", &html! {
                        textarea #text name="text" rows="10" required spellcheck="false" { "\n" (form.raw("text")) }
                    }))
                    p.buttons { button.danger { "Seed with this file" } }
                }
            }
        }
    }
}

pub(super) fn delete(page: &TenantPage) -> Markup {
    html! {
        section.last aria-labelledby="delete" {
            h2 #delete { "Delete the tenant" }
            p.hint { "Deletes its keys, snapshots and data. This cannot be undone." }
            form.row method="post" action=(page.path("data/delete")) {
                (field("confirm", &format!("Type '{}'", page.name()), &html! { input #confirm name="confirm" required autocomplete="off"; }))
                div.buttons { button.danger { "Delete" } }
            }
        }
    }
}
