//! The tenant's clock.

use chrono::{DateTime, Utc};
use maud::html;

use super::PageResult;
use super::extract::TenantPage;
use super::format::time;
use super::layout::field;
use super::tabs::{self, Tab};
use crate::clock::Clock;
use crate::control::error::ControlError;

/// What the buttons advance by, in seconds.
const STEPS: [(i64, &str); 4] =
    [(3_600, "1 hour"), (86_400, "1 day"), (2_592_000, "30 days"), (31_536_000, "365 days")];

pub(super) async fn page(page: TenantPage) -> PageResult {
    Ok(render(&page, None))
}

/// Freezes, sets, advances or resumes it.
pub(super) async fn change(page: TenantPage) -> PageResult {
    match changed(&page).await {
        Ok(()) => Ok(page.to("clock")),
        Err(error) => Ok(render(&page, Some(&error))),
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

fn render(page: &TenantPage, problem: Option<&ControlError>) -> axum::http::Response<axum::body::Body> {
    let clock = page.tenant.clock;
    let now = clock.now();
    let words = match clock {
        Clock::Real => "It is real.",
        Clock::Frozen(_) => "It is frozen.",
        Clock::AheadBy(_) => "It runs, shifted from real time.",
    };
    let action = page.path("clock");
    let value = now.format("%Y-%m-%dT%H:%M:%S").to_string();
    let at = html! { input #at name="at" type="datetime-local" step="1" value=(value); };
    let seconds = html! { input #seconds name="seconds" inputmode="numeric" required placeholder="-3600"; };
    let body = html! {
        p.big { (time(now)) }
        p.lead { (words) " When it is advanced, work that becomes due is done, such as another attempt to deliver a webhook." }
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
    tabs::of_tenant(page, Tab::Clock, "Clock", problem, &body)
}
