//! From a file's steps to requests: repetitions, named bodies, members that are replaced or left out.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::HeaderName;
use serde_json::{Map, Value};

use super::file::{ScenarioFile, StepFile};
use super::template::{fill_known, fill_known_text, names};
use super::{BUILT_IN_NAMES, MAX_STEPS, Step, StepBody};
use crate::vendors::secret_headers;

/// The methods that a step can have.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Every repetition of every step.
pub(super) fn steps(file: &ScenarioFile) -> Result<Vec<Step>, String> {
    let mut known: BTreeSet<String> = BUILT_IN_NAMES.map(str::to_owned).into();
    known.extend(file.inputs.keys().cloned());
    let mut steps: Vec<Step> = Vec::new();
    let mut used = BTreeSet::new();
    for step in &file.steps {
        for values in combinations(&step.for_each).map_err(|reason| format!("step '{}': {reason}", step.name))? {
            if steps.len() == MAX_STEPS {
                return Err(format!("it has more than {MAX_STEPS} steps"));
            }
            let named = |reason| format!("step '{}': {reason}", step.name);
            let mut step = expanded(step, &file.bodies, &values).map_err(named)?;
            step.compare = file.compare;
            if !used.insert(step.name.clone()) {
                return Err(format!("two steps are named '{}'", step.name));
            }
            check_placeholders(&step, &known).map_err(|reason| format!("step '{}': {reason}", step.name))?;
            known.extend(step.capture.keys().cloned());
            steps.push(step);
        }
    }
    if steps.is_empty() { Err("it has no steps".to_owned()) } else { Ok(steps) }
}

/// All combinations of the values, the last list changing fastest.
fn combinations(lists: &Map<String, Value>) -> Result<Vec<Map<String, Value>>, String> {
    let mut all = vec![Map::new()];
    for (name, list) in lists {
        let list = list.as_array().filter(|list| !list.is_empty());
        let list = list.ok_or_else(|| format!("for_each.{name} is not a list with values"))?;
        if all.len().saturating_mul(list.len()) > MAX_STEPS {
            return Err(format!("for_each has more than {MAX_STEPS} combinations"));
        }
        let with = |values: &Map<String, Value>, value: &Value| {
            let mut values = values.clone();
            values.insert(name.clone(), value.clone());
            values
        };
        all = all.iter().flat_map(|values| list.iter().map(|value| with(values, value))).collect();
    }
    Ok(all)
}

fn expanded(file: &StepFile, bodies: &BTreeMap<String, Value>, values: &Map<String, Value>) -> Result<Step, String> {
    let lookup = |name: &str, argument: Option<&str>| argument.is_none().then(|| values.get(name).cloned()).flatten();
    let text = |text: &str| fill_known_text(text, &lookup);
    let send = text(&file.send);
    let (method, path) = send.split_once(' ').ok_or("send is not a method and a path, such as GET /v1/customers/1")?;
    let is_path = path.starts_with('/') && !path.contains(char::is_whitespace);
    if !METHODS.contains(&method) || !is_path || path.split(['/', '?']).any(|part| part == "..") {
        return Err("send is not a method and a path, such as GET /v1/customers/1".to_owned());
    }
    if file.reads && file.creates.is_some() {
        return Err("a step that creates something does not only read".to_owned());
    }
    if let Some((name, _)) = file.capture.iter().find(|(_, pointer)| !pointer.is_empty() && !pointer.starts_with('/')) {
        return Err(format!("capture.{name} is not a JSON pointer: it must be empty or begin with a slash"));
    }
    if let Some(name) = file.headers.keys().find(|name| is_own_header(name)) {
        return Err(format!("headers: {name} is not a header that a step can set; credential decides about the key"));
    }
    let body = body(file, bodies, &lookup)?;
    let mut headers: Vec<(String, String)> =
        file.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    if body != StepBody::None || file.content_type.is_some() {
        let content_type = file.content_type.as_deref().unwrap_or("application/json");
        headers.push(("Content-Type".to_owned(), text(content_type)));
    }
    Ok(Step {
        name: text(&file.name),
        reads: file.reads || matches!(method, "GET" | "HEAD" | "OPTIONS"),
        method: method.to_owned(),
        path: path.to_owned(),
        headers,
        credential: file.credential,
        body,
        capture: file.capture.clone(),
        creates: file.creates,
        compare: super::Comparison::default(),
        has_other_secret: false,
        shows: file.shows.iter().map(|label| text(label)).collect(),
    })
}

/// Whether the program sets a header itself, or its name is none.
fn is_own_header(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_own =
        ["host", "content-length", "content-type", "connection", "transfer-encoding"].contains(&lower.as_str());
    is_own || secret_headers().contains(&lower.as_str()) || HeaderName::from_bytes(name.as_bytes()).is_err()
}

fn body(
    file: &StepFile,
    bodies: &BTreeMap<String, Value>,
    lookup: &super::template::Lookup<'_>,
) -> Result<StepBody, String> {
    if let Some(raw) = &file.text {
        if file.body.is_some() || !file.with.is_empty() || file.without.is_some() {
            return Err("text excludes body, with and without".to_owned());
        }
        return Ok(StepBody::Text(fill_known_text(raw, lookup)));
    }
    let Some(body) = &file.body else {
        let is_changed = !file.with.is_empty() || file.without.is_some();
        return if is_changed { Err("with and without need a body".to_owned()) } else { Ok(StepBody::None) };
    };
    let body = match body {
        Value::String(name) => {
            let name = fill_known_text(name, lookup);
            bodies.get(&name).ok_or_else(|| format!("there is no body named '{name}'"))?
        }
        body => body,
    };
    let mut body = fill_known(body, lookup);
    for (name, value) in &file.with {
        replace(&mut body, &fill_known_text(name, lookup), fill_known(value, lookup))?;
    }
    match file.without.as_ref().map(|without| fill_known(without, lookup)) {
        None => {}
        Some(Value::String(name)) => remove(&mut body, &name)?,
        Some(Value::Array(names)) => {
            for name in names {
                remove(&mut body, name.as_str().ok_or("without has a value that is no name")?)?;
            }
        }
        Some(_) => return Err("without is neither a name nor a list of names".to_owned()),
    }
    Ok(StepBody::Json(body))
}

fn replace(body: &mut Value, name: &str, value: Value) -> Result<(), String> {
    let mut place = body;
    for part in name.split('.') {
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        let members = place.as_object_mut().ok_or_else(|| format!("with.{name}: it is not inside an object"))?;
        place = members.entry(part).or_insert(Value::Null);
    }
    *place = value;
    Ok(())
}

/// Removes a member; one that is missing stays missing.
fn remove(body: &mut Value, name: &str) -> Result<(), String> {
    let (parents, last) = name.rsplit_once('.').map_or((None, name), |(parents, last)| (Some(parents), last));
    let mut place = body;
    for part in parents.into_iter().flat_map(|parents| parents.split('.')) {
        match place.get_mut(part) {
            Some(inner) => place = inner,
            None => return Ok(()),
        }
    }
    let members = place.as_object_mut().ok_or_else(|| format!("without: {name} is not inside an object"))?;
    members.remove(last);
    Ok(())
}

fn check_placeholders(step: &Step, known: &BTreeSet<String>) -> Result<(), String> {
    let mut texts = vec![step.path.clone()];
    texts.extend(step.headers.iter().map(|(_, value)| value.clone()));
    match &step.body {
        StepBody::None => {}
        StepBody::Text(text) => texts.push(text.clone()),
        StepBody::Json(body) => collect_texts(body, &mut texts),
    }
    let unknown = texts.iter().flat_map(|text| names(text)).find(|name| !known.contains(*name));
    match unknown {
        Some(name) => Err(format!("${{{name}}} is neither an input, nor captured by an earlier step, nor built in")),
        None => Ok(()),
    }
}

fn collect_texts(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, texts)),
        Value::Object(members) => members.values().for_each(|value| collect_texts(value, texts)),
        _ => {}
    }
}
