//! `events list|resend`.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use uuid::Uuid;

use super::world;
use crate::clock::Clock;
use crate::config::Settings;
use crate::database::Database;
use crate::events::{list, resend};
use crate::random::Random;
use crate::server::open_world;

#[derive(Debug, Subcommand)]
pub(super) enum EventsCommand {
    /// List deliveries with what their last attempt came to
    List {
        /// The tenant
        tenant: String,
        /// Only those in this state: pending, delivered or dead
        #[arg(long)]
        state: Option<String>,
    },
    /// Make deliveries that were given up due again, or one, whatever became of it
    Resend {
        /// The tenant
        tenant: String,
        /// Only the event with this id
        #[arg(long)]
        id: Option<Uuid>,
    },
}

pub(super) async fn events(settings: &Settings, command: EventsCommand) -> anyhow::Result<ExitCode> {
    let started = open_world(&world(settings), Arc::new(Random::default()), None).await?;
    let outcome = run(started.database(), command).await;
    started.close().await;
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn run(database: &Database, command: EventsCommand) -> anyhow::Result<()> {
    match command {
        EventsCommand::List { tenant, state } => {
            for delivery in list(database, &tenant, state.as_deref()).await? {
                let status = delivery.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
                let milliseconds = delivery.duration_ms.unwrap_or_default();
                println!(
                    "{} {:<9} {:<20} customer {} attempt {} {status} {milliseconds} ms {} {}",
                    delivery.id,
                    delivery.state,
                    delivery.event_type,
                    delivery.customer_id,
                    delivery.attempts,
                    delivery.url,
                    delivery.response.unwrap_or_default().lines().next().unwrap_or_default(),
                );
            }
        }
        EventsCommand::Resend { tenant, id } => {
            println!("{} due again", resend(database, &tenant, id, Clock.now()).await?);
        }
    }
    Ok(())
}
