//! Secrets among the settings: the database's URL and tokens, given directly or by a file. Never shown.

use std::fmt;
use std::io::Read as _;
use std::path::Path;
use std::str::FromStr;

use serde::Deserialize;
use sqlx::postgres::PgConnectOptions;

use crate::control::AdminToken;

/// The longest file with a secret.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// A `postgres://` URL. Its password is never shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct DatabaseUrl(String);

/// A secret that is not checked yet: an error message about it must not repeat it, so no parser of ours or of a library sees
/// it before `Settings::resolve` does. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct Secret(String);

/// A checked secret of the table of settings.
pub(super) trait SecretValue: FromStr<Err = String> {
    /// The value as `config` shows it.
    fn hidden(&self) -> String;
}

impl SecretValue for DatabaseUrl {
    fn hidden(&self) -> String {
        self.without_password()
    }
}

impl SecretValue for AdminToken {
    fn hidden(&self) -> String {
        "(hidden)".to_owned()
    }
}

impl DatabaseUrl {
    /// The whole URL with its password, for the connection only.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Server and database as the driver understands them.
    #[must_use]
    pub fn without_password(&self) -> String {
        PgConnectOptions::from_str(&self.0).map_or_else(|_| "postgres://".to_owned(), |options| place(&options))
    }
}

/// Server and database as `postgres://host:port/database`.
#[must_use]
pub fn place(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    match options.get_socket() {
        Some(folder) => format!("postgres://{}:{}/{database}", folder.display(), options.get_port()),
        None if options.get_host().contains(':') && !options.get_host().starts_with('[') => {
            format!("postgres://[{}]:{}/{database}", options.get_host(), options.get_port())
        }
        None => format!("postgres://{}:{}/{database}", options.get_host(), options.get_port()),
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
        let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
        let mut bytes = Vec::new();
        let read = if path == Path::new("-") {
            std::io::stdin().take(MAX_SECRET_BYTES + 1).read_to_end(&mut bytes)
        } else {
            std::fs::File::open(path).and_then(|file| file.take(MAX_SECRET_BYTES + 1).read_to_end(&mut bytes))
        };
        let length = read.map_err(|error| format!("{name} cannot be read: {error}"))?;
        if length as u64 > MAX_SECRET_BYTES {
            return Err(format!("{name} is longer than {MAX_SECRET_BYTES} bytes"));
        }
        let text = String::from_utf8(bytes).map_err(|_| format!("{name} is not UTF-8"))?;
        match text.trim_end_matches(['\r', '\n']) {
            "" => Err(format!("{name} is empty")),
            secret => Ok(Self(secret.to_owned())),
        }
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

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "DatabaseUrl({})", self.without_password())
    }
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        let Some(rest) = rest else { return Err("must be a postgres:// URL".to_owned()) };
        // The text after such a character in a password would be read, and shown, as a host.
        let place = rest.split('?').next().unwrap_or_default();
        let user = place.rsplit_once('@').map_or("", |(user, _)| user);
        let is_encoded = !rest.contains('#') && !user.contains(['@', '/']);
        // The parser's own message could repeat the password.
        if is_encoded && PgConnectOptions::from_str(text).is_ok() {
            Ok(Self(text.to_owned()))
        } else {
            Err("cannot be read: is the port a number, sslmode a known one, and each of # / ? @ in the password \
                 percent-encoded?"
                .to_owned())
        }
    }
}

impl TryFrom<String> for DatabaseUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_url_never_shows_its_password() {
        let url: DatabaseUrl = "postgres://user:secret@db:5432/emulator?sslmode=disable".parse().expect("a URL");
        assert_eq!(format!("{url:?}"), "DatabaseUrl(postgres://db:5432/emulator)");
        let url: DatabaseUrl = "postgresql://user@[::1]/x".parse().expect("a URL");
        assert_eq!(url.without_password(), "postgres://[::1]:5432/x");
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
