//! The form of a plan: an input for each entry, and the plan that the inputs describe.

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::extract::TenantPage;
use super::forms::Fields;
use crate::control::error::ControlError;
use crate::plan::{Plan, PlanEntry};
use crate::tenants::read_text;

/// Reads the plan that the form describes. An empty input leaves the default.
pub(super) fn plan_of(form: &Fields) -> Result<Plan, ControlError> {
    let mut plan = Map::new();
    for entry in Plan::entries() {
        let Some(text) = form.filled(&input_name(&entry)) else { continue };
        let value = value_of(&entry, text)?;
        match entry.name.split_once('.') {
            None => drop(plan.insert(entry.name.clone(), value)),
            Some((section, name)) => {
                let section = plan.entry(section).or_insert_with(|| Map::new().into());
                section[name] = value;
            }
        }
    }
    let text = Value::from(plan).to_string();
    read_text(&text, true).map_err(|reason: String| ControlError::Bad(format!("this is not a plan: {reason}")))
}

fn input_name(entry: &PlanEntry) -> String {
    format!("e.{}", entry.name)
}

/// A text is written without quotes, everything else as JSON.
fn value_of(entry: &PlanEntry, text: &str) -> Result<Value, ControlError> {
    if entry.default.is_string() && entry.choices.is_empty() {
        return Ok(text.into());
    }
    let read = serde_json::from_str(text);
    // A code that is absent by default is a text too.
    let is_code = |text: &str| entry.default.is_null() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match read {
        Ok(value) => Ok(value),
        Err(_) if is_code(text) => Ok(text.into()),
        Err(error) => Err(ControlError::Bad(format!("{} is not JSON: {error}", entry.name))),
    }
}

/// The current value of an entry.
fn current(plan: &Value, name: &str) -> Value {
    let found = match name.split_once('.') {
        Some((section, name)) => plan.get(section).and_then(|section| section.get(name)),
        None => plan.get(name),
    };
    found.cloned().unwrap_or_default()
}

/// A value as its input shows it.
fn shown(value: &Value, is_choice: bool) -> String {
    match value {
        Value::String(text) if !is_choice => text.clone(),
        Value::Null if !is_choice => String::new(),
        other => other.to_string(),
    }
}

pub(super) fn form(page: &TenantPage, is_rejected: bool) -> Markup {
    let plan = serde_json::to_value(&page.tenant.plan).unwrap_or_default();
    let entries = Plan::entries();
    let changed = entries.iter().filter(|entry| current(&plan, &entry.name) != entry.default).count();
    html! {
        form.plan method="post" action=(page.path("plan")) {
            input type="hidden" name="entries" value="1";
            p.hint {
                (changed) " of " (entries.len()) " entries differ from their defaults. An empty input means the default."
            }
            @for entry in &entries { (row(page, &plan, entry, is_rejected)) }
            p.buttons { button { "Save the plan" } }
        }
    }
}

fn row(page: &TenantPage, plan: &Value, entry: &PlanEntry, is_rejected: bool) -> Markup {
    let own = current(plan, &entry.name);
    let is_changed = own != entry.default;
    let is_choice = !entry.choices.is_empty();
    let name = input_name(entry);
    let text = if is_rejected { page.form().raw(&name).to_owned() } else { shown(&own, is_choice) };
    let about = format!("about-{}", entry.name);
    html! {
        div.entry.changed[is_changed] {
            div.field {
                label for=(name) { code { (entry.name) } @if is_changed { " " span.mark.warn { "changed" } } }
                (input(entry, &name, &text, &about))
            }
            div.about id=(about) {
                p { (entry.meaning.trim().replace('`', "")) }
                p.hint {
                    "Default: " code { (default_text(&entry.default)) } " · "
                    span.mark { (entry.evidence) } @if !entry.source.is_empty() { " " (entry.source) }
                }
            }
        }
    }
}

fn default_text(default: &Value) -> String {
    if default.is_null() { "none".to_owned() } else { shown(default, false) }
}

fn input(entry: &PlanEntry, name: &str, text: &str, about: &str) -> Markup {
    if !entry.choices.is_empty() {
        return html! {
            select id=(name) name=(name) aria-describedby=(about) {
                @for choice in entry.choices {
                    option value=(choice) selected[*choice == text] { (choice.trim_matches('"')) }
                }
            }
        };
    }
    let is_long = entry.default.is_object() || entry.default.is_array();
    html! {
        @if is_long {
            textarea id=(name) name=(name) rows=(if text.len() > 60 { "4" } else { "1" }) spellcheck="false" aria-describedby=(about) { "\n" (text) }
        } @else {
            input id=(name) name=(name) value=(text) spellcheck="false" autocomplete="off" aria-describedby=(about)
                inputmode=[entry.default.is_number().then_some("numeric")];
        }
    }
}
