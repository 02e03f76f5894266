//! The frame of every page, and parts that several pages have.

use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use maud::{DOCTYPE, Markup, html};

use super::assets::{ICON, SCRIPT, STYLE};
use super::dress::theme;
use super::format::at;
use crate::control::access::has_session;
use crate::control::error::ControlError;
use crate::control::typed;
use crate::guesses::TooManyGuesses;

/// A page may load and send only to its own server, and contains no script or style.
const POLICY: &str = "default-src 'self'; style-src 'self'; script-src 'self'; frame-ancestors 'none'; base-uri 'none'; \
                      form-action 'self'";

/// A page as it is framed.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Frame<'a> {
    pub heading: &'a str,
    /// The name of the tenant that the page belongs to.
    pub tenant: Option<&'a str>,
    pub problem: Option<&'a ControlError>,
    /// Between the head and the content.
    pub above: Option<&'a Markup>,
    /// On a wide screen, at the left of the content.
    pub beside: Option<&'a Markup>,
    /// Whether the page reloads every second.
    pub is_renewed: bool,
}

/// A page outside of a tenant.
pub(in crate::control) fn plain(title: &str, problem: Option<&ControlError>, body: &Markup) -> Response<Body> {
    framed(&Frame { heading: title, problem, ..Frame::default() }, body)
}

/// A page outside of a tenant that reloads every second.
pub(super) fn renewed(title: &str, body: &Markup) -> Response<Body> {
    framed(&Frame { heading: title, is_renewed: true, ..Frame::default() }, body)
}

/// The page with its head and navigation.
pub(super) fn framed(frame: &Frame<'_>, body: &Markup) -> Response<Body> {
    let Frame { heading, tenant, problem, above, beside, is_renewed } = *frame;
    let theme = theme();
    let content = html! {
        h1 { (heading) }
        @if let Some(problem) = problem {
            div.alert.bad role="alert" { strong { "That did not work: " } (problem.detail()) }
        }
        (body)
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" data-theme=(theme.name()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content=(theme.scheme());
                @if is_renewed { meta http-equiv="refresh" content="1"; }
                title { (heading) @if let Some(tenant) = tenant { " · " (tenant) } " · directscale-emulator" }
                link rel="stylesheet" href=(STYLE.address);
                link rel="icon" type="image/svg+xml" href=(ICON.address);
                script src=(SCRIPT.address) defer {}
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
                    div.buttons.aside {
                        a #palette-link .button.quiet.small href=(tenant.map_or_else(|| "/_emulator/go".to_owned(), |name| at(name, "go"))) {
                            "Go to" span.keys { " " kbd { "Ctrl K" } }
                        }
                        form #theme method="post" action={ "/_emulator/theme/" (theme.following().name()) } {
                            button.quiet.small title="Changes the colors" { "Colors: " (theme.name()) }
                        }
                        @if has_session() {
                            form method="post" action="/_emulator/logout" { button.quiet.small { "Log out" } }
                        }
                    }
                }
                @if let Some(above) = above { (above) }
                @if let Some(beside) = beside {
                    main.split #main tabindex="-1" { (beside) div.detail { (content) } }
                } @else {
                    main #main tabindex="-1" { (content) }
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
