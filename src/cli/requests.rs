//! `requests list|show|tail|wait|clear`: the journal of a running server.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use chrono::{DateTime, Local};
use clap::{Args, Subcommand};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

use super::arguments::duration;
use super::output::{
    BOLD, CYAN, DIM, GREEN, OutputError, RED, Screen, YELLOW, json_text, out, plain, plain_lines, say, status_style,
    value_text,
};
use super::remote::{Remote, SendError};
use crate::control::pretty_json;

/// The server's limit for one wait.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// The pause before a reconnect, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LAST_PAUSE: Duration = Duration::from_secs(5);

/// The maximum number of requests that are fetched after a lost stream.
const CATCH_UP: &str = "1000";

#[derive(Debug, Subcommand)]
pub(super) enum RequestsCommand {
    /// List a tenant's last requests, the newest first
    List {
        #[command(flatten)]
        filter: FilterArgs,
        /// At most this many
        #[arg(long, default_value_t = 100, value_name = "NUMBER")]
        limit: u32,
        /// Only print the number of the newest one, for `--since`; 0 if there is none
        #[arg(long)]
        last: bool,
    },
    /// Show a request: why it was rejected, what it changed, its headers and bodies
    Show {
        /// The tenant; or the request, of any tenant
        #[arg(value_name = "TENANT|ID")]
        tenant_or_id: String,
        /// The request's number, or its X-DirectScale-RequestId
        id: Option<String>,
    },
    /// Follow a tenant's requests
    Tail {
        #[command(flatten)]
        filter: FilterArgs,
        /// Exit code 1 if the server is unreachable for longer than this
        #[arg(long, default_value = "30s", value_name = "DURATION", value_parser = duration)]
        give_up_after: Duration,
    },
    /// Wait for a new request and print it; exit code 1 if none matches in time
    Wait {
        #[command(flatten)]
        filter: FilterArgs,
        /// For at most this long
        #[arg(long, default_value = "10s", value_name = "DURATION", value_parser = duration)]
        timeout: Duration,
    },
    /// Clear a tenant's requests
    Clear {
        /// The tenant
        tenant: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct FilterArgs {
    /// The tenant
    tenant: String,
    /// Only requests of this operation, such as `UpgradeCustomer`; - for paths that are no operation
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    operation: Option<String>,
    /// Only requests with this status, or of this class: 404, 4xx
    #[arg(long)]
    status: Option<String>,
    /// Only requests about this customer
    #[arg(long, value_name = "ID")]
    customer: Option<i32>,
    /// Only requests after the one with this number; 0 for all that the journal has
    #[arg(long, value_name = "NUMBER")]
    since: Option<u64>,
}

impl FilterArgs {
    fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = Vec::new();
        query.extend(self.operation.clone().map(|operation| ("operation", operation)));
        query.extend(self.status.clone().map(|status| ("status", status)));
        query.extend(self.customer.map(|customer| ("customer", customer.to_string())));
        query
    }

    fn query_since(&self, since: Option<u64>) -> Vec<(&'static str, String)> {
        let mut query = self.query();
        query.extend(since.map(|since| ("since", since.to_string())));
        query
    }
}

pub(super) async fn requests(remote: &Remote, command: RequestsCommand) -> anyhow::Result<ExitCode> {
    match command {
        RequestsCommand::List { filter, last: true, .. } => out(last_number(remote, &filter).await?)?,
        RequestsCommand::List { filter, limit, last: false } => {
            let mut query = filter.query_since(filter.since);
            query.push(("limit", limit.to_string()));
            let found = remote.find(&["tenants", &filter.tenant, "requests"], &query).await?;
            remote.print(&found, |found| {
                let items = found.as_array().into_iter().flatten();
                let text: String = items.map(|request| summary(request, remote.screen)).collect();
                Ok(out(text)?)
            })?;
        }
        RequestsCommand::Show { tenant_or_id, id } => {
            let found = match id {
                Some(id) => remote.get(&["tenants", &tenant_or_id, "requests", &id]).await?,
                None => find_anywhere(remote, &tenant_or_id).await?,
            };
            remote.print(&found, |found| Ok(out(details(found, remote.screen))?))?;
        }
        RequestsCommand::Tail { filter, give_up_after } => return tail(remote, &filter, give_up_after).await,
        RequestsCommand::Wait { filter, timeout } => {
            let request = wait(remote, &filter, timeout).await?;
            remote.print(&request, |request| Ok(out(summary(request, remote.screen))?))?;
        }
        RequestsCommand::Clear { tenant } => {
            let answer = remote.delete(&["tenants", &tenant, "requests"]).await?;
            if remote.json {
                remote.print(&answer, |_| Ok(()))?;
            } else {
                say(format_args!("Cleared the requests of tenant '{}'.", plain(&tenant)));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The number of a tenant's newest request that matches the filter; 0 if there is none.
async fn last_number(remote: &Remote, filter: &FilterArgs) -> anyhow::Result<u64> {
    let mut query = filter.query();
    query.push(("limit", "1".to_owned()));
    let newest = remote.find(&["tenants", &filter.tenant, "requests"], &query).await?;
    Ok(newest[0]["number"].as_u64().unwrap_or(0))
}

/// Finds a request without the name of its tenant: numbers and ids are unique on a server.
async fn find_anywhere(remote: &Remote, id: &str) -> anyhow::Result<Value> {
    for tenant in remote.tenant_names().await? {
        match remote.send(Method::GET, &["tenants", &tenant, "requests", id], &[], None).await {
            Ok(response) => return Ok(serde_json::from_str(&response.text().await?)?),
            Err(SendError::Rejected { status: StatusCode::NOT_FOUND, .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let unauthenticated = remote.find(&["unauthenticated-requests"], &[("limit", CATCH_UP.to_owned())]).await?;
    let is_it = |request: &&Value| value_text(&request["request_id"]) == id || value_text(&request["number"]) == id;
    let found = unauthenticated.as_array().into_iter().flatten().find(is_it).cloned();
    found.with_context(|| format!("no tenant's journal has a request '{id}', or no longer has it"))
}

/// Waits for a request that matches the filter: a new one, unless the filter has `since`.
async fn wait(remote: &Remote, filter: &FilterArgs, timeout: Duration) -> anyhow::Result<Value> {
    let since = match filter.since {
        Some(since) => since,
        // The newest of any operation: requests that the journal has already are not new.
        None => newest_number(remote, &filter.tenant).await?,
    };
    let deadline = Instant::now() + timeout;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut query = filter.query_since(Some(since));
        query.push(("timeout_ms", left.min(MAX_WAIT).as_millis().to_string()));
        match remote.send(Method::GET, &["tenants", &filter.tenant, "requests", "wait"], &query, None).await {
            Ok(response) => return Ok(serde_json::from_str(&response.text().await?)?),
            Err(SendError::Rejected { status: StatusCode::REQUEST_TIMEOUT, .. }) if Instant::now() < deadline => {}
            Err(SendError::Rejected { status: StatusCode::REQUEST_TIMEOUT, .. }) => {
                bail!("no request matched within {} ms", timeout.as_millis())
            }
            Err(error) => return Err(error.into()),
        }
    }
}

async fn newest_number(remote: &Remote, tenant: &str) -> anyhow::Result<u64> {
    let newest = remote.find(&["tenants", tenant, "requests"], &[("limit", "1".to_owned())]).await?;
    Ok(newest[0]["number"].as_u64().unwrap_or(0))
}

/// Follows the requests over reconnects.
struct Tail<'a> {
    remote: Remote,
    filter: &'a FilterArgs,
    /// The number of the last request that was printed or passed over.
    last: Option<u64>,
    /// When the server that assigned this number was started.
    started_at: Option<Value>,
}

async fn tail(remote: &Remote, filter: &FilterArgs, give_up_after: Duration) -> anyhow::Result<ExitCode> {
    let mut tail = Tail { remote: remote.for_streams()?, filter, last: filter.since, started_at: None };
    let mut was_connected = false;
    let mut lost_at: Option<Instant> = None;
    let mut pause = FIRST_PAUSE;
    loop {
        let path = ["tenants", filter.tenant.as_str(), "requests", "stream"];
        // Without `since`, because a restarted server numbers its requests from 1 again.
        let problem = match tail.remote.send(Method::GET, &path, &filter.query(), None).await {
            Ok(stream) => {
                let verb = if was_connected { "Following again" } else { "Following" };
                say(format_args!("{verb} {} on {} (Ctrl-C to stop)", plain(&filter.tenant), tail.remote.base()));
                let has_missed = was_connected || filter.since.is_some();
                (was_connected, lost_at, pause) = (true, None, FIRST_PAUSE);
                match tail.catch_up(has_missed).await {
                    Ok(()) => tail.print(stream).await?,
                    Err(error) if error.is::<OutputError>() => return Err(error),
                    Err(error) => error.to_string(),
                }
            }
            // Unreachable from the beginning, or rejected: waiting would not help.
            Err(error @ SendError::Unreachable { .. }) if was_connected => error.to_string(),
            Err(SendError::Rejected { status, detail }) if was_connected && status.is_server_error() => detail,
            Err(error) => return Err(error.into()),
        };
        let since = *lost_at.get_or_insert_with(|| {
            say(format_args!("Lost the server ({problem}); trying again for {} s", give_up_after.as_secs()));
            Instant::now()
        });
        anyhow::ensure!(since.elapsed() < give_up_after, "lost the server: {problem}");
        let left = give_up_after.saturating_sub(since.elapsed());
        tokio::time::sleep(pause.min(left)).await;
        pause = LAST_PAUSE.min(pause * 2);
    }
}

impl Tail<'_> {
    /// Detects a restart of the server, and prints the requests before this connection that were missed.
    async fn catch_up(&mut self, has_missed: bool) -> anyhow::Result<()> {
        let started_at = self.remote.get(&["status"]).await?["started_at"].take();
        if self.started_at.as_ref().is_some_and(|before| *before != started_at) {
            // A restarted server numbers its requests from 1 again, so that all of them are new.
            self.last = None;
        }
        self.started_at = Some(started_at);
        if !has_missed {
            return Ok(());
        }
        let path = ["tenants", self.filter.tenant.as_str(), "requests"];
        let mut query = self.filter.query_since(self.last);
        query.push(("limit", CATCH_UP.to_owned()));
        let missed = self.remote.find(&path, &query).await?;
        for request in missed.as_array().into_iter().flatten().rev() {
            self.print_one(request)?;
        }
        Ok(())
    }

    /// Prints a stream until it ends, and returns the reason for which it ended.
    async fn print(&mut self, mut stream: Response) -> anyhow::Result<String> {
        let mut pending = Vec::new();
        loop {
            let chunk = match stream.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => return Ok("it ended the stream".to_owned()),
                Err(error) => return Ok(error.without_url().to_string()),
            };
            pending.extend_from_slice(&chunk);
            while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = pending.drain(..=end).collect();
                let line = String::from_utf8_lossy(&line);
                let Some(data) = line.strip_prefix("data:") else { continue };
                let request: Value = serde_json::from_str(data.trim())?;
                self.print_one(&request)?;
            }
        }
    }

    fn print_one(&mut self, request: &Value) -> anyhow::Result<()> {
        let number = request["number"].as_u64();
        if number.is_some() && self.last >= number {
            return Ok(());
        }
        self.last = number.or(self.last);
        let text = if self.remote.json { json_text(request, false) } else { summary(request, self.remote.screen) };
        Ok(out(text)?)
    }
}

/// One line for the request, and one for each reason and change.
fn summary(request: &Value, screen: Screen) -> String {
    let of = |member: &str| value_text(&request[member]);
    let mut text = String::new();
    let status = screen.paint(status_style(request["status"].as_u64()), of("status"));
    if screen.is_terminal {
        let at = screen.paint(DIM, format_args!("{:>4}  {}", of("number"), local_time(&of("received_at"))));
        let duration = screen.paint(DIM, format_args!("{} ms  {}", of("duration_ms"), of("operation")));
        let _ = writeln!(text, "{at}  {status}  {} {}  {duration}", of("method"), of("path"));
    } else {
        let line = ["number", "received_at", "status", "method", "path", "operation", "duration_ms"].map(of);
        let _ = writeln!(text, "{}", line.join("\t"));
    }
    for reason in items(&request["reasons"]) {
        let _ = writeln!(text, "    why: {}", screen.paint(YELLOW, value_text(&reason["message"])));
    }
    for ignored in items(&request["ignored"]) {
        let _ = writeln!(text, "    ignored: {}", value_text(ignored));
    }
    for operation in items(&request["did_you_mean"]) {
        let _ = writeln!(text, "    did you mean: {}", value_text(operation));
    }
    for fault in items_of_one(&request["fault"]) {
        let _ = writeln!(text, "    fault {}: {}", value_text(&fault["id"]), value_text(&fault["description"]));
    }
    text + &changes(request, screen)
}

fn changes(request: &Value, screen: Screen) -> String {
    let mut text = String::new();
    for change in items(&request["changes"]) {
        for field in items(&change["fields"]) {
            let _ = writeln!(
                text,
                "    {} {} {}: {} -> {}",
                value_text(&change["table"]),
                value_text(&change["id"]),
                screen.paint(CYAN, value_text(&field["field"])),
                screen.paint(RED, value_text(&field["before"])),
                screen.paint(GREEN, value_text(&field["after"]))
            );
        }
    }
    text
}

fn details(request: &Value, screen: Screen) -> String {
    let of = |member: &str| value_text(&request[member]);
    let head = |text: &str| screen.paint(BOLD, text);
    let status = screen.paint(status_style(request["status"].as_u64()), of("status"));
    let mut text = String::new();
    let _ = writeln!(text, "{} {} {} -> {status}", of("number"), of("method"), of("path"));
    let duration = format!("{} ms, of which {} ms waiting for the database", of("duration_ms"), of("database_ms"));
    for (name, value) in [
        ("operation", of("operation")),
        ("request id", of("request_id")),
        ("received at", of("received_at")),
        ("tenant time", of("tenant_time")),
        ("key", of("key")),
        ("customer", of("customer")),
        ("duration", duration),
    ] {
        let _ = writeln!(text, "  {} {value}", screen.paint(DIM, format_args!("{name:<12}")));
    }
    if request["dry_run"] == true {
        let _ = writeln!(text, "  A dry run: everything was rolled back.");
    }
    for fault in items_of_one(&request["fault"]) {
        let _ = writeln!(text, "  Fault {}: {}", value_text(&fault["id"]), value_text(&fault["description"]));
    }
    section(
        &mut text,
        &head("Why"),
        items(&request["reasons"]).map(|reason| {
            format!(
                "{} ({}: {})",
                value_text(&reason["message"]),
                value_text(&reason["field"]),
                value_text(&reason["rule"])
            )
        }),
    );
    section(&mut text, &head("Ignored"), items(&request["ignored"]).map(value_text));
    section(&mut text, &head("Did you mean"), items(&request["did_you_mean"]).map(value_text));
    let changes = changes(request, screen);
    section(&mut text, &head("Changes"), changes.lines().map(|line| line.trim_start().to_owned()));
    section(
        &mut text,
        &head("Events"),
        items(&request["events"]).map(|event| {
            format!(
                "{} customer {} {}",
                value_text(&event["event_type"]),
                value_text(&event["customer"]),
                value_text(&event["id"])
            )
        }),
    );
    section(
        &mut text,
        &head("Hooks"),
        items(&request["hooks"]).map(|hook| {
            let (id, url) = (value_text(&hook["hook"]), value_text(&hook["url"]));
            format!("{id} {url} -> {} in {} ms", value_text(&hook["status"]), value_text(&hook["duration_ms"]))
        }),
    );
    if let Some(left_out) = request["left_out"].as_u64().filter(|count| *count > 0) {
        let _ = writeln!(text, "\n({left_out} more changes, events and hooks were left out)");
    }
    for (name, headers, body) in
        [("Request", "request_headers", "request_body"), ("Response", "response_headers", "response_body")]
    {
        let _ = writeln!(text, "\n{}", head(name));
        for header in items(&request[headers]) {
            let _ = writeln!(text, "  {}: {}", screen.paint(CYAN, value_text(&header[0])), value_text(&header[1]));
        }
        text += &body_text(&request[body]);
    }
    text
}

fn section(text: &mut String, head: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        let _ = writeln!(text, "\n{head}");
    }
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
}

/// A body, indented if it is JSON.
fn body_text(body: &Value) -> String {
    let kept = body["text"].as_str().unwrap_or_default();
    let bytes = body["bytes"].as_u64().unwrap_or_default();
    if kept.is_empty() && bytes == 0 {
        return "  (no body)\n".to_owned();
    }
    let mut text = plain_lines(&pretty_json(kept)).into_owned();
    if body["is_truncated"] == true {
        let _ = write!(text, "\n(the first {} of {bytes} bytes)", kept.len());
    }
    let mut indented = String::from("\n");
    for line in text.lines() {
        let _ = writeln!(indented, "  {line}");
    }
    indented
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn items_of_one(value: &Value) -> impl Iterator<Item = &Value> {
    (!value.is_null()).then_some(value).into_iter()
}

/// A time in the local time zone.
fn local_time(at: &str) -> String {
    at.parse::<DateTime<chrono::Utc>>()
        .map_or_else(|_| at.to_owned(), |at| at.with_timezone(&Local).format("%H:%M:%S").to_string())
}
