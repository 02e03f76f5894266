//! What a plan's entry would be if the emulator answered as the real service did.
//!
//! A step of a scenario names the entries on which its response depends: an entry with fixed choices by its name, another one with
//! what the request probes, such as `required.TaxId.1`. `docs/VERIFY.md` lists the forms.

use chrono_tz::{TZ_VARIANTS, Tz};
use serde_json::{Map, Value, json};

use super::super::compare::body::distance;
use super::super::compare::time;
use crate::plan::Plan;
use crate::verify::exchange::Exchange;

/// The responses of both services to a step that shows an entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    pub real: &'a Exchange,
    pub emulated: &'a Exchange,
    /// The number of requests of the scenario before this one, which a limit counts too.
    pub before: usize,
}

/// Finds values of an entry from what the label probes and the responses.
type Derive = fn(&Plan, &[&str], Shown<'_>) -> Vec<Value>;

/// How an entry's value is found.
enum Way {
    /// Every other value of its choices.
    Choices,
    Derived(Derive),
}

/// The ways of all entries that have no fixed choices.
const DERIVED: [(&str, Derive); 19] = [
    ("required", required),
    ("unique", unique),
    ("upgrade_transitions", upgrade_transitions),
    ("back_office_id", back_office_id),
    ("password_rule", password_rule),
    ("minimum_age", minimum_age),
    ("max_length", max_length),
    ("stats", stats),
    ("rate_limit", rate_limit),
    ("quota", quota),
    ("countries", countries),
    ("sso_login_url", sso_login_url),
    ("types", types),
    ("statuses", statuses),
    ("bydesign.countries", country_names),
    ("storm.countries", country_names),
    ("storm.default_country", default_country),
    ("bydesign.time_zone", time_zone),
    ("storm.time_zone", time_zone),
];

/// The entry of a label, and the rest of the label.
pub(in crate::verify) fn entry_of(label: &str) -> Option<(String, Vec<&str>)> {
    let names = Plan::entries().into_iter().map(|entry| entry.name);
    let is_own =
        |name: &String| label == name || label.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.'));
    let name = names.filter(is_own).max_by_key(String::len)?;
    let rest = label[name.len()..].trim_start_matches('.');
    // The name of a field has dots of its own, and what follows it is a number.
    let parts = match rest.rsplit_once('.') {
        _ if rest.is_empty() => Vec::new(),
        Some((first, last)) if name == "required" || name == "max_length" || name.ends_with(".countries") => {
            vec![first, last]
        }
        _ => rest.split('.').collect(),
    };
    Some((name, parts))
}

/// Values of the label's entry with which the emulator may answer as the real service, likeliest first.
pub(super) fn candidates(plan: &Plan, label: &str, shown: Shown<'_>) -> Vec<(String, Value)> {
    let Some((name, parts)) = entry_of(label) else { return Vec::new() };
    let values = match way(&name) {
        Some(Way::Choices) => choices(plan, &name),
        Some(Way::Derived(derive)) => derive(plan, &parts, shown),
        None => Vec::new(),
    };
    let now = value_of(plan, &name);
    values.into_iter().filter(|value| *value != now).map(|value| (name.clone(), value)).collect()
}

fn way(name: &str) -> Option<Way> {
    if let Some((_, derive)) = DERIVED.iter().find(|(entry, _)| *entry == name) {
        return Some(Way::Derived(*derive));
    }
    let entry = Plan::entries().into_iter().find(|entry| entry.name == name)?;
    (!entry.choices.is_empty()).then_some(Way::Choices)
}

fn choices(plan: &Plan, name: &str) -> Vec<Value> {
    let entry = Plan::entries().into_iter().find(|entry| entry.name == name);
    let now = value_of(plan, name);
    let read = |choice: &&str| serde_json::from_str::<Value>(choice).ok();
    entry
        .iter()
        .flat_map(|entry| entry.choices.iter().filter_map(|choice| read(choice)))
        .filter(|value| *value != now)
        .collect()
}

/// The value of an entry, whose name has the section of a vendor before a dot.
pub(super) fn value_of(plan: &Plan, name: &str) -> Value {
    let plan = serde_json::to_value(plan).unwrap_or_default();
    name.split('.').try_fold(&plan, |value, part| value.get(part)).cloned().unwrap_or_default()
}

/// The plan with another value of an entry; `None` when the value is not in its range.
pub(super) fn with(plan: &Plan, name: &str, value: Value) -> Option<Plan> {
    let mut document = serde_json::to_value(plan).ok()?;
    let mut place = &mut document;
    for part in name.split('.') {
        place = place.as_object_mut()?.entry(part).or_insert(Value::Null);
    }
    *place = value;
    let plan: Plan = serde_json::from_value(document).ok()?;
    plan.check().ok()?;
    Some(plan)
}

fn is_accepted(exchange: &Exchange) -> bool {
    (200..300).contains(&exchange.response.status)
}

/// Whether only the real service accepts, or only the emulator; `None` when they agree.
fn only_real(shown: Shown<'_>) -> Option<bool> {
    let (real, emulated) = (is_accepted(shown.real), is_accepted(shown.emulated));
    (real != emulated).then_some(real)
}

fn number<N: std::str::FromStr>(part: Option<&&str>) -> Option<N> {
    part?.parse().ok()
}

/// `required.FIELD.TYPE`: the request lacks the field.
fn required(plan: &Plan, parts: &[&str], _: Shown<'_>) -> Vec<Value> {
    let (Some(field), Some(customer_type)) = (parts.first(), number::<i32>(parts.get(1))) else { return Vec::new() };
    let mut all = value_of(plan, "required");
    let mut types: Vec<i32> = serde_json::from_value(all[*field].clone()).unwrap_or_default();
    match types.iter().position(|known| *known == customer_type) {
        Some(place) => drop(types.remove(place)),
        None => types.push(customer_type),
    }
    all[*field] = json!(types);
    vec![all]
}

/// `unique.FIELD`: the request repeats a value.
fn unique(plan: &Plan, parts: &[&str], _: Shown<'_>) -> Vec<Value> {
    parts.first().map(|field| vec![toggled(value_of(plan, "unique"), json!(field))]).unwrap_or_default()
}

/// `upgrade_transitions.FROM.TO`.
fn upgrade_transitions(plan: &Plan, parts: &[&str], _: Shown<'_>) -> Vec<Value> {
    match (number::<i32>(parts.first()), number::<i32>(parts.get(1))) {
        (Some(from), Some(to)) => vec![toggled(value_of(plan, "upgrade_transitions"), json!([from, to]))],
        _ => Vec::new(),
    }
}

/// A list with one item more, or without it.
fn toggled(list: Value, item: Value) -> Value {
    let Value::Array(mut items) = list else { return list };
    match items.iter().position(|known| *known == item) {
        Some(place) => drop(items.remove(place)),
        None => items.push(item),
    }
    items.into()
}

/// The response has a generated BackOfficeId.
fn back_office_id(plan: &Plan, _: &[&str], shown: Shown<'_>) -> Vec<Value> {
    let now = value_of(plan, "back_office_id");
    let Some(Value::Object(members)) = body(shown.real) else { return Vec::new() };
    let is_decimal =
        members["BackOfficeId"].as_str().is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let format = if is_decimal { "decimal" } else { "hexadecimal" };
    let mut values = Vec::new();
    if let Some(seed) = distance(&members).filter(|seed| *seed >= 0) {
        values.push(json!({ "seed": seed, "format": format }));
    }
    values.push(json!({ "seed": now["seed"], "format": format }));
    values
}

/// `password_rule.min_length.N`, `.max_length.N`: a password of that length; `.digit`, `.capital`, `.symbol`: one without it.
fn password_rule(plan: &Plan, parts: &[&str], shown: Shown<'_>) -> Vec<Value> {
    let now = value_of(plan, "password_rule");
    let with = |name: &str, value: Value| {
        let mut rule = now.clone();
        rule[name] = value;
        vec![rule]
    };
    match (parts.first(), number::<usize>(parts.get(1)), only_real(shown)) {
        (Some(&"min_length"), Some(length), Some(true)) => with("min_length", json!(length)),
        (Some(&"min_length"), Some(length), Some(false)) => with("min_length", json!(length + 1)),
        (Some(&"max_length"), Some(length), Some(true)) => with("max_length", json!(length)),
        (Some(&"max_length"), Some(length), Some(false)) => with("max_length", json!(length.saturating_sub(1))),
        (Some(name @ (&"digit" | &"capital" | &"symbol")), _, Some(real)) => with(name, json!(!real)),
        _ => Vec::new(),
    }
}

/// `minimum_age.N`: a customer of type 1 of that age.
fn minimum_age(_: &Plan, parts: &[&str], shown: Shown<'_>) -> Vec<Value> {
    match (number::<u16>(parts.first()), only_real(shown)) {
        (Some(age), Some(true)) => vec![json!(age)],
        (Some(age), Some(false)) => vec![json!(age + 1)],
        _ => Vec::new(),
    }
}

/// `max_length.FIELD.N`: a text of that length.
fn max_length(plan: &Plan, parts: &[&str], shown: Shown<'_>) -> Vec<Value> {
    let (Some(field), Some(length), Some(real)) = (parts.first(), number::<usize>(parts.get(1)), only_real(shown))
    else {
        return Vec::new();
    };
    let mut all = value_of(plan, "max_length");
    all[*field] = json!(if real { length } else { length.saturating_sub(1) });
    vec![all]
}

/// The response has the stats of a customer.
fn stats(_: &Plan, _: &[&str], shown: Shown<'_>) -> Vec<Value> {
    let (Some(real), Some(emulated)) = (body(shown.real), body(shown.emulated)) else { return Vec::new() };
    let mut stats = Map::new();
    if real["KitLevel"].is_string() || real["KitLevel"].is_number() {
        stats.insert("kit_level".to_owned(), real["KitLevel"].clone());
    }
    let counted = ["Downline", "PersonallyEnrolled", "RewardPoints"];
    for (name, stat) in real["Stats"].as_object().into_iter().flatten() {
        if !counted.contains(&name.as_str()) || emulated["Stats"][name] != *stat {
            stats.insert(name.clone(), json!({ "Value": stat["Value"] }));
        }
    }
    vec![stats.into()]
}

/// The request is the first one that the service rejects with 429.
fn rate_limit(plan: &Plan, _: &[&str], shown: Shown<'_>) -> Vec<Value> {
    limits(value_of(plan, "rate_limit"), 429, shown)
}

/// The request is the first one that the service rejects with 403 because of a quota.
fn quota(plan: &Plan, _: &[&str], shown: Shown<'_>) -> Vec<Value> {
    limits(value_of(plan, "quota"), 403, shown)
}

fn limits(now: Value, status: u16, shown: Shown<'_>) -> Vec<Value> {
    if shown.real.response.status != status {
        return vec![Value::Null];
    }
    let asked = shown.real.response.header("Retry-After").and_then(|text| text.parse::<u32>().ok());
    let known = now["renewal_seconds"].as_u64();
    let seconds = asked.map(u64::from).filter(|seconds| *seconds > 0).or(known).unwrap_or(60);
    vec![json!({ "calls": shown.before.max(1), "renewal_seconds": seconds })]
}

/// The response has the countries of a customer.
fn countries(_: &Plan, _: &[&str], shown: Shown<'_>) -> Vec<Value> {
    let Some(Value::Array(items)) = body(shown.real) else { return Vec::new() };
    let entry = |item: &Value| Some((item["CountryCode"].as_str()?.to_uppercase(), item["CurrencyCode"].clone()));
    vec![items.iter().filter_map(entry).collect::<Map<_, _>>().into()]
}

/// The response has an address with a token at its end.
fn sso_login_url(_: &Plan, _: &[&str], shown: Shown<'_>) -> Vec<Value> {
    let Some(text) = address(shown.real) else { return Vec::new() };
    let token = text.len()
        - text
            .trim_end_matches(|character: char| {
                character.is_ascii_alphanumeric() || character == '-' || character == '_'
            })
            .len();
    let without_token = &text[..text.len() - token];
    let mut values = vec![json!(without_token)];
    // The emulator appends a parameter of its own.
    if let Some(end) = without_token.find(['?', '#']) {
        values.push(json!(without_token[..end]));
    }
    values
}

/// The address that a response is, as a JSON text, in a member, or as a text.
fn address(exchange: &Exchange) -> Option<String> {
    let text = match body(exchange) {
        Some(Value::String(text)) => text,
        Some(Value::Object(members)) => {
            members.values().filter_map(Value::as_str).find(|text| text.contains("://"))?.to_owned()
        }
        _ => String::from_utf8(exchange.response.body.clone()).ok()?,
    };
    text.contains("://").then_some(text)
}

/// `types.N`: the request has that customer type.
fn types(plan: &Plan, parts: &[&str], shown: Shown<'_>) -> Vec<Value> {
    named(plan, "types", "Type", parts, shown)
}

/// `statuses.N`: the request has that customer status.
fn statuses(plan: &Plan, parts: &[&str], shown: Shown<'_>) -> Vec<Value> {
    named(plan, "statuses", "Status", parts, shown)
}

fn named(plan: &Plan, entry: &str, what: &str, parts: &[&str], shown: Shown<'_>) -> Vec<Value> {
    let (Some(id), Some(real)) = (number::<i32>(parts.first()), only_real(shown)) else { return Vec::new() };
    let mut all = value_of(plan, entry);
    let Some(members) = all.as_object_mut() else { return Vec::new() };
    if real {
        members.insert(id.to_string(), format!("{what} {id}").into());
    } else {
        members.remove(&id.to_string());
    }
    vec![all]
}

/// `SECTION.countries.NAME.CODE`: the request has a country of that name.
fn country_names(_: &Plan, parts: &[&str], shown: Shown<'_>) -> Vec<Value> {
    let (Some(name), Some(code), Some(real)) = (parts.first(), parts.get(1), only_real(shown)) else {
        return Vec::new();
    };
    vec![json!({ *name: if real { json!(code) } else { Value::Null } })]
}

/// The response of the real service has the country of an address that was sent without one.
fn default_country(_: &Plan, _: &[&str], shown: Shown<'_>) -> Vec<Value> {
    let mut values = Vec::new();
    if let Some(body) = body(shown.real) {
        collect_countries(&body, &mut values);
    }
    if !is_accepted(shown.real) || values.is_empty() {
        values.push(Value::Null);
    }
    values
}

fn collect_countries(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let code = value.as_str().filter(|text| name.contains("Country") && text.len() == 2);
                match code {
                    Some(code) if !found.contains(&json!(code.to_uppercase())) => {
                        found.push(json!(code.to_uppercase()))
                    }
                    _ => collect_countries(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_countries(item, found)),
        _ => {}
    }
}

/// The responses have a date that the request set. Zones whose clocks are as far from each other as the two dates.
fn time_zone(_: &Plan, _: &[&str], shown: Shown<'_>) -> Vec<Value> {
    let (Some(real), Some(emulated)) = (body(shown.real), body(shown.emulated)) else { return Vec::new() };
    if !differs_in_a_time(&real, &emulated) {
        return Vec::new();
    }
    // The usual zones first; the search stops at the first one with which the responses are equal.
    let usual = [
        Tz::UTC,
        Tz::America__New_York,
        Tz::America__Chicago,
        Tz::America__Denver,
        Tz::America__Phoenix,
        Tz::America__Los_Angeles,
        Tz::Europe__London,
        Tz::Europe__Stockholm,
        Tz::Europe__Helsinki,
        Tz::Asia__Tokyo,
        Tz::Asia__Kolkata,
        Tz::Asia__Singapore,
        Tz::Australia__Sydney,
        Tz::America__Sao_Paulo,
        Tz::Asia__Dubai,
        Tz::Pacific__Auckland,
    ];
    let others = TZ_VARIANTS.iter().filter(|zone| zone.name().contains('/') && !zone.name().starts_with("Etc/"));
    let mut names: Vec<&str> = usual.iter().chain(others).map(|zone| zone.name()).collect();
    names.truncate(MAX_ZONES);
    names.into_iter().map(|name| json!(name)).collect()
}

/// The zones that are tried.
const MAX_ZONES: usize = 40;

fn differs_in_a_time(real: &Value, emulated: &Value) -> bool {
    match (real, emulated) {
        (Value::Object(real), Value::Object(emulated)) => {
            real.iter().any(|(name, value)| emulated.get(name).is_some_and(|other| differs_in_a_time(value, other)))
        }
        (Value::Array(real), Value::Array(emulated)) => {
            real.iter().zip(emulated).any(|(first, second)| differs_in_a_time(first, second))
        }
        (Value::String(real), Value::String(emulated)) => {
            real != emulated && time(real).is_some() && time(emulated).is_some()
        }
        _ => false,
    }
}

fn body(exchange: &Exchange) -> Option<Value> {
    serde_json::from_slice(&exchange.response.body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_of_the_plan_can_be_found() {
        for entry in Plan::entries() {
            assert!(way(&entry.name).is_some(), "no way to find {} from two responses", entry.name);
        }
    }

    #[test]
    fn a_label_names_its_entry_and_what_it_probes() {
        for (label, name, parts) in [
            ("rejection_status", "rejection_status", vec![]),
            ("required.PrimaryAddress.Street1.2", "required", vec!["PrimaryAddress.Street1", "2"]),
            ("storm.countries.Great Britain.GB", "storm.countries", vec!["Great Britain", "GB"]),
            ("password_rule.min_length.8", "password_rule", vec!["min_length", "8"]),
            ("upgrade_transitions.2.1", "upgrade_transitions", vec!["2", "1"]),
        ] {
            assert_eq!(entry_of(label), Some((name.to_owned(), parts)), "{label}");
        }
        assert_eq!(entry_of("no_entry"), None);
    }

    #[test]
    fn a_value_out_of_its_range_is_no_plan() {
        let plan = Plan::default();
        assert!(with(&plan, "minimum_age", json!(200)).is_none());
        let changed = with(&plan, "storm.empty_clears", json!(true)).expect("a plan");
        assert_eq!(value_of(&changed, "storm.empty_clears"), json!(true));
    }
}
