//! The tenant's clock.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::PageResult;
use super::extract::TenantPage;
use super::format::time;
use super::layout::field;
use super::tabs::{self, Tab};
use crate::clock::Clock;
use crate::control::error::ControlError;
use crate::webhooks;

/// Maximum number of webhooks, and of reward points, that are listed as due.
const MAX_DUE: i64 = 10;

/// What the buttons advance by, in seconds.
const STEPS: [(i64, &str); 4] =
    [(3_600, "1 hour"), (86_400, "1 day"), (2_592_000, "30 days"), (31_536_000, "365 days")];

pub(super) async fn page(page: TenantPage) -> PageResult {
    render(&page, None).await
}

/// Freezes, sets, advances or resumes it.
pub(super) async fn change(page: TenantPage) -> PageResult {
    match changed(&page).await {
        Ok(()) => Ok(page.to("clock")),
        Err(error) => render(&page, Some(error)).await,
    }
}

async fn changed(page: &TenantPage) -> Result<(), ControlError> {
    let form = page.form();
    let at: Option<DateTime<Utc>> = form.time("at")?;
    let seconds: Option<i64> = form.value("seconds", "the seconds")?;
    let change = |clock: Clock| match (form.text("do"), at, seconds) {
        ("real", ..) => Some(Clock::Real),
        ("freeze", at, _) => clock.frozen(at),
        ("set", Some(at), _) => clock.set(at),
        ("advance", _, Some(seconds)) => clock.advanced(seconds),
        _ => None,
    };
    match (form.text("do"), at, seconds) {
        ("set", None, _) => return Err(ControlError::Bad("the time is missing".to_owned())),
        ("advance", _, None) => return Err(ControlError::Bad("the seconds are missing".to_owned())),
        _ => {}
    }
    page.tenants().set_clock(page.name(), change).await?;
    Ok(())
}

async fn render(page: &TenantPage, problem: Option<ControlError>) -> PageResult {
    let clock = page.tenant.clock;
    let (now, real) = (clock.now(), Clock::Real.now());
    let words = match clock {
        Clock::Real => "It is real.",
        Clock::Frozen(_) => "It is frozen.",
        Clock::AheadBy(_) => "It runs, shifted from real time.",
    };
    let action = page.path("clock");
    let value = now.format("%Y-%m-%dT%H:%M:%S").to_string();
    let at = html! { input #at name="at" type="datetime-local" step="1" value=(value); };
    let seconds = html! { input #seconds name="seconds" inputmode="numeric" required placeholder="-3600"; };
    let is_frozen = matches!(clock, Clock::Frozen(_));
    let body = html! {
        dl.facts {
            div { dt { "The tenant's time" } dd.big data-ticks=(now.to_rfc3339()) data-frozen[is_frozen] { (time(now)) } }
            div { dt { "Real time" } dd data-ticks=(real.to_rfc3339()) { (time(real)) } }
            @if !matches!(clock, Clock::Real) {
                div { dt { "Difference" } dd { (difference((now - real).num_seconds())) @if is_frozen { ", and growing" } } }
            }
        }
        p.lead { (words) " When it is advanced, work that becomes due is done, such as another attempt to deliver a webhook." }
        (due_next(page, now).await?)
        section {
            h2 { "Advance" }
            div.row {
                @for (seconds, words) in STEPS {
                    form method="post" action=(action) {
                        input type="hidden" name="do" value="advance";
                        button name="seconds" value=(seconds) { "+ " (words) }
                    }
                }
            }
            form.row method="post" action=(action) {
                input type="hidden" name="do" value="advance";
                (field("seconds", "Seconds; a negative number sets it back", &seconds))
                div.buttons { button.quiet { "Advance" } }
            }
        }
        section {
            h2 { "Set" }
            form.row method="post" action=(action) {
                (field("at", "Time (UTC)", &at))
                div.buttons {
                    button name="do" value="freeze" { "Freeze at this time" }
                    button.quiet name="do" value="set" { "Run from this time" }
                }
            }
        }
        section {
            h2 { "Freeze or resume" }
            div.row {
                form method="post" action=(action) { button.quiet name="do" value="freeze" { "Freeze now" } }
                form method="post" action=(action) { button.quiet name="do" value="real" { "Resume real time" } }
            }
        }
    };
    Ok(tabs::of_tenant(page, Tab::Clock, "Clock", problem.as_ref(), &body))
}

/// The webhooks and the points whose time comes next.
async fn due_next(page: &TenantPage, now: DateTime<Utc>) -> Result<Markup, ControlError> {
    let (tenants, tenant) = (page.tenants(), page.tenant.id);
    let _presence = tenants.enter(tenant).await?;
    let webhooks = webhooks::due_next(&tenants.database, tenant, MAX_DUE).await?;
    let points = tenants.customers.expiring_points(tenant, now, MAX_DUE).await?;
    let mut due: Vec<(DateTime<Utc>, Markup)> = Vec::new();
    for webhook in &webhooks {
        due.push((webhook.due_at, html! {
            @if webhook.attempts == 0 { "First attempt" } @else { "Attempt " (webhook.attempts + 1) }
            " to deliver " (webhook.event_type) " of " (customer(page, webhook.customer_id)) " to " code { (webhook.url) }
        }));
    }
    for entry in &points {
        due.push((entry.expires_at, html! { (entry.points) " reward points of " (customer(page, entry.customer_id)) " expire, or what is left of them" }));
    }
    due.sort_by_key(|(at, _)| *at);
    Ok(html! {
        section aria-labelledby="due" {
            h2 #due { "What is due next" }
            @if due.is_empty() { p.empty { "Nothing waits for a time." } }
            @else {
                table.stack {
                    thead { tr { th scope="col" { "At the tenant's time" } th scope="col" { "In" } th scope="col" { "What" } th scope="col" { span.unseen { "Action" } } } }
                    tbody { @for (number, (at, what)) in due.iter().enumerate() {
                        @let left = (*at - now).num_milliseconds().div_euclid(1_000) + 1;
                        tr {
                            td data-label="At" { (time(*at)) }
                            td data-label="In" { @if *at <= now { "now" } @else { (difference(left)) } }
                            td data-label="What" { (what) }
                            td data-label="" { @if *at > now {
                                form method="post" action=(page.path("clock")) {
                                    input type="hidden" name="do" value="advance";
                                    button.quiet.small name="seconds" value=(left) { "Advance to it" span.unseen { ", number " (number + 1) } }
                                }
                            } }
                        }
                    } }
                }
            }
            @if matches!(page.tenant.clock, Clock::Frozen(_)) { p.hint { "The clock is frozen: nothing becomes due until it is advanced or resumed." } }
        }
    })
}

fn customer(page: &TenantPage, id: i32) -> Markup {
    html! { a href=(page.path(&format!("customers/{id}"))) { "customer " (id) } }
}

/// A number of seconds as people read it, such as `2 d 3 h`: its two largest units.
fn difference(seconds: i64) -> String {
    let (sign, mut left) = (if seconds < 0 { "-" } else { "" }, seconds.unsigned_abs());
    let mut parts = Vec::new();
    for (unit, name) in [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")] {
        if left >= unit || (name == "s" && parts.is_empty()) {
            parts.push(format!("{} {name}", left / unit));
            left %= unit;
        }
        if parts.len() == 2 {
            break;
        }
    }
    format!("{sign}{}", parts.join(" "))
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn a_difference_has_its_two_largest_units() {
        let shown: Vec<String> = [0, 59, 60, 3_661, 90_000, -86_400].into_iter().map(difference).collect();
        assert_eq!(shown, ["0 s", "59 s", "1 min", "1 h 1 min", "1 d 1 h", "-1 d"]);
    }
}
