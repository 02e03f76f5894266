//! The frame of a tenant's pages: the navigation between them, and banners.

use axum::body::Body;
use axum::http::Response;
use maud::{Markup, html};

use super::extract::TenantPage;
use super::format::{at, count, time};
use super::layout::{Frame, framed};
use crate::clock::Clock;
use crate::control::error::ControlError;
use crate::fault_injection::FaultListing;

/// The tenant's pages, in the order of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Requests,
    Customers,
    Changes,
    Webhooks,
    Faults,
    Clock,
    Data,
    Keys,
    Plan,
}

impl Tab {
    pub(super) const ALL: [Self; 9] = [
        Self::Requests,
        Self::Customers,
        Self::Changes,
        Self::Webhooks,
        Self::Faults,
        Self::Clock,
        Self::Data,
        Self::Keys,
        Self::Plan,
    ];

    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Requests => ("", "Requests"),
            Self::Customers => ("customers", "Customers"),
            Self::Changes => ("changes", "Type changes"),
            Self::Webhooks => ("webhooks", "Webhooks"),
            Self::Faults => ("faults", "Faults"),
            Self::Clock => ("clock", "Clock"),
            Self::Data => ("data", "Data"),
            Self::Keys => ("keys", "Keys"),
            Self::Plan => ("plan", "Plan"),
        }
    }
}

/// A page of a tenant.
pub(super) fn of_tenant(
    page: &TenantPage,
    tab: Tab,
    title: &str,
    problem: Option<&ControlError>,
    body: &Markup,
) -> Response<Body> {
    beside(page, tab, title, problem, None, body)
}

/// A page of a tenant with a list at its left on a wide screen.
pub(super) fn beside(
    page: &TenantPage,
    tab: Tab,
    title: &str,
    problem: Option<&ControlError>,
    list: Option<&Markup>,
    body: &Markup,
) -> Response<Body> {
    let name = page.name();
    let active = active_faults(page).count();
    let above = html! {
        nav.tabs aria-label="Pages of the tenant" {
            p.tenant { "Tenant " strong { (name) } }
            ul {
                @for known in Tab::ALL {
                    @let (path, words) = known.words();
                    li { a href=(at(name, path)) aria-current=[(known == tab).then_some("page")] {
                        (words)
                        @if known == Tab::Faults && active > 0 {
                            " " span.count { (active) span.unseen { " active" } }
                        }
                    } }
                }
            }
        }
        (banners(page))
    };
    let frame =
        Frame { heading: title, tenant: Some(name), problem, above: Some(&above), beside: list, is_renewed: false };
    framed(&frame, body)
}

/// The states that make a tenant respond in an unexpected way, on each of its pages.
fn banners(page: &TenantPage) -> Markup {
    let clock = page.tenant.clock;
    let mode = match clock {
        Clock::Real => None,
        Clock::Frozen(_) => Some("is frozen at"),
        Clock::AheadBy(_) => Some("runs, and shows"),
    };
    let active: Vec<&FaultListing> = active_faults(page).collect();
    html! {
        @if !active.is_empty() {
            aside.banner.bad aria-label="Injected faults" {
                strong { (count(active.len(), "fault is active", "faults are active")) ". " }
                @for (place, fault) in active.iter().take(3).enumerate() {
                    @if place > 0 { "; " }
                    (fault.rule)
                }
                @if active.len() > 3 { "; …" }
                ". " a href=(page.path("faults")) { "Look at them or delete them" }
            }
        }
        @if let Some(mode) = mode {
            aside.banner.warn aria-label="Clock" {
                strong { "The clock is not real. " }
                "It " (mode) " " (time(clock.now())) ". "
                a href=(page.path("clock")) { "Change it" }
            }
        }
    }
}

/// The rules that a later request or event can still trigger.
fn active_faults(page: &TenantPage) -> impl Iterator<Item = &FaultListing> {
    page.faults.iter().filter(|fault| !fault.rule.when().is_used_up_after(fault.matched))
}
