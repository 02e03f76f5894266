//! `verify`: compares the server with a real service.

mod forks;
mod keep;
mod key_file;
mod source;
mod text;

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::{Value, json};
use url::Url;

use super::output::{counted, out, out_json, plain_lines, say};
use super::remote::{Remote, RemoteArgs};
use super::signals::Signals;
use crate::clock::Clock;
use crate::plan::Plan;
use crate::random::Random;
use crate::secret::without;
use crate::vendors::{VENDORS, VendorApi};
use crate::verify::{
    CreatedList, Event, Explanation, Inputs, Permission, RealRun, Report, RunNames, Scenario, Search, Service,
    built_in, permission, run,
};
use forks::Forks;

/// Responses of a service are waited for this long.
const TIMEOUT: Duration = Duration::from_mins(1);

/// In requests per second. A lower rate than one request in 1,000 seconds is a mistake.
const RATES: RangeInclusive<f64> = 0.001..=1_000.0;

#[derive(Debug, Args)]
pub(super) struct VerifyCommand {
    /// The address of the real service
    #[arg(long, value_name = "URL", required_unless_present_any = ["list", "recording"])]
    against: Option<Url>,
    /// A file with its key; for ByDesign and Storm with ACCOUNT:SECRET. - reads standard input
    #[arg(long, value_name = "FILE", required_unless_present_any = ["list", "recording"])]
    key_file: Option<PathBuf>,
    /// Compare with the responses of this HAR file, without the network
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key_file", "scenarios", "journal"])]
    recording: Option<PathBuf>,
    /// Send what a tenant's journal has in place of a scenario
    #[arg(long, value_name = "TENANT", conflicts_with = "scenarios")]
    journal: Option<String>,
    /// The API that is compared
    #[arg(long, default_value = VENDORS[0].name, value_name = "directscale|bydesign|storm", value_parser = vendor)]
    api: &'static VendorApi,
    /// Only this scenario: the name of a built-in one, or a file
    #[arg(long = "scenario", value_name = "NAME|FILE")]
    scenarios: Vec<String>,
    /// List the built-in scenarios
    #[arg(long)]
    list: bool,
    /// Also run the scenarios that create and change customers at the real service
    #[arg(long)]
    allow_writes: bool,
    /// Replace an input of the scenarios for the real service, such as sponsor=1234
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignment)]
    set: Vec<(String, Value)>,
    /// Requests per second to the real service
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = rate)]
    rate: f64,
    /// Confirm that requests may be sent to this host, which is neither this machine nor a known staging system
    #[arg(long, value_name = "HOST")]
    send_to: Option<String>,
    /// The tenant of the emulator whose forks are compared [default: that of --journal, else demo]
    #[arg(long)]
    tenant: Option<String>,
    /// Write a plan with which the emulator answers as the real service did
    #[arg(long, value_name = "FILE")]
    write_plan: Option<PathBuf>,
    /// Where to list what is created at the real service [default: verify-created-RUN.jsonl]
    #[arg(long, value_name = "FILE")]
    created: Option<PathBuf>,
    /// Keep the result and the exchanges in this folder, for the coverage page
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// The address at which a Storm client gets its access token [default: on the host of --against]
    #[arg(long, value_name = "URL")]
    token_url: Option<Url>,
    #[command(flatten, next_help_heading = "Connection options")]
    pub(super) remote: RemoteArgs,
}

fn assignment(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("must be NAME=VALUE")?;
    let value = value.parse::<i64>().map_or_else(|_| value.into(), Value::from);
    Ok((name.to_owned(), value))
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().ok().filter(|rate| RATES.contains(rate));
    rate.ok_or_else(|| format!("must be a number from {} to {}", RATES.start(), RATES.end()))
}

pub(super) async fn verify(remote: &Remote, command: VerifyCommand) -> anyhow::Result<ExitCode> {
    if command.list {
        list(remote)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut signals = Signals::new()?;
    let created = CreatedList::new(PathBuf::new());
    let mut verification = Verification { remote, command, created };
    tokio::select! {
        done = verification.run() => done,
        code = signals.next() => {
            verification.say_created();
            bail!("stopped by a signal ({code})")
        }
    }
}

/// Lists the built-in scenarios.
fn list(remote: &Remote) -> anyhow::Result<()> {
    let item = |scenario: &Scenario| {
        json!({
            "name": scenario.name, "api": scenario.api.name, "steps": scenario.steps.len(),
            "writes": !scenario.is_read_only(), "only_when_named": scenario.only_when_named, "title": scenario.title
        })
    };
    let items: Value = built_in()?.iter().map(item).collect::<Vec<_>>().into();
    if remote.json {
        return Ok(out_json(&items)?);
    }
    Ok(out(text::scenarios(&items, remote.screen))?)
}

/// What the real service answered.
struct Compared {
    /// Its address.
    source: String,
    at: DateTime<Utc>,
    runs: Vec<RealRun>,
    /// What nothing may show.
    secrets: Vec<String>,
}

/// One comparison.
struct Verification<'a> {
    remote: &'a Remote,
    command: VerifyCommand,
    created: CreatedList,
}

impl Verification<'_> {
    async fn run(&mut self) -> anyhow::Result<ExitCode> {
        self.check_files()?;
        let tenant = self.tenant().to_owned();
        let forks = Forks::new(self.remote, &tenant).await?;
        let plan = forks.plan().await?;
        let names = RunNames::new(&Random::default(), Clock::Real.now());
        let compared = self.real(&names).await;
        self.say_created();
        let Compared { source, at, runs, secrets } = compared?;
        let search = Search::begin(&forks, &runs, &names, plan).await?;
        let first = search.runs().to_vec();
        let found = search.explain().await?;
        let report = Report::new(&runs, &first, &found.runs, &found.switches);
        self.print(&report, &source, &tenant, &secrets)?;
        self.write_plan(&found, &report)?;
        if let Some(folder) = &self.command.keep {
            keep::keep(folder, &report, &source, at, &runs, &secrets)?;
        }
        Ok(ExitCode::from(report.exit_code()))
    }

    /// Fails before the first request where a file could not be written after the last one.
    fn check_files(&self) -> anyhow::Result<()> {
        if let Some(path) = &self.command.write_plan {
            let is_new = !path.exists();
            let opened = std::fs::OpenOptions::new().append(true).create(true).open(path);
            opened.with_context(|| format!("{} cannot be written", path.display()))?;
            if is_new {
                std::fs::remove_file(path)?;
            }
        }
        if let Some(folder) = &self.command.keep {
            std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be created", folder.display()))?;
        }
        Ok(())
    }

    fn tenant(&self) -> &str {
        self.command.tenant.as_deref().or(self.command.journal.as_deref()).unwrap_or("demo")
    }

    /// What the real service answered, or has answered before.
    async fn real(&mut self, names: &RunNames) -> anyhow::Result<Compared> {
        let api = self.command.api;
        if let Some(file) = &self.command.recording {
            return source::recording(api, file, self.command.against.as_ref());
        }
        let scenarios = match &self.command.journal {
            Some(journal) => vec![source::journal(self.remote, api, journal).await?],
            None => source::scenarios(api, &self.command.scenarios, self.command.allow_writes)?,
        };
        if !self.command.allow_writes
            && let Some(scenario) = scenarios.iter().find(|scenario| !scenario.is_read_only())
        {
            bail!("{} creates or changes customers at the real service: confirm with --allow-writes", scenario.name);
        }
        let against = self.command.against.clone().context("--against is missing")?;
        permit(&against, self.command.send_to.as_deref())?;
        let file = self.command.key_file.as_deref().context("--key-file is missing")?;
        let client = self.remote.client_of(&against)?.timeout(TIMEOUT).build()?;
        let key = key_file::read(api, file)?.into_key(&client, api, &against, self.command.token_url.as_ref()).await?;
        let secrets = key.secrets();
        let mut service = Service::new(client, against.clone(), key, Duration::from_secs_f64(1.0 / self.command.rate));
        let default = || PathBuf::from(format!("verify-created-{}.jsonl", names.prefix));
        self.created = CreatedList::new(self.command.created.clone().unwrap_or_else(default));
        let runs = self.run_at_service(&mut service, scenarios, names).await?;
        Ok(Compared { source: text::address(&against), at: names.at, runs, secrets })
    }

    async fn run_at_service(
        &mut self,
        service: &mut Service,
        scenarios: Vec<Scenario>,
        names: &RunNames,
    ) -> anyhow::Result<Vec<RealRun>> {
        let set: BTreeMap<String, Value> = self.command.set.iter().cloned().collect();
        for name in set.keys() {
            if !scenarios.iter().any(|scenario| scenario.inputs.contains_key(name)) {
                bail!("--set {name}: no scenario of this run has such an input");
            }
        }
        let mut runs = Vec::with_capacity(scenarios.len());
        let mut first = 1;
        for scenario in scenarios {
            say(format_args!("{}: {} requests to {}", scenario.name, scenario.steps.len(), service.host()));
            let inputs = Inputs::of(&scenario, &set);
            let created = &mut self.created;
            let mut listener = |event: Event<'_>| match event {
                Event::Sending(step, request) if step.creates.is_some() => created.sending(step, request),
                Event::Received(step, exchange) if step.creates.is_some() => created.received(step, exchange),
                Event::Sending(..) | Event::Received(..) => Ok(()),
            };
            let outcomes = run(service, &scenario, names, first, &inputs.real, &mut listener).await?;
            first += scenario.steps.len();
            let is_recorded = self.command.journal.is_some();
            runs.push(RealRun { first: first - scenario.steps.len(), scenario, inputs, outcomes, is_recorded });
        }
        Ok(runs)
    }

    fn say_created(&self) {
        if self.created.count > 0 {
            let path = self.created.path().display().to_string();
            let customers = counted(&self.created.count.into(), "customer was", "customers were");
            say(format_args!("{customers} created; the list is {}", plain_lines(&path)));
        }
    }

    /// Prints the result. A service can repeat the key in a response.
    fn print(&self, report: &Report, source: &str, tenant: &str, secrets: &[String]) -> anyhow::Result<()> {
        let hidden = |text: String| secrets.iter().fold(text, |text, secret| without(&text, secret));
        if self.remote.json {
            let mut document = serde_json::to_value(report)?;
            document["against"] = source.into();
            document["tenant"] = tenant.into();
            return Ok(out_json(&serde_json::from_str(&hidden(document.to_string()))?)?);
        }
        Ok(out(hidden(text::report(report, source, tenant, self.remote.screen)))?)
    }

    /// Writes the entries of the plan that are not the default.
    fn write_plan(&self, found: &Explanation, report: &Report) -> anyhow::Result<()> {
        let Some(path) = &self.command.write_plan else { return Ok(()) };
        let text = format!("{:#}\n", entries(&found.plan));
        std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
        let counts = report.steps_with_plan;
        say(format_args!(
            "{}: run again with this plan, {} of {} steps are equal",
            plain_lines(&path.display().to_string()),
            counts.equal,
            counts.all()
        ));
        Ok(())
    }
}

/// The entries of a plan that are not the default.
fn entries(plan: &Plan) -> Value {
    let mut document = json!({});
    let (own, default) =
        (serde_json::to_value(plan).unwrap_or_default(), serde_json::to_value(Plan::default()).unwrap_or_default());
    for (name, value) in own.as_object().into_iter().flatten() {
        let is_section = VENDORS.iter().any(|vendor| vendor.name == name);
        for (inner, value) in value.as_object().into_iter().flatten().filter(|_| is_section) {
            if default[name][inner] != *value {
                document[name][inner] = value.clone();
            }
        }
        if !is_section && default[name] != *value {
            document[name] = value.clone();
        }
    }
    document
}

fn vendor(name: &str) -> Result<&'static VendorApi, String> {
    let found = VENDORS.into_iter().find(|vendor| vendor.name == name);
    found.ok_or_else(|| format!("must be one of {}", VENDORS.map(|vendor| vendor.name).join(", ")))
}

/// Asks for what an address needs before requests are sent to it.
fn permit(against: &Url, confirmed: Option<&str>) -> anyhow::Result<()> {
    let host = match permission(against) {
        Permission::Given => return Ok(()),
        Permission::Refused(reason) => bail!("{}: {reason}", text::address(against)),
        Permission::Confirmation(host) => host,
    };
    match confirmed {
        Some(name) if name.eq_ignore_ascii_case(&host) => return Ok(()),
        Some(name) => bail!("--send-to names {name}, but --against names {host}; nothing was sent"),
        None => {}
    }
    if !std::io::stdin().is_terminal() {
        bail!("{host} may serve real people: confirm with --send-to {host}; nothing was sent");
    }
    say(format_args!("{host} may serve real people. Type its name to send requests to it:"));
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed)?;
    if typed.trim().eq_ignore_ascii_case(&host) { Ok(()) } else { bail!("not confirmed; nothing was sent") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_in_its_range() {
        assert_eq!((rate("0.001"), rate("1000")), (Ok(0.001), Ok(1_000.0)));
        for text in ["0", "-1", "1e-300", "1001", "inf", "NaN", "", "fast"] {
            assert_eq!(rate(text), Err("must be a number from 0.001 to 1000".to_owned()), "{text}");
        }
    }
}
