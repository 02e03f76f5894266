//! `tenants` and `fork`: create, list and delete tenants, read and replace their plans.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::arguments::{KeyArgs, whole_seconds};
use super::files::read_text_file;
use super::output::{Column, out_json};
use super::remote::{Remote, RemoteArgs};
use crate::control::DEFAULT_KEY_NAME;

#[derive(Debug, Subcommand)]
pub(super) enum TenantsCommand {
    /// List tenants
    List,
    /// Create a tenant and print its key, which is not shown again
    Add {
        /// The new tenant
        name: String,
        #[command(flatten)]
        new: NewTenantArgs,
        /// Load this seed file into it: the file's tenant of this name, or its only tenant
        #[arg(long, value_name = "FILE")]
        seed: Option<String>,
    },
    /// Delete a tenant with its data, keys and snapshots
    Delete {
        /// The tenant
        name: String,
        /// Confirm the deletion
        #[arg(long)]
        yes: bool,
    },
    /// Print a tenant's plan, or replace it
    Plan {
        /// The tenant
        name: String,
        /// Replace the plan with this YAML or JSON file
        #[arg(long, value_name = "FILE")]
        set: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(super) struct ForkCommand {
    /// The tenant to copy
    tenant: String,
    /// The new tenant
    name: String,
    /// Copy this snapshot instead of the current data
    #[arg(long)]
    snapshot: Option<String>,
    #[command(flatten)]
    new: NewTenantArgs,
    #[command(flatten, next_help_heading = "Connection options")]
    pub(super) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(super) struct NewTenantArgs {
    /// The name of the new tenant's key
    #[arg(long, default_value = DEFAULT_KEY_NAME, value_name = "NAME")]
    key_name: String,
    #[command(flatten)]
    key: KeyArgs,
    /// Delete the new tenant after this time, such as 90s, 15m, 2h or 1d
    #[arg(long, value_name = "DURATION", value_parser = whole_seconds)]
    expires_in: Option<u32>,
}

pub(super) async fn tenants(remote: &Remote, command: TenantsCommand) -> anyhow::Result<ExitCode> {
    match command {
        TenantsCommand::List => {
            let columns = [
                Column::text("TENANT", "name"),
                Column::time("CREATED", "created_at"),
                Column::number("LAST CUSTOMER", "last_customer_id"),
                Column::number("SNAPSHOTS", "snapshots"),
                Column::number("FAULTS", "faults"),
                Column::time("EXPIRES", "expires_at"),
            ];
            remote.print_table(&remote.get(&["tenants"]).await?, &columns)?;
        }
        TenantsCommand::Add { name, new, seed } => {
            // As text: the server parses it like a seed, in which `PostalCode: 84042` is a text.
            let seed = seed.as_deref().map(read_text_file).transpose()?;
            let NewTenantArgs { key_name, key, expires_in } = new;
            let body = json!({
                "name": name, "key_name": key_name, "key": key.read()?, "expires_in_seconds": expires_in, "seed": seed
            });
            let created = remote.post(&["tenants"], &body).await?;
            remote.print_key(&created, &format!("Created tenant '{name}'. Its key '{key_name}', not shown again:"))?;
        }
        TenantsCommand::Delete { name, yes } => {
            anyhow::ensure!(yes, "this deletes tenant '{name}' with its data, keys and snapshots: confirm with --yes");
            let deleted = remote.delete(&["tenants", &name]).await?;
            remote.print_done(&deleted, &format!("Deleted tenant '{name}'."))?;
        }
        TenantsCommand::Plan { name, set } => {
            let path = ["tenants", name.as_str(), "plan"];
            let plan = match set {
                Some(file) => remote.put_file(&path, &file).await?,
                None => remote.get(&path).await?,
            };
            out_json(&plan)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn fork(remote: &Remote, command: ForkCommand) -> anyhow::Result<ExitCode> {
    let ForkCommand { tenant, name, snapshot, new: NewTenantArgs { key_name, key, expires_in }, .. } = command;
    let body = json!({
        "name": name, "snapshot": snapshot, "key_name": key_name, "key": key.read()?, "expires_in_seconds": expires_in
    });
    let created = remote.post(&["tenants", &tenant, "fork"], &body).await?;
    remote.print_key(&created, &format!("Created tenant '{name}' from '{tenant}'. Its key, not shown again:"))?;
    Ok(ExitCode::SUCCESS)
}
