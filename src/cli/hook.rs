//! `hook try`: sends a request to a hook, outside any call of the API, and prints the exchange.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::Value;

use super::world;
use crate::config::Settings;
use crate::hooks::{HookId, try_hook};
use crate::outgoing::Outgoing;
use crate::random::Random;
use crate::server::open_world;
use crate::tenants::{connect_tenant, find_tenant_by_name, read_integration};

#[derive(Debug, Subcommand)]
pub(super) enum HookCommand {
    /// Connect a tenant to the extension and the subscribers of a file, as they stand in a seed file; servers that run
    /// follow within half a second
    Connect {
        /// The tenant
        tenant: String,
        /// A YAML or JSON file with extension, events, or both
        file: String,
    },
    /// Send a request to the extension that answers a hook and print the exchange; a callback is refused
    Try {
        /// The hook's id, such as Associates.Enrollment.UpdateAssociateBaseType
        id: String,
        /// A file with the request as JSON
        file: PathBuf,
        /// Whose extension
        #[arg(long, default_value = "demo")]
        tenant: String,
    },
}

pub(super) async fn hook(settings: &Settings, command: HookCommand) -> anyhow::Result<ExitCode> {
    match command {
        HookCommand::Connect { tenant, file } => connect(settings, &tenant, &file).await,
        HookCommand::Try { id, file, tenant } => try_one(settings, id, &file, &tenant).await,
    }
}

async fn connect(settings: &Settings, tenant: &str, file: &str) -> anyhow::Result<ExitCode> {
    let integration = read_integration(file)?;
    let started = open_world(&world(settings), Arc::new(Random::default()), None).await?;
    let connected = connect_tenant(started.database(), tenant, integration).await;
    started.close().await;
    connected?;
    println!("connected");
    Ok(ExitCode::SUCCESS)
}

async fn try_one(settings: &Settings, id: String, file: &Path, tenant: &str) -> anyhow::Result<ExitCode> {
    let id = HookId::try_from(id).map_err(anyhow::Error::msg)?;
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let request: Value = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))?;

    let random = Arc::new(Random::default());
    let started = open_world(&world(settings), Arc::clone(&random), None).await?;
    let found = find_tenant_by_name(started.database(), tenant).await;
    started.close().await;
    let extension = found?.with_context(|| format!("there is no tenant '{tenant}'"))?.extension;
    let extension = extension.with_context(|| format!("tenant '{tenant}' has no extension"))?;
    let url = extension.url(id.as_str());
    let url = url.with_context(|| format!("the extension of tenant '{tenant}' does not answer {}", id.as_str()))?;

    println!("POST {}", url.as_str());
    println!("{}", serde_json::to_string_pretty(&request)?);
    println!();
    let outgoing = Outgoing::new(settings.private_targets())?;
    let timeout = Duration::from_secs(u64::from(extension.timeout_seconds.get()));
    let answer = try_hook(&outgoing, &random, &extension, url, &request, timeout).await?;
    println!("{}", answer.status);
    match serde_json::from_slice::<Value>(&answer.body) {
        Ok(json) => println!("{}", serde_json::to_string_pretty(&json)?),
        Err(_) => println!("{}", String::from_utf8_lossy(&answer.body)),
    }
    Ok(if (200..300).contains(&answer.status) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
