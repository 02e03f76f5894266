//! `snapshot`, `reset` and `diff`: save, restore and compare the data of tenants.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use super::output::{CYAN, Column, GREEN, RED, Screen, YELLOW, counted, out, say, value_text};
use super::remote::Remote;

#[derive(Debug, Subcommand)]
pub(super) enum SnapshotCommand {
    /// Save a tenant's data as a snapshot
    Save {
        /// The tenant
        tenant: String,
        /// The snapshot; an older one of this name is replaced
        name: String,
        /// Also replace the snapshot `seed`, which `reset` restores
        #[arg(long)]
        force: bool,
    },
    /// List a tenant's snapshots
    List {
        /// The tenant
        tenant: String,
    },
    /// Restore a tenant's data from a snapshot
    Restore {
        /// The tenant
        tenant: String,
        /// The snapshot
        name: String,
    },
    /// Delete a snapshot
    Delete {
        /// The tenant
        tenant: String,
        /// The snapshot
        name: String,
    },
}

pub(super) async fn snapshot(remote: &Remote, command: SnapshotCommand) -> anyhow::Result<ExitCode> {
    match command {
        SnapshotCommand::Save { tenant, name, force } => {
            let query = force.then(|| ("force", "true".to_owned()));
            let saved = remote.put_with(&["tenants", &tenant, "snapshots", &name], query.as_slice()).await;
            let saved = saved.map_err(with_flag)?;
            let rows = counted(&saved["rows"], "row", "rows");
            remote.print_done(&saved, &format!("Saved snapshot '{name}' of tenant '{tenant}': {rows}."))?;
        }
        SnapshotCommand::List { tenant } => {
            let columns = [
                Column::text("SNAPSHOT", "name"),
                Column::time("TAKEN", "taken_at"),
                Column::number("LAST CUSTOMER", "last_customer_id"),
            ];
            remote.print_table(&remote.get(&["tenants", &tenant, "snapshots"]).await?, &columns)?;
        }
        SnapshotCommand::Restore { tenant, name } => {
            let restored = remote.post(&["tenants", &tenant, "snapshots", &name, "restore"], &json!({})).await?;
            let rows = counted(&restored["rows"], "row", "rows");
            remote.print_done(&restored, &format!("Restored tenant '{tenant}' from snapshot '{name}': {rows}."))?;
        }
        SnapshotCommand::Delete { tenant, name } => {
            let answer = remote.delete(&["tenants", &tenant, "snapshots", &name]).await?;
            remote.print_done(&answer, &format!("Deleted snapshot '{name}' of tenant '{tenant}'."))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Names the flag of the command line in place of the parameter of the control API.
fn with_flag(error: anyhow::Error) -> anyhow::Error {
    let text = format!("{error:#}");
    if text.contains("force=true") { anyhow::anyhow!(text.replace("force=true", "--force")) } else { error }
}

pub(super) async fn reset(remote: &Remote, tenant: &str) -> anyhow::Result<ExitCode> {
    let reset = remote.post(&["tenants", tenant, "reset"], &json!({})).await?;
    let rows = counted(&reset["rows"], "row", "rows");
    remote.print_done(&reset, &format!("Reset tenant '{tenant}' to its seed: {rows}."))?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the differences. The exit code is 0 without any, 1 otherwise.
pub(super) async fn diff(remote: &Remote, from: &str, to: &str) -> anyhow::Result<ExitCode> {
    let query = [("from", from.to_owned()), ("to", to.to_owned())];
    let diff = remote.find(&["diff"], &query).await?;
    let is_same = diff["differing"] == 0;
    remote.print(&diff, |diff| {
        out(rows(diff, remote.screen))?;
        if is_same {
            say(format_args!("No differences between {from} and {to}."));
        } else {
            say(format_args!("{} between {from} and {to}.", counted(&diff["differing"], "difference", "differences")));
        }
        Ok(())
    })?;
    Ok(if is_same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn rows(diff: &Value, screen: Screen) -> String {
    let mut text = String::new();
    for table in diff["tables"].as_array().into_iter().flatten() {
        for row in table["rows"].as_array().into_iter().flatten() {
            let kind = value_text(&row["kind"]);
            let style = match kind.as_str() {
                "added" => GREEN,
                "removed" => RED,
                _ => YELLOW,
            };
            let head = format!("{kind} {} {}", value_text(&table["table"]), value_text(&row["id"]));
            let _ = writeln!(text, "{}", screen.paint(style, head));
            for field in row["fields"].as_array().into_iter().flatten() {
                let name = screen.paint(CYAN, value_text(&field["field"]));
                let before = screen.paint(RED, value_text(&field["before"]));
                let after = screen.paint(GREEN, value_text(&field["after"]));
                let _ = writeln!(text, "  {name}: {before} -> {after}");
            }
        }
    }
    text
}
