//! The command line. Exit codes: 0 done, 1 failed while running, 2 used wrongly.
//!
//! Everything is printed by `output`, which knows terminals, colors and readers who leave.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod arguments;
mod console;
mod control;
mod faults;
mod healthcheck;
mod help;
mod log;
mod output;
mod progress;
mod remote;
mod requests;
mod seeds;
mod serve;
mod status;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, FromArgMatches as _, Parser, Subcommand};
use clap_complete::Shell;
use serde_json::json;

use crate::config::{DatabaseArgs, ListenAddress, LogArgs, SettingArgs, Settings, Shown};
use crate::control::{Api, Coverage, at_address, document};
use crate::error_chain::ErrorChain;
use crate::server::{Origin, StartOptions};
use crate::vendors;
use arguments::{KeyArgs, arguments, leaf, unknown_variables, whole_seconds};
use output::{Column, OutputError, Screen, out, out_json, plain_lines, say};
use remote::{Remote, RemoteArgs};

/// A local stand-in for DirectScale's customer API, on a real Postgres.
#[derive(Debug, Parser)]
#[command(name = "directscale-emulator", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server (the default: its options may follow without a command)
    Serve(Box<SettingArgs>),
    /// Bring the database's schema up to date
    Migrate {
        /// Read settings from this TOML file
        #[arg(long, env = "EMULATOR_CONFIG", value_name = "FILE")]
        config: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten, next_help_heading = "Database options")]
        database: Box<DatabaseArgs>,
        #[command(flatten, next_help_heading = "Log options")]
        log: LogArgs,
    },
    /// Load a seed file into a running server; tenants that are there already are left as they are
    Seed(Box<seeds::SeedCommand>),
    /// Write a tenant of a running server as a seed file
    Export(seeds::ExportCommand),
    /// List, create and delete tenants; read and replace their plans
    Tenants {
        #[command(subcommand)]
        command: control::TenantsCommand,
        #[command(flatten, next_help_heading = "Connection options")]
        remote: RemoteArgs,
    },
    /// List, add, rotate, revoke and delete keys
    Keys {
        #[command(subcommand)]
        command: control::KeysCommand,
        #[command(flatten, next_help_heading = "Connection options")]
        remote: RemoteArgs,
    },
    /// Reset a tenant's data to its seed
    Reset {
        /// The tenant
        tenant: String,
        #[command(flatten, next_help_heading = "Connection options")]
        remote: RemoteArgs,
    },
    /// Save, list, restore and delete snapshots of a tenant
    Snapshot {
        #[command(subcommand)]
        command: control::SnapshotCommand,
        #[command(flatten, next_help_heading = "Connection options")]
        remote: RemoteArgs,
    },
    /// Copy a tenant and print the copy's key, this once
    Fork(Box<ForkCommand>),
    /// Compare two tenants or snapshots (demo@seed): exit 0 the same, 1 different, 2 not comparable
    Diff {
        /// The one
        from: String,
        /// The other
        to: String,
        #[command(flatten, next_help_heading = "Connection options")]
        remote: RemoteArgs,
    },
    /// Freeze, set and advance a tenant's clock
    Clock {
        #[command(subcommand)]
        command: control::ClockCommand,
        #[command(flatten, next_help_heading = "Connection options")]
        remote: RemoteArgs,
    },
    /// Inject failures into a tenant's requests and events
    Faults {
        #[command(subcommand)]
        command: faults::FaultsCommand,
        #[command(flatten, next_help_heading = "Connection options")]
        remote: RemoteArgs,
    },
    /// See a tenant's requests, follow them and wait for them
    Requests {
        #[command(subcommand)]
        command: requests::RequestsCommand,
        #[command(flatten, next_help_heading = "Connection options")]
        remote: RemoteArgs,
    },
    /// Connect a tenant to a Client Extension, and try its hooks
    Hook {
        #[command(subcommand)]
        command: control::HookCommand,
        #[command(flatten, next_help_heading = "Connection options")]
        remote: RemoteArgs,
    },
    /// List deliveries of events, and send them again
    Events {
        #[command(subcommand)]
        command: control::EventsCommand,
        #[command(flatten, next_help_heading = "Connection options")]
        remote: RemoteArgs,
    },
    /// Show a running server's addresses, the demo credentials and counts
    Status {
        /// The form: text, env (lines for a shell or a .env file), or json
        #[arg(
            short,
            long,
            value_name = "text|env|json",
            default_value = "text",
            hide_default_value = true,
            hide_possible_values = true
        )]
        output: status::Form,
        #[command(flatten, next_help_heading = "Connection options")]
        remote: RemoteArgs,
    },
    /// Ask whether the server that listens as the settings say is ready: exit 0 or 1
    Healthcheck {
        /// Read settings from this TOML file
        #[arg(long, env = "EMULATOR_CONFIG", value_name = "FILE")]
        config: Option<PathBuf>,
        /// Where the server listens [default: 127.0.0.1:8080]
        #[arg(long, env = "EMULATOR_LISTEN", value_name = "HOST:PORT")]
        listen: Option<ListenAddress>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show every setting, its value and where it came from; secrets hidden
    Config {
        #[command(flatten)]
        settings: Box<SettingArgs>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the OpenAPI document of all APIs, or of one
    Openapi {
        /// Only this API, to generate a client of it
        #[arg(long)]
        api: Option<Api>,
        /// The server's address in the document
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
        address: String,
    },
    /// Print what is covered and how well founded it is, as Markdown
    Coverage {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a script that completes these commands in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Debug, Args)]
struct ForkCommand {
    /// The tenant that is copied
    tenant: String,
    /// The new tenant's name
    name: String,
    /// Copy this snapshot of it, not its data as it is
    #[arg(long)]
    snapshot: Option<String>,
    /// What the new tenant's key is called
    #[arg(long, default_value = "default", value_name = "NAME")]
    key_name: String,
    #[command(flatten)]
    key: KeyArgs,
    /// Delete the new tenant after this time, such as 90s, 15m, 2h or 1d
    #[arg(long, value_name = "DURATION", value_parser = whole_seconds)]
    expires_in: Option<u32>,
    #[command(flatten, next_help_heading = "Connection options")]
    remote: RemoteArgs,
}

/// Runs the command line and answers its exit code.
#[must_use]
pub fn run() -> ExitCode {
    let mut command = help::command();
    let matches = command.clone().get_matches_from(arguments(std::env::args_os()));
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.format(&mut command).exit(),
    };
    let settings = match Settings::resolve(cli.command.settings(), leaf(&matches)) {
        Ok(settings) => settings,
        Err(error) => {
            say(format_args!("error: {}", plain_lines(&error.to_string())));
            return ExitCode::from(2);
        }
    };
    if cli.command.opens_database() {
        log::start(&settings);
    }
    for variable in unknown_variables(&command) {
        if matches!(cli.command, Command::Serve(_)) {
            tracing::warn!(variable, "this variable is not a setting and does nothing");
        } else {
            say(format_args!("warning: {} is not a setting and does nothing", plain_lines(&variable)));
        }
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into(), 1),
    };
    let code_of_failure = if matches!(cli.command, Command::Diff { .. }) { 2 } else { 1 };
    let outcome = runtime.block_on(dispatch(cli.command, &settings));
    // Nothing that is still running is waited for.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|error| failed(&error, code_of_failure))
}

impl Command {
    /// The settings that were given to it.
    fn settings(&self) -> SettingArgs {
        match self {
            Self::Serve(settings) | Self::Config { settings, .. } => (**settings).clone(),
            Self::Migrate { config, database, log, .. } => SettingArgs {
                config: config.clone(),
                database: (**database).clone(),
                log: log.clone(),
                ..SettingArgs::default()
            },
            Self::Healthcheck { config, listen, .. } => {
                SettingArgs { config: config.clone(), listen: listen.clone(), ..SettingArgs::default() }
            }
            Self::Seed(command) => SettingArgs {
                database: command.database.clone(),
                log: command.log.clone(),
                ..command.remote.settings()
            },
            Self::Export(command) => command.remote.settings(),
            Self::Fork(command) => command.remote.settings(),
            Self::Tenants { remote, .. }
            | Self::Keys { remote, .. }
            | Self::Reset { remote, .. }
            | Self::Snapshot { remote, .. }
            | Self::Diff { remote, .. }
            | Self::Clock { remote, .. }
            | Self::Faults { remote, .. }
            | Self::Requests { remote, .. }
            | Self::Hook { remote, .. }
            | Self::Events { remote, .. }
            | Self::Status { remote, .. } => remote.settings(),
            Self::Openapi { .. } | Self::Coverage { .. } | Self::Completions { .. } => SettingArgs::default(),
        }
    }

    /// Whether it opens the database itself, and so has a log.
    fn opens_database(&self) -> bool {
        matches!(self, Self::Serve(_) | Self::Migrate { .. }) || matches!(self, Self::Seed(command) if command.offline)
    }
}

async fn dispatch(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    let to = |remote: &RemoteArgs| Remote::new(remote, settings);
    match command {
        Command::Serve(_) => serve::serve(settings).await,
        Command::Migrate { json, .. } => serve::migrate(settings, json).await,
        Command::Seed(command) if command.offline => serve::seed(settings, command.file, command.remote.json).await,
        Command::Seed(command) => {
            seeds::check_flags(settings)?;
            seeds::seed(&to(&command.remote)?, &command).await
        }
        Command::Export(command) => seeds::export(&to(&command.remote)?, &command).await,
        Command::Tenants { command, remote } => control::tenants(&to(&remote)?, command).await,
        Command::Keys { command, remote } => control::keys(&to(&remote)?, command).await,
        Command::Reset { tenant, remote } => control::reset(&to(&remote)?, &tenant).await,
        Command::Snapshot { command, remote } => control::snapshot(&to(&remote)?, command).await,
        Command::Fork(command) => {
            let ForkCommand { tenant, name, snapshot, key_name, key, expires_in, remote } = *command;
            let body = json!({
                "name": name, "snapshot": snapshot, "key_name": key_name, "key": key.read()?,
                "expires_in_seconds": expires_in
            });
            control::fork(&to(&remote)?, &tenant, &body).await
        }
        Command::Diff { from, to: other, remote } => control::diff(&to(&remote)?, &from, &other).await,
        Command::Clock { command, remote } => control::clock(&to(&remote)?, command).await,
        Command::Faults { command, remote } => faults::faults(&to(&remote)?, command).await,
        Command::Requests { command, remote } => requests::requests(&to(&remote)?, command).await,
        Command::Hook { command, remote } => control::hook(&to(&remote)?, command).await,
        Command::Events { command, remote } => control::events(&to(&remote)?, command).await,
        Command::Status { output, remote } => status::status(&to(&remote)?, output).await,
        Command::Healthcheck { json, .. } => healthcheck::healthcheck(&settings.listen, json).await,
        Command::Config { json, .. } => show_config(&settings.shown, json),
        Command::Openapi { api, address } => {
            let document = api.map_or_else(document, Api::document);
            printed(&at_address(document, address.trim_end_matches('/')).to_pretty_json()?)
        }
        Command::Coverage { json } => {
            let coverage = Coverage::of(&vendors::document());
            printed(&if json { coverage.to_json() } else { coverage.to_markdown() })
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut help::command(), "directscale-emulator", &mut script);
            printed(&String::from_utf8(script)?)
        }
    }
}

fn printed(text: &str) -> anyhow::Result<ExitCode> {
    out(text)?;
    Ok(ExitCode::SUCCESS)
}

fn show_config(shown: &[Shown], is_json: bool) -> anyhow::Result<ExitCode> {
    if is_json {
        let member = |shown: &Shown| (shown.name.to_owned(), json!({ "value": shown.value, "origin": shown.origin }));
        out_json(&shown.iter().map(member).collect::<serde_json::Map<_, _>>().into())?;
        return Ok(ExitCode::SUCCESS);
    }
    let columns = [Column::text("SETTING", "name"), Column::text("ORIGIN", "origin"), Column::text("VALUE", "value")];
    let item = |shown: &Shown| json!({ "name": shown.name, "origin": shown.origin, "value": shown.value });
    let items: serde_json::Value = shown.iter().map(item).collect::<Vec<_>>().into();
    printed(&output::table(Screen::of_stdout(output::ColorChoice::Auto), &columns, &items))
}

/// The world that the settings describe, without a seed.
fn world(settings: &Settings) -> StartOptions {
    let origin = match &settings.database_url {
        Some(url) => Origin::Server(url.reveal().to_owned()),
        None => Origin::Embedded(settings.data.clone()),
    };
    StartOptions {
        origin,
        seed: settings.seed.clone(),
        connections: settings.database_connections,
        acquire_timeout: settings.database_acquire_timeout,
        wait: settings.database_wait,
        password_cost: settings.password_cost(),
        private_targets: settings.private_targets(),
    }
}

/// Says why something failed, each cause once; nothing when the reader of the output has left.
fn failed(error: &anyhow::Error, code: u8) -> ExitCode {
    if error.downcast_ref::<OutputError>().is_some_and(OutputError::is_reader_gone) {
        return ExitCode::SUCCESS;
    }
    let text = ErrorChain(error.as_ref()).to_string();
    say(format_args!("error: {}", plain_lines(&text)));
    ExitCode::from(code)
}
