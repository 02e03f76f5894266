//! `clock`: freeze, set and advance a tenant's clock.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::arguments::signed_seconds;
use super::output::{out, value_text};
use super::remote::Remote;

#[derive(Debug, Subcommand)]
pub(super) enum ClockCommand {
    /// Print a tenant's time and mode
    Show {
        /// The tenant
        tenant: String,
    },
    /// Freeze a tenant's clock
    Freeze {
        /// The tenant
        tenant: String,
        /// Freeze it at this time, such as 2030-01-31T12:00:00Z [default: its current time]
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Set a tenant's clock to a time
    Set {
        /// The tenant
        tenant: String,
        /// The time, such as 2030-01-31T12:00:00Z
        at: String,
    },
    /// Advance a tenant's clock, or set it back
    Advance {
        /// The tenant
        tenant: String,
        /// How far: 90s, 15m, 2h, 1d, or a number of seconds; with a minus it is set back
        #[arg(allow_hyphen_values = true, value_name = "DURATION", value_parser = signed_seconds)]
        by: i64,
    },
    /// Resume real time
    Real {
        /// The tenant
        tenant: String,
    },
}

pub(super) async fn clock(remote: &Remote, command: ClockCommand) -> anyhow::Result<ExitCode> {
    let clock = match command {
        ClockCommand::Show { tenant } => remote.get(&["tenants", &tenant, "clock"]).await?,
        ClockCommand::Freeze { tenant, at } => {
            remote.post(&["tenants", &tenant, "clock", "freeze"], &json!({ "at": at })).await?
        }
        ClockCommand::Set { tenant, at } => {
            remote.post(&["tenants", &tenant, "clock", "set"], &json!({ "at": at })).await?
        }
        ClockCommand::Advance { tenant, by } => {
            remote.post(&["tenants", &tenant, "clock", "advance"], &json!({ "seconds": by })).await?
        }
        ClockCommand::Real { tenant } => remote.delete(&["tenants", &tenant, "clock"]).await?,
    };
    remote.print(&clock, |clock| Ok(out(format!("{}\t{}", value_text(&clock["now"]), value_text(&clock["mode"])))?))?;
    Ok(ExitCode::SUCCESS)
}
