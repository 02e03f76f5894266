//! Settings: flag, then `EMULATOR_*` variable, then file, then default. `config/emulator.example.toml` documents each.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, ValueEnum};
use serde::Deserialize;
use thiserror::Error;

use crate::control::AdminToken;
use crate::customers::PasswordCost;
use crate::journal::JournalOptions;

mod values;

pub use values::{
    Count, DatabaseUrl, HostNames, ListenAddress, LogFilter, LogFormat, PasswordCostSetting, PrivateTargets, Switch,
};

/// The settings as flags and variables. All optional: what is not given comes from the file or the default.
#[derive(Debug, Clone, Default, Args)]
pub struct SettingArgs {
    /// Read settings from this TOML file
    #[arg(long, global = true, env = "EMULATOR_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Listen on this address; port 0 takes any free one [default: 127.0.0.1:8080]
    #[arg(long, global = true, env = "EMULATOR_LISTEN", value_name = "HOST:PORT")]
    pub listen: Option<ListenAddress>,
    /// Keep the embedded database in this folder [default: ./data]
    #[arg(long, global = true, env = "EMULATOR_DATA", value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Use this Postgres instead of the embedded one
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<DatabaseUrl>,
    /// Load this seed at start: demo, or a file [default: demo into an empty embedded database]
    #[arg(long, global = true, env = "EMULATOR_SEED", value_name = "demo|FILE")]
    pub seed: Option<String>,
    /// Hold at most this many database connections [default: 8]
    #[arg(long, global = true, env = "EMULATOR_DATABASE_CONNECTIONS", value_name = "NUMBER")]
    pub database_connections: Option<Count>,
    /// Wait at most this long for a database connection, in milliseconds [default: 2000]
    #[arg(long, global = true, env = "EMULATOR_DATABASE_ACQUIRE_TIMEOUT_MS", value_name = "MILLISECONDS")]
    pub database_acquire_timeout_ms: Option<Count>,
    /// Wait at most this long for the database at start, in seconds [default: 30]
    #[arg(long, global = true, env = "EMULATOR_DATABASE_WAIT_SECONDS", value_name = "SECONDS")]
    pub database_wait_seconds: Option<u64>,
    /// Refuse a request body of more bytes than this [default: 1048576]
    #[arg(long, global = true, env = "EMULATOR_MAX_BODY_BYTES", value_name = "BYTES")]
    pub max_body_bytes: Option<Count>,
    /// The cost of password hashes; auto is test on loopback and owasp elsewhere [default: auto]
    #[arg(long, global = true, env = "EMULATOR_PASSWORD_COST")]
    pub password_cost: Option<PasswordCostSetting>,
    /// Whether hooks may be answered on loopback and private networks; auto allows it where the server listens on
    /// loopback only [default: auto]
    #[arg(long, global = true, env = "EMULATOR_PRIVATE_TARGETS")]
    pub private_targets: Option<PrivateTargets>,
    /// Answer with headers and members that the vendor has not [default: on]
    #[arg(long, global = true, env = "EMULATOR_EXTRA_HEADERS")]
    pub extra_headers: Option<Switch>,
    /// Let browsers on this origin call the API (* for any) [default: none]
    #[arg(long, global = true, env = "EMULATOR_CORS_ORIGIN", value_name = "ORIGIN")]
    pub cors_origin: Option<String>,
    /// Keep so many calls of each tenant in the journal; 0 switches it off [default: 500]
    #[arg(long, global = true, env = "EMULATOR_JOURNAL_ENTRIES", value_name = "NUMBER")]
    pub journal_entries: Option<usize>,
    /// Keep at most about so many bytes of each tenant's calls [default: 4194304]
    #[arg(long, global = true, env = "EMULATOR_JOURNAL_BYTES", value_name = "BYTES")]
    pub journal_bytes: Option<usize>,
    /// The token of the control API; needed off loopback, where one is made and printed when none is set
    #[arg(long, global = true, env = "EMULATOR_ADMIN_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub admin_token: Option<AdminToken>,
    /// Serve /_emulator on this address instead of beside the API
    #[arg(long, global = true, env = "EMULATOR_ADMIN_LISTEN", value_name = "HOST:PORT")]
    pub admin_listen: Option<ListenAddress>,
    /// More names of this server, separated by commas, under which /_emulator may be called without a token
    #[arg(long, global = true, env = "EMULATOR_ADMIN_HOSTS", value_name = "NAMES")]
    pub admin_hosts: Option<HostNames>,
    /// What is logged: off, error, warn, info, debug, trace, or a filter by module [default: info]
    #[arg(long, global = true, env = "EMULATOR_LOG", value_name = "FILTER")]
    pub log: Option<LogFilter>,
    /// The form of the log; auto is text on a terminal and json elsewhere [default: auto]
    #[arg(long, global = true, env = "EMULATOR_LOG_FORMAT")]
    pub log_format: Option<LogFormat>,
}

/// The settings file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FileSettings {
    listen: Option<ListenAddress>,
    data: Option<PathBuf>,
    database_url: Option<DatabaseUrl>,
    seed: Option<String>,
    database_connections: Option<Count>,
    database_acquire_timeout_ms: Option<Count>,
    database_wait_seconds: Option<u64>,
    max_body_bytes: Option<Count>,
    password_cost: Option<PasswordCostSetting>,
    private_targets: Option<PrivateTargets>,
    extra_headers: Option<Switch>,
    cors_origin: Option<String>,
    journal_entries: Option<usize>,
    journal_bytes: Option<usize>,
    admin_token: Option<AdminToken>,
    admin_listen: Option<ListenAddress>,
    admin_hosts: Option<HostNames>,
    log: Option<LogFilter>,
    log_format: Option<LogFormat>,
}

/// The settings in effect.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each is documented at its flag")]
pub struct Settings {
    pub listen: ListenAddress,
    pub data: PathBuf,
    pub database_url: Option<DatabaseUrl>,
    pub seed: Option<String>,
    pub database_connections: usize,
    pub database_acquire_timeout: Duration,
    pub database_wait: Duration,
    pub max_body_bytes: usize,
    pub password_cost: PasswordCostSetting,
    pub private_targets: PrivateTargets,
    pub extra_headers: bool,
    pub cors_origin: Option<String>,
    pub journal: JournalOptions,
    pub admin_token: Option<AdminToken>,
    pub admin_listen: Option<ListenAddress>,
    pub admin_hosts: HostNames,
    pub log: LogFilter,
    pub log_format: LogFormat,
    /// Each setting's name, value and origin, secrets hidden.
    pub shown: Vec<Shown>,
}

/// A setting as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its name.
    pub name: &'static str,
    /// Its value, hidden where it is secret.
    pub value: String,
    /// Where it came from: flag, variable, file or default.
    pub origin: &'static str,
}

/// Why the settings are not usable.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read, or holds an unknown name or a bad value.
    #[error("the settings file {path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What is wrong, with the name.
        reason: String,
    },
    /// A setting has a value that cannot be used.
    #[error("{name}: {reason}")]
    Value {
        /// The setting.
        name: &'static str,
        /// What is wrong.
        reason: String,
    },
}

/// Chooses between flag or variable, file and default, and remembers which it was.
struct Chooser<'a> {
    matches: &'a ArgMatches,
    shown: Vec<Shown>,
}

impl Chooser<'_> {
    fn choose<T>(
        &mut self,
        name: &'static str,
        given: Option<T>,
        file: Option<T>,
        show: impl Fn(&T) -> String,
    ) -> Option<T> {
        let (value, origin) = match (given, file) {
            (Some(value), _) => match self.matches.value_source(name) {
                Some(ValueSource::EnvVariable) => (Some(value), "variable"),
                _ => (Some(value), "flag"),
            },
            (None, Some(value)) => (Some(value), "file"),
            (None, None) => (None, "default"),
        };
        let text = value.as_ref().map_or_else(String::new, show);
        self.shown.push(Shown { name, value: text, origin });
        value
    }

    fn choose_or<T>(
        &mut self,
        name: &'static str,
        given: Option<T>,
        file: Option<T>,
        default: T,
        show: impl Fn(&T) -> String,
    ) -> T {
        let value = self.choose(name, given, file, &show).unwrap_or(default);
        if let Some(last) = self.shown.last_mut() {
            last.value = show(&value);
        }
        value
    }
}

impl Settings {
    /// The settings in effect.
    ///
    /// # Errors
    /// When the file cannot be read, or holds an unknown name or a bad value; flags and variables were checked before.
    pub fn resolve(args: SettingArgs, matches: &ArgMatches) -> Result<Self, ConfigError> {
        let file = args.config.as_deref().map(read_file).transpose()?.unwrap_or_default();
        let mut chooser = Chooser { matches, shown: Vec::new() };
        let default_listen = ListenAddress { host: "127.0.0.1".to_owned(), port: 8080 };
        let listen = chooser.choose_or("listen", args.listen, file.listen, default_listen, ToString::to_string);
        let data =
            chooser.choose_or("data", args.data, file.data, PathBuf::from("./data"), |path| path.display().to_string());
        let database_url =
            chooser.choose("database_url", args.database_url, file.database_url, DatabaseUrl::without_password);
        let seed = chooser.choose("seed", args.seed, file.seed, String::clone);
        let count = |Count(number): &Count| number.to_string();
        let Count(database_connections) = chooser.choose_or(
            "database_connections",
            args.database_connections,
            file.database_connections,
            Count(8),
            count,
        );
        let Count(acquire_timeout_ms) = chooser.choose_or(
            "database_acquire_timeout_ms",
            args.database_acquire_timeout_ms,
            file.database_acquire_timeout_ms,
            Count(2000),
            count,
        );
        let wait_seconds = chooser.choose_or(
            "database_wait_seconds",
            args.database_wait_seconds,
            file.database_wait_seconds,
            30,
            ToString::to_string,
        );
        let Count(max_body_bytes) =
            chooser.choose_or("max_body_bytes", args.max_body_bytes, file.max_body_bytes, Count(1024 * 1024), count);
        let password_cost = chooser.choose_or(
            "password_cost",
            args.password_cost,
            file.password_cost,
            PasswordCostSetting::Auto,
            possible_name,
        );
        let private_targets = chooser.choose_or(
            "private_targets",
            args.private_targets,
            file.private_targets,
            PrivateTargets::Auto,
            possible_name,
        );
        let extra_headers =
            chooser.choose_or("extra_headers", args.extra_headers, file.extra_headers, Switch::On, possible_name);
        let cors_origin = chooser.choose("cors_origin", args.cors_origin, file.cors_origin, String::clone);
        let entries =
            chooser.choose_or("journal_entries", args.journal_entries, file.journal_entries, 500, ToString::to_string);
        let bytes = chooser.choose_or(
            "journal_bytes",
            args.journal_bytes,
            file.journal_bytes,
            4 * 1024 * 1024,
            ToString::to_string,
        );
        let admin_token = chooser.choose("admin_token", args.admin_token, file.admin_token, |_| "(hidden)".to_owned());
        let admin_listen = chooser.choose("admin_listen", args.admin_listen, file.admin_listen, ToString::to_string);
        let admin_hosts = chooser.choose_or(
            "admin_hosts",
            args.admin_hosts,
            file.admin_hosts,
            HostNames::default(),
            ToString::to_string,
        );
        let default_log = LogFilter("info,pglite_oxide=warn,sqlx=warn".to_owned());
        let log = chooser.choose_or("log", args.log, file.log, default_log, |LogFilter(filter)| filter.clone());
        let log_format =
            chooser.choose_or("log_format", args.log_format, file.log_format, LogFormat::Auto, possible_name);
        check_origin(cors_origin.as_deref())?;
        Ok(Self {
            listen,
            data,
            database_url,
            seed,
            database_connections,
            database_acquire_timeout: Duration::from_millis(acquire_timeout_ms as u64),
            database_wait: Duration::from_secs(wait_seconds),
            max_body_bytes,
            password_cost,
            private_targets,
            extra_headers: extra_headers == Switch::On,
            cors_origin,
            journal: JournalOptions { entries, bytes },
            admin_token,
            admin_listen,
            admin_hosts,
            log,
            log_format,
            shown: chooser.shown,
        })
    }

    /// The cost of password hashes: cheap on a laptop that nobody else reaches, safe on a shared server.
    #[must_use]
    pub fn password_cost(&self) -> PasswordCost {
        match self.password_cost {
            PasswordCostSetting::Test => PasswordCost::Test,
            PasswordCostSetting::Auto if self.listen.is_loopback() => PasswordCost::Test,
            PasswordCostSetting::Owasp | PasswordCostSetting::Auto => PasswordCost::Owasp,
        }
    }

    /// Whether hooks may be answered on private networks: on a laptop that is where an extension runs, on a shared server
    /// it would let every tenant look around in them.
    #[must_use]
    pub fn private_targets(&self) -> bool {
        match self.private_targets {
            PrivateTargets::Allow => true,
            PrivateTargets::Auto => self.listen.is_loopback(),
            PrivateTargets::Refuse => false,
        }
    }
}

fn read_file(path: &Path) -> Result<FileSettings, ConfigError> {
    let failed = |reason: String| ConfigError::File { path: path.display().to_string(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    toml::from_str(&text).map_err(|error| failed(error.to_string()))
}

fn check_origin(origin: Option<&str>) -> Result<(), ConfigError> {
    match origin {
        Some(origin) if axum::http::HeaderValue::from_str(origin).is_err() || origin.trim().is_empty() => {
            Err(ConfigError::Value { name: "cors_origin", reason: "is not an origin".to_owned() })
        }
        _ => Ok(()),
    }
}

fn possible_name<T: ValueEnum>(value: &T) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}
