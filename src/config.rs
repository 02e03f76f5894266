//! Settings: flag, then `EMULATOR_*` variable, then file, then default. `config/emulator.example.toml` documents each.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, ValueEnum};
use serde::Deserialize;
use thiserror::Error;

use crate::control::AdminToken;
use crate::customers::PasswordCost;
use crate::journal::JournalOptions;
use crate::wire::misread::without_value;

mod duration;
mod values;

pub use duration::{Unit, parse_duration};
pub use values::{
    Count, DatabaseUrl, HostNames, ListenAddress, LogFilter, LogFormat, Milliseconds, PasswordCostSetting,
    PrivateTargets, Seconds, Secret, Switch, place,
};

/// The settings as flags and variables. All optional: what is not given comes from the file or the default.
#[derive(Debug, Clone, Default, Args)]
pub struct SettingArgs {
    /// Read settings from this TOML file
    #[arg(long, env = "EMULATOR_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Listen on this address; :PORT takes every address, port 0 any free port [default: 127.0.0.1:8080]
    #[arg(long, env = "EMULATOR_LISTEN", value_name = "HOST:PORT")]
    pub listen: Option<ListenAddress>,
    /// Load this seed at start: demo, or a file [default: demo into an empty embedded database]
    #[arg(long, env = "EMULATOR_SEED", value_name = "demo|FILE")]
    pub seed: Option<String>,
    /// Reject a request body of more bytes than this [default: 1048576]
    #[arg(long, env = "EMULATOR_MAX_BODY_BYTES", value_name = "BYTES")]
    pub max_body_bytes: Option<Count>,
    /// The cost of password hashes; auto is test on loopback and owasp elsewhere [default: auto]
    #[arg(long, env = "EMULATOR_PASSWORD_COST")]
    pub password_cost: Option<PasswordCostSetting>,
    /// Whether hooks may be answered on loopback and private networks; auto allows it where the server listens on
    /// loopback only [default: auto]
    #[arg(long, env = "EMULATOR_PRIVATE_TARGETS")]
    pub private_targets: Option<PrivateTargets>,
    /// Answer with headers and members that the vendor has not [default: on]
    #[arg(long, env = "EMULATOR_EXTRA_HEADERS")]
    pub extra_headers: Option<Switch>,
    /// Let browsers on this origin call the API (* for any) [default: none]
    #[arg(long, env = "EMULATOR_CORS_ORIGIN", value_name = "ORIGIN")]
    pub cors_origin: Option<String>,
    /// Keep this many requests of each tenant in the journal; 0 switches it off [default: 500]
    #[arg(long, env = "EMULATOR_JOURNAL_ENTRIES", value_name = "NUMBER")]
    pub journal_entries: Option<usize>,
    /// Approximate memory limit for each tenant's requests, in bytes [default: 4194304]
    #[arg(long, env = "EMULATOR_JOURNAL_BYTES", value_name = "BYTES")]
    pub journal_bytes: Option<usize>,
    /// Where the data is.
    #[command(flatten, next_help_heading = "Database options")]
    pub database: DatabaseArgs,
    /// Who reaches the control API, and where.
    #[command(flatten, next_help_heading = "Control API options")]
    pub control: ControlArgs,
    /// What is logged.
    #[command(flatten, next_help_heading = "Log options")]
    pub log: LogArgs,
}

/// Settings of the database: what a command needs that opens it without serving.
#[derive(Debug, Clone, Default, Args)]
pub struct DatabaseArgs {
    /// Keep the embedded database in this folder [default: ./data]
    #[arg(long, env = "EMULATOR_DATA", value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Use this Postgres, 14 or newer, instead of the embedded one
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<Secret>,
    /// Read the URL from a file, - for stdin: `ps` does not show it
    #[arg(long, env = "DATABASE_URL_FILE", value_name = "FILE")]
    pub database_url_file: Option<PathBuf>,
    /// Hold at most this many database connections [default: 8]
    #[arg(long, env = "EMULATOR_DATABASE_CONNECTIONS", value_name = "NUMBER")]
    pub database_connections: Option<Count>,
    /// Wait at most this long for a database connection, in milliseconds or as 2s [default: 2000]
    #[arg(long, env = "EMULATOR_DATABASE_ACQUIRE_TIMEOUT_MS", value_name = "DURATION")]
    pub database_acquire_timeout_ms: Option<Milliseconds>,
    /// Wait at most this long at start for a database that is not up yet, in seconds or as 2m [default: 30]
    #[arg(long, env = "EMULATOR_DATABASE_WAIT_SECONDS", value_name = "DURATION")]
    pub database_wait_seconds: Option<Seconds>,
}

/// Settings of the control API.
#[derive(Debug, Clone, Default, Args)]
pub struct ControlArgs {
    /// The token.
    #[command(flatten)]
    pub token: TokenArgs,
    /// Serve /_emulator on this address instead of beside the API
    #[arg(long, env = "EMULATOR_ADMIN_LISTEN", value_name = "HOST:PORT")]
    pub admin_listen: Option<ListenAddress>,
    /// More names of this server, separated by commas, under which /_emulator may be called without a token
    #[arg(long, env = "EMULATOR_ADMIN_HOSTS", value_name = "NAMES")]
    pub admin_hosts: Option<HostNames>,
}

/// The token of the control API, which a server demands and a command that talks to it presents.
#[derive(Debug, Clone, Default, Args)]
pub struct TokenArgs {
    /// The token of the control API; a server off loopback makes one if none is set
    #[arg(long, global = true, env = "EMULATOR_ADMIN_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub admin_token: Option<Secret>,
    /// Read the token from a file, - for stdin: `ps` does not show it
    #[arg(long, global = true, env = "EMULATOR_ADMIN_TOKEN_FILE", value_name = "FILE")]
    pub admin_token_file: Option<PathBuf>,
}

/// Settings of the log.
#[derive(Debug, Clone, Default, Args)]
pub struct LogArgs {
    /// What is logged: off, error, warn, info, debug, trace, or a filter by module [default: info]
    #[arg(long, env = "EMULATOR_LOG", value_name = "FILTER")]
    pub log: Option<LogFilter>,
    /// The form of the log; auto is console on a terminal and json elsewhere [default: auto]
    #[arg(long, env = "EMULATOR_LOG_FORMAT", hide_possible_values = true, value_name = "auto|console|text|json")]
    pub log_format: Option<LogFormat>,
}

/// The settings file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FileSettings {
    listen: Option<ListenAddress>,
    data: Option<PathBuf>,
    database_url: Option<Secret>,
    database_url_file: Option<PathBuf>,
    seed: Option<String>,
    database_connections: Option<Count>,
    database_acquire_timeout_ms: Option<Milliseconds>,
    database_wait_seconds: Option<Seconds>,
    max_body_bytes: Option<Count>,
    password_cost: Option<PasswordCostSetting>,
    private_targets: Option<PrivateTargets>,
    extra_headers: Option<Switch>,
    cors_origin: Option<String>,
    journal_entries: Option<usize>,
    journal_bytes: Option<usize>,
    admin_token: Option<Secret>,
    admin_token_file: Option<PathBuf>,
    admin_listen: Option<ListenAddress>,
    admin_hosts: Option<HostNames>,
    log: Option<LogFilter>,
    log_format: Option<LogFormat>,
}

/// The settings in effect.
#[derive(Debug, Clone)]
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
        /// The setting, as it was given: a flag, a variable, or a name in the file.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

/// Chooses between flag or variable, file and default, and remembers which it was.
struct Chooser<'a> {
    matches: &'a ArgMatches,
    shown: Vec<Shown>,
}

/// Where a setting came from; the first wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    Flag,
    Variable,
    File,
}

impl Origin {
    fn name(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Variable => "variable",
            Self::File => "file",
        }
    }
}

/// A secret as it was given.
enum SecretGiven {
    Itself(Secret),
    In(PathBuf),
}

/// What a secret is called, and the file that holds it.
struct SecretNames {
    direct: &'static str,
    variable: &'static str,
    by_file: &'static str,
    variable_of_file: &'static str,
}

const DATABASE_URL: SecretNames = SecretNames {
    direct: "database_url",
    variable: "DATABASE_URL",
    by_file: "database_url_file",
    variable_of_file: "DATABASE_URL_FILE",
};

const ADMIN_TOKEN: SecretNames = SecretNames {
    direct: "admin_token",
    variable: "EMULATOR_ADMIN_TOKEN",
    by_file: "admin_token_file",
    variable_of_file: "EMULATOR_ADMIN_TOKEN_FILE",
};

/// A setting as whoever gave it knows it.
fn canonical_path(name: &str, variable: &str, origin: Origin) -> String {
    match origin {
        Origin::Flag => format!("--{}", name.replace('_', "-")),
        Origin::Variable => variable.to_owned(),
        Origin::File => format!("{name} in the settings file"),
    }
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

    /// How much the journal keeps: requests and bytes.
    fn choose_journal(
        &mut self,
        given: (Option<usize>, Option<usize>),
        file: (Option<usize>, Option<usize>),
    ) -> JournalOptions {
        let entries = self.choose_or("journal_entries", given.0, file.0, 500, ToString::to_string);
        let bytes = self.choose_or("journal_bytes", given.1, file.1, 4 * 1024 * 1024, ToString::to_string);
        JournalOptions { entries, bytes }
    }

    /// A secret, given itself or by a file that holds it. Of two origins the one counts that comes first; of one origin
    /// only one of the two ways may be used.
    fn choose_secret<T: FromStr<Err = String>>(
        &mut self,
        names: &SecretNames,
        given: (Option<Secret>, Option<PathBuf>),
        file: (Option<Secret>, Option<PathBuf>),
        show: impl Fn(&T) -> String,
    ) -> Result<Option<T>, ConfigError> {
        let source = |name: &str| match self.matches.value_source(name) {
            Some(ValueSource::EnvVariable) => Origin::Variable,
            _ => Origin::Flag,
        };
        let mut ways: Vec<(Origin, SecretGiven)> = Vec::new();
        ways.extend(given.0.map(|secret| (source(names.direct), SecretGiven::Itself(secret))));
        ways.extend(given.1.map(|path| (source(names.by_file), SecretGiven::In(path))));
        ways.extend(file.0.map(|secret| (Origin::File, SecretGiven::Itself(secret))));
        ways.extend(file.1.map(|path| (Origin::File, SecretGiven::In(path))));
        let Some(origin) = ways.iter().map(|(origin, _)| *origin).min() else {
            self.shown.push(Shown { name: names.direct, value: String::new(), origin: "default" });
            return Ok(None);
        };
        ways.retain(|(other, _)| *other == origin);
        let direct = canonical_path(names.direct, names.variable, origin);
        let by_file = canonical_path(names.by_file, names.variable_of_file, origin);
        let (name, secret) = match (ways.pop(), ways.pop()) {
            (Some((_, SecretGiven::Itself(secret))), None) => (direct, secret),
            (Some((_, SecretGiven::In(path))), None) => {
                let secret =
                    Secret::read(&path).map_err(|reason| ConfigError::Value { name: by_file.clone(), reason })?;
                (by_file, secret)
            }
            _ => return Err(ConfigError::Value { name: by_file, reason: format!("{direct} is given as well") }),
        };
        // The reason is ours, and does not repeat the secret.
        let value: T = secret.reveal().parse().map_err(|reason| ConfigError::Value { name, reason })?;
        self.shown.push(Shown { name: names.direct, value: show(&value), origin: origin.name() });
        Ok(Some(value))
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
    /// The settings in effect. `matches` are those of the subcommand that the arguments were given to.
    ///
    /// # Errors
    /// When the file cannot be read, or holds an unknown name or a bad value, or when a secret is none. Other flags and
    /// variables were checked before.
    pub fn resolve(args: SettingArgs, matches: &ArgMatches) -> Result<Self, ConfigError> {
        let file = args.config.as_deref().map(read_file).transpose()?.unwrap_or_default();
        let SettingArgs { database, control, log: log_args, .. } = args.clone();
        let mut chooser = Chooser { matches, shown: Vec::new() };
        let default_listen = ListenAddress { host: "127.0.0.1".to_owned(), port: 8080 };
        let listen = chooser.choose_or("listen", args.listen, file.listen, default_listen, ToString::to_string);
        let data = chooser
            .choose_or("data", database.data, file.data, PathBuf::from("./data"), |path| path.display().to_string());
        let database_url = chooser.choose_secret(
            &DATABASE_URL,
            (database.database_url, database.database_url_file),
            (file.database_url, file.database_url_file),
            DatabaseUrl::without_password,
        )?;
        let seed = chooser.choose("seed", args.seed, file.seed, String::clone);
        let count = |Count(number): &Count| number.to_string();
        let Count(database_connections) = chooser.choose_or(
            "database_connections",
            database.database_connections,
            file.database_connections,
            Count(8),
            count,
        );
        let Milliseconds(database_acquire_timeout) = chooser.choose_or(
            "database_acquire_timeout_ms",
            database.database_acquire_timeout_ms,
            file.database_acquire_timeout_ms,
            Milliseconds(Duration::from_secs(2)),
            ToString::to_string,
        );
        let Seconds(database_wait) = chooser.choose_or(
            "database_wait_seconds",
            database.database_wait_seconds,
            file.database_wait_seconds,
            Seconds(Duration::from_secs(30)),
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
        let journal = chooser
            .choose_journal((args.journal_entries, args.journal_bytes), (file.journal_entries, file.journal_bytes));
        let admin_token = chooser.choose_secret(
            &ADMIN_TOKEN,
            (control.token.admin_token, control.token.admin_token_file),
            (file.admin_token, file.admin_token_file),
            |_: &AdminToken| "(hidden)".to_owned(),
        )?;
        let admin_listen = chooser.choose("admin_listen", control.admin_listen, file.admin_listen, ToString::to_string);
        let admin_hosts = chooser.choose_or(
            "admin_hosts",
            control.admin_hosts,
            file.admin_hosts,
            HostNames::default(),
            ToString::to_string,
        );
        let default_log = LogFilter("info,pglite_oxide=warn,sqlx=warn".to_owned());
        let log = chooser.choose_or("log", log_args.log, file.log, default_log, |LogFilter(filter)| filter.clone());
        let log_format =
            chooser.choose_or("log_format", log_args.log_format, file.log_format, LogFormat::Auto, possible_name);
        check_origin(cors_origin.as_deref())?;
        Ok(Self {
            listen,
            data,
            database_url,
            seed,
            database_connections,
            database_acquire_timeout,
            database_wait,
            max_body_bytes,
            password_cost,
            private_targets,
            extra_headers: extra_headers == Switch::On,
            cors_origin,
            journal,
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
            PrivateTargets::Reject => false,
        }
    }
}

fn read_file(path: &Path) -> Result<FileSettings, ConfigError> {
    let failed = |reason: String| ConfigError::File { path: path.display().to_string(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    toml::from_str(&text).map_err(|error| failed(explain(&text, error.message(), error.span().map(|span| span.start))))
}

/// What is wrong with a settings file and where. The parser's own report shows the line, in which a secret can stand.
fn explain(text: &str, message: &str, at: Option<usize>) -> String {
    let message = without_value(message);
    let Some(before) = at.and_then(|at| text.get(..at)) else { return message };
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let number = before.matches('\n').count() + 1;
    let name = line.split_once('=').map(|(name, _)| name.trim());
    let is_name =
        |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match name.filter(is_name) {
        Some(name) if !message.contains(name) => format!("line {number}, {name}: {message}"),
        _ => format!("line {number}: {message}"),
    }
}

fn check_origin(origin: Option<&str>) -> Result<(), ConfigError> {
    match origin {
        Some(origin) if axum::http::HeaderValue::from_str(origin).is_err() || origin.trim().is_empty() => {
            Err(ConfigError::Value { name: "cors_origin".to_owned(), reason: "is not an origin".to_owned() })
        }
        _ => Ok(()),
    }
}

fn possible_name<T: ValueEnum>(value: &T) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_settings_file_is_explained_without_its_values() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("emulator.toml");
        for (text, why) in [
            ("listne = \"hidden\"", "line 1: unknown field `listne`"),
            ("\nadmin_tokn = \"hidden\"", "line 2: unknown field `admin_tokn`"),
            ("admin_token = [\"hidden\"]", "line 1, admin_token: invalid type: sequence, expected a string"),
            ("database_url = \"postgres://u:hidden", "line 1, database_url: "),
            (
                "database_connections = \"postgres://u:hidden@h\"",
                "line 1, database_connections: invalid type: string, expected ",
            ),
            ("database_wait_seconds = \"hidden\"", "line 1, database_wait_seconds: "),
            ("listen = \"hidden\"", "line 1, listen: must be host:port"),
        ] {
            std::fs::write(&path, text).expect("a file");
            let error = read_file(&path).expect_err(why).to_string();
            assert!(error.contains(why), "{why} in {error}");
            assert!(!error.contains("hidden"), "{error}");
        }
        std::fs::write(&path, "database_wait_seconds = \"2m\"\ndatabase_acquire_timeout_ms = 5").expect("a file");
        let read = read_file(&path).expect("settings");
        assert_eq!(read.database_wait_seconds, Some(Seconds(Duration::from_mins(2))));
        assert_eq!(read.database_acquire_timeout_ms, Some(Milliseconds(Duration::from_millis(5))));
    }
}
