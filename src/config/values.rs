//! The values that settings can have.

use std::fmt;
use std::io::Read as _;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use serde::Deserialize;
use sqlx::postgres::PgConnectOptions;

use super::duration::{Unit, parse_duration};

/// The most that a file with a secret may hold, in bytes.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// A `host:port` to listen on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ListenAddress {
    /// A name or an IP address, a version 6 one without brackets; empty for every address of this machine.
    pub host: String,
    /// 0 for any free port.
    pub port: u16,
}

/// A whole number above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub struct Count(pub usize);

/// A `postgres://` URL. Its password is never shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct DatabaseUrl(String);

/// A secret as it was given, not checked yet: an error message about it must not repeat it, so no parser of ours or of a
/// library sees it before `Settings::resolve` does. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct Secret(String);

/// A number of seconds, or a duration such as `2m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "NumberOrText")]
pub struct Seconds(pub Duration);

/// A number of milliseconds above zero, or a duration such as `2s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "NumberOrText")]
pub struct Milliseconds(pub Duration);

/// A duration in the settings file.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a number, or a duration such as \"90s\"")]
enum NumberOrText {
    Number(u64),
    Text(String),
}

/// Names of hosts, separated by commas.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct HostNames(pub Vec<String>);

/// What is logged, as tracing's filters say it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct LogFilter(pub String);

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Console on a terminal, json elsewhere.
    Auto,
    /// A line a request for people: time, status, method, path, tenant, duration, reason.
    Console,
    /// A line an event with all its fields.
    Text,
    /// A JSON object an event.
    Json,
}

/// The cost of password hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PasswordCostSetting {
    Auto,
    Owasp,
    Test,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    On,
    Off,
}

/// Whether hooks may be answered on loopback and private networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrivateTargets {
    Auto,
    Allow,
    Reject,
}

impl ListenAddress {
    /// The address at which it is called from this machine.
    #[must_use]
    pub fn reachable(&self) -> String {
        match self.host.as_str() {
            "" | "0.0.0.0" | "::" => format!("localhost:{}", self.port),
            _ => self.to_string(),
        }
    }

    /// Whether only this machine can reach it.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (host, port) = text.rsplit_once(':').ok_or("must be host:port, or :port for every address")?;
        let port = port.parse().map_err(|_| "the port must be a number from 0 to 65535")?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        Ok(Self { host: host.to_owned(), port })
    }
}

impl TryFrom<String> for ListenAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{}:{}", self.host, self.port)
        }
    }
}

impl From<String> for HostNames {
    fn from(text: String) -> Self {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        Self(names.map(str::to_owned).collect())
    }
}

impl FromStr for HostNames {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.to_owned().into())
    }
}

impl fmt::Display for HostNames {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join(","))
    }
}

impl FromStr for Count {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<u64>().map_err(|error| error.to_string())?.try_into()
    }
}

impl TryFrom<u64> for Count {
    type Error = String;

    fn try_from(number: u64) -> Result<Self, String> {
        match usize::try_from(number) {
            Ok(number) if number > 0 => Ok(Self(number)),
            _ => Err("must be a whole number above zero".to_owned()),
        }
    }
}

impl DatabaseUrl {
    /// The whole URL, password and all: for the connection only.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Server and database as the driver understands them, nothing of the rest.
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
    /// What was given.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Reads a secret from a file, or from standard input where it is named `-`. The end of its last line does not count.
    ///
    /// # Errors
    /// When it cannot be read or is empty; what was read is not in the message.
    pub fn read(path: &Path) -> Result<Self, String> {
        let shown = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
        let mut bytes = Vec::new();
        let read = if path == Path::new("-") {
            std::io::stdin().take(MAX_SECRET_BYTES + 1).read_to_end(&mut bytes)
        } else {
            std::fs::File::open(path).and_then(|file| file.take(MAX_SECRET_BYTES + 1).read_to_end(&mut bytes))
        };
        let length = read.map_err(|error| format!("{shown} cannot be read: {error}"))?;
        if length as u64 > MAX_SECRET_BYTES {
            return Err(format!("{shown} is longer than {MAX_SECRET_BYTES} bytes"));
        }
        let text = String::from_utf8(bytes).map_err(|_| format!("{shown} is not UTF-8"))?;
        match text.trim_end_matches(['\r', '\n']) {
            "" => Err(format!("{shown} is empty")),
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

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse_duration(text, Unit::Seconds).map(Self)
    }
}

impl FromStr for Milliseconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match parse_duration(text, Unit::Milliseconds)? {
            Duration::ZERO => Err("must be above zero".to_owned()),
            duration => Ok(Self(duration)),
        }
    }
}

impl NumberOrText {
    fn into_text(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        }
    }
}

impl TryFrom<NumberOrText> for Seconds {
    type Error = String;

    fn try_from(given: NumberOrText) -> Result<Self, String> {
        given.into_text().parse()
    }
}

impl TryFrom<NumberOrText> for Milliseconds {
    type Error = String;

    fn try_from(given: NumberOrText) -> Result<Self, String> {
        given.into_text().parse()
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0.as_secs())
    }
}

impl fmt::Display for Milliseconds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0.as_millis())
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
        // What stands behind such a character in a password would be taken for a host, and shown as one.
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

impl FromStr for LogFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<tracing_subscriber::EnvFilter>().map_err(|error| error.to_string())?;
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for LogFilter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_addresses_are_host_and_port() {
        for (text, host, port) in
            [("127.0.0.1:0", "127.0.0.1", 0), ("[::1]:8080", "::1", 8080), ("localhost:80", "localhost", 80)]
        {
            let address: ListenAddress = text.parse().expect("an address");
            assert_eq!((address.host.as_str(), address.port), (host, port));
            assert_eq!(address.to_string(), text);
            assert!(address.is_loopback());
        }
        let everywhere: ListenAddress = ":8080".parse().expect("an address");
        assert_eq!((everywhere.host.as_str(), everywhere.port, everywhere.is_loopback()), ("", 8080, false));
        assert_eq!((everywhere.to_string().as_str(), everywhere.reachable().as_str()), (":8080", "localhost:8080"));
        for text in ["8080", ":", "127.0.0.1:65536", "127.0.0.1:"] {
            assert!(text.parse::<ListenAddress>().is_err(), "{text}");
        }
        assert!(!"0.0.0.0:8080".parse::<ListenAddress>().expect("an address").is_loopback());
    }

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
