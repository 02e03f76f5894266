//! Secrets among the settings: the database's URL and tokens, given directly or by a file. Never shown.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Deserialize;

use crate::control::AdminToken;
use crate::database::PostgresUrl;
use crate::secret::read_secret;

/// A `postgres://` URL, and the file from which it was read. Its password is never shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    pub url: PostgresUrl,
    /// Not standard input, which cannot be read again.
    pub file: Option<PathBuf>,
}

/// A secret that is not checked yet: an error message about it must not repeat it, so no parser of ours or of a library sees
/// it before `Settings::resolve` does. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct Secret(String);

/// A checked secret of the table of settings.
pub(super) trait SecretValue: FromStr<Err = String> {
    /// The value as `config` shows it.
    fn hidden(&self) -> String;

    /// The value with the file from which it was read.
    #[must_use]
    fn of_file(self, _: PathBuf) -> Self {
        self
    }
}

impl SecretValue for DatabaseUrl {
    fn hidden(&self) -> String {
        self.url.place()
    }

    fn of_file(self, file: PathBuf) -> Self {
        Self { file: Some(file).filter(|file| file != Path::new("-")), ..self }
    }
}

impl SecretValue for AdminToken {
    fn hidden(&self) -> String {
        "(hidden)".to_owned()
    }
}

impl Secret {
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Reads a secret from a file, or from standard input where the path is `-`. Line ends at the end are not part of it.
    ///
    /// # Errors
    /// When it cannot be read or is empty; what was read is not in the message.
    pub fn read(path: &Path) -> Result<Self, String> {
        read_secret(path).map(Self)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self { url: text.parse()?, file: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_url_never_shows_its_password() {
        let url: DatabaseUrl = "postgres://user:secret@db:5432/emulator?sslmode=disable".parse().expect("a URL");
        assert_eq!(format!("{url:?}"), "DatabaseUrl { url: PostgresUrl(postgres://db:5432/emulator), file: None }");
        let url: DatabaseUrl = "postgresql://user@[::1]/x".parse().expect("a URL");
        assert_eq!(url.hidden(), "postgres://[::1]:5432/x");
        assert_eq!("mysql://x".parse::<DatabaseUrl>(), Err("must be a postgres:// URL".to_owned()));
        for text in [
            "postgres://u:p#w@host/x",
            "postgres://u:a@secret@host/x",
            "postgres://u:a/secret@host/x",
            "postgres://u:a?secret@host/x",
            "postgres://u:p@host:port/x",
            "postgres://u:p@host/x?sslmode=bogus",
        ] {
            let error = text.parse::<DatabaseUrl>().expect_err(text);
            assert!(error.contains("percent-encoded") && !error.contains("secret"), "{text}: {error}");
        }
        assert_eq!(format!("{:?}", Secret("secret".to_owned())), "Secret(…)");
    }
}
