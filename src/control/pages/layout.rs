//! The frame of every page: head, navigation, banners.

use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use maud::{DOCTYPE, Markup, html};

use super::assets::VERSION;
use super::extract::Visit;
use super::format::{at, count, time};
use crate::clock::Clock;
use crate::control::error::ControlError;
use crate::control::typed;
use crate::fault_injection::FaultListing;

/// A page may load and send only to its own server, and contains no script or style.
const POLICY: &str = "default-src 'self'; style-src 'self'; script-src 'self'; frame-ancestors 'none'; base-uri 'none'; \
                      form-action 'self'";

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
    const ALL: [Self; 9] = [
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

    fn words(self) -> (&'static str, &'static str) {
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
    visit: &Visit,
    tab: Tab,
    title: &str,
    problem: Option<&ControlError>,
    body: &Markup,
) -> Response<Body> {
    let name = visit.name();
    let active = active_faults(visit).count();
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
        (banners(visit))
    };
    page(title, Some(name), problem, &above, body, false)
}

/// A page outside of a tenant.
pub(in crate::control) fn plain(title: &str, problem: Option<&ControlError>, body: &Markup) -> Response<Body> {
    page(title, None, problem, &html! {}, body, false)
}

/// A page outside of a tenant that reloads every second.
pub(super) fn renewed(title: &str, body: &Markup) -> Response<Body> {
    page(title, None, None, &html! {}, body, true)
}

fn page(
    heading: &str,
    tenant: Option<&str>,
    problem: Option<&ControlError>,
    above: &Markup,
    body: &Markup,
    is_renewed: bool,
) -> Response<Body> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                @if is_renewed { meta http-equiv="refresh" content="1"; }
                title { (heading) @if let Some(tenant) = tenant { " · " (tenant) } " · directscale-emulator" }
                link rel="stylesheet" href={ "/_emulator/assets/inspector.css?v=" (VERSION) };
                link rel="icon" type="image/svg+xml" href="/_emulator/assets/icon.svg";
                script src={ "/_emulator/assets/inspector.js?v=" (VERSION) } defer {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header.top {
                    a.brand href="/_emulator" { "directscale-emulator" }
                    nav aria-label="Pages of the server" {
                        a href="/_emulator" { "Tenants" }
                        a href="/_emulator/unauthenticated" { "Unauthenticated requests" }
                        a href="/_emulator/docs" { "Operations" }
                        a href="/_emulator/coverage" { "Coverage" }
                    }
                }
                (above)
                main #main tabindex="-1" {
                    h1 { (heading) }
                    @if let Some(problem) = problem {
                        div.alert.bad role="alert" { strong { "That did not work: " } (problem.detail()) }
                    }
                    (body)
                }
            }
        }
    };
    let mut response = typed("text/html; charset=utf-8", page.into_string());
    if let Some(problem) = problem {
        *response.status_mut() = problem.status();
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// The states that make a tenant respond in an unexpected way, on each of its pages.
fn banners(visit: &Visit) -> Markup {
    let clock = visit.tenant.clock;
    let mode = match clock {
        Clock::Real => None,
        Clock::Frozen(_) => Some("is frozen at"),
        Clock::AheadBy(_) => Some("runs, and shows"),
    };
    let active: Vec<&FaultListing> = active_faults(visit).collect();
    html! {
        @if !active.is_empty() {
            aside.banner.bad aria-label="Injected faults" {
                strong { (count(active.len(), "fault is active", "faults are active")) ". " }
                @for (place, fault) in active.iter().take(3).enumerate() {
                    @if place > 0 { "; " }
                    (fault.rule)
                }
                @if active.len() > 3 { "; …" }
                ". " a href=(visit.path("faults")) { "Look at them or delete them" }
            }
        }
        @if let Some(mode) = mode {
            aside.banner.warn aria-label="Clock" {
                strong { "The clock is not real. " }
                "It " (mode) " " (time(clock.now())) ". "
                a href=(visit.path("clock")) { "Change it" }
            }
        }
    }
}

/// The rules that a later request or event can still trigger.
fn active_faults(visit: &Visit) -> impl Iterator<Item = &FaultListing> {
    visit.faults.iter().filter(|fault| !fault.rule.when().is_used_up_after(fault.matched))
}

/// A list of terms and their values, without those that are empty.
pub(super) fn facts(pairs: &[(&str, Markup)]) -> Markup {
    html! {
        dl.facts {
            @for (term, fact) in pairs.iter().filter(|(_, fact)| !fact.0.is_empty()) {
                div { dt { (term) } dd { (fact) } }
            }
        }
    }
}

/// A new key, which is shown once.
pub(super) fn new_key(name: &str, account: Option<&str>, key: &str) -> Markup {
    html! {
        div.alert.good.key role="status" {
            p { strong { "The key '" (name) "'." } " Copy it now: later only its last four characters are shown." }
            @if let Some(account) = account { p { "User name or client id: " code { (account) } } }
            p { code #new-key { (key) } " " button type="button" data-copy="new-key" hidden { "Copy" } }
        }
    }
}

/// A field of a form with its label.
pub(super) fn field(id: &str, label: &str, input: &Markup) -> Markup {
    html! { div.field { label for=(id) { (label) } (input) } }
}
