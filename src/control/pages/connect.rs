//! How a program connects: base URL, credential, and a request that works.

use maud::{Markup, html};

use super::code::{Credential, Language, PanelId, Sample, Secret, panel};
use super::extract::PageRequest;
use super::format::at;
use super::layout::facts;
use crate::control::error::ControlError;
use crate::database::TenantId;
use crate::tenants::{CredentialKind, CredentialListing, DEMO_KEY, Tenants, list_credentials, presented};
use crate::vendors::{Presentation, VENDORS, VendorApi};

/// A credential that is shown: the demo key, which is public, or one that was created just now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    pub kind: CredentialKind,
    pub account: Option<&'a str>,
    pub secret: &'a str,
}

/// What the samples of a tenant use.
#[derive(Debug)]
pub(super) struct Connection {
    origin: String,
    tenant: String,
    keys: Vec<CredentialListing>,
    /// Whether the demo key is one of them.
    has_demo_key: bool,
    /// The id of the first customer.
    customer: Option<i32>,
}

impl Connection {
    /// # Errors
    /// When the database fails.
    pub(super) async fn of(request: &PageRequest, tenant: TenantId, name: &str) -> Result<Self, ControlError> {
        let tenants = &request.tenants;
        let keys = list_credentials(&tenants.database, name).await?;
        let first = tenants.customers.following(tenant, 0, 1).await?;
        Ok(Self {
            origin: request.vendor_origin(),
            tenant: name.to_owned(),
            keys: keys.into_iter().filter(|key| key.revoked_at.is_none()).collect(),
            has_demo_key: demo_tenant(tenants).await?.as_deref() == Some(name),
            customer: first.first().map(|customer| customer.id),
        })
    }

    /// The panel on a page of the tenant.
    pub(super) fn panel(&self) -> Markup {
        let vendor = VENDORS[0];
        let shown = self.has_demo_key.then_some(Shown { kind: vendor.credential, account: None, secret: DEMO_KEY });
        let path = self.customer.map(|id| format!("/customers/{id}"));
        html! {
            (facts(&[
                ("Base URL", html! { code #base-url { (base_url(&self.origin, vendor)) } " " (copy("base-url")) }),
                ("Key", self.key(shown)),
                ("Header", header(vendor)),
                ("Other APIs", others(&self.origin)),
            ]))
            (samples(vendor, &self.origin, shown, path.as_deref()))
        }
    }

    /// The tenant's key, or where to get one.
    fn key(&self, shown: Option<Shown<'_>>) -> Markup {
        let own = self.keys.iter().filter(|key| key.kind == VENDORS[0].credential);
        let names: Vec<String> = own.map(|key| format!("{} (…{})", key.name, key.ending)).collect();
        html! {
            @if let Some(shown) = shown {
                code #demo-key { (shown.secret) } " " (copy("demo-key")) " " span.dim { "the demo key, which is public" }
            } @else if names.is_empty() {
                a href=(at(&self.tenant, "keys")) { "Add a key" }
            } @else {
                (names.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", "))
                @if names.len() > 3 { " and " (names.len() - 3) " more" }
                ". " span.dim { "A key is shown when it is created. " }
                a href=(at(&self.tenant, "keys")) { "Add another" }
            }
        }
    }
}

/// The panel for a credential that was created just now.
pub(super) fn with_credential(origin: &str, shown: Shown<'_>) -> Markup {
    let Some(vendor) = VENDORS.into_iter().find(|vendor| vendor.credential == shown.kind) else { return html! {} };
    html! {
        (facts(&[
            ("Base URL", html! { code #base-url { (base_url(origin, vendor)) } " " (copy("base-url")) }),
            ("Header", header(vendor)),
        ]))
        (samples(vendor, origin, Some(shown), None))
    }
}

fn base_url(origin: &str, vendor: &VendorApi) -> String {
    format!("{origin}{}", vendor.access.base_path)
}

/// The header that carries the credential.
fn header(vendor: &VendorApi) -> Markup {
    html! {
        @match vendor.presented.way {
            Presentation::Header(name) => code { (name) },
            Presentation::Basic => { code { "Authorization" } ", Basic credentials" },
            Presentation::Bearer => { code { "Authorization" } ", an access token" },
        }
    }
}

fn others(origin: &str) -> Markup {
    html! {
        @for vendor in VENDORS.into_iter().skip(1) {
            div { (vendor.title) ": " code { (base_url(origin, vendor)) } }
        }
    }
}

fn copy(id: &str) -> Markup {
    html! { button.quiet.small type="button" data-copy=(id) hidden { "Copy" span.unseen { " " (id.replace('-', " ")) } } }
}

/// A request that succeeds, in several languages; of an API with access tokens the one that gets a token.
fn samples(vendor: &VendorApi, origin: &str, shown: Option<Shown<'_>>, path: Option<&str>) -> Markup {
    let access = &vendor.access;
    let sample = match access.token_path {
        Some(token_path) => token_request(&format!("{origin}{token_path}"), shown),
        None => Sample {
            method: "GET".to_owned(),
            url: format!("{origin}{}{}", access.base_path, path.unwrap_or(access.sample_path)),
            credential: credential(vendor, shown),
            ..Sample::default()
        },
    };
    panel(PanelId("connect-"), "A first request", Language::PROGRAMS, &sample)
}

fn token_request(url: &str, shown: Option<Shown<'_>>) -> Sample {
    let (account, secret) =
        shown.map_or(("CLIENT_ID", "CLIENT_SECRET"), |shown| (shown.account.unwrap_or_default(), shown.secret));
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs([
        ("grant_type", "client_credentials"),
        ("scope", "lab"),
        ("client_id", account),
        ("client_secret", secret),
    ]);
    Sample {
        method: "POST".to_owned(),
        url: url.to_owned(),
        headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())],
        body: Some(form.finish()),
        ..Sample::default()
    }
}

fn credential(vendor: &VendorApi, shown: Option<Shown<'_>>) -> Credential {
    let secret = match shown {
        Some(Shown { account: Some(account), secret, .. }) => Secret::Known(format!("{account}:{secret}")),
        Some(Shown { secret, .. }) => Secret::Known(secret.to_owned()),
        None => Secret::Variable(vendor.presented.variable),
    };
    match vendor.presented.way {
        Presentation::Header(name) => Credential::Header { name, value: secret },
        Presentation::Basic => Credential::Basic(secret),
        Presentation::Bearer => Credential::Bearer(secret),
    }
}

/// The name of the tenant whose valid key is the demo key, which is in the documentation and so no secret.
///
/// # Errors
/// When the database fails.
pub(super) async fn demo_tenant(tenants: &Tenants) -> Result<Option<String>, ControlError> {
    let kind = VENDORS[0].credential;
    let holder = tenants.credentials.holder(&presented(kind, "", DEMO_KEY)).await?;
    Ok(holder.filter(|caller| caller.kind == kind).map(|caller| caller.tenant.name.clone()))
}
