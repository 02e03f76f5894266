//! The deliveries of a tenant's events, and their subscribers.

mod integration;

use maud::{Markup, html};

use super::PageResult;
use super::extract::TenantPage;
use super::format::{count, time};
use super::json_text::pretty_json;
use super::layout::field;
use super::tabs::{self, Tab};
use crate::control::error::ControlError;
use crate::control::hooks::TriedHook;
use crate::webhooks::{self, AttemptListing, DeliveryListing, DeliveryState};

pub(super) use integration::{extension, subscription, test_event, test_hook};

const MAX_SHOWN: i64 = 100;

pub(super) async fn page(page: TenantPage) -> PageResult {
    render(&page, None, None).await
}

/// Resends one event, or all failed and dropped ones.
pub(super) async fn resend(page: TenantPage) -> PageResult {
    match resend_deliveries(&page).await {
        Ok(due) => Ok(page.to(&format!("webhooks?due={due}"))),
        Err(error) => render(&page, Some(error), None).await,
    }
}

async fn resend_deliveries(page: &TenantPage) -> Result<u64, ControlError> {
    let id = page.form().value("event", "the event")?;
    let now = page.tenant.clock.now();
    let due = webhooks::resend(&page.tenants().database, page.tenant.id, id, now).await?;
    page.tenants().customers.wake_deliveries();
    Ok(due)
}

/// The page, with the response of a hook that was tested.
async fn render(page: &TenantPage, problem: Option<ControlError>, tried: Option<&TriedHook>) -> PageResult {
    let text = page.request.query.text("state");
    let state = DeliveryState::ALL.into_iter().find(|state| state.name() == text);
    let (database, tenant) = (&page.tenants().database, page.tenant.id);
    let found = webhooks::list(database, tenant, state, MAX_SHOWN).await?;
    let mut events: Vec<_> = found.iter().map(|delivery| delivery.id).collect();
    events.dedup();
    let attempts = webhooks::attempts(database, tenant, &events).await?;
    let choice = html! {
        select #state name="state" {
            option value="" selected[state.is_none()] { "all" }
            @for known in DeliveryState::ALL {
                option value=(known.name()) selected[Some(known) == state] { (known.name()) }
            }
        }
    };
    let body = html! {
        (done(page))
        div.pair {
            (integration::subscriptions(page))
            (integration::hooks(page, tried))
        }
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
            @for delivery in &found { (of_delivery(page, delivery, &attempts)) }
        }
    };
    Ok(tabs::of_tenant(page, Tab::Webhooks, "Webhooks", problem.as_ref(), &body))
}

/// The result of a form that led here.
fn done(page: &TenantPage) -> Markup {
    let query = &page.request.query;
    html! {
        @if let Some(due) = query.filled("due") {
            div.alert.good role="status" { (due.chars().filter(char::is_ascii_digit).collect::<String>()) " deliveries are pending again." }
        }
        @if query.filled("changed").is_some() { div.alert.good role="status" { "Saved." } }
        @if query.filled("sent").is_some() {
            div.alert.good role="status" { "The test event is in the list of deliveries below. " a href=(page.path("webhooks")) { "Refresh" } }
        }
    }
}

fn of_delivery(page: &TenantPage, delivery: &DeliveryListing, attempts: &[AttemptListing]) -> Markup {
    let class = match delivery.state {
        DeliveryState::Delivered => "mark good",
        DeliveryState::Pending => "mark warn",
        DeliveryState::Failed | DeliveryState::Dropped => "mark bad",
    };
    let own = attempts.iter().filter(|attempt| attempt.id == delivery.id && attempt.url == delivery.url);
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
            (timeline(delivery, own.collect()))
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

/// The event, each attempt with its result, and what follows.
fn timeline(delivery: &DeliveryListing, attempts: Vec<&AttemptListing>) -> Markup {
    html! {
        details open[attempts.len() > 1] {
            summary { "Timeline" }
            ol.timeline {
                li { (time(delivery.created_at)) " The event happened." }
                @for attempt in attempts {
                    li.is-good[attempt.status.is_some_and(|status| (200..300).contains(&status))] {
                        (time(attempt.attempted_at)) " Attempt " (attempt.attempt) ": "
                        @match attempt.status { Some(status) => { "status " (status) }, None => "no response" }
                        " after " (attempt.duration_ms) " ms."
                    }
                }
                @match delivery.state {
                    DeliveryState::Pending => li.is-due { (time(delivery.due_at)) " The next attempt is due." },
                    DeliveryState::Delivered => "",
                    DeliveryState::Failed => li { "No further attempt." },
                    DeliveryState::Dropped => li { "A fault rule prevented the delivery." },
                }
            }
        }
    }
}
