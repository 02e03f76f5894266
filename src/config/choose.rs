//! Chooses between flag, variable, file and default, and lists the choice.

use std::path::PathBuf;

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::secret::{Secret, SecretValue};
use super::values::SettingValue;
use super::{ConfigError, Setting, SettingListing};

pub(super) struct Chooser<'a> {
    matches: &'a ArgMatches,
    pub(super) listing: Vec<SettingListing>,
}

/// The origin of a setting's value, in the order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    Flag,
    Variable,
    File,
    Default,
}

impl Origin {
    fn name(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Variable => "variable",
            Self::File => "file",
            Self::Default => "default",
        }
    }

    /// The setting's name in messages about a value of this origin.
    fn name_of(self, setting: &Setting) -> String {
        match self {
            Self::Flag | Self::Default => setting.flag(),
            Self::Variable => setting.variable.to_owned(),
            Self::File => format!("{} in the settings file", setting.name),
        }
    }
}

/// A secret that is given directly, or in a file.
enum SecretSource {
    Direct(Secret),
    File(PathBuf),
}

impl<'a> Chooser<'a> {
    pub(super) fn new(matches: &'a ArgMatches) -> Self {
        Self { matches, listing: Vec::new() }
    }

    /// A setting without a default.
    pub(super) fn optional<T: SettingValue>(
        &mut self,
        setting: &Setting,
        arg: Option<T>,
        file: Option<T>,
    ) -> Option<T> {
        let origin = match (&arg, &file) {
            (Some(_), _) => self.origin_of_arg(setting.name),
            (None, Some(_)) => Origin::File,
            (None, None) => Origin::Default,
        };
        let value = arg.or(file);
        self.list(setting, value.as_ref().map_or_else(String::new, SettingValue::text), origin);
        value
    }

    pub(super) fn default<T: SettingValue>(&mut self, setting: &Setting, arg: Option<T>, file: Option<T>) -> T {
        if let Some(value) = self.optional(setting, arg, file) {
            return value;
        }
        let value = T::of_default(setting.default.unwrap_or_default());
        if let Some(last) = self.listing.last_mut() {
            last.value = value.text();
        }
        value
    }

    /// A secret that is given directly or in a file. The origin with the highest precedence wins. One origin cannot give both.
    ///
    /// # Errors
    /// When an origin gives both, the file cannot be read, or the secret is not valid.
    pub(super) fn secret<T: SecretValue>(
        &mut self,
        setting: &Setting,
        (direct, by_file): (Option<Secret>, Option<PathBuf>),
        (direct_in_file, by_file_in_file): (Option<Secret>, Option<PathBuf>),
    ) -> Result<Option<T>, ConfigError> {
        let file = setting.file.unwrap_or(setting);
        let mut sources: Vec<(Origin, SecretSource)> = Vec::new();
        sources.extend(direct.map(|secret| (self.origin_of_arg(setting.name), SecretSource::Direct(secret))));
        sources.extend(by_file.map(|path| (self.origin_of_arg(file.name), SecretSource::File(path))));
        sources.extend(direct_in_file.map(|secret| (Origin::File, SecretSource::Direct(secret))));
        sources.extend(by_file_in_file.map(|path| (Origin::File, SecretSource::File(path))));
        let Some(origin) = sources.iter().map(|(origin, _)| *origin).min() else {
            self.list(setting, String::new(), Origin::Default);
            return Ok(None);
        };
        sources.retain(|(other, _)| *other == origin);
        let (direct, by_file) = (origin.name_of(setting), origin.name_of(file));
        let mut read_from = None;
        let (name, secret) = match (sources.pop(), sources.pop()) {
            (Some((_, SecretSource::Direct(secret))), None) => (direct, secret),
            (Some((_, SecretSource::File(path))), None) => {
                let secret =
                    Secret::read(&path).map_err(|reason| ConfigError::Value { name: by_file.clone(), reason })?;
                read_from = Some(path);
                (by_file, secret)
            }
            _ => return Err(ConfigError::Value { name: by_file, reason: format!("{direct} is given as well") }),
        };
        // The reason is this program's own, and does not repeat the secret.
        let value = T::from_str(secret.reveal()).map_err(|reason| ConfigError::Value { name, reason })?;
        let value = read_from.into_iter().fold(value, T::of_file);
        self.list(setting, value.hidden(), origin);
        Ok(Some(value))
    }

    /// Whether a given argument is a flag or a variable. What the command has no flag for came from a variable.
    fn origin_of_arg(&self, name: &str) -> Origin {
        // Clap panics where it is asked for an argument that the command does not have.
        let has_flag = self.matches.try_contains_id(name).is_ok();
        match has_flag.then(|| self.matches.value_source(name)).flatten() {
            Some(ValueSource::EnvVariable) => Origin::Variable,
            None if !has_flag => Origin::Variable,
            _ => Origin::Flag,
        }
    }

    fn list(&mut self, setting: &Setting, value: String, origin: Origin) {
        self.listing.push(SettingListing { name: setting.name, value, origin: origin.name() });
    }
}
