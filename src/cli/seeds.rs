//! `seed` and `export`: read tenants from seed files, and write them.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use reqwest::Method;
use serde_json::json;

use super::files::ExportFile;
use super::output::{counted, out, out_bytes, out_json, plain, say};
use super::remote::{Body, Remote, RemoteArgs, SendError};
use crate::config::{DatabaseArgs, LogArgs, Settings, setting};
use crate::tenants::{DEMO_SEED, SeedSummary};

#[derive(Debug, Args)]
pub(super) struct SeedCommand {
    /// A seed file in YAML or, with the extension .json, in JSON; demo is the built-in one
    pub(super) file: String,
    /// Replace the data of this tenant: with the file's tenant of this name, or its only tenant
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// Write to the database (--data or --database-url) without a server
    #[arg(long, conflicts_with = "tenant")]
    pub(super) offline: bool,
    #[command(flatten, next_help_heading = "Database options (with --offline)")]
    pub(super) database: DatabaseArgs,
    #[command(flatten, next_help_heading = "Log options (with --offline)")]
    pub(super) log: LogArgs,
    #[command(flatten, next_help_heading = "Connection options")]
    pub(super) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(super) struct ExportCommand {
    /// The tenant, or a snapshot of one (demo@seed)
    tenant: String,
    /// Write to this file, which only you can read; - is standard output [default: -]
    #[arg(short, long, value_name = "FILE")]
    output: Option<String>,
    /// Add the digests of the tenant's keys, so that `seed FILE` creates a tenant with the same keys
    #[arg(long)]
    keys: bool,
    #[command(flatten, next_help_heading = "Connection options")]
    pub(super) remote: RemoteArgs,
}

/// A flag that names a database needs `--offline`: otherwise the seed would go to another one, the running server's.
pub(super) fn check_flags(settings: &Settings) -> anyhow::Result<()> {
    for setting in [setting::data, setting::database_url] {
        if settings.listing.iter().any(|listed| listed.name == setting.name && listed.origin == "flag") {
            let flag = setting.flag();
            bail!("{flag} needs --offline: without it the seed goes to the running server, into its database");
        }
    }
    Ok(())
}

/// Sends the content of a seed file: the server may be on another machine.
pub(super) async fn seed(remote: &Remote, SeedCommand { file, tenant, .. }: &SeedCommand) -> anyhow::Result<ExitCode> {
    let body = if file == "demo" { Body::of_yaml(DEMO_SEED.to_owned()) } else { Body::of_file(file)? };
    if let Some(tenant) = tenant {
        let seeded = remote.put_body(&["tenants", tenant, "seed"], body).await.map_err(with_hint)?;
        remote
            .print_done(&seeded, &format!("Seeded tenant '{tenant}': {}.", counted(&seeded["rows"], "row", "rows")))?;
        return Ok(ExitCode::SUCCESS);
    }
    let loaded = remote.put_body(&["seed"], body).await.map_err(with_hint)?;
    print(&serde_json::from_value(loaded)?, remote.json)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn print(seeded: &SeedSummary, is_json: bool) -> anyhow::Result<()> {
    if is_json {
        return Ok(out_json(&json!(seeded))?);
    }
    let created = seeded.created.iter().map(|tenant| format!("{}: created\n", plain(tenant)));
    let unchanged = seeded.unchanged.iter().map(|tenant| format!("{}: exists already, unchanged\n", plain(tenant)));
    Ok(out(created.chain(unchanged).collect::<String>())?)
}

/// Adds a hint to the error of a server that does not answer.
fn with_hint(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref() {
        Some(SendError::Unreachable { base, reason }) => anyhow::anyhow!(
            "no server answers at {base} ({reason}): start one, name one with --server, or write to the database with \
             --offline"
        ),
        _ => error,
    }
}

/// Writes a tenant as a seed file.
pub(super) async fn export(
    remote: &Remote,
    ExportCommand { tenant, output, keys, .. }: &ExportCommand,
) -> anyhow::Result<ExitCode> {
    let (name, snapshot) = match tenant.rsplit_once('@') {
        Some((name, snapshot)) => (name, Some(snapshot.to_owned())),
        None => (tenant.as_str(), None),
    };
    let mut query = vec![("format", if remote.json { "json" } else { "yaml" }.to_owned())];
    query.extend(snapshot.map(|snapshot| ("snapshot", snapshot)));
    query.extend(keys.then(|| ("keys", "true".to_owned())));
    let mut response = remote.send(Method::GET, &["tenants", name, "export"], &query, None).await?;
    let Some(path) = output.as_deref().filter(|path| *path != "-") else {
        while let Some(part) = response.chunk().await? {
            out_bytes(&part)?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let unwritten = || format!("{path} cannot be written");
    let mut export = ExportFile::create(Path::new(path)).with_context(unwritten)?;
    let mut bytes = 0;
    while let Some(part) = response.chunk().await? {
        export.file.write_all(&part).with_context(unwritten)?;
        bytes += part.len();
    }
    export.keep().with_context(unwritten)?;
    say(format_args!("{path}: {bytes} bytes. It contains password hashes, tax ids and tokens: keep it secret."));
    Ok(ExitCode::SUCCESS)
}
