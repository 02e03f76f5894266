//! `events list|resend`.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Subcommand, ValueEnum};
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
        /// Only those in this state
        #[arg(long)]
        state: Option<State>,
        /// At most so many, the newest first
        #[arg(long, default_value_t = 100)]
        limit: u32,
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

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum State {
    Pending,
    Delivered,
    Dead,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

pub(super) async fn events(settings: &Settings, command: EventsCommand) -> anyhow::Result<ExitCode> {
    let started = open_world(&world(settings), Arc::new(Random::default()), None).await?;
    let outcome = run(started.database(), command).await;
    started.close().await;
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn run(database: &Database, command: EventsCommand) -> anyhow::Result<()> {
    match command {
        EventsCommand::List { tenant, state, limit } => {
            for delivery in list(database, &tenant, state.map(State::name), i64::from(limit)).await? {
                let status = delivery.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
                let milliseconds = delivery.duration_ms.unwrap_or_default();
                let at = delivery.attempted_at.unwrap_or(delivery.created_at);
                // The receiver's words, on a terminal.
                let response: String = delivery.response.unwrap_or_default().chars().take(120).collect();
                let response = response.replace(char::is_control, " ");
                println!(
                    "{at:?} {} {:<9} {:<20} customer {} attempt {} {status} {milliseconds} ms {} {response}",
                    delivery.id,
                    delivery.state,
                    delivery.event_type,
                    delivery.customer_id,
                    delivery.attempts,
                    delivery.url,
                );
            }
        }
        EventsCommand::Resend { tenant, id } => {
            println!("{} due again", resend(database, &tenant, id, Clock.now()).await?);
        }
    }
    Ok(())
}
