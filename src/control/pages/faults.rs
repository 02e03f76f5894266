//! Failures on purpose: what is armed, and forms to arm more.

use std::str::FromStr;

use maud::{Markup, html};
use serde_json::{Map, Value, json};

use super::Shown;
use super::extract::Visit;
use super::format::{rule as in_words, time};
use super::forms::Fields;
use super::layout::{self, Tab, field};
use crate::control::error::ControlError;
use crate::fault_injection::{Listed, Rule};
use crate::webhooks::EventType;
use crate::wire::misread::without_value;

/// The failures and the forms.
pub(super) async fn page(visit: Visit) -> Shown {
    Ok(shown(&visit, None))
}

/// Arms a failure of calls.
pub(super) async fn arm(visit: Visit) -> Shown {
    let rule = call_rule(visit.form());
    armed(&visit, rule).await
}

/// Arms a failure of events.
pub(super) async fn arm_event(visit: Visit) -> Shown {
    let rule = event_rule(visit.form());
    armed(&visit, rule).await
}

/// Arms a failure that is written in JSON.
pub(super) async fn arm_json(visit: Visit) -> Shown {
    let json = serde_json::from_str(visit.form().text("json"));
    let json = json.map_err(|error| ControlError::Bad(format!("this is no JSON: {error}")));
    armed(&visit, json).await
}

/// Disarms one failure, or all.
pub(super) async fn disarm(visit: Visit) -> Shown {
    let (tenants, tenant) = (visit.tenants(), visit.tenant.id);
    let id: Result<Option<i32>, ControlError> = visit.form().value("fault", "the failure");
    let done = match id {
        Ok(Some(id)) => tenants.delete_fault_rule(tenant, id).await.map(drop).map_err(ControlError::from),
        Ok(None) => tenants.clear_fault_rules(tenant).await.map_err(ControlError::from),
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => Ok(visit.to("faults")),
        Err(error) => Ok(shown(&visit, Some(&error))),
    }
}

async fn armed(visit: &Visit, rule: Result<Value, ControlError>) -> Shown {
    match keep(visit, rule).await {
        Ok(()) => Ok(visit.to("faults")),
        Err(error) => Ok(shown(visit, Some(&error))),
    }
}

async fn keep(visit: &Visit, rule: Result<Value, ControlError>) -> Result<(), ControlError> {
    let rule: Rule =
        serde_json::from_value(rule?).map_err(|error| ControlError::Bad(without_value(&error.to_string())))?;
    visit.asked.control.catalogue.check(&rule).map_err(ControlError::Bad)?;
    visit.tenants().add_fault_rule(visit.tenant.id, &rule).await?;
    Ok(())
}

/// A number that a form must name.
fn number<T: FromStr>(form: &Fields, name: &str, what: &str) -> Result<T, ControlError> {
    form.value(name, what)?.ok_or_else(|| ControlError::Bad(format!("{what} is missing")))
}

fn when(form: &Fields) -> Result<Value, ControlError> {
    Ok(match form.text("when") {
        "first" => json!({ "first": number::<u32>(form, "times", "how many times")? }),
        "call" => json!({ "call": number::<u32>(form, "times", "the number of the time")? }),
        "probability" => {
            let percent: f64 = number(form, "times", "how many per cent")?;
            json!({ "probability": { "p": percent / 100.0, "seed": 0 } })
        }
        _ => json!("every"),
    })
}

fn call_rule(form: &Fields) -> Result<Value, ControlError> {
    let mut rule = Map::new();
    rule.insert("operation".to_owned(), form.needed("operation", "the operation")?.into());
    rule.insert("when".to_owned(), when(form)?);
    rule.insert("point".to_owned(), form.filled("point").unwrap_or("before").into());
    if let Some(delay) = form.value::<u64>("delay", "the delay")? {
        rule.insert("delay_ms".to_owned(), delay.into());
    }
    match form.text("answer") {
        "delay" => {}
        "" | "status" => {
            let mut status = Map::new();
            status.insert("code".to_owned(), number::<u16>(form, "code", "the status")?.into());
            if let Some(message) = form.filled("message") {
                status.insert("message".to_owned(), message.into());
            }
            rule.insert("answer".to_owned(), json!({ "status": status }));
        }
        other => drop(rule.insert("answer".to_owned(), other.into())),
    }
    Ok(rule.into())
}

fn event_rule(form: &Fields) -> Result<Value, ControlError> {
    let deed = match form.text("deed") {
        "delay" => json!({ "delay": number::<u32>(form, "seconds", "how many seconds")? }),
        other => json!(other),
    };
    Ok(json!({ "event": form.needed("event", "the event")?, "when": when(form)?, "do": deed }))
}

fn shown(visit: &Visit, problem: Option<&ControlError>) -> axum::http::Response<axum::body::Body> {
    let body = html! {
        section aria-labelledby="armed" {
            h2 #armed { "ActiveFault" }
            @if visit.faults.is_empty() {
                p.empty { "None: every call is answered as it should be." }
            } @else {
                @for fault in &visit.faults { (of_fault(visit, fault)) }
                form method="post" action=(visit.path("faults/disarm")) { button.danger { "Disarm all" } }
            }
        }
        (call_form(visit))
        (event_form(visit))
        (json_form(visit))
    };
    layout::of_tenant(visit, Tab::Faults, "Faults", problem, &body)
}

fn of_fault(visit: &Visit, fault: &Listed) -> Markup {
    let is_spent = fault.rule.when().is_spent_after(fault.calls);
    html! {
        article.card.armed[!is_spent] {
            div.head {
                @if is_spent { span.mark { "spent" } } @else { span.mark.bad { "armed" } }
                " " strong { (fault.id) ". " (in_words(&fault.rule)) }
            }
            p { "Met " (fault.fired) " of " (fault.calls) " times. ActiveFault " (time(fault.created_at)) "." }
            form method="post" action=(visit.path("faults/disarm")) {
                input type="hidden" name="fault" value=(fault.id);
                button.quiet.small { "Disarm" span.unseen { " failure " (fault.id) } }
            }
        }
    }
}

fn options(chosen: &str, all: &[(&str, &str)]) -> Markup {
    html! { @for (value, words) in all { option value=(value) selected[*value == chosen] { (words) } } }
}

const WHEN: [(&str, &str); 4] = [
    ("every", "every time"),
    ("first", "the first so many times"),
    ("call", "only time number …"),
    ("probability", "by chance, so many per cent"),
];

fn when_fields(form: &Fields, prefix: &str) -> Markup {
    let (when, times) = (format!("{prefix}when"), format!("{prefix}times"));
    html! {
        (field(&when, "When", &html! { select id=(when) name="when" { (options(form.text("when"), &WHEN)) } }))
        div.narrow { (field(&times, "Number", &html! { input id=(times) name="times" value=(form.text("times")) inputmode="numeric"; })) }
    }
}

fn call_form(visit: &Visit) -> Markup {
    let form = visit.form();
    let names = visit.asked.control.catalogue.operations().map(|name| (name, name));
    let operations: Vec<(&str, &str)> = std::iter::once(("*", "* (any)")).chain(names).collect();
    let points = [
        ("before", "before the work"),
        ("inside", "inside the transaction, rolled back"),
        ("after", "after the work, which stays"),
    ];
    let answers = [
        ("status", "this status"),
        ("reset", "a reset connection"),
        ("empty", "a closed connection"),
        ("cut", "half an answer"),
        ("delay", "what it would be (delay only)"),
    ];
    let text = |id: &str, hint: &str| html! { input id=(id) name=(id) value=(form.text(id)) placeholder=(hint) autocomplete="off"; };
    html! {
        section aria-labelledby="of-calls" {
            h2 #of-calls { "Arm a failure of calls" }
            form method="post" action=(visit.path("faults")) {
                div.row {
                    (field("operation", "Operation", &html! { select #operation name="operation" { (options(form.text("operation"), &operations)) } }))
                    (when_fields(form, "call-"))
                    (field("point", "Where", &html! { select #point name="point" { (options(form.text("point"), &points)) } }))
                }
                div.row {
                    (field("answer", "The caller gets", &html! { select #answer name="answer" { (options(form.text("answer"), &answers)) } }))
                    div.narrow { (field("code", "Status", &text("code", "500"))) }
                    (field("message", "Message", &text("message", "the gateway's own words")))
                    div.narrow { (field("delay", "Delay, ms", &text("delay", "0"))) }
                }
                p.buttons { button { "Arm" } }
            }
        }
    }
}

fn event_form(visit: &Visit) -> Markup {
    let form = visit.form();
    let deeds = [
        ("lose", "lose it"),
        ("double", "tell it twice"),
        ("delay", "tell it later"),
        ("reorder", "tell the next one first"),
    ];
    let names = EventType::ALL.map(EventType::name);
    let events: Vec<(&str, &str)> = std::iter::once(("*", "* (any)")).chain(names.map(|name| (name, name))).collect();
    html! {
        section aria-labelledby="of-events" {
            h2 #of-events { "Arm a failure of events" }
            form method="post" action=(visit.path("faults/event")) {
                div.row {
                    (field("event", "Event", &html! { select #event name="event" { (options(form.text("event"), &events)) } }))
                    (field("deed", "What becomes of it", &html! { select #deed name="deed" { (options(form.text("deed"), &deeds)) } }))
                    div.narrow { (field("event-seconds", "Later by, s", &html! {
                        input #event-seconds name="seconds" value=(form.text("seconds")) inputmode="numeric";
                    })) }
                    (when_fields(form, "event-"))
                }
                p.buttons { button { "Arm" } }
            }
        }
    }
}

fn json_form(visit: &Visit) -> Markup {
    let example =
        "{\"operation\": \"UpgradeCustomer\", \"when\": {\"first\": 3}, \"point\": \"after\", \"answer\": \"reset\"}";
    let text = visit.form().filled("json").unwrap_or(example);
    html! {
        section aria-labelledby="in-json" {
            h2 #in-json { "Or as JSON" }
            form method="post" action=(visit.path("faults/json")) {
                (field("json", "Rule", &html! { textarea #json name="json" rows="4" spellcheck="false" { (text) } }))
                p.buttons { button.quiet { "Arm" } }
            }
        }
    }
}
