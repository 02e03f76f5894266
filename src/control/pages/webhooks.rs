//! The deliveries of a tenant's events, and their subscribers.

use maud::{Markup, html};

use super::PageResult;
use super::extract::TenantPage;
use super::format::{count, time};
use super::json_text::pretty_json;
use super::layout::field;
use super::tabs::{self, Tab};
use crate::control::error::ControlError;
use crate::webhooks::{self, DeliveryListing, DeliveryState};

const MAX_SHOWN: i64 = 100;

pub(super) async fn page(page: TenantPage) -> PageResult {
    render(&page, None).await
}

/// Resends one event, or all failed and dropped ones.
pub(super) async fn resend(page: TenantPage) -> PageResult {
    match resend_deliveries(&page).await {
        Ok(due) => Ok(page.to(&format!("webhooks?due={due}"))),
        Err(error) => render(&page, Some(error)).await,
    }
}

async fn resend_deliveries(page: &TenantPage) -> Result<u64, ControlError> {
    let id = page.form().value("event", "the event")?;
    let now = page.tenant.clock.now();
    let due = webhooks::resend(&page.tenants().database, page.tenant.id, id, now).await?;
    page.tenants().customers.wake_deliveries();
    Ok(due)
}

async fn render(page: &TenantPage, problem: Option<ControlError>) -> PageResult {
    let text = page.request.query.text("state");
    let state = DeliveryState::ALL.into_iter().find(|state| state.name() == text);
    let found = webhooks::list(&page.tenants().database, page.tenant.id, state, MAX_SHOWN).await?;
    let choice = html! {
        select #state name="state" {
            option value="" selected[state.is_none()] { "all" }
            @for known in DeliveryState::ALL {
                option value=(known.name()) selected[Some(known) == state] { (known.name()) }
            }
        }
    };
    let body = html! {
        @if let Some(due) = page.request.query.filled("due") {
            div.alert.good role="status" { (due.chars().filter(char::is_ascii_digit).collect::<String>()) " deliveries are pending again." }
        }
        (receivers(page))
        section aria-labelledby="deliveries" {
            h2 #deliveries { "Deliveries" }
            div.bar {
                form.row method="get" action=(page.path("webhooks")) {
                    (field("state", "State", &choice))
                    div.buttons { button { "Show" } }
                }
                div.buttons {
                    a.button.quiet href=(page.path("webhooks")) { "Refresh" }
                    form method="post" action=(page.path("webhooks/resend")) {
                        button.quiet { "Resend all failed or dropped" }
                    }
                }
            }
            @if found.is_empty() { p.empty { "No deliveries." } }
            @for delivery in &found { (of_delivery(page, delivery)) }
        }
    };
    Ok(tabs::of_tenant(page, Tab::Webhooks, "Webhooks", problem.as_ref(), &body))
}

fn of_delivery(page: &TenantPage, delivery: &DeliveryListing) -> Markup {
    let class = match delivery.state {
        DeliveryState::Delivered => "mark good",
        DeliveryState::Pending => "mark warn",
        DeliveryState::Failed | DeliveryState::Dropped => "mark bad",
    };
    html! {
        article.card {
            div.head {
                span class=(class) { (delivery.state.name()) } " " strong { (delivery.event_type) } " of customer "
                a href=(page.path(&format!("customers/{}", delivery.customer_id))) { (delivery.customer_id) }
            }
            p {
                "To " code { (delivery.url) } ", " (time(delivery.created_at)) ". "
                @let attempts = usize::try_from(delivery.attempts).unwrap_or_default();
                @if attempts == 0 { "Not attempted yet" } @else { (count(attempts, "attempt", "attempts")) }
                @if let Some(at) = delivery.attempted_at {
                    ", the last " (time(at))
                    @if let Some(status) = delivery.status { ": status " (status) }
                    @if let Some(ms) = delivery.duration_ms { " in " (ms) " ms" }
                }
                "."
                @if delivery.state == DeliveryState::Pending { " Due " (time(delivery.due_at)) "." }
                @if let Some(fault) = delivery.fault_id { " It triggered fault " (fault) "." }
            }
            @if let Some(response) = delivery.response.as_deref().filter(|text| !text.is_empty()) {
                details { summary { "Last response" } pre { (pretty_json(response)) } }
            }
            details { summary { "Payload" } pre { (pretty_json(&delivery.payload)) } }
            form method="post" action=(page.path("webhooks/resend")) {
                input type="hidden" name="event" value=(delivery.id);
                button.quiet.small { "Resend" span.unseen { " event " (delivery.id) } }
            }
        }
    }
}

/// The subscribers, and the extension's hooks.
fn receivers(page: &TenantPage) -> Markup {
    let subscriptions = page.tenant.events.as_ref().map(|events| events.subscriptions.as_slice()).unwrap_or_default();
    html! {
        div.pair {
            section {
                h2 { "Subscribers" }
                @if subscriptions.is_empty() { p.empty { "None." } }
                ul.plain { @for subscription in subscriptions {
                    li { code { (subscription.url.shown()) } br;
                         span.dim { (subscription.types.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")) } }
                } }
            }
            section {
                h2 { "The extension's hooks" }
                @match &page.tenant.extension {
                    None => p.empty { "There is no extension: the vendor's default behavior applies." },
                    Some(extension) => ul.plain {
                        @for (hook, url) in &extension.hooks { li { (hook.as_str()) br; code { (url.shown()) } } }
                        @if extension.hooks.is_empty() { li.dim { "It answers no hooks." } }
                    },
                }
            }
        }
    }
}
