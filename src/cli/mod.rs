//! The command line. Exit codes: 0 done, 1 failed while running, 2 used wrongly.
//!
//! `output` prints everything: it handles terminals, colors and readers that close the output.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod arguments;
mod clock;
mod console;
mod faults;
mod files;
mod healthcheck;
mod help;
mod hook;
mod json_lines;
mod keys;
mod log;
mod log_output;
mod output;
mod progress;
mod record;
mod remote;
mod requests;
mod seeds;
mod serve;
mod signals;
mod snapshots;
mod status;
mod tenants;
mod tls;
mod verify;
mod webhooks;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{FromArgMatches as _, Parser, Subcommand};
use clap_complete::Shell;
use serde_json::json;

use crate::config::{
    DatabaseArgs, FileArgs, ListenAddress, LogArgs, SettingArgs, SettingListing, Settings, example, setting,
};
use crate::control::{Api, Coverage, FileSchema, at_address, document};
use crate::error_chain::ErrorChain;
use crate::recordings::read_folder;
use crate::vendors;
use crate::version::VERSION_AND_COMMIT;
use arguments::{arguments, leaf, unknown_variables};
use output::{Column, OutputError, Screen, out, out_json, plain_lines, say};
use remote::{Remote, RemoteArgs};

/// A local emulator of DirectScale's customer API, on a real Postgres.
#[derive(Debug, Parser)]
#[command(name = "directscale-emulator", version = VERSION_AND_COMMIT)]
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
        #[command(flatten)]
        file: FileArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten, next_help_heading = "Database options")]
        database: Box<DatabaseArgs>,
        #[command(flatten, next_help_heading = "Log options")]
        log: LogArgs,
    },
    /// Lay the database out over the nodes of a Citus cluster; can be run again
    Distribute {
        #[command(flatten)]
        file: FileArgs,
        #[command(flatten, next_help_heading = "Database options")]
        database: Box<DatabaseArgs>,
        #[command(flatten, next_help_heading = "Log options")]
        log: LogArgs,
    },
    /// Load a seed file into a running server; tenants that exist stay unchanged
    Seed(Box<seeds::SeedCommand>),
    /// Write a tenant of a running server as a seed file
    Export(seeds::ExportCommand),
    /// List, create and delete tenants; read and replace their plans
    Tenants {
        #[command(subcommand)]
        command: tenants::TenantsCommand,
        #[command(flatten, next_help_heading = "Connection options")]
        remote: RemoteArgs,
    },
    /// List, add, rotate, revoke and delete keys
    Keys {
        #[command(subcommand)]
        command: keys::KeysCommand,
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
        command: snapshots::SnapshotCommand,
        #[command(flatten, next_help_heading = "Connection options")]
        remote: RemoteArgs,
    },
    /// Copy a tenant and print the key of the copy, which is not shown again
    Fork(Box<tenants::ForkCommand>),
    /// Compare two tenants or snapshots; exit codes: 0 equal, 1 different, 2 failed
    Diff {
        /// A tenant (demo) or a snapshot of one (demo@seed)
        from: String,
        /// The tenant or snapshot to compare it with
        to: String,
        #[command(flatten, next_help_heading = "Connection options")]
        remote: RemoteArgs,
    },
    /// Freeze, set and advance a tenant's clock
    Clock {
        #[command(subcommand)]
        command: clock::ClockCommand,
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
    /// List a tenant's requests, follow them and wait for them
    Requests {
        #[command(subcommand)]
        command: requests::RequestsCommand,
        #[command(flatten, next_help_heading = "Connection options")]
        remote: RemoteArgs,
    },
    /// Connect a tenant to a Client Extension, and try its hooks
    Hook {
        #[command(subcommand)]
        command: hook::HookCommand,
        #[command(flatten, next_help_heading = "Connection options")]
        remote: RemoteArgs,
    },
    /// List webhook deliveries, and resend them
    Webhooks {
        #[command(subcommand)]
        command: webhooks::WebhooksCommand,
        #[command(flatten, next_help_heading = "Connection options")]
        remote: RemoteArgs,
    },
    /// Show a running server's addresses, the demo credentials and counts
    Status {
        /// The format: text, env (lines for a shell or a .env file), or json
        #[arg(
            short,
            long,
            value_name = "text|env|json",
            default_value = "text",
            hide_default_value = true,
            hide_possible_values = true
        )]
        output: status::Format,
        #[command(flatten, next_help_heading = "Connection options")]
        remote: RemoteArgs,
    },
    /// Check whether the server that the settings describe is ready; exit codes: 0 ready, 1 not
    Healthcheck {
        #[command(flatten)]
        file: FileArgs,
        /// The address that the server listens on [default: 127.0.0.1:8080]
        #[arg(long, env = setting::listen.variable, value_name = "HOST:PORT")]
        listen: Option<ListenAddress>,
        #[command(flatten)]
        served: tls::ServedArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show every setting, its value and its origin; secrets are hidden
    Config {
        #[command(flatten)]
        settings: Box<SettingArgs>,
        /// Print an example of the settings file instead
        #[arg(long, conflicts_with = "json")]
        example: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the OpenAPI document of all APIs, or of one
    Openapi {
        /// Only this API, to generate a client for it
        #[arg(long)]
        api: Option<Api>,
        /// The server's address in the document
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
        address: String,
    },
    /// Print the JSON Schema of seed files or plans, for editors and validators
    Schema {
        /// The kind of file
        kind: FileSchema,
    },
    /// Store what a program and a real service send each other, as a HAR file with its secrets masked
    Record(record::RecordCommand),
    /// Compare the server with a real service; exit codes: 0 equal, 1 different, 2 could not compare
    Verify(Box<verify::VerifyCommand>),
    /// Print which operations are covered, with the evidence for each, as Markdown
    Coverage {
        /// Add what the comparisons with a real service in this folder found
        #[arg(long, env = setting::recordings.variable, value_name = "FOLDER")]
        recordings: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Runs the command line and returns its exit code.
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
    if cli.command.opens_database()
        && let Err(error) = log::start(&settings)
    {
        return failed(&error.into(), 1);
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
    let code_of_failure = if matches!(cli.command, Command::Diff { .. } | Command::Verify(_)) { 2 } else { 1 };
    let outcome = runtime.block_on(dispatch(cli.command, &settings));
    // Does not wait for tasks that still run.
    runtime.shutdown_background();
    log::flush();
    outcome.unwrap_or_else(|error| failed(&error, code_of_failure))
}

impl Command {
    fn settings(&self) -> SettingArgs {
        match self {
            Self::Serve(settings) | Self::Config { settings, .. } => (**settings).clone(),
            Self::Migrate { file, database, log, .. } | Self::Distribute { file, database, log } => SettingArgs {
                file: file.clone(),
                database: (**database).clone(),
                log: log.clone(),
                ..SettingArgs::default()
            },
            Self::Healthcheck { file, listen, served, .. } => {
                let mut settings = SettingArgs { file: file.clone(), ..SettingArgs::default() };
                settings.server.listen.clone_from(listen);
                served.add_to(&mut settings);
                settings
            }
            Self::Seed(command) => SettingArgs {
                database: command.database.clone(),
                log: command.log.clone(),
                ..command.remote.settings()
            },
            Self::Export(command) => command.remote.settings(),
            Self::Fork(command) => command.remote.settings(),
            Self::Verify(command) => command.remote.settings(),
            Self::Tenants { remote, .. }
            | Self::Keys { remote, .. }
            | Self::Reset { remote, .. }
            | Self::Snapshot { remote, .. }
            | Self::Diff { remote, .. }
            | Self::Clock { remote, .. }
            | Self::Faults { remote, .. }
            | Self::Requests { remote, .. }
            | Self::Hook { remote, .. }
            | Self::Webhooks { remote, .. }
            | Self::Status { remote, .. } => remote.settings(),
            Self::Openapi { .. }
            | Self::Schema { .. }
            | Self::Record(_)
            | Self::Coverage { .. }
            | Self::Completions { .. } => SettingArgs::default(),
        }
    }

    /// Whether it opens the database itself, and so has a log.
    fn opens_database(&self) -> bool {
        matches!(self, Self::Serve(_) | Self::Migrate { .. } | Self::Distribute { .. })
            || matches!(self, Self::Seed(command) if command.offline)
    }
}

async fn dispatch(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    let to = |remote: &RemoteArgs| Remote::new(remote, settings);
    match command {
        Command::Serve(_) => Box::pin(serve::serve(settings)).await,
        Command::Migrate { json, .. } => serve::migrate(settings, json).await,
        Command::Distribute { .. } => serve::distribute(settings).await,
        Command::Seed(command) if command.offline => serve::seed(settings, command.file, command.remote.json).await,
        Command::Seed(command) => {
            seeds::check_flags(settings)?;
            seeds::seed(&to(&command.remote)?, &command).await
        }
        Command::Export(command) => seeds::export(&to(&command.remote)?, &command).await,
        Command::Tenants { command, remote } => tenants::tenants(&to(&remote)?, command).await,
        Command::Keys { command, remote } => keys::keys(&to(&remote)?, command).await,
        Command::Reset { tenant, remote } => snapshots::reset(&to(&remote)?, &tenant).await,
        Command::Snapshot { command, remote } => snapshots::snapshot(&to(&remote)?, command).await,
        Command::Fork(command) => tenants::fork(&to(&command.remote)?, *command).await,
        Command::Verify(command) => verify::verify(&to(&command.remote)?, *command).await,
        Command::Diff { from, to: other, remote } => snapshots::diff(&to(&remote)?, &from, &other).await,
        Command::Clock { command, remote } => clock::clock(&to(&remote)?, command).await,
        Command::Faults { command, remote } => faults::faults(&to(&remote)?, command).await,
        Command::Requests { command, remote } => requests::requests(&to(&remote)?, command).await,
        Command::Hook { command, remote } => hook::hook(&to(&remote)?, command).await,
        Command::Webhooks { command, remote } => webhooks::webhooks(&to(&remote)?, command).await,
        Command::Status { output, remote } => status::status(&to(&remote)?, output).await,
        Command::Healthcheck { json, .. } => healthcheck::healthcheck(settings, json).await,
        Command::Config { example: true, .. } => print(&example()),
        Command::Config { json, .. } => print_settings(&settings.listing, json),
        Command::Openapi { api, address } => {
            let document = api.map_or_else(document, Api::document);
            print(&at_address(document, address.trim_end_matches('/')).to_pretty_json()?)
        }
        Command::Schema { kind } => print(&kind.text()),
        Command::Record(command) => record::record(settings, command).await,
        Command::Coverage { recordings, json } => {
            let mut coverage = Coverage::of(&vendors::document());
            if let Some(folder) = recordings {
                let verified = read_folder(&folder).map_err(anyhow::Error::msg)?;
                for unreadable in &verified.unreadable {
                    say(format_args!("warning: a recording cannot be read: {}", plain_lines(unreadable)));
                }
                coverage = coverage.with_recordings(&verified);
            }
            print(&if json { coverage.to_json() } else { coverage.to_markdown() })
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut help::command(), "directscale-emulator", &mut script);
            print(&String::from_utf8(script)?)
        }
    }
}

fn print(text: &str) -> anyhow::Result<ExitCode> {
    out(text)?;
    Ok(ExitCode::SUCCESS)
}

fn print_settings(settings: &[SettingListing], is_json: bool) -> anyhow::Result<ExitCode> {
    if is_json {
        let member = |listed: &SettingListing| {
            (listed.name.to_owned(), json!({ "value": listed.value, "origin": listed.origin }))
        };
        out_json(&settings.iter().map(member).collect::<serde_json::Map<_, _>>().into())?;
        return Ok(ExitCode::SUCCESS);
    }
    let columns = [Column::text("SETTING", "name"), Column::text("ORIGIN", "origin"), Column::text("VALUE", "value")];
    let item = |listed: &SettingListing| json!({ "name": listed.name, "origin": listed.origin, "value": listed.value });
    let items: serde_json::Value = settings.iter().map(item).collect::<Vec<_>>().into();
    print(&output::table(Screen::of_stdout(output::ColorChoice::Auto), &columns, &items))
}

/// Prints the causes of a failure, each once. A reader that closed the output is no failure.
fn failed(error: &anyhow::Error, code: u8) -> ExitCode {
    if error.downcast_ref::<OutputError>().is_some_and(OutputError::is_closed_by_reader) {
        return ExitCode::SUCCESS;
    }
    let text = ErrorChain(error.as_ref()).to_string();
    say(format_args!("error: {}", plain_lines(&text)));
    ExitCode::from(code)
}
