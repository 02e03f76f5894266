//! Settings: flag, then `EMULATOR_*` variable, then file, then default. `table` has all of them.

use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args};
use thiserror::Error;

use crate::wire::misread::without_value;
use choose::Chooser;
use table::{FileSettings, Groups};

mod choose;
mod duration;
mod example;
mod secret;
mod server_name;
mod table;
mod values;

pub use duration::{Milliseconds, Seconds, Unit, parse_duration};
pub use example::example;
pub use secret::{DatabaseUrl, Secret};
pub use server_name::ServerName;
pub use table::{ControlArgs, DatabaseArgs, LogArgs, ServerArgs, Settings, TlsArgs, TokenArgs, setting};
pub use values::{
    Count, HostNames, JournalSetting, Limit, ListenAddress, LogFilter, LogFormat, PasswordCostSetting, PrivateTargets,
    ShellCommand, Switch,
};

/// The settings as flags and variables.
#[derive(Debug, Clone, Default, Args)]
pub struct SettingArgs {
    #[command(flatten)]
    pub file: FileArgs,
    #[command(flatten)]
    pub server: ServerArgs,
    #[command(flatten, next_help_heading = "Database options")]
    pub database: DatabaseArgs,
    #[command(flatten, next_help_heading = "Control API options")]
    pub token: TokenArgs,
    #[command(flatten, next_help_heading = "Control API options")]
    pub control: ControlArgs,
    #[command(flatten, next_help_heading = "TLS options")]
    pub tls: TlsArgs,
    #[command(flatten, next_help_heading = "Log options")]
    pub log: LogArgs,
}

#[derive(Debug, Clone, Default, Args)]
pub struct FileArgs {
    /// Read settings from this TOML file
    #[arg(long, global = true, env = "EMULATOR_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// What the table says of a setting, apart from its type.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The name in the settings file; the flag has hyphens in it instead.
    pub name: &'static str,
    pub variable: &'static str,
    /// The line in the help of a command, without a period.
    pub help: &'static str,
    /// More sentences for the example file.
    pub details: &'static str,
    pub default: Option<&'static str>,
    /// The value in the example file.
    pub example: &'static str,
    /// For a secret, the setting that names a file that holds it.
    pub file: Option<&'static Setting>,
}

impl Setting {
    #[must_use]
    pub fn flag(&self) -> String {
        format!("--{}", self.name.replace('_', "-"))
    }

    /// The help with the default, as clap shows it.
    fn help_with_default(&self) -> String {
        match self.default {
            Some("") | None => self.help.to_owned(),
            Some(default) => format!("{} [default: {default}]", self.help),
        }
    }
}

/// A setting for people, its value hidden where it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingListing {
    pub name: &'static str,
    pub value: String,
    /// `flag`, `variable`, `file` or `default`.
    pub origin: &'static str,
}

/// Why the settings are not usable.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read, or holds an unknown name or a bad value.
    #[error("the settings file {path}: {reason}")]
    File { path: String, reason: String },
    /// A setting has a value that cannot be used. Its name is the user's spelling: a flag, a variable, or a name in the file.
    #[error("{name}: {reason}")]
    Value { name: String, reason: String },
}

impl Settings {
    /// The settings in effect. `matches` are those of the subcommand that the arguments were given to.
    ///
    /// # Errors
    /// When the file cannot be read, or holds an unknown name or a bad value, or when a secret is not valid. Clap has checked
    /// other flags and variables.
    pub fn resolve(args: SettingArgs, matches: &ArgMatches) -> Result<Self, ConfigError> {
        let file = args.file.config.as_deref().map(read_file).transpose()?.unwrap_or_default();
        let SettingArgs { server, database, token, control, tls, log, .. } = args;
        Self::choose(Groups { server, database, token, control, tls, log }, file, Chooser::new(matches))
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
