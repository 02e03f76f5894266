//! The verbs that talk to a running server: tenants, keys, reset, snapshot, fork, diff, clock, faults, events, hook.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::{Value, json};

use super::remote::{Remote, lines, shown};
use crate::tenants::{KeyKind, KeySlot, read_text};

#[derive(Debug, Subcommand)]
pub(super) enum TenantsCommand {
    /// List tenants
    List,
    /// Make a tenant and print its key, this once
    Add {
        /// Its name
        name: String,
        /// What its key is called
        #[arg(long, default_value = "default")]
        key_name: String,
        /// Use this key, 32 hexadecimal digits, instead of a random one
        #[arg(long)]
        key: Option<String>,
        /// Delete it after so many seconds
        #[arg(long, value_name = "SECONDS")]
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
        /// What it is: a subscription key opens DirectScale's door, basic credentials ByDesign's, an OAuth client Storm's
        #[arg(long, default_value = "subscription-key")]
        kind: KeyKind,
        /// The user name or client id [default: the name]
        #[arg(long)]
        account: Option<String>,
        /// Use this key, 32 hexadecimal digits, or this password or client secret, instead of a random one
        #[arg(long)]
        key: Option<String>,
        /// It opens nothing after so many seconds
        #[arg(long, value_name = "SECONDS")]
        expires_in: Option<u32>,
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
    /// Keep a tenant's world as it is
    Save {
        /// The tenant
        tenant: String,
        /// What it is called
        name: String,
        /// Replace the snapshot called seed, which a reset goes back to
        #[arg(long)]
        force: bool,
    },
    /// List a tenant's snapshots
    List {
        /// The tenant
        tenant: String,
    },
    /// Put a tenant's world back to a snapshot
    Restore {
        /// The tenant
        tenant: String,
        /// The snapshot
        name: String,
    },
    /// Forget a snapshot
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
    /// Let it stand still
    Freeze {
        /// The tenant
        tenant: String,
        /// Where it stands, as 2030-01-31T12:00:00Z; where it is, if nothing is said
        #[arg(long)]
        at: Option<String>,
    },
    /// Put it to a time
    Set {
        /// The tenant
        tenant: String,
        /// The time, as 2030-01-31T12:00:00Z
        at: String,
    },
    /// Put it forward
    Advance {
        /// The tenant
        tenant: String,
        /// By how many seconds
        #[arg(allow_negative_numbers = true)]
        seconds: i64,
    },
    /// Put it back to real time
    Real {
        /// The tenant
        tenant: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum FaultsCommand {
    /// List the failures that are armed
    List {
        /// The tenant
        tenant: String,
    },
    /// Arm a failure
    Arm {
        /// The tenant
        tenant: String,
        /// The rule as JSON, such as `{"operation": "UpgradeCustomer", "when": {"first": 1}, "answer": "reset"}`
        rule: String,
    },
    /// Disarm a failure, or all
    Disarm {
        /// The tenant
        tenant: String,
        /// Its number
        id: Option<i32>,
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
    /// Send again what was given up or lost, or one event, whatever became of it
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
    /// Send a request to the extension that answers a hook and print the exchange; a callback is refused
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
            let listed = remote.get(&["tenants"]).await?;
            remote.print(&listed, |listed| {
                lines(listed, &["name", "created_at", "last_customer_id", "snapshots", "faults", "expires_at"]);
            })?;
        }
        TenantsCommand::Add { name, key_name, key, expires_in, seed } => {
            // As it stands, so that the server reads it as it reads a seed: `PostalCode: 84042` is a text there.
            let seed = seed.as_deref().map(super::seeds::text_of).transpose()?;
            let body = json!({ "name": name, "key_name": key_name, "key": key, "expires_in_seconds": expires_in, "seed": seed });
            let made = remote.post(&["tenants"], &body).await?;
            remote.print(&made, |made| println!("{}", shown(&made["key"])))?;
        }
        TenantsCommand::Delete { name, yes } => {
            anyhow::ensure!(yes, "this deletes tenant '{name}' with all that it has: say --yes");
            let deleted = remote.delete(&["tenants", &name]).await?;
            remote.print(&deleted, |_| println!("deleted"))?;
        }
        TenantsCommand::Plan { name, set } => {
            let path = ["tenants", name.as_str(), "plan"];
            let plan = match set {
                Some(file) => remote.put_file(&path, &file).await?,
                None => remote.get(&path).await?,
            };
            println!("{}", serde_json::to_string_pretty(&plan)?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn keys(remote: &Remote, command: KeysCommand) -> anyhow::Result<ExitCode> {
    let print_key = |made: &Value| remote.print(made, |made| println!("{}", shown(&made["key"])));
    match command {
        KeysCommand::Add { tenant, name, kind, account, key, expires_in } => {
            let body = json!({
                "name": name, "kind": kind, "account": account, "key": key, "expires_in_seconds": expires_in,
            });
            print_key(&remote.post(&["tenants", &tenant, "keys"], &body).await?)?;
        }
        KeysCommand::Rotate { tenant, name, slot, key } => {
            let body = json!({ "slot": slot, "key": key });
            print_key(&remote.post(&["tenants", &tenant, "keys", &name, "rotate"], &body).await?)?;
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
            remote.print(&listed.into(), |listed| {
                lines(
                    listed,
                    &["tenant", "name", "kind", "account", "slot", "ending", "created_at", "revoked_at", "expires_at"],
                );
            })?;
        }
        KeysCommand::Revoke { tenant, name, slot } => {
            let done = remote.post(&["tenants", &tenant, "keys", &name, "revoke"], &json!({ "slot": slot })).await?;
            remote.print(&done, |_| println!("revoked"))?;
        }
        KeysCommand::Delete { tenant, name } => {
            let done = remote.delete(&["tenants", &tenant, "keys", &name]).await?;
            remote.print(&done, |_| println!("deleted"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn all_tenants(remote: &Remote) -> anyhow::Result<Vec<String>> {
    let listed = remote.get(&["tenants"]).await?;
    let name = |tenant: &Value| Some(tenant["name"].as_str()?.to_owned());
    Ok(listed.as_array().into_iter().flatten().filter_map(name).collect())
}

pub(super) async fn reset(remote: &Remote, tenant: &str) -> anyhow::Result<ExitCode> {
    let done = remote.post(&["tenants", tenant, "reset"], &json!({})).await?;
    remote.print(&done, |done| println!("reset: {} rows", shown(&done["rows"])))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn snapshot(remote: &Remote, command: SnapshotCommand) -> anyhow::Result<ExitCode> {
    match command {
        SnapshotCommand::Save { tenant, name, force } => {
            let query = force.then(|| ("force", "true".to_owned()));
            let saved = remote.put_with(&["tenants", &tenant, "snapshots", &name], query.as_slice()).await;
            let done = saved.map_err(super::seeds::named_force)?;
            remote.print(&done, |done| println!("saved: {} rows", shown(&done["rows"])))?;
        }
        SnapshotCommand::List { tenant } => {
            let listed = remote.get(&["tenants", &tenant, "snapshots"]).await?;
            remote.print(&listed, |listed| lines(listed, &["name", "taken_at", "last_customer_id"]))?;
        }
        SnapshotCommand::Restore { tenant, name } => {
            let done = remote.post(&["tenants", &tenant, "snapshots", &name, "restore"], &json!({})).await?;
            remote.print(&done, |done| println!("restored: {} rows", shown(&done["rows"])))?;
        }
        SnapshotCommand::Delete { tenant, name } => {
            let done = remote.delete(&["tenants", &tenant, "snapshots", &name]).await?;
            remote.print(&done, |_| println!("deleted"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn fork(remote: &Remote, tenant: &str, body: &Value) -> anyhow::Result<ExitCode> {
    let made = remote.post(&["tenants", tenant, "fork"], body).await?;
    remote.print(&made, |made| println!("{}", shown(&made["key"])))?;
    Ok(ExitCode::SUCCESS)
}

/// Prints what differs; exit 0 when nothing does, 1 when something does.
pub(super) async fn diff(remote: &Remote, from: &str, to: &str) -> anyhow::Result<ExitCode> {
    let query = [("from", from.to_owned()), ("to", to.to_owned())];
    let diff = remote.find(&["diff"], &query).await?;
    remote.print(&diff, |diff| {
        for table in diff["tables"].as_array().into_iter().flatten() {
            for row in table["rows"].as_array().into_iter().flatten() {
                println!("{} {} {}", shown(&row["kind"]), shown(&table["table"]), shown(&row["id"]));
                for field in row["fields"].as_array().into_iter().flatten() {
                    println!("  {}: {} -> {}", shown(&field["field"]), shown(&field["before"]), shown(&field["after"]));
                }
            }
        }
    })?;
    Ok(if diff["differing"] == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
        ClockCommand::Advance { tenant, seconds } => {
            remote.post(&["tenants", &tenant, "clock", "advance"], &json!({ "seconds": seconds })).await?
        }
        ClockCommand::Real { tenant } => remote.delete(&["tenants", &tenant, "clock"]).await?,
    };
    remote.print(&clock, |clock| println!("{} {}", shown(&clock["now"]), shown(&clock["mode"])))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn faults(remote: &Remote, command: FaultsCommand) -> anyhow::Result<ExitCode> {
    match command {
        FaultsCommand::List { tenant } => {
            let listed = remote.get(&["tenants", &tenant, "faults"]).await?;
            remote.print(&listed, |listed| lines(listed, &["id", "calls", "fired", "is_spent", "rule"]))?;
        }
        FaultsCommand::Arm { tenant, rule } => {
            let rule: Value = serde_json::from_str(&rule).context("the rule is not JSON")?;
            let armed = remote.post(&["tenants", &tenant, "faults"], &rule).await?;
            remote.print(&armed, |armed| println!("{}", shown(&armed["id"])))?;
        }
        FaultsCommand::Disarm { tenant, id } => {
            let id = id.map(|id| id.to_string());
            let mut path = vec!["tenants", &tenant, "faults"];
            path.extend(id.as_deref());
            let done = remote.delete(&path).await?;
            remote.print(&done, |_| println!("disarmed"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn events(remote: &Remote, command: EventsCommand) -> anyhow::Result<ExitCode> {
    match command {
        EventsCommand::List { tenant, state, limit } => {
            let mut query = vec![("limit", limit.to_string())];
            query.extend(state.map(|state| ("state", state)));
            let listed = remote.find(&["tenants", &tenant, "events"], &query).await?;
            remote.print(&listed, |listed| {
                for event in listed.as_array().into_iter().flatten() {
                    // The receiver's words, on a terminal.
                    let response: String = shown(&event["response"]).chars().take(120).collect();
                    let of = |member: &str| shown(&event[member]);
                    let at = if event["attempted_at"].is_null() { of("created_at") } else { of("attempted_at") };
                    println!(
                        "{at} {} {:<9} {:<20} customer {} attempt {} {} {} ms {} {}",
                        of("id"),
                        of("state"),
                        of("event_type"),
                        of("customer_id"),
                        of("attempts"),
                        of("status"),
                        of("duration_ms"),
                        of("url"),
                        response.replace(char::is_control, " "),
                    );
                }
            })?;
        }
        EventsCommand::Resend { tenant, id } => {
            let path: Vec<&str> = match &id {
                Some(id) => vec!["tenants", &tenant, "events", id, "resend"],
                None => vec!["tenants", &tenant, "events", "resend"],
            };
            let done = remote.post(&path, &json!({})).await?;
            remote.print(&done, |done| println!("{} due again", shown(&done["due"])))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn hook(remote: &Remote, command: HookCommand) -> anyhow::Result<ExitCode> {
    match command {
        HookCommand::Connect { tenant, file } => {
            let done = remote.put_file(&["tenants", &tenant, "integration"], &file).await?;
            remote.print(&done, |_| println!("connected"))?;
            Ok(ExitCode::SUCCESS)
        }
        HookCommand::Try { id, file, tenant } => {
            let request = read(&file)?;
            let tried = remote.post(&["tenants", &tenant, "hooks", &id, "try"], &request).await?;
            remote.print(&tried, |tried| {
                println!("POST {}\n{request:#}\n\n{}", shown(&tried["url"]), shown(&tried["status"]));
                let body = shown(&tried["body"]);
                match serde_json::from_str::<Value>(&body) {
                    Ok(json) => println!("{json:#}"),
                    Err(_) => println!("{body}"),
                }
            })?;
            let is_success = tried["status"].as_u64().is_some_and(|status| (200..300).contains(&status));
            Ok(if is_success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}
