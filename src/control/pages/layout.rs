//! The frame of every page, and parts that several pages have.

use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use maud::{DOCTYPE, Markup, html};

use super::assets::VERSION;
use crate::control::access::has_session;
use crate::control::error::ControlError;
use crate::control::typed;
use crate::guesses::TooManyGuesses;

/// A page may load and send only to its own server, and contains no script or style.
const POLICY: &str = "default-src 'self'; style-src 'self'; script-src 'self'; frame-ancestors 'none'; base-uri 'none'; \
                      form-action 'self'";

/// A page outside of a tenant.
pub(in crate::control) fn plain(title: &str, problem: Option<&ControlError>, body: &Markup) -> Response<Body> {
    framed(title, None, problem, &html! {}, body, false)
}

/// A page outside of a tenant that reloads every second.
pub(super) fn renewed(title: &str, body: &Markup) -> Response<Body> {
    framed(title, None, None, &html! {}, body, true)
}

/// A page below a heading, with `above` between the head and its content.
pub(super) fn framed(
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
                    @if has_session() {
                        form method="post" action="/_emulator/logout" { button.quiet.small { "Log out" } }
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
    if let Some(ControlError::TooManyGuesses(TooManyGuesses(seconds))) = problem {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
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
