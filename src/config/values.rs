//! The values that settings can have.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use serde::Deserialize;
use url::Url;

use super::duration::{Milliseconds, Seconds};
use super::server_name::ServerName;

/// A value of the table of settings.
pub(super) trait SettingValue: Sized {
    /// The value of a default in the table.
    fn of_default(text: &str) -> Self;

    /// The value as `config` shows it.
    fn text(&self) -> String;
}

macro_rules! texts {
    ($($Type:ty),*) => { $(
        impl SettingValue for $Type {
            fn of_default(text: &str) -> Self {
                text.parse().expect("invariant: the defaults of the table are values")
            }

            fn text(&self) -> String {
                self.to_string()
            }
        }
    )* };
}

macro_rules! words {
    ($($Type:ty),*) => { $(
        impl SettingValue for $Type {
            fn of_default(text: &str) -> Self {
                <Self as ValueEnum>::from_str(text, false).expect("invariant: the defaults of the table are values")
            }

            fn text(&self) -> String {
                self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
            }
        }
    )* };
}

texts!(
    String,
    usize,
    BrowserOrigin,
    Count,
    Limit,
    ListenAddress,
    HostNames,
    LogFilter,
    Milliseconds,
    Seconds,
    ServerName,
    ShellCommand
);
words!(JournalSetting, PasswordCostSetting, PrivateTargets, Switch, LogFormat);

impl SettingValue for PathBuf {
    fn of_default(text: &str) -> Self {
        text.into()
    }

    fn text(&self) -> String {
        self.display().to_string()
    }
}

/// A `host:port` to listen on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ListenAddress {
    /// A name or an IP address, IPv6 without brackets; empty for every address of this machine.
    pub host: String,
    /// 0 for any free port.
    pub port: u16,
}

/// A whole number above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub struct Count(pub usize);

/// A whole number of which 0 stands for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub struct Limit(pub u32);

/// An origin of browsers, or `*` for any.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct BrowserOrigin(pub String);

/// Names of hosts, separated by commas.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct HostNames(pub Vec<String>);

/// A command of the shell. What follows its first word is not shown: it may hold a secret.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct ShellCommand(pub String);

/// A filter of `tracing`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct LogFilter(pub String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Console on a terminal, json elsewhere.
    Auto,
    /// One line per request: time, status, method, path, tenant, duration, reason.
    Console,
    /// One line per event, with all its fields.
    Text,
    /// One JSON object per event.
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JournalSetting {
    Auto,
    Memory,
    Database,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PasswordCostSetting {
    Auto,
    Owasp,
    Test,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    On,
    Off,
}

/// Whether hooks and webhooks may go to loopback and private networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrivateTargets {
    Auto,
    Allow,
    Reject,
}

impl ListenAddress {
    /// The address for clients on this machine.
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

impl FromStr for BrowserOrigin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A browser sends exactly this form; another one would never match.
        let is_origin =
            || Url::parse(text).is_ok_and(|url| url.has_host() && url.origin().ascii_serialization() == text);
        if text == "*" || is_origin() {
            Ok(Self(text.to_owned()))
        } else {
            Err("must be * or an origin as browsers send it, such as http://localhost:3000")
        }
    }
}

impl TryFrom<String> for BrowserOrigin {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for BrowserOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
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

impl From<String> for ShellCommand {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl FromStr for ShellCommand {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ShellCommand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = self.0.split_whitespace();
        // A variable before the program may hold a secret too.
        let program = words.next().filter(|word| !word.contains('=')).unwrap_or_default();
        write!(formatter, "{program} …")
    }
}

impl fmt::Debug for ShellCommand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ShellCommand({self})")
    }
}

impl FromStr for Count {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<u64>().map_err(|error| error.to_string())?.try_into()
    }
}

impl fmt::Display for Count {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
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

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<u64>().map_err(|error| error.to_string())?.try_into()
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl TryFrom<u64> for Limit {
    type Error = String;

    fn try_from(number: u64) -> Result<Self, String> {
        u32::try_from(number).map(Self).map_err(|_| format!("must be at most {}", u32::MAX))
    }
}

/// The levels of the log, and its end.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

impl FromStr for LogFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<tracing_subscriber::EnvFilter>().map_err(|error| error.to_string())?;
        // The library takes a word that is no level for the name of a module, and then nothing is logged.
        let is_level = |word: &str| LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level));
        match text.split(',').map(str::trim).find(|part| !part.contains(['=', ':']) && !is_level(part)) {
            Some(word) => Err(format!("'{word}' is not a level: {}", LEVELS.join(", "))),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for LogFilter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
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
    fn an_origin_has_the_form_that_browsers_send() {
        for text in ["*", "http://localhost:3000", "https://a.example"] {
            assert_eq!(text.parse::<BrowserOrigin>().expect(text).to_string(), text);
        }
        for text in
            ["localhost:3000", "https://a.example/", "https://A.example", "https://a.example:443", "null", " ", "é"]
        {
            assert!(text.parse::<BrowserOrigin>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_word_that_is_no_level_is_no_filter() {
        for text in ["info", "OFF", "warn,sqlx=trace", "directscale_emulator::server=debug", "audit=off,info"] {
            assert!(text.parse::<LogFilter>().is_ok(), "{text}");
        }
        for text in ["verbose", "loud", "info,verbose"] {
            assert!(text.parse::<LogFilter>().is_err(), "{text}");
        }
    }
}
