//! The forms that change a tenant's webhook subscriptions and its Client Extension, and that test them.

use std::collections::BTreeSet;

use maud::{Markup, html};
use serde_json::Value;

use super::render;
use crate::control::error::ControlError;
use crate::control::hooks::{TriedHook, try_hook};
use crate::control::pages::PageResult;
use crate::control::pages::extract::TenantPage;
use crate::control::pages::forms::Fields;
use crate::control::pages::json_text::pretty_json;
use crate::control::pages::layout::field;
use crate::customers::{Error, Scope};
use crate::extension::{Extension, HOOKS, HookId};
use crate::journal::redacted_text;
use crate::model::CustomerId;
use crate::outgoing::{TargetUrl, TimeoutSeconds};
use crate::tenants::IntegrationDraft;
use crate::webhooks::{EventSettings, EventType, Subscription};

/// Adds, changes or removes a subscription.
pub(in crate::control::pages) async fn subscription(page: TenantPage) -> PageResult {
    let changed =
        page.tenants().change_integration(page.name(), |draft| change_subscriptions(page.form(), draft)).await;
    finish(&page, changed.map_err(ControlError::from)).await
}

/// Replaces the hooks, or removes the extension.
pub(in crate::control::pages) async fn extension(page: TenantPage) -> PageResult {
    let changed = page.tenants().change_integration(page.name(), |draft| change_extension(page.form(), draft)).await;
    finish(&page, changed.map_err(ControlError::from)).await
}

/// Sends a test event to the subscribers.
pub(in crate::control::pages) async fn test_event(page: TenantPage) -> PageResult {
    match send_test_event(&page).await {
        Ok(()) => Ok(page.to("webhooks?sent=1")),
        Err(error) => render(&page, Some(error), None).await,
    }
}

/// Sends a request to a hook, and shows the response.
pub(in crate::control::pages) async fn test_hook(page: TenantPage) -> PageResult {
    let request: Result<Value, ControlError> = match page.form().filled("request") {
        None => Ok(Value::Object(serde_json::Map::new())),
        Some(text) => {
            serde_json::from_str(text).map_err(|error| ControlError::Bad(format!("the request is not JSON: {error}")))
        }
    };
    let tried = match request {
        Ok(request) => {
            try_hook(&page.request.control, page.name(), page.form().text("hook").to_owned(), &request).await
        }
        Err(error) => Err(error),
    };
    match tried {
        Ok(tried) => render(&page, None, Some(&tried)).await,
        Err(error) => render(&page, Some(error), None).await,
    }
}

async fn finish(page: &TenantPage, changed: Result<(), ControlError>) -> PageResult {
    match changed {
        Ok(()) => Ok(page.to("webhooks?changed=1")),
        Err(error) => render(page, Some(error), None).await,
    }
}

async fn send_test_event(page: &TenantPage) -> Result<(), ControlError> {
    let form = page.form();
    let name = form.text("event");
    let event = EventType::ALL.into_iter().find(|event| event.name() == name);
    let event = event.ok_or_else(|| ControlError::Bad("there is no such event".to_owned()))?;
    let id: i32 = form
        .value("customer", "the customer")?
        .ok_or_else(|| ControlError::Bad("the customer is missing".to_owned()))?;
    let events = page.tenant.events.as_ref();
    if !events.is_some_and(|events| events.subscriptions.iter().any(|one| one.types.contains(&event))) {
        return Err(ControlError::Bad(format!("no subscriber receives {name}")));
    }
    let (tenants, tenant) = (page.tenants(), &page.tenant);
    let _presence = tenants.enter(tenant.id).await?;
    let internal = Scope::internal(tenant.id, &tenant.plan, tenant.clock.now(), "inspector", uuid::Uuid::nil());
    let scope = Scope { events, has_event_faults: tenant.has_event_faults, ..internal };
    let sent = tenants.customers.send_test_event(&scope, CustomerId(id), event).await;
    sent.map_err(|error| match error {
        Error::Database(error) => error.into(),
        _ => ControlError::Bad(format!("there is no customer {id}")),
    })
}

/// An address as the page showed it is unchanged, because the page hides the values in its query.
fn url(text: &str, stored: Option<&TargetUrl>) -> Result<TargetUrl, String> {
    match stored {
        Some(stored) if stored.shown() == text => Ok(stored.clone()),
        _ => TargetUrl::try_from(text.to_owned()),
    }
}

fn change_subscriptions(form: &Fields, draft: &mut IntegrationDraft) -> Result<(), String> {
    let mut subscriptions = draft.events.as_ref().map(|events| events.subscriptions.clone()).unwrap_or_default();
    let at = form.filled("number").and_then(|text| text.parse::<usize>().ok());
    let at = at.filter(|at| subscriptions.get(*at).is_some_and(|known| known.url.shown() == form.text("stored")));
    if form.filled("number").is_some() && at.is_none() {
        return Err("the subscriptions were changed meanwhile: look at them again".to_owned());
    }
    if form.text("do") == "remove" {
        if let Some(at) = at {
            subscriptions.remove(at);
        }
    } else {
        let stored = at.map(|at| &subscriptions[at]);
        let types: BTreeSet<EventType> =
            EventType::ALL.into_iter().filter(|event| form.filled(event.name()).is_some()).collect();
        if types.is_empty() {
            return Err("a subscriber receives at least one kind of event".to_owned());
        }
        let secret = match form.filled("secret") {
            Some(secret) => Some(secret.to_owned()),
            None => stored.and_then(|stored| stored.secret.clone()).filter(|_| form.filled("without_secret").is_none()),
        };
        let changed = Subscription { url: url(form.text("url"), stored.map(|stored| &stored.url))?, secret, types };
        match at {
            Some(at) => subscriptions[at] = changed,
            None => subscriptions.push(changed),
        }
    }
    draft.events = match draft.events.take() {
        Some(events) => Some(EventSettings { subscriptions, ..events }),
        None => Some(EventSettings::of(subscriptions)),
    };
    Ok(())
}

fn change_extension(form: &Fields, draft: &mut IntegrationDraft) -> Result<(), String> {
    if form.text("do") == "remove" {
        draft.extension = None;
        return Ok(());
    }
    let stored = draft.extension.as_ref();
    let mut hooks = std::collections::BTreeMap::new();
    for hook in HOOKS {
        if let Some(text) = form.filled(hook) {
            let stored = stored.and_then(|extension| extension.url(hook));
            let address = url(text, stored).map_err(|why| format!("{hook}: {why}"))?;
            hooks.insert(HookId::try_from((*hook).to_owned())?, address);
        }
    }
    let token = form.filled("extension_token").map(str::to_owned);
    let token = token.or_else(|| stored.map(|extension| extension.extension_token.clone()));
    let token = token.ok_or("the token for the extension is missing")?;
    let timeout = match form.filled("timeout") {
        None => None,
        Some(text) => {
            let seconds = text
                .parse()
                .map_err(|_| format!("'{}' is no number of seconds", text.chars().take(20).collect::<String>()))?;
            Some(TimeoutSeconds::new(seconds))
        }
    };
    draft.extension = Some(Extension::new(token, hooks, timeout));
    draft.directscale_token = form.filled("directscale_token").map(str::to_owned);
    Ok(())
}

/// The subscriptions, each with a form, and one more form for a new one.
pub(super) fn subscriptions(page: &TenantPage) -> Markup {
    let events = page.tenant.events.as_ref();
    let all = events.map(|events| events.subscriptions.as_slice()).unwrap_or_default();
    html! {
        section aria-labelledby="subscribers" {
            h2 #subscribers { "Subscribers" }
            p.hint { "Each receives the events of its kinds as POST requests, with its secret as Bearer token." }
            @if all.is_empty() { p.empty { "None." } }
            @for (number, subscription) in all.iter().enumerate() {
                details.card {
                    summary {
                        code { (subscription.url.shown()) } br;
                        span.dim { (subscription.types.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")) }
                    }
                    (subscription_form(page, Some((number, subscription))))
                }
            }
            details.card open[all.is_empty()] { summary { "Add a subscriber" } (subscription_form(page, None)) }
            (test_event_form(page, all))
        }
    }
}

fn subscription_form(page: &TenantPage, stored: Option<(usize, &Subscription)>) -> Markup {
    let id = stored.map_or_else(|| "new".to_owned(), |(number, _)| number.to_string());
    let shown = stored.map(|(_, subscription)| subscription.url.shown());
    let has_secret = stored.is_some_and(|(_, subscription)| subscription.secret.is_some());
    let (url_id, secret_id) = (format!("url-{id}"), format!("secret-{id}"));
    html! {
        form method="post" action=(page.path("webhooks/subscription")) {
            @if let Some((number, _)) = stored {
                input type="hidden" name="number" value=(number);
                input type="hidden" name="stored" value=[shown.as_deref()];
            }
            (field(&url_id, "Address", &html! { input id=(url_id) name="url" value=[shown.as_deref()] placeholder="http://127.0.0.1:5000/events" required autocomplete="off"; }))
            (field(&secret_id, "Secret, sent as Bearer token", &html! {
                input id=(secret_id) name="secret" type="password" autocomplete="new-password" placeholder=[has_secret.then_some("unchanged")];
            }))
            fieldset {
                legend { "Events" }
                p.checks { @for event in EventType::ALL {
                    label { input type="checkbox" name=(event.name()) value="1" checked[stored.is_none_or(|(_, known)| known.types.contains(&event))]; " " (event.name()) }
                } }
            }
            @if has_secret { p.checks { label { input type="checkbox" name="without_secret" value="1"; " Remove the secret" } } }
            p.buttons {
                button name="do" value="save" { @if stored.is_some() { "Save" } @else { "Add" } }
                @if stored.is_some() { button.danger name="do" value="remove" { "Remove" } }
            }
        }
    }
}

fn test_event_form(page: &TenantPage, all: &[Subscription]) -> Markup {
    html! {
        @if !all.is_empty() {
            form.row method="post" action=(page.path("webhooks/test")) {
                (field("test-event", "Test event", &html! {
                    select #test-event name="event" { @for event in EventType::ALL { option value=(event.name()) { (event.name()) } } }
                }))
                div.narrow { (field("test-customer", "Customer id", &html! { input #test-customer name="customer" value="1" inputmode="numeric" required autocomplete="off"; })) }
                div.buttons { button.quiet { "Send a test event" } }
            }
        }
    }
}

/// The extension with its hooks, and the test of one.
pub(super) fn hooks(page: &TenantPage, tried: Option<&TriedHook>) -> Markup {
    let stored = page.tenant.extension.as_ref();
    let token = |id: &str| html! { input id=(id) name=(id) type="password" autocomplete="new-password" placeholder=[stored.map(|_| "unchanged")]; };
    html! {
        section aria-labelledby="hooks" {
            h2 #hooks { "The extension's hooks" }
            @if let Some(tried) = tried { (answer(tried)) }
            @if stored.is_none() { p.empty { "There is no extension: the vendor's default behavior applies." } }
            @if let Some(extension) = stored {
                ul.plain { @for (hook, url) in &extension.hooks { li { (hook.as_str()) br; code { (url.shown()) } } }
                           @if extension.hooks.is_empty() { li.dim { "It answers no hooks." } } }
            }
            details.card {
                summary { @if stored.is_some() { "Change the extension" } @else { "Connect an extension" } }
                form method="post" action=(page.path("webhooks/extension")) {
                    (field("extension_token", "Token that the extension receives", &token("extension_token")))
                    (field("directscale_token", "Token with which it calls back", &token("directscale_token")))
                    (field("timeout", "Longest duration of a hook, seconds", &html! {
                        input #timeout name="timeout" inputmode="numeric" autocomplete="off" value=(stored.map_or(30, |extension| extension.timeout_seconds.get()));
                    }))
                    fieldset {
                        legend { "Address of each hook; an empty one is not called" }
                        @for hook in HOOKS {
                            (field(hook, hook, &html! {
                                input id=(hook) name=(hook) autocomplete="off" value=[stored.and_then(|extension| extension.url(hook)).map(TargetUrl::shown)];
                            }))
                        }
                    }
                    p.buttons {
                        button name="do" value="save" { "Save" }
                        @if stored.is_some() { button.danger name="do" value="remove" { "Disconnect the extension" } }
                    }
                }
            }
            @if let Some(extension) = stored.filter(|extension| !extension.hooks.is_empty()) { (test_hook_form(page, extension)) }
        }
    }
}

fn test_hook_form(page: &TenantPage, extension: &Extension) -> Markup {
    let request = page.form().filled("request").unwrap_or("{}");
    let chosen = page.form().text("hook");
    html! {
        details.card open[!chosen.is_empty()] {
            summary { "Test a hook" }
            form method="post" action=(page.path("webhooks/hook")) {
                (field("hook", "Hook", &html! {
                    select #hook name="hook" { @for id in extension.hooks.keys() { option value=(id.as_str()) selected[id.as_str() == chosen] { (id.as_str()) } } }
                }))
                (field("request", "Request, as JSON", &html! { textarea #request name="request" rows="5" spellcheck="false" { "\n" (request) } }))
                p.buttons { button.quiet { "Send it to the extension" } }
            }
        }
    }
}

fn answer(tried: &TriedHook) -> Markup {
    html! {
        div.alert.good role="status" { "The extension at " code { (tried.url) } " responded " strong { (tried.status) } "." }
        pre { (pretty_json(&redacted_text(&tried.body))) }
    }
}
