//! The values that settings can have.

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;
use serde::Deserialize;

/// A `host:port` to listen on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ListenAddress {
    /// A name or an IP address, a version 6 one without brackets.
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
#[expect(missing_docs, reason = "each is what it is called")]
pub enum LogFormat {
    Auto,
    Text,
    Json,
}

/// The cost of password hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each is what it is called")]
pub enum PasswordCostSetting {
    Auto,
    Owasp,
    Test,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each is what it is called")]
pub enum Switch {
    On,
    Off,
}

/// Whether hooks may be answered on loopback and private networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each is what it is called")]
pub enum PrivateTargets {
    Auto,
    Allow,
    Refuse,
}

impl ListenAddress {
    /// The address at which it is called from this machine.
    #[must_use]
    pub fn reachable(&self) -> String {
        match self.host.as_str() {
            "0.0.0.0" | "::" => format!("localhost:{}", self.port),
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
        let (host, port) = text.rsplit_once(':').ok_or("must be host:port")?;
        let port = port.parse().map_err(|_| "the port must be a number from 0 to 65535")?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() {
            return Err("must be host:port".to_owned());
        }
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

    /// Server and database, nothing of the rest.
    #[must_use]
    pub fn without_password(&self) -> String {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("postgres", &self.0));
        let rest = rest.split('?').next().unwrap_or_default();
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        format!("{scheme}://{place}")
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
        let known = text.starts_with("postgres://") || text.starts_with("postgresql://");
        // The parser's own message could repeat the password.
        let readable = sqlx::postgres::PgConnectOptions::from_str(text).is_ok();
        if known && readable { Ok(Self(text.to_owned())) } else { Err("must be a postgres:// URL".to_owned()) }
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
        for text in ["8080", ":8080", "127.0.0.1:65536", "127.0.0.1:"] {
            assert!(text.parse::<ListenAddress>().is_err(), "{text}");
        }
        assert!(!"0.0.0.0:8080".parse::<ListenAddress>().expect("an address").is_loopback());
    }

    #[test]
    fn a_database_url_never_shows_its_password() {
        let url: DatabaseUrl = "postgres://user:secret@db:5432/emulator?sslmode=disable".parse().expect("a URL");
        assert_eq!(format!("{url:?}"), "DatabaseUrl(postgres://db:5432/emulator)");
        assert_eq!("mysql://x".parse::<DatabaseUrl>(), Err("must be a postgres:// URL".to_owned()));
    }
}
