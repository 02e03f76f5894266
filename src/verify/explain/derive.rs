//! The values of a plan's entries, derived from what a request probes and what both services answered.

use chrono_tz::{TZ_VARIANTS, Tz};
use serde_json::{Map, Value, json};

use crate::verify::compare::body::distance;
use crate::verify::compare::time;
use crate::verify::exchange::Exchange;

/// The responses of both services to a step that shows an entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    pub real: &'a Exchange,
    pub emulated: &'a Exchange,
    /// The number of requests of the scenario before this one, which a limit counts too.
    pub before: usize,
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
pub(super) fn required(now: &Value, parts: &[&str], _: Shown<'_>) -> Vec<Value> {
    let (Some(field), Some(customer_type)) = (parts.first(), number::<i32>(parts.get(1))) else { return Vec::new() };
    let mut all = now.clone();
    let mut types: Vec<i32> = serde_json::from_value(all[*field].clone()).unwrap_or_default();
    match types.iter().position(|known| *known == customer_type) {
        Some(place) => drop(types.remove(place)),
        None => types.push(customer_type),
    }
    all[*field] = json!(types);
    vec![all]
}

/// `unique.FIELD`: the request repeats a value.
pub(super) fn unique(now: &Value, parts: &[&str], _: Shown<'_>) -> Vec<Value> {
    parts.first().map(|field| vec![toggled(now, json!(field))]).unwrap_or_default()
}

/// `upgrade_transitions.FROM.TO`.
pub(super) fn upgrade_transitions(now: &Value, parts: &[&str], _: Shown<'_>) -> Vec<Value> {
    match (number::<i32>(parts.first()), number::<i32>(parts.get(1))) {
        (Some(from), Some(to)) => vec![toggled(now, json!([from, to]))],
        _ => Vec::new(),
    }
}

/// A list with one item more, or without it.
fn toggled(list: &Value, item: Value) -> Value {
    let mut items = list.as_array().cloned().unwrap_or_default();
    match items.iter().position(|known| *known == item) {
        Some(place) => drop(items.remove(place)),
        None => items.push(item),
    }
    items.into()
}

/// The response has a generated BackOfficeId.
pub(super) fn back_office_id(now: &Value, _: &[&str], shown: Shown<'_>) -> Vec<Value> {
    let Some(Value::Object(members)) = body(shown.real) else { return Vec::new() };
    let is_decimal = members
        .get("BackOfficeId")
        .and_then(Value::as_str)
        .is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let format = if is_decimal { "decimal" } else { "hexadecimal" };
    let mut values = Vec::new();
    if let Some(seed) = distance(&members).filter(|seed| *seed >= 0) {
        values.push(json!({ "seed": seed, "format": format }));
    }
    values.push(json!({ "seed": now["seed"], "format": format }));
    values
}

/// `password_rule.min_length.N`, `.max_length.N`: a password of that length; `.digit`, `.capital`, `.symbol`: one without it.
pub(super) fn password_rule(now: &Value, parts: &[&str], shown: Shown<'_>) -> Vec<Value> {
    let with = |name: &str, value: Value| {
        let mut rule = now.clone();
        rule[name] = value;
        vec![rule]
    };
    let length = number::<u64>(parts.get(1));
    let is_min = parts.first() == Some(&"min_length");
    match (parts.first(), length, only_real(shown)) {
        (Some(name @ (&"min_length" | &"max_length")), Some(length), real) => {
            let probed = real.map(|real| bound(now[*name].as_u64(), length, real, is_min));
            let values = probed.into_iter().chain(numbers_in(shown.real));
            values.flat_map(|value| with(name, json!(value))).collect()
        }
        (Some(name @ (&"digit" | &"capital" | &"symbol")), _, Some(real)) => with(name, json!(!real)),
        _ => Vec::new(),
    }
}

/// A bound that accepts `probe`, or no longer accepts it, and changes as little as possible.
fn bound(now: Option<u64>, probe: u64, accepts: bool, is_lower: bool) -> u64 {
    match (accepts, is_lower) {
        (true, true) => now.map_or(probe, |now| now.min(probe)),
        (true, false) => now.map_or(probe, |now| now.max(probe)),
        (false, true) => now.map_or(probe.saturating_add(1), |now| now.max(probe.saturating_add(1))),
        (false, false) => now.map_or(probe.saturating_sub(1), |now| now.min(probe.saturating_sub(1))),
    }
}

/// The numbers in a rejection, which often names its limit. At most five.
fn numbers_in(exchange: &Exchange) -> Vec<u64> {
    if is_accepted(exchange) {
        return Vec::new();
    }
    let text = match body(exchange) {
        Some(body) => {
            let names = ["message", "Message", "error", "title"];
            names.iter().filter_map(|name| body[*name].as_str()).collect::<String>()
        }
        None => String::from_utf8_lossy(&exchange.response.body).into_owned(),
    };
    let words = text.split(|character: char| !character.is_ascii_digit());
    let mut numbers: Vec<u64> = words.filter_map(|word| word.parse().ok()).collect();
    numbers.dedup();
    numbers.truncate(5);
    numbers
}

/// `minimum_age.N`: a customer of type 1 of that age.
pub(super) fn minimum_age(now: &Value, parts: &[&str], shown: Shown<'_>) -> Vec<Value> {
    let Some(age) = number::<u64>(parts.first()) else { return Vec::new() };
    let probed = only_real(shown).map(|real| bound(now.as_u64(), age, real, true));
    probed.into_iter().chain(numbers_in(shown.real)).map(Value::from).collect()
}

/// `max_length.FIELD.N`: a text of that length.
pub(super) fn max_length(now: &Value, parts: &[&str], shown: Shown<'_>) -> Vec<Value> {
    let (Some(field), Some(length)) = (parts.first(), number::<u64>(parts.get(1))) else { return Vec::new() };
    let probed = only_real(shown).map(|real| bound(now[*field].as_u64(), length, real, false));
    let with = |value: u64| {
        let mut all = now.clone();
        all[*field] = json!(value);
        all
    };
    probed.into_iter().chain(numbers_in(shown.real)).map(with).collect()
}

/// The response has the stats of a customer.
pub(super) fn stats(now: &Value, _: &[&str], shown: Shown<'_>) -> Vec<Value> {
    let (Some(real), Some(emulated)) = (body(shown.real), body(shown.emulated)) else { return Vec::new() };
    let mut stats = Map::new();
    if real["KitLevel"].is_string() || real["KitLevel"].is_number() {
        stats.insert("kit_level".to_owned(), real["KitLevel"].clone());
    }
    for (name, stat) in real["Stats"].as_object().into_iter().flatten() {
        let is_counted = now.get(name).is_none() && emulated["Stats"][name] == *stat;
        if !is_counted {
            stats.insert(name.clone(), json!({ "Value": stat["Value"] }));
        }
    }
    vec![stats.into()]
}

/// The request is the first one that the service rejects with 429.
pub(super) fn rate_limit(now: &Value, _: &[&str], shown: Shown<'_>) -> Vec<Value> {
    limits(now, 429, shown)
}

/// The request is the first one that the service rejects with 403 because of a quota.
pub(super) fn quota(now: &Value, _: &[&str], shown: Shown<'_>) -> Vec<Value> {
    limits(now, 403, shown)
}

fn limits(now: &Value, status: u16, shown: Shown<'_>) -> Vec<Value> {
    if shown.real.response.status != status {
        return vec![Value::Null];
    }
    let asked = shown.real.response.header("Retry-After").and_then(|text| text.parse::<u32>().ok());
    let known = now["renewal_seconds"].as_u64();
    let seconds = asked.map(u64::from).filter(|seconds| *seconds > 0).or(known).unwrap_or(60);
    vec![json!({ "calls": shown.before.max(1), "renewal_seconds": seconds })]
}

/// The response has the countries of a customer.
pub(super) fn countries(_: &Value, _: &[&str], shown: Shown<'_>) -> Vec<Value> {
    let Some(Value::Array(items)) = body(shown.real) else { return Vec::new() };
    let entry = |item: &Value| Some((item["CountryCode"].as_str()?.to_uppercase(), item["CurrencyCode"].clone()));
    vec![items.iter().filter_map(entry).collect::<Map<_, _>>().into()]
}

/// The response has an address with a token at its end.
pub(super) fn sso_login_url(_: &Value, _: &[&str], shown: Shown<'_>) -> Vec<Value> {
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
pub(super) fn types(now: &Value, parts: &[&str], shown: Shown<'_>) -> Vec<Value> {
    named(now, "Type", parts, shown)
}

/// `statuses.N`: the request has that customer status.
pub(super) fn statuses(now: &Value, parts: &[&str], shown: Shown<'_>) -> Vec<Value> {
    named(now, "Status", parts, shown)
}

fn named(now: &Value, what: &str, parts: &[&str], shown: Shown<'_>) -> Vec<Value> {
    let (Some(id), Some(real)) = (number::<i32>(parts.first()), only_real(shown)) else { return Vec::new() };
    let mut all = now.clone();
    let Some(members) = all.as_object_mut() else { return Vec::new() };
    if real {
        members.insert(id.to_string(), format!("{what} {id}").into());
    } else {
        members.remove(&id.to_string());
    }
    vec![all]
}

/// `SECTION.countries.NAME.CODE`: the request has a country of that name.
pub(super) fn country_names(now: &Value, parts: &[&str], shown: Shown<'_>) -> Vec<Value> {
    let (Some(name), Some(code), Some(real)) = (parts.first(), parts.get(1), only_real(shown)) else {
        return Vec::new();
    };
    let mut all = now.clone();
    all[*name] = if real { json!(code) } else { Value::Null };
    vec![all]
}

/// The response of the real service has the country of an address that was sent without one.
pub(super) fn default_country(_: &Value, _: &[&str], shown: Shown<'_>) -> Vec<Value> {
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
                        found.push(json!(code.to_uppercase()));
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
pub(super) fn time_zone(_: &Value, _: &[&str], shown: Shown<'_>) -> Vec<Value> {
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
