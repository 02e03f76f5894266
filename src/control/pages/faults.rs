//! Injected faults: the rules of a tenant, and forms that add more.

use std::str::FromStr;

use maud::{Markup, html};
use serde_json::{Map, Value, json};

use super::PageResult;
use super::extract::TenantPage;
use super::format::time;
use super::forms::Fields;
use super::layout::field;
use super::tabs::{self, Tab};
use crate::control::error::ControlError;
use crate::fault_injection::{FaultListing, FaultRule};
use crate::webhooks::EventType;
use crate::wire::misread::without_value;

pub(super) async fn page(page: TenantPage) -> PageResult {
    Ok(render(&page, None))
}

pub(super) async fn add(page: TenantPage) -> PageResult {
    let rule = request_rule(page.form());
    add_and_show(&page, rule).await
}

pub(super) async fn add_event(page: TenantPage) -> PageResult {
    let rule = event_rule(page.form());
    add_and_show(&page, rule).await
}

pub(super) async fn add_json(page: TenantPage) -> PageResult {
    let json = serde_json::from_str(page.form().text("json"));
    let json = json.map_err(|error| ControlError::Bad(format!("the rule is not JSON: {error}")));
    add_and_show(&page, json).await
}

/// Deletes one rule, or all.
pub(super) async fn delete(page: TenantPage) -> PageResult {
    let (tenants, tenant) = (page.tenants(), page.tenant.id);
    let id: Result<Option<i32>, ControlError> = page.form().value("fault", "the fault");
    let deleted = match id {
        Ok(Some(id)) => tenants.delete_fault_rule(tenant, id).await.map(drop).map_err(ControlError::from),
        Ok(None) => tenants.clear_fault_rules(tenant).await.map_err(ControlError::from),
        Err(error) => Err(error),
    };
    match deleted {
        Ok(()) => Ok(page.to("faults")),
        Err(error) => Ok(render(&page, Some(&error))),
    }
}

async fn add_and_show(page: &TenantPage, rule: Result<Value, ControlError>) -> PageResult {
    match add_rule(page, rule).await {
        Ok(()) => Ok(page.to("faults")),
        Err(error) => Ok(render(page, Some(&error))),
    }
}

async fn add_rule(page: &TenantPage, rule: Result<Value, ControlError>) -> Result<(), ControlError> {
    let rule: FaultRule =
        serde_json::from_value(rule?).map_err(|error| ControlError::Bad(without_value(&error.to_string())))?;
    page.request.control.catalog.check(&rule).map_err(ControlError::Bad)?;
    page.tenants().add_fault_rule(page.tenant.id, &rule).await?;
    Ok(())
}

/// A number that the form must contain.
fn number<T: FromStr>(form: &Fields, name: &str, what: &str) -> Result<T, ControlError> {
    form.value(name, what)?.ok_or_else(|| ControlError::Bad(format!("{what} is missing")))
}

fn when(form: &Fields) -> Result<Value, ControlError> {
    Ok(match form.text("when") {
        "first" => json!({ "first": number::<u32>(form, "times", "the number of times")? }),
        "request" => json!({ "request": number::<u32>(form, "times", "the number")? }),
        "probability" => {
            let percent: f64 = number(form, "times", "the percentage")?;
            json!({ "probability": { "p": percent / 100.0, "random_seed": 0 } })
        }
        _ => json!("every"),
    })
}

fn request_rule(form: &Fields) -> Result<Value, ControlError> {
    let mut rule = Map::new();
    rule.insert("operation".to_owned(), form.needed("operation", "the operation")?.into());
    rule.insert("when".to_owned(), when(form)?);
    rule.insert("point".to_owned(), form.filled("point").unwrap_or("before").into());
    if let Some(delay) = form.value::<u64>("delay", "the delay")? {
        rule.insert("delay_ms".to_owned(), delay.into());
    }
    match form.text("response") {
        "delay" => {}
        "" | "status" => {
            let mut status = Map::new();
            status.insert("code".to_owned(), number::<u16>(form, "code", "the status")?.into());
            if let Some(message) = form.filled("message") {
                status.insert("message".to_owned(), message.into());
            }
            rule.insert("response".to_owned(), json!({ "status": status }));
        }
        other => drop(rule.insert("response".to_owned(), other.into())),
    }
    Ok(rule.into())
}

fn event_rule(form: &Fields) -> Result<Value, ControlError> {
    let action = match form.text("action") {
        "delay" => json!({ "delay": number::<u32>(form, "seconds", "the delay in seconds")? }),
        other => json!(other),
    };
    Ok(json!({ "event": form.needed("event", "the event")?, "when": when(form)?, "action": action }))
}

fn render(page: &TenantPage, problem: Option<&ControlError>) -> axum::http::Response<axum::body::Body> {
    let body = html! {
        section aria-labelledby="rules" {
            h2 #rules { "Rules" }
            @if page.faults.is_empty() {
                p.empty { "None: every request gets its normal response." }
            } @else {
                @for fault in &page.faults { (of_fault(page, fault)) }
                form method="post" action=(page.path("faults/delete")) { button.danger { "Delete all" } }
            }
        }
        (request_form(page))
        (event_form(page))
        (json_form(page))
    };
    tabs::of_tenant(page, Tab::Faults, "Faults", problem, &body)
}

fn of_fault(page: &TenantPage, fault: &FaultListing) -> Markup {
    let is_used_up = fault.rule.when().is_used_up_after(fault.matched);
    html! {
        article.card.active[!is_used_up] {
            div.head {
                @if is_used_up { span.mark { "used up" } } @else { span.mark.bad { "active" } }
                " " strong { (fault.id) ". " (fault.rule) }
            }
            p { "Triggered " (fault.triggered) " of " (fault.matched) " times. Added " (time(fault.created_at)) "." }
            form method="post" action=(page.path("faults/delete")) {
                input type="hidden" name="fault" value=(fault.id);
                button.quiet.small { "Delete" span.unseen { " fault " (fault.id) } }
            }
        }
    }
}

fn options(chosen: &str, all: &[(&str, &str)]) -> Markup {
    html! { @for (value, words) in all { option value=(value) selected[*value == chosen] { (words) } } }
}

const WHEN: [(&str, &str); 4] = [
    ("every", "every time"),
    ("first", "the first N times"),
    ("request", "only time number N"),
    ("probability", "with N percent probability"),
];

fn when_fields(form: &Fields, prefix: &str) -> Markup {
    let (when, times) = (format!("{prefix}when"), format!("{prefix}times"));
    html! {
        (field(&when, "When", &html! { select id=(when) name="when" { (options(form.text("when"), &WHEN)) } }))
        div.narrow { (field(&times, "Number", &html! { input id=(times) name="times" value=(form.text("times")) inputmode="numeric"; })) }
    }
}

fn request_form(page: &TenantPage) -> Markup {
    let form = page.form();
    let names = page.request.control.catalog.operations().map(|name| (name, name));
    let operations: Vec<(&str, &str)> = std::iter::once(("*", "* (any)")).chain(names).collect();
    let points = [
        ("before", "before the handler"),
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
                    (field("operation", "Operation", &html! { select #operation name="operation" { (options(form.text("operation"), &operations)) } }))
                    (when_fields(form, "request-"))
                    (field("point", "Where", &html! { select #point name="point" { (options(form.text("point"), &points)) } }))
                }
                div.row {
                    (field("response", "The caller gets", &html! { select #response name="response" { (options(form.text("response"), &responses)) } }))
                    div.narrow { (field("code", "Status", &text("code", "500"))) }
                    (field("message", "Message", &text("message", "the gateway's own error")))
                    div.narrow { (field("delay", "Delay, ms", &text("delay", "0"))) }
                }
                p.buttons { button { "Add" } }
            }
        }
    }
}

fn event_form(page: &TenantPage) -> Markup {
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
                    div.narrow { (field("event-seconds", "Delay, s", &html! {
                        input #event-seconds name="seconds" value=(form.text("seconds")) inputmode="numeric";
                    })) }
                    (when_fields(form, "event-"))
                }
                p.buttons { button { "Add" } }
            }
        }
    }
}

fn json_form(page: &TenantPage) -> Markup {
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
