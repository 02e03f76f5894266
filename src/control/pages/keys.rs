//! A tenant's keys: listed with their last characters, added, revoked, deleted.

use maud::{Markup, html};

use super::PageResult;
use super::connect::{self, Connection, Shown};
use super::extract::TenantPage;
use super::format::time;
use super::forms::Fields;
use super::layout::{self, field};
use super::tabs::{self, Tab};
use super::tenants::new_key;
use crate::control::error::ControlError;
use crate::tenants::{CredentialKind, CredentialListing, list_credentials};
use crate::vendors::VENDORS;

pub(super) async fn page(page: TenantPage) -> PageResult {
    render(&page, None, None).await
}

/// Adds a key, and shows it once: a reload does not show it again.
pub(super) async fn add(page: TenantPage) -> PageResult {
    match added(&page).await {
        Ok(notice) => render(&page, None, Some(notice)).await,
        Err(error) => render(&page, Some(error), None).await,
    }
}

async fn added(page: &TenantPage) -> Result<Markup, ControlError> {
    let form = page.form();
    form.needed("key_name", "the name of the key")?;
    let new = new_key(form)?;
    let hours: Option<u32> = form.value("key_hours", "the hours")?;
    let seconds = hours.map(|hours| hours.saturating_mul(3_600));
    let name = new.name.clone();
    let kind = new.kind;
    let key = page.tenants().add_credential(page.name(), new, seconds).await?;
    let shown = Shown { kind, account: key.account(), secret: key.reveal() };
    Ok(html! {
        (layout::new_key(&name, key.account(), key.reveal()))
        section.connect #connect aria-labelledby="connect-title" {
            h2 #connect-title { "Connect with the key '" (name) "'" }
            (connect::with_credential(&page.request.vendor_origin(), shown))
        }
    })
}

pub(super) async fn revoke(page: TenantPage) -> PageResult {
    let done = page.tenants().revoke_credential(page.name(), page.form().raw("name"), None).await;
    ended(&page, done.map_err(ControlError::from)).await
}

/// Deletes a subscription with both of its keys.
pub(super) async fn delete(page: TenantPage) -> PageResult {
    let done = page.tenants().delete_credential(page.name(), page.form().raw("name")).await;
    ended(&page, done.map_err(ControlError::from)).await
}

async fn ended(page: &TenantPage, done: Result<(), ControlError>) -> PageResult {
    match done {
        Ok(()) => Ok(page.to("keys")),
        Err(error) => render(page, Some(error), None).await,
    }
}

async fn render(page: &TenantPage, problem: Option<ControlError>, notice: Option<Markup>) -> PageResult {
    let keys = list_credentials(&page.tenants().database, page.name()).await?;
    let connection = Connection::of(&page.request, page.tenant.id, page.name()).await?;
    let body = html! {
        @if let Some(notice) = &notice { (notice) }
        (section(page, &keys))
        @if notice.is_none() {
            section.connect #connect aria-labelledby="connect-title" {
                h2 #connect-title { "Connect a program" }
                (connection.panel())
            }
        }
    };
    Ok(tabs::of_tenant(page, Tab::Keys, "Keys", problem.as_ref(), &body))
}

/// The keys, and the form that adds one.
fn section(page: &TenantPage, keys: &[CredentialListing]) -> Markup {
    let form = page.form();
    let text = |id: &str, name: &str, value: &str, hint: &str, is_required: bool| {
        html! { input id=(id) name=(name) value=(value) placeholder=(hint) required[is_required] autocomplete="off"; }
    };
    let name = text("new-key-name", "key_name", form.text("key_name"), "nightly-tests", true);
    // The form does not repeat a secret.
    let key = text("key", "key", "", "a random one", false);
    let account = text("account", "account", form.text("account"), "the name", false);
    let kind = html! {
        select #kind name="kind" {
            @for kind in VENDORS.map(|vendor| vendor.credential) {
                option value=(kind.name()) selected[form.text("kind") == kind.name()] { (kind_words(kind)) }
            }
        }
    };
    let hours = text("key_hours", "key_hours", form.text("key_hours"), "never", false);
    html! {
        section {
            @if keys.is_empty() { p.empty { "This tenant has no keys." } }
            @else {
                table.stack {
                    thead { tr {
                        th scope="col" { "Name" } th scope="col" { "Key" } th scope="col" { "Created" } th scope="col" { "State" }
                        th scope="col" { span.unseen { "Actions" } }
                    } }
                    tbody { @for key in keys { (row(page, key)) } }
                }
            }
            h2 { "Add a key" }
            form method="post" action=(page.path("keys")) {
                div.row {
                    (field("new-key-name", "Name", &name))
                    (field("kind", "Kind", &kind))
                    (field("account", "User name or client id", &account))
                    (field("key", "Key, 32 hexadecimal digits, or secret", &key))
                    div.narrow { (field("key_hours", "Expires in hours", &hours)) }
                    div.buttons { button { "Add" } }
                }
            }
        }
    }
}

fn kind_words(kind: CredentialKind) -> &'static str {
    VENDORS.iter().find(|vendor| vendor.credential == kind).map_or("access token", |vendor| vendor.credential_label)
}

impl Fields {
    pub(super) fn kind(&self) -> Result<CredentialKind, ControlError> {
        let Some(text) = self.filled("kind") else { return Ok(CredentialKind::default()) };
        let found = VENDORS.iter().map(|vendor| vendor.credential).find(|kind| kind.name() == text);
        found.ok_or_else(|| ControlError::Bad("that is not a kind of key".to_owned()))
    }
}

fn row(page: &TenantPage, key: &CredentialListing) -> Markup {
    html! {
        tr {
            td data-label="Name" { (key.name) span.dim { " " (key.slot) } }
            td data-label="Key" {
                code { @if let Some(account) = &key.account { (account) ":" } "…" (key.ending) }
                span.dim { " " (kind_words(key.kind)) }
            }
            td data-label="Created" { (time(key.created_at)) }
            td data-label="State" {
                @if let Some(at) = key.revoked_at { span.mark.bad { "revoked" } " " (time(at)) }
                @else if let Some(at) = key.expires_at { span.mark.warn { "expires" } " " (time(at)) }
                @else { span.mark.good { "active" } }
            }
            td data-label="" {
                div.buttons {
                    @if key.revoked_at.is_none() {
                        form method="post" action=(page.path("keys/revoke")) {
                            input type="hidden" name="name" value=(key.name);
                            button.quiet.small { "Revoke" span.unseen { " the keys '" (key.name) "'" } }
                        }
                    }
                    form method="post" action=(page.path("keys/delete")) {
                        input type="hidden" name="name" value=(key.name);
                        button.quiet.small { "Delete" span.unseen { " the keys '" (key.name) "'" } }
                    }
                }
            }
        }
    }
}
