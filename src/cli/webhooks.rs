//! `webhooks`: list the deliveries of a tenant's events, and resend them.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use super::output::{Column, counted, out, say, table, value_text};
use super::remote::Remote;

/// How many characters of a subscriber's response a table shows.
const RESPONSE_LENGTH: usize = 120;

#[derive(Debug, Subcommand)]
pub(super) enum WebhooksCommand {
    /// List deliveries with the result of their last attempt, the newest first
    List {
        /// The tenant
        tenant: String,
        /// Only deliveries in this state: pending, delivered, failed or dropped
        #[arg(long)]
        state: Option<String>,
        /// At most this many
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Resend failed and dropped deliveries, or all deliveries of one event
    Resend {
        /// The tenant
        tenant: String,
        /// Only the event with this id, in any state
        #[arg(long)]
        id: Option<String>,
    },
}

pub(super) async fn webhooks(remote: &Remote, command: WebhooksCommand) -> anyhow::Result<ExitCode> {
    match command {
        WebhooksCommand::List { tenant, state, limit } => {
            let mut query = vec![("limit", limit.to_string())];
            query.extend(state.map(|state| ("state", state)));
            let deliveries = remote.find(&["tenants", &tenant, "webhooks"], &query).await?;
            let columns = [
                Column::text("EVENT ID", "id"),
                Column::time("ATTEMPTED", "attempted_at"),
                Column::text("STATE", "state"),
                Column::text("EVENT", "event_type"),
                Column::number("CUSTOMER", "customer_id"),
                Column::number("ATTEMPTS", "attempts"),
                Column::status("STATUS", "status"),
                Column::number("MS", "duration_ms"),
                Column::text("URL", "url"),
                Column::text("RESPONSE", "response"),
            ];
            remote.print(&deliveries, |all| Ok(out(table(remote.screen, &columns, &with_short_responses(all)))?))?;
        }
        WebhooksCommand::Resend { tenant, id } => {
            let path: Vec<&str> = match &id {
                Some(id) => vec!["tenants", &tenant, "webhooks", id, "resend"],
                None => vec!["tenants", &tenant, "webhooks", "resend"],
            };
            let resent = remote.post(&path, &json!({})).await?;
            remote.print(&resent, |resent| {
                out(value_text(&resent["due"]))?;
                say(format_args!("{} pending again.", counted(&resent["due"], "delivery", "deliveries")));
                Ok(())
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Deliveries with shortened responses, for lines. A delivery that was not attempted yet has the time of its event.
fn with_short_responses(deliveries: &Value) -> Value {
    let mut short = deliveries.clone();
    for delivery in short.as_array_mut().into_iter().flatten() {
        if let Some(response) = delivery["response"].as_str() {
            delivery["response"] = response.chars().take(RESPONSE_LENGTH).collect::<String>().into();
        }
        if delivery["attempted_at"].is_null() {
            delivery["attempted_at"] = delivery["created_at"].take();
        }
    }
    short
}
