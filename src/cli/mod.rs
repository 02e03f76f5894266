//! The command line. Exit codes: 0 done, 1 failed while running, 2 used wrongly.

mod events;
mod healthcheck;
mod hook;
mod keys;
mod log;
mod serve;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::config::{SettingArgs, Settings};
use crate::control::Coverage;
use crate::directscale::document;
use crate::server::{Origin, WorldOptions};

/// An unofficial emulator of DirectScale's customer API on a real Postgres.
#[derive(Debug, Parser)]
#[command(name = "directscale-emulator", version, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    settings: SettingArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API (what happens without a subcommand)
    Serve,
    /// Bring the database's schema up to date
    Migrate,
    /// Load a seed file (demo is built in); tenants that are there already are left as they are
    Seed {
        /// demo, or a YAML or JSON file
        file: String,
    },
    /// Give tenants subscription keys, list them, revoke them
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Try a Client Extension
    #[command(subcommand)]
    Hook(hook::HookCommand),
    /// List what subscribers were told of, and tell them again
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// Ask the server that runs with these settings whether it is ready: exit 0 or 1
    Healthcheck,
    /// Print the OpenAPI document
    Openapi,
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
    log::start(&settings);
    log::warn_of_unknown_variables(&Cli::command());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let outcome = runtime.block_on(dispatch(cli.command.unwrap_or(Command::Serve), &settings));
    // A second signal must not wait for what is still running.
    runtime.shutdown_background();
    match outcome {
        Ok(code) => code,
        Err(error) => failed(&error),
    }
}

async fn dispatch(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve => serve::serve(settings).await,
        Command::Migrate => serve::migrate(settings).await,
        Command::Seed { file } => serve::seed(settings, file).await,
        Command::Keys(command) => keys::keys(settings, command).await,
        Command::Hook(command) => hook::hook(settings, command).await,
        Command::Events(command) => events::events(settings, command).await,
        Command::Healthcheck => Ok(healthcheck::healthcheck(&settings.listen).await),
        Command::Openapi => {
            println!("{}", document().to_pretty_json()?);
            Ok(ExitCode::SUCCESS)
        }
        Command::Coverage => {
            print!("{}", Coverage::of(&document()).to_markdown());
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
