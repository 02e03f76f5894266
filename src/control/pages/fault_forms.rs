//! The forms that add fault rules.

use maud::{Markup, html};

use super::extract::TenantPage;
use super::fault_rules::{PRESETS, Preset};
use super::forms::Fields;
use super::layout::field;
use crate::webhooks::EventType;

/// A sentence about the rule that a form describes, in that form.
pub(super) struct Preview {
    pub is_for_events: bool,
    pub sentence: String,
}

pub(super) fn presets(page: &TenantPage) -> Markup {
    let operations = operations(page, "");
    let choice = html! {
        select #preset-operation name="operation" { option value="" { "as the preset says" } (operations) }
    };
    let card = |preset: &Preset| {
        html! {
            li {
                button.quiet name="preset" value=(preset.name) aria-describedby=(format!("about-{}", preset.name)) { (preset.label) }
                p.hint id=(format!("about-{}", preset.name)) { (preset.meaning) }
            }
        }
    };
    html! {
        section aria-labelledby="presets" {
            h2 #presets { "Presets" }
            form method="post" action=(page.path("faults/preset")) {
                div.row { (field("preset-operation", "For the operation", &choice)) }
                ul.presets { @for preset in PRESETS.iter().filter(|preset| !preset.is_for_events()) { (card(preset)) } }
                h3 { "For webhooks" }
                ul.presets { @for preset in PRESETS.iter().filter(|preset| preset.is_for_events()) { (card(preset)) } }
            }
        }
    }
}

fn options(chosen: &str, all: &[(&str, &str)]) -> Markup {
    html! { @for (value, words) in all { option value=(value) selected[*value == chosen] { (words) } } }
}

fn operations(page: &TenantPage, chosen: &str) -> Markup {
    let names = page.request.control.catalog.operations().map(|name| (name, name));
    let all: Vec<(&str, &str)> = std::iter::once(("*", "* (any)")).chain(names).collect();
    options(chosen, &all)
}

const WHEN: [(&str, &str); 4] = [
    ("every", "every time"),
    ("first", "the first N times"),
    ("request", "only time number N"),
    ("probability", "with N percent probability"),
];

/// A style sheet shows N only where it is used.
fn when_fields(form: &Fields, prefix: &str) -> Markup {
    let (when, times) = (format!("{prefix}when"), format!("{prefix}times"));
    html! {
        (field(&when, "When", &html! { select id=(when) name="when" { (options(form.text("when"), &WHEN)) } }))
        div.narrow.for-number { (field(&times, "N", &html! { input id=(times) name="times" value=(form.text("times")) inputmode="decimal" autocomplete="off"; })) }
    }
}

/// The sentence, which a script keeps up to date, and the buttons.
fn end(page: &TenantPage, kind: &str, preview: Option<&Preview>) -> Markup {
    html! {
        p.sentence aria-live="polite" data-sentence=(page.path(&format!("faults/sentence?kind={kind}"))) hidden[preview.is_none()] {
            "What will happen: " strong { @if let Some(preview) = preview { (preview.sentence) "." } }
        }
        p.buttons {
            button { "Add" }
            button.quiet.without-scripts name="do" value="preview" { "What will happen?" }
        }
    }
}

pub(super) fn for_requests(page: &TenantPage, preview: Option<&Preview>) -> Markup {
    let form = page.form();
    let points = [
        ("before", "before the handler: nothing changes"),
        ("inside", "inside the transaction, rolled back"),
        ("after", "after the commit, changes stay"),
    ];
    let responses = [
        ("status", "this status"),
        ("reset", "a reset connection"),
        ("empty", "a closed connection"),
        ("truncated", "a truncated response"),
        ("delay", "the normal response (delay only)"),
    ];
    let text = |id: &str, hint: &str| html! { input id=(id) name=(id) value=(form.text(id)) placeholder=(hint) autocomplete="off"; };
    html! {
        section aria-labelledby="for-requests" {
            h2 #for-requests { "Add a fault for requests" }
            form method="post" action=(page.path("faults")) {
                div.row {
                    (field("operation", "Operation", &html! { select #operation name="operation" { (operations(page, form.text("operation"))) } }))
                    (when_fields(form, "request-"))
                    (field("point", "Where", &html! { select #point name="point" { (options(form.text("point"), &points)) } }))
                }
                div.row {
                    (field("response", "The caller gets", &html! { select #response name="response" { (options(form.text("response"), &responses)) } }))
                    div.narrow.for-status { (field("code", "Status", &text("code", "500"))) }
                    div.for-status.field-of-row { (field("message", "Message", &text("message", "the gateway's own error"))) }
                    div.narrow.for-status { (field("retry_after", "Retry-After, s", &text("retry_after", "429 and 403"))) }
                    div.narrow { (field("delay", "Delay, ms", &text("delay", "0"))) }
                }
                (end(page, "request", preview.filter(|preview| !preview.is_for_events)))
            }
        }
    }
}

pub(super) fn for_events(page: &TenantPage, preview: Option<&Preview>) -> Markup {
    let form = page.form();
    let actions = [
        ("drop", "is not delivered"),
        ("duplicate", "is delivered twice"),
        ("delay", "is delivered later"),
        ("reorder", "is delivered after the next one"),
    ];
    let names = EventType::ALL.map(EventType::name);
    let events: Vec<(&str, &str)> = std::iter::once(("*", "* (any)")).chain(names.map(|name| (name, name))).collect();
    html! {
        section aria-labelledby="for-events" {
            h2 #for-events { "Add a fault for events" }
            form method="post" action=(page.path("faults/event")) {
                div.row {
                    (field("event", "Event", &html! { select #event name="event" { (options(form.text("event"), &events)) } }))
                    (field("action", "The event", &html! { select #action name="action" { (options(form.text("action"), &actions)) } }))
                    div.narrow.for-seconds { (field("event-seconds", "Delay, s", &html! {
                        input #event-seconds name="seconds" value=(form.text("seconds")) inputmode="numeric" autocomplete="off";
                    })) }
                    (when_fields(form, "event-"))
                }
                (end(page, "event", preview.filter(|preview| preview.is_for_events)))
            }
        }
    }
}

pub(super) fn in_json(page: &TenantPage) -> Markup {
    let example = r#"{"operation": "UpgradeCustomer", "when": {"first": 3}, "point": "after", "response": "reset"}"#;
    let text = page.form().filled("json").unwrap_or(example);
    html! {
        section aria-labelledby="in-json" {
            h2 #in-json { "Or as JSON" }
            form method="post" action=(page.path("faults/json")) {
                (field("json", "Rule", &html! { textarea #json name="json" rows="4" spellcheck="false" { (text) } }))
                p.buttons { button.quiet { "Add" } }
            }
        }
    }
}
