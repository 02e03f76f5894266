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
use crate::tenants::{KeyError, KeyListing, KeySlot, SubscriptionKey, add_key, list_keys, revoke_key, rotate_key};

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Give a tenant a new subscription and print its primary key, this once
    Add {
        /// The tenant
        tenant: String,
        /// What the subscription is called in lists, logs and CRM_AssociateTypeChanges
        #[arg(long)]
        name: String,
        /// Use this key, 32 hexadecimal digits, instead of a random one
        #[arg(long)]
        key: Option<String>,
    },
    /// Put a new key into a slot of a subscription and print it, this once; the old one opens nothing a second later
    Rotate {
        /// The tenant
        tenant: String,
        /// The subscription's name
        #[arg(long)]
        name: String,
        /// Which of its two keys
        #[arg(long, default_value = "primary")]
        slot: KeySlot,
        /// Use this key, 32 hexadecimal digits, instead of a random one
        #[arg(long)]
        key: Option<String>,
    },
    /// List keys by name and last four characters
    List {
        /// Only this tenant's
        tenant: Option<String>,
    },
    /// Revoke the keys of a subscription, or one of them
    Revoke {
        /// The tenant
        tenant: String,
        /// The subscription's name
        #[arg(long)]
        name: String,
        /// Only this one of its two keys
        #[arg(long)]
        slot: Option<KeySlot>,
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
            let key = given_or_new(key, random)?;
            add_key(database, &tenant, &name, &key, Clock.now()).await?;
            println!("{}", key.reveal());
        }
        KeysCommand::Rotate { tenant, name, slot, key } => {
            let key = given_or_new(key, random)?;
            rotate_key(database, &tenant, &name, slot, &key, Clock.now()).await?;
            println!("{}", key.reveal());
        }
        KeysCommand::List { tenant } => {
            for key in list_keys(database, tenant.as_deref()).await? {
                let state = key.revoked_at.map_or_else(|| "active".to_owned(), |at| format!("revoked {at:?}"));
                let KeyListing { tenant, name, slot, ending, created_at, .. } = key;
                println!("{tenant:<20} {name:<20} {slot:<9} …{ending} {created_at:?} {state}");
            }
        }
        KeysCommand::Revoke { tenant, name, slot } => {
            revoke_key(database, &tenant, &name, slot, Clock.now()).await?;
            println!("revoked");
        }
    }
    Ok(())
}

fn given_or_new(key: Option<String>, random: &Random) -> Result<SubscriptionKey, KeyError> {
    key.map_or_else(|| Ok(SubscriptionKey::generate(random)), |key| key.parse())
}
