//! `keys add|list|revoke`.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;

use super::world;
use crate::clock::Clock;
use crate::config::Settings;
use crate::database::Database;
use crate::random::Random;
use crate::server::open_world;
use crate::tenants::{SubscriptionKey, add_key, list_keys, revoke_key};

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Give a tenant a new key and print it, this once
    Add {
        /// The tenant
        tenant: String,
        /// What the key is called in lists, logs and CRM_AssociateTypeChanges
        #[arg(long)]
        name: String,
        /// Use this key, 32 hexadecimal digits, instead of a random one
        #[arg(long)]
        key: Option<String>,
    },
    /// List keys by name and last four characters
    List {
        /// Only this tenant's
        tenant: Option<String>,
    },
    /// Revoke a key
    Revoke {
        /// The tenant
        tenant: String,
        /// The key's name
        #[arg(long)]
        name: String,
    },
}

pub(super) async fn keys(settings: &Settings, command: KeysCommand) -> anyhow::Result<ExitCode> {
    let random = Arc::new(Random::default());
    let started = open_world(&world(settings), Arc::clone(&random), None).await?;
    let outcome = run(started.database(), &random, command).await;
    started.close().await;
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn run(database: &Database, random: &Random, command: KeysCommand) -> anyhow::Result<()> {
    match command {
        KeysCommand::Add { tenant, name, key } => {
            let key = key.map_or_else(|| Ok(SubscriptionKey::generate(random)), |key| key.parse())?;
            add_key(database, &tenant, &name, &key, Clock.now()).await?;
            println!("{}", key.reveal());
        }
        KeysCommand::List { tenant } => {
            for key in list_keys(database, tenant.as_deref()).await? {
                let state = key.revoked_at.map_or_else(|| "active".to_owned(), |at| format!("revoked {at:?}"));
                println!("{:<20} {:<20} …{} {:?} {state}", key.tenant, key.name, key.ending, key.created_at);
            }
        }
        KeysCommand::Revoke { tenant, name } => {
            revoke_key(database, &tenant, &name, Clock.now()).await?;
            println!("revoked");
        }
    }
    Ok(())
}
