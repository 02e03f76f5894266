//! The commands that talk to a running server: tenants, keys, reset, snapshot, fork, diff, clock, events, hook.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::{Value, json};

use super::arguments::{KeyArgs, signed_seconds, whole_seconds};
use super::output::{
    CYAN, Column, DIM, GREEN, RED, YELLOW, counted, json_text, out, out_json, plain_lines, say, shown, status_style,
    table,
};
use super::remote::Remote;
use crate::control::laid_out;
use crate::tenants::{CredentialKind, CredentialSlot, read_text};

#[derive(Debug, Subcommand)]
pub(super) enum TenantsCommand {
    /// List tenants
    List,
    /// Create a tenant and print its key, this once
    Add {
        /// Its name
        name: String,
        /// What its key is called
        #[arg(long, default_value = "default", value_name = "NAME")]
        key_name: String,
        #[command(flatten)]
        key: KeyArgs,
        /// Delete the tenant after this time, such as 90s, 15m, 2h or 1d
        #[arg(long, value_name = "DURATION", value_parser = whole_seconds)]
        expires_in: Option<u32>,
        /// Fill it with this seed: a seed file, of whose tenants the one of this name is taken, or the only one
        #[arg(long, value_name = "FILE")]
        seed: Option<String>,
    },
    /// Delete a tenant with all that it has
    Delete {
        /// Its name
        name: String,
        /// Without this nothing is deleted
        #[arg(long)]
        yes: bool,
    },
    /// Print a tenant's plan, or replace it with that of a file
    Plan {
        /// The tenant
        name: String,
        /// A YAML or JSON file with the plan
        #[arg(long, value_name = "FILE")]
        set: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Give a tenant a new subscription and print its primary key, this once
    Add {
        /// The tenant
        tenant: String,
        /// What the subscription is called in lists, logs and CRM_AssociateTypeChanges
        #[arg(long)]
        name: String,
        /// What it is: a subscription key is for DirectScale's API, basic credentials for ByDesign's, an OAuth client for Storm's
        #[arg(long, default_value = "subscription-key")]
        kind: CredentialKind,
        /// The user name or client id [default: the name]
        #[arg(long)]
        account: Option<String>,
        #[command(flatten)]
        key: KeyArgs,
        /// The key is not valid after this time, such as 90s, 15m, 2h or 1d
        #[arg(long, value_name = "DURATION", value_parser = whole_seconds)]
        expires_in: Option<u32>,
    },
    /// Put a new key into a slot of a subscription and print it, this once; the old one is not valid a second later
    Rotate {
        /// The tenant
        tenant: String,
        /// The subscription's name
        #[arg(long)]
        name: String,
        /// Which of its two keys
        #[arg(long, default_value = "primary")]
        slot: CredentialSlot,
        #[command(flatten)]
        key: KeyArgs,
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
        slot: Option<CredentialSlot>,
    },
    /// Delete a subscription with its keys
    Delete {
        /// The tenant
        tenant: String,
        /// The subscription's name
        #[arg(long)]
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum SnapshotCommand {
    /// Save a tenant's data as it is
    Save {
        /// The tenant
        tenant: String,
        /// What the snapshot is called
        name: String,
        /// Replace the snapshot `seed`, to which `reset` goes back
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

#[derive(Debug, Subcommand)]
pub(super) enum ClockCommand {
    /// Print a tenant's time
    Show {
        /// The tenant
        tenant: String,
    },
    /// Freeze it
    Freeze {
        /// The tenant
        tenant: String,
        /// Freeze it at this time, such as 2030-01-31T12:00:00Z, not where it is
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Set it to a time
    Set {
        /// The tenant
        tenant: String,
        /// The time, such as 2030-01-31T12:00:00Z
        at: String,
    },
    /// Advance it
    Advance {
        /// The tenant
        tenant: String,
        /// By how much: 90s, 15m, 2h, 1d, or a number of seconds; back with a minus
        #[arg(allow_hyphen_values = true, value_name = "DURATION", value_parser = signed_seconds)]
        by: i64,
    },
    /// Resume real time
    Real {
        /// The tenant
        tenant: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum EventsCommand {
    /// List deliveries with what their last attempt came to
    List {
        /// The tenant
        tenant: String,
        /// Only those in this state: pending, delivered, dead or lost
        #[arg(long)]
        state: Option<String>,
        /// At most so many, the newest first
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Send again what failed or was lost, or one event, whatever became of it
    Resend {
        /// The tenant
        tenant: String,
        /// Only the event with this id
        #[arg(long)]
        id: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum HookCommand {
    /// Connect a tenant to the extension and the subscribers of a file, as they stand in a seed file
    Connect {
        /// The tenant
        tenant: String,
        /// A seed file, of whose tenants the one of this name is taken, or the only one; or a YAML or JSON file with extension,
        /// events, or both
        file: String,
    },
    /// Send a request to the extension that answers a hook and print the exchange; a callback is rejected
    Try {
        /// The hook's id, such as Associates.Enrollment.UpdateAssociateBaseType
        id: String,
        /// A file with the request as JSON
        file: String,
        /// Whose extension
        #[arg(long, default_value = "demo")]
        tenant: String,
    },
}

/// A YAML or JSON file.
pub(super) fn read(file: &str) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{file} cannot be read"))?;
    let is_json = Path::new(file).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    read_text(&text, is_json).map_err(anyhow::Error::msg).with_context(|| format!("{file} cannot be read"))
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
        TenantsCommand::Add { name, key_name, key, expires_in, seed } => {
            // As it stands, so that the server reads it as it reads a seed: `PostalCode: 84042` is a text there.
            let seed = seed.as_deref().map(super::seeds::text_of).transpose()?;
            let body = json!({
                "name": name, "key_name": key_name, "key": key.read()?, "expires_in_seconds": expires_in, "seed": seed
            });
            let made = remote.post(&["tenants"], &body).await?;
            print_key(remote, &made, &format!("Created tenant '{name}'. Its key '{key_name}', shown this once:"))?;
        }
        TenantsCommand::Delete { name, yes } => {
            anyhow::ensure!(yes, "this deletes tenant '{name}' with all that it has: say --yes");
            let deleted = remote.delete(&["tenants", &name]).await?;
            done(remote, &deleted, &format!("Deleted tenant '{name}'."))?;
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

/// Prints a new key alone, for scripts, and tells people what it is.
fn print_key(remote: &Remote, made: &Value, sentence: &str) -> anyhow::Result<()> {
    remote.print(made, |made| {
        say(plain_lines(sentence));
        Ok(out(shown(&made["key"]))?)
    })
}

/// Tells people that something is done.
pub(super) fn done(remote: &Remote, answer: &Value, sentence: &str) -> anyhow::Result<()> {
    if remote.json {
        return remote.print(answer, |_| Ok(()));
    }
    say(plain_lines(sentence));
    Ok(())
}

pub(super) async fn keys(remote: &Remote, command: KeysCommand) -> anyhow::Result<ExitCode> {
    match command {
        KeysCommand::Add { tenant, name, kind, account, key, expires_in } => {
            let body = json!({
                "name": name, "kind": kind, "account": account, "key": key.read()?, "expires_in_seconds": expires_in,
            });
            let made = remote.post(&["tenants", &tenant, "keys"], &body).await?;
            print_key(remote, &made, &format!("Added key '{name}' to tenant '{tenant}', shown this once:"))?;
        }
        KeysCommand::Rotate { tenant, name, slot, key } => {
            let body = json!({ "slot": slot, "key": key.read()? });
            let made = remote.post(&["tenants", &tenant, "keys", &name, "rotate"], &body).await?;
            print_key(remote, &made, &format!("Rotated key '{name}' of tenant '{tenant}', shown this once:"))?;
        }
        KeysCommand::List { tenant } => {
            let tenants = match tenant {
                Some(tenant) => vec![tenant],
                None => all_tenants(remote).await?,
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
            remote.print_table(&listed.into(), &columns)?;
        }
        KeysCommand::Revoke { tenant, name, slot } => {
            let answer = remote.post(&["tenants", &tenant, "keys", &name, "revoke"], &json!({ "slot": slot })).await?;
            done(remote, &answer, &format!("Revoked key '{name}' of tenant '{tenant}'."))?;
        }
        KeysCommand::Delete { tenant, name } => {
            let answer = remote.delete(&["tenants", &tenant, "keys", &name]).await?;
            done(remote, &answer, &format!("Deleted key '{name}' of tenant '{tenant}'."))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn all_tenants(remote: &Remote) -> anyhow::Result<Vec<String>> {
    let listed = remote.get(&["tenants"]).await?;
    let name = |tenant: &Value| Some(tenant["name"].as_str()?.to_owned());
    Ok(listed.as_array().into_iter().flatten().filter_map(name).collect())
}

pub(super) async fn reset(remote: &Remote, tenant: &str) -> anyhow::Result<ExitCode> {
    let reset = remote.post(&["tenants", tenant, "reset"], &json!({})).await?;
    done(remote, &reset, &format!("Reset tenant '{tenant}' to its seed: {}.", counted(&reset["rows"], "row", "rows")))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn snapshot(remote: &Remote, command: SnapshotCommand) -> anyhow::Result<ExitCode> {
    match command {
        SnapshotCommand::Save { tenant, name, force } => {
            let query = force.then(|| ("force", "true".to_owned()));
            let saved = remote.put_with(&["tenants", &tenant, "snapshots", &name], query.as_slice()).await;
            let saved = saved.map_err(super::seeds::named_force)?;
            let rows = counted(&saved["rows"], "row", "rows");
            done(remote, &saved, &format!("Saved snapshot '{name}' of tenant '{tenant}': {rows}."))?;
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
            done(remote, &restored, &format!("Restored tenant '{tenant}' from snapshot '{name}': {rows}."))?;
        }
        SnapshotCommand::Delete { tenant, name } => {
            let answer = remote.delete(&["tenants", &tenant, "snapshots", &name]).await?;
            done(remote, &answer, &format!("Deleted snapshot '{name}' of tenant '{tenant}'."))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn fork(remote: &Remote, tenant: &str, body: &Value) -> anyhow::Result<ExitCode> {
    let made = remote.post(&["tenants", tenant, "fork"], body).await?;
    let name = shown(&body["name"]);
    print_key(remote, &made, &format!("Created tenant '{name}' from '{tenant}'. Its key, shown this once:"))?;
    Ok(ExitCode::SUCCESS)
}

/// Prints what differs; exit 0 when nothing does, 1 when something does.
pub(super) async fn diff(remote: &Remote, from: &str, to: &str) -> anyhow::Result<ExitCode> {
    let query = [("from", from.to_owned()), ("to", to.to_owned())];
    let diff = remote.find(&["diff"], &query).await?;
    let is_same = diff["differing"] == 0;
    remote.print(&diff, |diff| {
        let screen = remote.screen;
        let mut text = String::new();
        for table in diff["tables"].as_array().into_iter().flatten() {
            for row in table["rows"].as_array().into_iter().flatten() {
                let kind = shown(&row["kind"]);
                let style = match kind.as_str() {
                    "added" => GREEN,
                    "removed" => RED,
                    _ => YELLOW,
                };
                let head = format!("{kind} {} {}", shown(&table["table"]), shown(&row["id"]));
                let _ = writeln!(text, "{}", screen.paint(style, head));
                for field in row["fields"].as_array().into_iter().flatten() {
                    let (before, after) = (shown(&field["before"]), shown(&field["after"]));
                    let _ = writeln!(
                        text,
                        "  {}: {} -> {}",
                        screen.paint(CYAN, shown(&field["field"])),
                        screen.paint(RED, before),
                        screen.paint(GREEN, after)
                    );
                }
            }
        }
        out(text)?;
        if is_same {
            say(format_args!("No differences between {from} and {to}."));
        } else {
            say(format_args!("{} between {from} and {to}.", counted(&diff["differing"], "difference", "differences")));
        }
        Ok(())
    })?;
    Ok(if is_same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
    remote.print(&clock, |clock| Ok(out(format!("{}\t{}", shown(&clock["now"]), shown(&clock["mode"])))?))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn events(remote: &Remote, command: EventsCommand) -> anyhow::Result<ExitCode> {
    match command {
        EventsCommand::List { tenant, state, limit } => {
            let mut query = vec![("limit", limit.to_string())];
            query.extend(state.map(|state| ("state", state)));
            let listed = remote.find(&["tenants", &tenant, "webhooks"], &query).await?;
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
            remote.print(&listed, |listed| Ok(out(table(remote.screen, &columns, &with_short_responses(listed)))?))?;
        }
        EventsCommand::Resend { tenant, id } => {
            let path: Vec<&str> = match &id {
                Some(id) => vec!["tenants", &tenant, "webhooks", id, "resend"],
                None => vec!["tenants", &tenant, "webhooks", "resend"],
            };
            let resent = remote.post(&path, &json!({})).await?;
            remote.print(&resent, |resent| {
                out(shown(&resent["due"]))?;
                say(format_args!("{} due again.", counted(&resent["due"], "delivery", "deliveries")));
                Ok(())
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Deliveries with as much of the receivers' words as a line holds.
fn with_short_responses(listed: &Value) -> Value {
    let mut short = listed.clone();
    for event in short.as_array_mut().into_iter().flatten() {
        if let Some(response) = event["response"].as_str() {
            event["response"] = response.chars().take(120).collect::<String>().into();
        }
        if event["attempted_at"].is_null() {
            event["attempted_at"] = event["created_at"].take();
        }
    }
    short
}

pub(super) async fn hook(remote: &Remote, command: HookCommand) -> anyhow::Result<ExitCode> {
    match command {
        HookCommand::Connect { tenant, file } => {
            let connected = remote.put_file(&["tenants", &tenant, "integration"], &file).await?;
            done(remote, &connected, &format!("Connected tenant '{tenant}'."))?;
            Ok(ExitCode::SUCCESS)
        }
        HookCommand::Try { id, file, tenant } => {
            let request = read(&file)?;
            let tried = remote.post(&["tenants", &tenant, "hooks", &id, "try"], &request).await?;
            remote.print(&tried, |tried| {
                let status = remote.screen.paint(status_style(tried["status"].as_u64()), shown(&tried["status"]));
                let body = tried["body"].as_str().unwrap_or_default();
                let body = laid_out(body);
                let body = plain_lines(&body);
                let post = remote.screen.paint(DIM, "POST");
                let request = json_text(&request, true);
                Ok(out(format!("{post} {}\n{request}\n\n{status}\n{body}", shown(&tried["url"])))?)
            })?;
            let is_success = tried["status"].as_u64().is_some_and(|status| (200..300).contains(&status));
            Ok(if is_success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}
