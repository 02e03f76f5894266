//! The parts of a request's page.

use maud::{Markup, html};

use super::format::{at, count, grouped, milliseconds, plain, status};
use super::json_text::colored_json;
use crate::gateway::BODY_TOO_LARGE;
use crate::journal::{Entry, FieldChange, Headers, Reason, Text};

/// The violations, what was ignored, and operations with a similar path.
pub(super) fn why(entry: &Entry) -> Markup {
    html! {
        @if !entry.reasons.is_empty() {
            section aria-labelledby="why" {
                h2 #why { "Why it was rejected" }
                table.stack.reasons {
                    thead { tr { th scope="col" { "Field" } th scope="col" { "Rule" } th scope="col" { "Message" } } }
                    tbody { @for reason in &entry.reasons {
                        tr {
                            td data-label="Field" { code { (reason.field) } }
                            td data-label="Rule" { code { (reason.rule) } }
                            td data-label="Message" { (reason.message) }
                        }
                    } }
                }
            }
        }
        @if !entry.did_you_mean.names().is_empty() {
            section {
                h2 { "Did you mean" }
                ul.plain { @for operation in entry.did_you_mean.names() { li { code { (operation) } } } }
            }
        }
        @if !entry.ignored.is_empty() {
            section {
                h2 { "Ignored" }
                p { @for name in &entry.ignored { code.chip { (name) } " " } }
            }
        }
    }
}

pub(super) fn fields(fields: &[FieldChange]) -> Markup {
    html! {
        table.stack.fields {
            thead { tr { th scope="col" { "Field" } th scope="col" { "Before" } th scope="col" { "After" } } }
            tbody { @for field in fields {
                tr {
                    td data-label="Field" { code { (field.field) } }
                    td.before data-label="Before" { (plain(&field.before.value())) }
                    td.after data-label="After" { (plain(&field.after.value())) }
                }
            } }
        }
    }
}

pub(super) fn events(entry: &Entry, tenant: Option<&str>) -> Markup {
    if entry.events.is_empty() {
        return html! {};
    }
    html! {
        section {
            h2 { (count(entry.events.len(), "event", "events")) }
            @for event in &entry.events {
                details {
                    summary { (event.event_type) " of customer " (event.customer) }
                    pre tabindex="0" { (colored_json(&event.payload.value().to_string())) }
                    p.dim { "Event " code { (event.id) } }
                }
            }
            @if let Some(name) = tenant { p { a href=(at(name, "webhooks")) { "Their deliveries" } } }
        }
    }
}

/// How many effects the journal left out.
pub(super) fn left_out(entry: &Entry) -> Markup {
    html! {
        @if entry.left_out > 0 {
            p.hint { (count(entry.left_out, "more change, event or hook was", "more changes, events and hooks were")) " left out." }
        }
    }
}

pub(super) fn hooks(entry: &Entry) -> Markup {
    html! {
        @if !entry.hooks.is_empty() {
            section {
                h2 { "Hooks that the extension answered" }
                @for hook in &entry.hooks {
                    h3 { (hook.hook) }
                    p {
                        (status(hook.status)) " from " code { (hook.url) } " in " (milliseconds(hook.duration_ms)) ". "
                        @if hook.has_called_back { "Its callback wrote the change." } @else { "It did not call back." }
                    }
                    div.pair {
                        details { summary { "Request" } (body(&hook.request)) }
                        details { summary { "Response" } (body(&hook.response)) }
                    }
                }
            }
        }
    }
}

/// A request or a response.
pub(super) fn message(title: &str, headers: &Headers, text: &Text, exists: bool, reasons: &[Reason]) -> Markup {
    let is_too_long = reasons.iter().any(|reason| reason.rule == BODY_TOO_LARGE);
    html! {
        section.message aria-label=(title) {
            h2 { (title) }
            @if exists {
                @if text.is_unread() { (unread(text, is_too_long)) } @else { (body(text)) }
                details {
                    summary { (count(headers.iter().count(), "header", "headers")) }
                    dl.headers { @for (name, value) in headers.iter() { div { dt { (name) } dd { (value) } } } }
                }
            } @else {
                p.empty { "The connection ended without a response." }
            }
        }
    }
}

/// A body that the server did not read.
fn unread(text: &Text, is_too_long: bool) -> Markup {
    let length = if text.bytes > 0 { format!("{} bytes", grouped(text.bytes)) } else { "Sent in chunks".to_owned() };
    html! { p.empty { (length) @if is_too_long { ", over the limit, not stored." } @else { ", not read." } } }
}

fn body(text: &Text) -> Markup {
    html! {
        @if text.text.is_empty() {
            p.empty { "No body." }
        } @else {
            pre tabindex="0" { (colored_json(&text.text)) }
            @if text.is_truncated { p.hint { "The journal has only the beginning of " (text.bytes) " bytes." } }
        }
    }
}
