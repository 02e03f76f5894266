//! From recorded requests to a scenario. Ids that a response gave become placeholders in later requests, so that each service gets
//! its own; masked secrets become test values.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::Value;

use super::compare::{id_kind, id_text};
use super::exchange::{Exchange, Request};
use super::run::Outcome;
use super::scenario::{Comparison, Created, Credential, Input, Scenario, Step, StepBody};
use crate::journal::is_secret_name;
use crate::plan::Plan;
use crate::secret::HIDDEN;
use crate::vendors::VendorApi;

/// A password that keeps the documented rules.
const TEST_PASSWORD: &str = "Password123!";

/// Headers that a request is sent with again.
const KEPT_HEADERS: [&str; 4] = ["accept", "content-type", "applicationid", "prefer"];

/// Members whose values must be new for each run, because no two customers may share them.
const NEW_FOR_EACH_RUN: [&str; 7] =
    ["Username", "UserName", "EmailAddress", "Email", "WebAlias", "BackOfficeId", "ExternalReferenceId"];

/// What the requests of a recording become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replay {
    /// They are sent to the emulator only; the recorded responses are those of the real service.
    Recorded,
    /// They are sent to both, and get names of their own.
    SentToBoth,
}

/// A scenario of these exchanges, and the recorded outcomes.
pub(crate) fn replay(
    name: &str,
    api: &'static VendorApi,
    exchanges: &[Exchange],
    way: Replay,
) -> (Scenario, Vec<Outcome>) {
    let mut known = Known { way, ..Known::default() };
    let labels = choices_of(api);
    let mut steps = Vec::with_capacity(exchanges.len());
    for (place, exchange) in exchanges.iter().enumerate() {
        let request = &exchange.request;
        let body = known.body(request);
        let path = known.path(&request.path);
        let is_own = path.contains("${") || matches!(&body, StepBody::Json(body) if body.to_string().contains("${"));
        let reads = matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS");
        steps.push(Step {
            name: format!("{} {} {}", place + 1, request.method, request.path),
            reads,
            // What the recording did not create is other data than the emulator's.
            compare: if reads && !is_own { Comparison::Shape } else { Comparison::Values },
            has_other_secret: String::from_utf8_lossy(&request.body).contains(HIDDEN),
            method: request.method.clone(),
            path,
            headers: headers(request),
            // What was not accepted then must not be accepted now.
            credential: if exchange.response.status == 401 { Credential::Wrong } else { Credential::Valid },
            body,
            capture: known.capture(place, exchange),
            creates: (request.method == "POST" && exchange.response.status == 201).then_some(Created::Customer),
            shows: labels.clone(),
        });
    }
    let scenario = Scenario {
        name: name.to_owned(),
        title: format!("The requests of {name}"),
        api,
        only_when_named: false,
        inputs: known.inputs,
        steps,
    };
    (scenario, exchanges.iter().map(|exchange| Outcome::Done(Box::new(exchange.clone()))).collect())
}

/// The entries of the plan with fixed choices, any of which may explain a difference of the API.
fn choices_of(api: &VendorApi) -> Vec<String> {
    let is_of_api = |name: &str| name.split_once('.').is_none_or(|(section, _)| section == api.name);
    let entries = Plan::entries().into_iter().filter(|entry| !entry.choices.is_empty() && is_of_api(&entry.name));
    entries.map(|entry| entry.name).collect()
}

fn headers(request: &Request) -> Vec<(String, String)> {
    let is_kept = |(name, _): &&(String, String)| KEPT_HEADERS.contains(&name.to_ascii_lowercase().as_str());
    request.headers.iter().filter(is_kept).cloned().collect()
}

/// The values that earlier exchanges gave.
struct Known {
    way: Replay,
    /// Placeholders by the value that they stand for.
    ids: BTreeMap<String, String>,
    /// Texts that a run replaces by its own.
    texts: BTreeMap<String, String>,
    inputs: BTreeMap<String, Input>,
}

impl Default for Known {
    fn default() -> Self {
        let (ids, texts, inputs) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { way: Replay::Recorded, ids, texts, inputs }
    }
}

impl Known {
    /// The ids in a response that no earlier one had, as placeholders with pointers.
    fn capture(&mut self, place: usize, exchange: &Exchange) -> BTreeMap<String, String> {
        let mut captured = BTreeMap::new();
        if !(200..300).contains(&exchange.response.status) {
            return captured;
        }
        if let Ok(body) = serde_json::from_slice::<Value>(&exchange.response.body) {
            let mut ids = Vec::new();
            collect_ids("", "", &body, &mut ids);
            for (number, (pointer, value)) in ids.into_iter().enumerate() {
                if let Entry::Vacant(place_of_id) = self.ids.entry(value) {
                    let name = format!("response_{}_{number}", place + 1);
                    captured.insert(name.clone(), pointer);
                    place_of_id.insert(name);
                }
            }
        }
        captured
    }

    fn path(&mut self, path: &str) -> String {
        let mut replaced = String::with_capacity(path.len());
        for piece in path.split_inclusive(['/', '?', '&', '=']) {
            let (value, end) = match piece.chars().last().filter(|last| "/?&=".contains(*last)) {
                Some(last) => (&piece[..piece.len() - 1], last.to_string()),
                None => (piece, String::new()),
            };
            let plain = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
            match self.placeholder(&plain) {
                Some(Value::String(template)) => replaced.push_str(&template),
                _ => replaced.push_str(&escaped(value)),
            }
            replaced.push_str(&end);
        }
        replaced
    }

    fn body(&mut self, request: &Request) -> StepBody {
        if request.body.is_empty() {
            return StepBody::None;
        }
        match serde_json::from_slice::<Value>(&request.body) {
            Ok(body) => StepBody::Json(self.value("", &body)),
            Err(_) => StepBody::Text(escaped(&String::from_utf8_lossy(&request.body))),
        }
    }

    fn value(&mut self, name: &str, value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                let member = |(name, value): (&String, &Value)| (name.clone(), self.value(name, value));
                Value::Object(members.iter().map(member).collect())
            }
            Value::Array(items) => items.iter().map(|item| self.value(name, item)).collect::<Vec<_>>().into(),
            Value::String(text) if text.contains(HIDDEN) && is_secret_name(name) => test_value(name),
            Value::String(text) => {
                if self.way == Replay::SentToBoth && NEW_FOR_EACH_RUN.contains(&name) && !text.is_empty() {
                    self.texts.insert(text.clone(), format!("${{prefix}}{}", escaped(text)));
                }
                if self.way == Replay::SentToBoth && name == "FirstName" && !text.is_empty() {
                    return format!("${{prefix}} {}", escaped(text)).into();
                }
                let placeholder = self.placeholder(text);
                placeholder.unwrap_or_else(|| escaped(text).into())
            }
            Value::Number(_) if id_kind(name).is_some() => {
                let placeholder = id_text(value).and_then(|text| self.placeholder(&text).or_else(|| self.input(&text)));
                placeholder.unwrap_or_else(|| value.clone())
            }
            other => other.clone(),
        }
    }

    fn placeholder(&self, value: &str) -> Option<Value> {
        let id = self.ids.get(value).map(|name| format!("${{{name}}}"));
        id.or_else(|| self.texts.get(value).cloned()).map(Value::from)
    }

    /// An id that no response gave: the user can say which one it is at the real service.
    fn input(&mut self, id: &str) -> Option<Value> {
        let default = id.parse::<i64>().ok().filter(|id| *id > 0)?;
        let name = format!("id_{id}");
        let meaning = format!("the id that was {id} when the requests were recorded");
        self.inputs.insert(name.clone(), Input { default: default.into(), meaning });
        Some(format!("${{{name}}}").into())
    }
}

fn collect_ids(pointer: &str, name: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let step = name.replace('~', "~0").replace('/', "~1");
                collect_ids(&format!("{pointer}/{step}"), name, value, found);
            }
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(place, item)| collect_ids(&format!("{pointer}/{place}"), name, item, found));
        }
        Value::Number(_) | Value::String(_) if id_kind(name).is_some() || pointer.is_empty() => {
            found.extend(id_text(value).map(|text| (pointer.to_owned(), text)));
        }
        _ => {}
    }
}

/// A value in place of a secret that the recording does not have.
fn test_value(name: &str) -> Value {
    if name.to_ascii_lowercase().contains("tax") { "${nine_digits}".into() } else { TEST_PASSWORD.into() }
}

/// A text whose `${` is not a placeholder.
fn escaped(text: &str) -> String {
    text.replace("${", "$${")
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::*;
    use crate::vendors::VENDORS;
    use crate::verify::exchange::Response;

    fn exchange(method: &str, path: &str, body: &Value, status: u16, response: &Value) -> Exchange {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let request = Request { method: method.into(), path: path.into(), headers: Vec::new(), body };
        let response = Response { status, headers: Vec::new(), body: response.to_string().into_bytes() };
        Exchange { at: DateTime::UNIX_EPOCH, request, response }
    }

    #[test]
    fn ids_of_responses_are_placeholders_in_later_requests() {
        let created = json!({ "Username": "ada", "Password": "•••", "TaxId": "•••", "SponsorId": 2 });
        let exchanges = [
            exchange("POST", "/v1/customers", &created, 201, &json!(77)),
            exchange("PATCH", "/v1/customers/77", &json!({ "SponsorId": 77 }), 200, &Value::Null),
            exchange("GET", "/v1/customers?username=ada", &Value::Null, 200, &json!([])),
        ];
        let (scenario, outcomes) = replay("x", VENDORS[0], &exchanges, Replay::SentToBoth);
        let [first, second, third] = &scenario.steps[..] else { panic!("{scenario:?}") };
        assert_eq!(first.capture, [("response_1_0".to_owned(), String::new())].into());
        let body = json!({
            "Username": "${prefix}ada", "Password": TEST_PASSWORD, "TaxId": "${nine_digits}", "SponsorId": "${id_2}"
        });
        assert_eq!(first.body, StepBody::Json(body));
        assert_eq!(second.path, "/v1/customers/${response_1_0}");
        assert_eq!(second.body, StepBody::Json(json!({ "SponsorId": "${response_1_0}" })));
        assert_eq!(third.path, "/v1/customers?username=${prefix}ada");
        assert_eq!(scenario.inputs["id_2"].default, json!(2));
        assert_eq!(outcomes.len(), 3);
    }
}
