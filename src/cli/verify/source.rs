//! Where the requests of a comparison come from: scenarios, a recording, or the journal of a tenant.

use std::path::Path;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use serde_json::Value;
use url::Url;

use super::Compared;
use crate::cli::files::read_text_file;
use crate::cli::output::{plain_lines, say};
use crate::cli::remote::Remote;
use crate::secret::HIDDEN;
use crate::vendors::VendorApi;
use crate::verify::{
    Exchange, Inputs, Outcome, RealRun, RecordedExchange, Replay, Request, Response, Scenario, built_in, operation_of,
    read_har, replay, unknown_label,
};

/// The requests of a journal that are sent, at most: the server's longest list.
const MAX_OF_JOURNAL: usize = 500;

/// A masked value as a path has it.
const MASKED_IN_PATH: &str = "%E2%80%A2";

/// The scenarios that the command line names, or the built-in ones.
pub(super) fn scenarios(api: &VendorApi, names: &[String], allow_writes: bool) -> anyhow::Result<Vec<Scenario>> {
    if names.is_empty() {
        let is_run = |scenario: &Scenario| {
            scenario.api.name == api.name && !scenario.only_when_named && (allow_writes || scenario.is_read_only())
        };
        return Ok(built_in()?.into_iter().filter(is_run).collect());
    }
    let scenarios = names.iter().map(|name| scenario(name)).collect::<anyhow::Result<Vec<_>>>()?;
    if let Some(other) = scenarios.iter().find(|scenario| scenario.api.name != api.name) {
        bail!("scenario {} is for --api {}", other.name, other.api.name);
    }
    for scenario in &scenarios {
        if let Some((step, label)) = unknown_label(scenario) {
            bail!("scenario {}: step '{step}': shows: {label} names no entry of the plan", scenario.name);
        }
    }
    Ok(scenarios)
}

/// A built-in scenario by its name, or a file.
fn scenario(name: &str) -> anyhow::Result<Scenario> {
    if let Some(found) = built_in()?.into_iter().find(|scenario| scenario.name == name) {
        return Ok(found);
    }
    let path = Path::new(name);
    if !path.exists() {
        bail!("{name} is neither a built-in scenario (--list shows them) nor a file");
    }
    let text = read_text_file(name)?;
    let stem = path.file_stem().map_or_else(|| name.into(), |stem| stem.to_string_lossy().into_owned());
    Ok(Scenario::read(&stem, &text)?)
}

/// The exchanges of a HAR file with one host: that of `against`, or the one with the most requests of the API.
pub(super) fn recording(api: &'static VendorApi, file: &Path, against: Option<&Url>) -> anyhow::Result<Compared> {
    let name = file.display().to_string();
    let recording = read_har(file)?;
    let host = against.map(host_of).or_else(|| recording.main_host());
    let host = host.with_context(|| format!("{name} has no request to an operation"))?;
    let recording = recording.of_host(&host);
    if !recording.left_out.is_empty() {
        say(format_args!("{}: left out {}", plain_lines(&name), plain_lines(&recording.left_out.to_string())));
    }
    let is_own = |recorded: &&RecordedExchange| {
        let Request { method, path, .. } = &recorded.exchange.request;
        operation_of(api, method, path).is_some()
    };
    let calls: Vec<&RecordedExchange> = recording.exchanges.iter().filter(is_own).collect();
    let others = recording.exchanges.len() - calls.len();
    if others > 0 {
        say(format_args!("{}: left out {others} requests that are no operation of {}", plain_lines(&name), api.title));
    }
    let at = calls.first().map(|recorded| recorded.exchange.at);
    let at = at.with_context(|| format!("{name} has no request of --api {} to {host}", api.name))?;
    let exchanges: Vec<Exchange> = calls.iter().map(|recorded| recorded.exchange.clone()).collect();
    let stem = file.file_stem().map_or_else(|| name.clone(), |stem| stem.to_string_lossy().into_owned());
    let (scenario, mut outcomes) = replay(&stem, api, &exchanges, Replay::Recorded);
    for (outcome, recorded) in outcomes.iter_mut().zip(&calls) {
        if recorded.lacks_response_body {
            *outcome = Outcome::Failed("the recording has no body of the response".to_owned());
        } else if recorded.exchange.request.path.contains(MASKED_IN_PATH) {
            *outcome = Outcome::Failed("the recording has a masked value in the path".to_owned());
        } else if recorded.lacks_request_body {
            *outcome = Outcome::Failed("the recording has no body of the request".to_owned());
        }
    }
    let inputs = Inputs::of(&scenario, &std::collections::BTreeMap::new());
    let run = RealRun { scenario, first: 1, inputs, outcomes, is_recorded: true };
    Ok(Compared { source: host, at, runs: vec![run], secrets: Vec::new() })
}

/// The host as a recording has it: with its port, if it is not the usual one.
fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The requests of a tenant's journal as a scenario, the oldest first.
pub(super) async fn journal(remote: &Remote, api: &'static VendorApi, tenant: &str) -> anyhow::Result<Scenario> {
    let query = [("limit", MAX_OF_JOURNAL.to_string())];
    let listed = remote.find(&["tenants", tenant, "requests"], &query).await?;
    let entries = listed.as_array().map(Vec::as_slice).unwrap_or_default();
    let of_api = |entry: &&Value| {
        let (method, path) = (entry["method"].as_str(), entry["path"].as_str());
        method.zip(path).is_some_and(|(method, path)| operation_of(api, method, path).is_some())
    };
    let of_api: Vec<&Value> = entries.iter().rev().filter(of_api).collect();
    let exchanges: Vec<Exchange> = of_api.iter().filter_map(|entry| exchange(entry)).collect();
    let left_out = of_api.len() - exchanges.len();
    if left_out > 0 {
        say(format_args!("left out {left_out} requests whose body or path the journal does not have as a whole"));
    }
    if exchanges.is_empty() {
        bail!("the journal of tenant {tenant} has no request of --api {}", api.name);
    }
    let (scenario, _) = replay(&format!("journal of {tenant}"), api, &exchanges, Replay::SentToBoth);
    for (name, input) in &scenario.inputs {
        say(format_args!(
            "{} is {}; --set {name}=… gives another one to the real service",
            input.meaning, input.default
        ));
    }
    Ok(scenario)
}

/// An entry of the journal; `None` when it cannot be sent again.
fn exchange(entry: &Value) -> Option<Exchange> {
    let body = |body: &Value| {
        let is_whole = body["is_truncated"] == false;
        is_whole.then(|| body["text"].as_str().unwrap_or_default().as_bytes().to_vec())
    };
    let headers = |headers: &Value| {
        let header = |pair: &Value| Some((pair[0].as_str()?.to_owned(), pair[1].as_str()?.to_owned()));
        headers.as_array().into_iter().flatten().filter_map(header).collect::<Vec<_>>()
    };
    let path = entry["path"].as_str().filter(|path| !path.contains(HIDDEN) && !path.contains(MASKED_IN_PATH))?;
    let request = Request {
        method: entry["method"].as_str()?.to_owned(),
        path: path.to_owned(),
        headers: headers(&entry["request_headers"]),
        body: body(&entry["request_body"])?,
    };
    let response = Response {
        status: u16::try_from(entry["status"].as_u64()?).ok()?,
        headers: headers(&entry["response_headers"]),
        body: body(&entry["response_body"]).unwrap_or_default(),
    };
    let at = entry["received_at"].as_str()?.parse::<DateTime<Utc>>().ok()?;
    Some(Exchange { at, request, response })
}
