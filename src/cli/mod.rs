//! The command line. Exit codes: 0 done, 1 failed while running, 2 used wrongly.

mod control;
mod healthcheck;
mod log;
mod remote;
mod requests;
mod seeds;
mod serve;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use clap_complete::Shell;
use serde_json::json;

use crate::config::{SettingArgs, Settings};
use crate::control::{Api, Coverage, at_address, document};
use crate::doors;
use crate::server::{Origin, WorldOptions};
use remote::{Remote, RemoteArgs};

/// An unofficial emulator of DirectScale's customer API on a real Postgres.
#[derive(Debug, Parser)]
#[command(name = "directscale-emulator", version, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    settings: SettingArgs,
    #[command(flatten)]
    remote: RemoteArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API (what happens without a subcommand)
    Serve,
    /// Bring the database's schema up to date
    Migrate,
    /// Load a seed file into a running server, where tenants that are there already are left as they are
    Seed(seeds::SeedArgs),
    /// Write a tenant of a running server as a seed file
    Export(seeds::ExportArgs),
    /// Make tenants on a running server, list them, delete them
    #[command(subcommand)]
    Tenants(control::TenantsCommand),
    /// Give tenants of a running server subscription keys, list them, revoke them
    #[command(subcommand)]
    Keys(control::KeysCommand),
    /// Put a tenant's world back to its seed, on a running server
    Reset {
        /// The tenant
        tenant: String,
    },
    /// Keep a tenant's world under a name, and put it back, on a running server
    #[command(subcommand)]
    Snapshot(control::SnapshotCommand),
    /// Make a tenant whose world is a copy of another's, on a running server, and print its key, this once
    Fork {
        /// The tenant that is copied
        tenant: String,
        /// The new tenant's name
        name: String,
        /// Copy this snapshot of it, not the world as it is
        #[arg(long)]
        snapshot: Option<String>,
        /// What the new tenant's key is called
        #[arg(long, default_value = "default")]
        key_name: String,
        /// Use this key, 32 hexadecimal digits, instead of a random one
        #[arg(long)]
        key: Option<String>,
        /// Delete it after so many seconds
        #[arg(long, value_name = "SECONDS")]
        expires_in: Option<u32>,
    },
    /// Compare two worlds of a running server, each a tenant or a snapshot of one (demo@seed): exit 0 when they are the same, 1
    /// when they differ, 2 when they cannot be compared
    Diff {
        /// The one
        from: String,
        /// The other
        to: String,
    },
    /// Freeze, set and advance a tenant's clock, on a running server
    #[command(subcommand)]
    Clock(control::ClockCommand),
    /// Arm failures on a running server
    #[command(subcommand)]
    Faults(control::FaultsCommand),
    /// See the calls of a running server
    #[command(subcommand)]
    Requests(requests::RequestsCommand),
    /// Connect a tenant of a running server to a Client Extension, and try it
    #[command(subcommand)]
    Hook(control::HookCommand),
    /// List what subscribers of a running server were told of, and tell them again
    #[command(subcommand)]
    Events(control::EventsCommand),
    /// Print a script that completes these commands in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Ask the server that runs with these settings whether it is ready: exit 0 or 1
    Healthcheck,
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
    Coverage,
    /// Show every setting, its value and where it came from; secrets hidden
    Config,
}

/// Runs the command line and answers its exit code.
#[must_use]
pub fn run() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let settings = match Settings::resolve(cli.settings, &matches) {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    if let Some(Command::Completions { shell }) = cli.command {
        clap_complete::generate(shell, &mut Cli::command(), "directscale-emulator", &mut std::io::stdout());
        return ExitCode::SUCCESS;
    }
    log::start(&settings);
    log::warn_of_unknown_variables(&Cli::command());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let command = cli.command.unwrap_or(Command::Serve);
    let is_comparison = matches!(command, Command::Diff { .. });
    let outcome = runtime.block_on(dispatch(command, &cli.remote, &settings));
    // A second signal must not wait for what is still running.
    runtime.shutdown_background();
    match outcome {
        Ok(code) => code,
        Err(error) if is_comparison => {
            failed(&error);
            ExitCode::from(2)
        }
        Err(error) => failed(&error),
    }
}

async fn dispatch(command: Command, remote: &RemoteArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let is_json = remote.json;
    let remote = || Remote::new(remote, settings);
    match command {
        Command::Serve => serve::serve(settings).await,
        Command::Migrate => serve::migrate(settings).await,
        Command::Seed(seed) if seed.offline => serve::seed(settings, seed.file, is_json).await,
        Command::Seed(seed) => {
            seeds::check_flags(settings)?;
            seeds::seed(&remote()?, &seed).await
        }
        Command::Export(export) => seeds::export(&remote()?, &export).await,
        Command::Tenants(command) => control::tenants(&remote()?, command).await,
        Command::Keys(command) => control::keys(&remote()?, command).await,
        Command::Reset { tenant } => control::reset(&remote()?, &tenant).await,
        Command::Snapshot(command) => control::snapshot(&remote()?, command).await,
        Command::Fork { tenant, name, snapshot, key_name, key, expires_in } => {
            let body = json!({
                "name": name, "snapshot": snapshot, "key_name": key_name, "key": key, "expires_in_seconds": expires_in
            });
            control::fork(&remote()?, &tenant, &body).await
        }
        Command::Diff { from, to } => control::diff(&remote()?, &from, &to).await,
        Command::Clock(command) => control::clock(&remote()?, command).await,
        Command::Faults(command) => control::faults(&remote()?, command).await,
        Command::Requests(command) => requests::requests(&remote()?, command).await,
        Command::Hook(command) => control::hook(&remote()?, command).await,
        Command::Events(command) => control::events(&remote()?, command).await,
        // Done before the log was started.
        Command::Completions { .. } => Ok(ExitCode::SUCCESS),
        Command::Healthcheck => Ok(healthcheck::healthcheck(&settings.listen).await),
        Command::Openapi { api, address } => {
            let document = api.map_or_else(document, Api::document);
            println!("{}", at_address(document, address.trim_end_matches('/')).to_pretty_json()?);
            Ok(ExitCode::SUCCESS)
        }
        Command::Coverage => {
            print!("{}", Coverage::of(&doors::document()).to_markdown());
            Ok(ExitCode::SUCCESS)
        }
        Command::Config => {
            for shown in &settings.shown {
                println!("{:<28} {:<9} {}", shown.name, shown.origin, shown.value);
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The world that the settings describe, without a seed.
fn world(settings: &Settings) -> WorldOptions {
    let origin = match &settings.database_url {
        Some(url) => Origin::Server(url.reveal().to_owned()),
        None => Origin::Embedded(settings.data.clone()),
    };
    WorldOptions {
        origin,
        seed: settings.seed.clone(),
        connections: settings.database_connections,
        acquire_timeout: settings.database_acquire_timeout,
        wait: settings.database_wait,
        password_cost: settings.password_cost(),
        private_targets: settings.private_targets(),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}
