//! What subscribers were told of, and who they are.

use maud::{Markup, html};

use super::Shown;
use super::extract::Visit;
use super::format::{count, time};
use super::json_text::laid_out;
use super::layout::{self, Tab, field};
use crate::control::error::ControlError;
use crate::webhooks::{DeliveryListing, list, resend as resend_deliveries};

/// So many deliveries are shown.
const MOST: i64 = 100;

const STATES: [(&str, &str); 5] = [
    ("", "All"),
    ("pending", "Pending"),
    ("delivered", "Delivered"),
    ("dead", "Given up"),
    ("lost", "Lost on purpose"),
];

pub(super) async fn page(visit: Visit) -> Shown {
    shown(&visit, None).await
}

/// Sends one event again, or all that were given up or lost.
pub(super) async fn resend(visit: Visit) -> Shown {
    match due_again(&visit).await {
        Ok(due) => Ok(visit.to(&format!("events?due={due}"))),
        Err(error) => shown(&visit, Some(error)).await,
    }
}

async fn due_again(visit: &Visit) -> Result<u64, ControlError> {
    let id = visit.form().value("event", "the event")?;
    let now = visit.tenant.clock.now();
    let due = resend_deliveries(&visit.tenants().database, visit.name(), id, now).await?;
    visit.tenants().customers.wake_deliveries();
    Ok(due)
}

async fn shown(visit: &Visit, problem: Option<ControlError>) -> Shown {
    let asked = visit.asked.query.text("state");
    let state = STATES.iter().map(|(name, _)| *name).find(|name| *name == asked && !name.is_empty());
    let found = list(&visit.tenants().database, visit.name(), state, MOST).await?;
    let choice = html! {
        select #state name="state" { @for (name, words) in STATES { option value=(name) selected[Some(name) == state] { (words) } } }
    };
    let body = html! {
        @if let Some(due) = visit.asked.query.filled("due") {
            div.alert.good role="status" { (due.chars().filter(char::is_ascii_digit).collect::<String>()) " deliveries are due again." }
        }
        (connected(visit))
        section aria-labelledby="deliveries" {
            h2 #deliveries { "Deliveries" }
            div.bar {
                form.row method="get" action=(visit.path("events")) {
                    (field("state", "State", &choice))
                    div.buttons { button { "Show" } }
                }
                div.buttons {
                    a.button.quiet href=(visit.path("events")) { "Refresh" }
                    form method="post" action=(visit.path("events/resend")) {
                        button.quiet { "Resend all given up or lost" }
                    }
                }
            }
            @if found.is_empty() { p.empty { "No event was told of." } }
            @for delivery in &found { (of_delivery(visit, delivery)) }
        }
    };
    Ok(layout::of_tenant(visit, Tab::Events, "Events", problem.as_ref(), &body))
}

fn of_delivery(visit: &Visit, delivery: &DeliveryListing) -> Markup {
    let class = match delivery.state.as_str() {
        "delivered" => "mark good",
        "pending" => "mark warn",
        _ => "mark bad",
    };
    let words = STATES.iter().find(|(name, _)| *name == delivery.state).map_or("", |(_, words)| words);
    html! {
        article.card {
            div.head {
                span class=(class) { (words) } " " strong { (delivery.event_type) } " of customer "
                a href=(visit.path(&format!("customers/{}", delivery.customer_id))) { (delivery.customer_id) }
            }
            p {
                "To " code { (delivery.url) } ", " (time(delivery.created_at)) ". "
                @let attempts = usize::try_from(delivery.attempts).unwrap_or_default();
                @if attempts == 0 { "Not tried yet" } @else { (count(attempts, "attempt", "attempts")) }
                @if let Some(at) = delivery.attempted_at {
                    ", the last " (time(at))
                    @if let Some(status) = delivery.status { ": status " (status) }
                    @if let Some(ms) = delivery.duration_ms { " in " (ms) " ms" }
                }
                "."
                @if delivery.state == "pending" { " Due " (time(delivery.due_at)) "." }
                @if let Some(fault) = delivery.fault_id { " It met fault " (fault) "." }
            }
            @if let Some(response) = delivery.response.as_deref().filter(|text| !text.is_empty()) {
                details { summary { "Last response" } pre { (laid_out(response)) } }
            }
            details { summary { "What is told" } pre { (laid_out(&delivery.body)) } }
            form method="post" action=(visit.path("events/resend")) {
                input type="hidden" name="event" value=(delivery.id);
                button.quiet.small { "Resend" span.unseen { " event " (delivery.id) } }
            }
        }
    }
}

/// Who hears of events, and who answers hooks.
fn connected(visit: &Visit) -> Markup {
    let subscriptions = visit.tenant.events.as_ref().map(|events| events.subscriptions.as_slice()).unwrap_or_default();
    html! {
        div.pair {
            section {
                h2 { "Who is subscribed" }
                @if subscriptions.is_empty() { p.empty { "Nobody." } }
                ul.plain { @for subscription in subscriptions {
                    li { code { (subscription.url.as_str()) } br;
                         span.dim { (subscription.types.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")) } }
                } }
            }
            section {
                h2 { "The extension's hooks" }
                @match &visit.tenant.extension {
                    None => p.empty { "There is no extension: the vendor's own behaviour." },
                    Some(extension) => ul.plain {
                        @for (hook, url) in &extension.hooks { li { (hook.as_str()) br; code { (url.as_str()) } } }
                        @if extension.hooks.is_empty() { li.dim { "It answers none." } }
                    },
                }
            }
        }
    }
}
