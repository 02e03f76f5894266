//! `keys`: list, add, rotate, revoke and delete the credentials of tenants.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::arguments::{KeyArgs, whole_seconds};
use super::output::Column;
use super::remote::Remote;
use crate::tenants::{CredentialKind, CredentialSlot};

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Add a key to a tenant and print it, which is not shown again
    Add {
        /// The tenant
        tenant: String,
        /// The name of the key in lists, logs and CRM_AssociateTypeChanges
        #[arg(long)]
        name: String,
        /// The kind of key: each vendor's API has its own
        #[arg(long, default_value = "subscription-key")]
        kind: CredentialKind,
        /// The user name or client id [default: the name]
        #[arg(long)]
        account: Option<String>,
        #[command(flatten)]
        key: KeyArgs,
        /// Reject the key after this time, such as 90s, 15m, 2h or 1d
        #[arg(long, value_name = "DURATION", value_parser = whole_seconds)]
        expires_in: Option<u32>,
    },
    /// Replace a key and print the new one, which is not shown again; the old one is rejected from then on
    Rotate {
        /// The tenant
        tenant: String,
        /// The name of the key
        #[arg(long)]
        name: String,
        /// Which of its two slots
        #[arg(long, default_value = "primary")]
        slot: CredentialSlot,
        #[command(flatten)]
        key: KeyArgs,
    },
    /// List keys by name and last four characters
    List {
        /// Only the keys of this tenant
        tenant: Option<String>,
    },
    /// Revoke a key
    Revoke {
        /// The tenant
        tenant: String,
        /// The name of the key
        #[arg(long)]
        name: String,
        /// Only this one of its two slots
        #[arg(long)]
        slot: Option<CredentialSlot>,
    },
    /// Delete a key; its name can be used again
    Delete {
        /// The tenant
        tenant: String,
        /// The name of the key
        #[arg(long)]
        name: String,
    },
}

pub(super) async fn keys(remote: &Remote, command: KeysCommand) -> anyhow::Result<ExitCode> {
    match command {
        KeysCommand::Add { tenant, name, kind, account, key, expires_in } => {
            let body = json!({
                "name": name, "kind": kind, "account": account, "key": key.read()?, "expires_in_seconds": expires_in,
            });
            let created = remote.post(&["tenants", &tenant, "keys"], &body).await?;
            remote.print_key(&created, &format!("Added key '{name}' to tenant '{tenant}', not shown again:"))?;
        }
        KeysCommand::Rotate { tenant, name, slot, key } => {
            let body = json!({ "slot": slot, "key": key.read()? });
            let created = remote.post(&["tenants", &tenant, "keys", &name, "rotate"], &body).await?;
            remote.print_key(&created, &format!("Rotated key '{name}' of tenant '{tenant}', not shown again:"))?;
        }
        KeysCommand::List { tenant } => list(remote, tenant).await?,
        KeysCommand::Revoke { tenant, name, slot } => {
            let answer = remote.post(&["tenants", &tenant, "keys", &name, "revoke"], &json!({ "slot": slot })).await?;
            remote.print_done(&answer, &format!("Revoked key '{name}' of tenant '{tenant}'."))?;
        }
        KeysCommand::Delete { tenant, name } => {
            let answer = remote.delete(&["tenants", &tenant, "keys", &name]).await?;
            remote.print_done(&answer, &format!("Deleted key '{name}' of tenant '{tenant}'."))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(remote: &Remote, tenant: Option<String>) -> anyhow::Result<()> {
    let tenants = match tenant {
        Some(tenant) => vec![tenant],
        None => remote.tenant_names().await?,
    };
    let mut listed = Vec::new();
    for tenant in tenants {
        let keys = remote.get(&["tenants", &tenant, "keys"]).await?;
        listed.extend(keys.as_array().into_iter().flatten().cloned());
    }
    let columns = [
        Column::text("TENANT", "tenant"),
        Column::text("NAME", "name"),
        Column::text("KIND", "kind"),
        Column::text("ACCOUNT", "account"),
        Column::text("SLOT", "slot"),
        Column::text("ENDING", "ending"),
        Column::time("CREATED", "created_at"),
        Column::time("REVOKED", "revoked_at"),
        Column::time("EXPIRES", "expires_at"),
    ];
    remote.print_table(&listed.into(), &columns)
}
