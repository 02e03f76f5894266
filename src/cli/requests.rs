//! `requests list|tail|wait`: the journal of a running server.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;

use super::remote::{Remote, shown};

#[derive(Debug, Subcommand)]
pub(super) enum RequestsCommand {
    /// List a tenant's last calls, the newest first
    List(Asked),
    /// Print a tenant's calls as they come
    Tail(Asked),
    /// Wait for a call, and print it: exit 1 when none came in time
    Wait {
        #[command(flatten)]
        asked: Asked,
        /// For at most so many milliseconds
        #[arg(long, default_value_t = 10_000)]
        timeout_ms: u64,
    },
}

#[derive(Debug, Args)]
pub(super) struct Asked {
    /// The tenant
    tenant: String,
    /// Only calls of this operation
    #[arg(long)]
    operation: Option<String>,
    /// Only calls with this status, or of this class: 404, 4xx
    #[arg(long)]
    status: Option<String>,
    /// Only calls about this customer
    #[arg(long)]
    customer: Option<i32>,
    /// Only after the call with this number
    #[arg(long)]
    since: Option<u64>,
}

impl Asked {
    fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = Vec::new();
        query.extend(self.operation.clone().map(|operation| ("operation", operation)));
        query.extend(self.status.clone().map(|status| ("status", status)));
        query.extend(self.customer.map(|customer| ("customer", customer.to_string())));
        query.extend(self.since.map(|since| ("since", since.to_string())));
        query
    }
}

pub(super) async fn requests(remote: &Remote, command: RequestsCommand) -> anyhow::Result<ExitCode> {
    match command {
        RequestsCommand::List(asked) => {
            let found = remote.find(&["tenants", &asked.tenant, "requests"], &asked.query()).await?;
            remote.print(&found, |found| found.as_array().into_iter().flatten().for_each(print_call))?;
            Ok(ExitCode::SUCCESS)
        }
        RequestsCommand::Tail(asked) => tail(remote, &asked).await,
        RequestsCommand::Wait { asked, timeout_ms } => {
            let mut query = asked.query();
            query.push(("timeout_ms", timeout_ms.to_string()));
            let call = remote.find(&["tenants", &asked.tenant, "requests", "wait"], &query).await?;
            remote.print(&call, print_call)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn tail(remote: &Remote, asked: &Asked) -> anyhow::Result<ExitCode> {
    let path = ["tenants", asked.tenant.as_str(), "requests", "stream"];
    let mut response = remote.send(Method::GET, &path, &asked.query(), None).await?;
    let mut pending = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        pending.extend_from_slice(&chunk);
        while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let Some(data) = line.strip_prefix("data:") else { continue };
            let call: Value = serde_json::from_str(data.trim())?;
            if remote.json { println!("{call}") } else { print_call(&call) }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One line for the call, and one for each reason and change.
fn print_call(call: &Value) {
    let of = |member: &str| shown(&call[member]);
    println!("{} {} {} {} {} {} ms", of("number"), of("at"), of("status"), of("operation"), of("path"), of("ms"));
    for reason in call["reasons"].as_array().into_iter().flatten() {
        println!("    why: {}", shown(&reason["message"]));
    }
    for near in call["near"].as_array().into_iter().flatten() {
        println!("    near: {}", shown(near));
    }
    for change in call["changes"].as_array().into_iter().flatten() {
        for field in change["fields"].as_array().into_iter().flatten() {
            println!(
                "    {} {} {}: {} -> {}",
                shown(&change["table"]),
                shown(&change["id"]),
                shown(&field["field"]),
                shown(&field["before"]),
                shown(&field["after"])
            );
        }
    }
}
