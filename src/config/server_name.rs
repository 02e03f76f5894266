//! The name of a server among those of its database.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

const MAX_LENGTH: usize = 100;

/// Letters, digits and `.-_:` in ASCII, so that it can be a label, a part of a header, and a word of a log line.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ServerName(pub String);

impl ServerName {
    /// The name of a server on a machine, whose name may have any bytes.
    #[must_use]
    pub fn of_host(host: &str, port: u16) -> Self {
        let host: String = host.chars().filter(|c| is_allowed(*c)).take(MAX_LENGTH - 6).collect();
        let host = if host.is_empty() { "server" } else { &host };
        Self(format!("{host}:{port}"))
    }
}

fn is_allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || ".-_:".contains(character)
}

impl TryFrom<String> for ServerName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if (1..=MAX_LENGTH).contains(&text.len()) && text.chars().all(is_allowed) {
            Ok(Self(text))
        } else {
            Err(format!("must be 1 to {MAX_LENGTH} letters, digits and .-_: in ASCII"))
        }
    }
}

impl FromStr for ServerName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.to_owned().try_into()
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_a_header_and_a_label() {
        for name in ["a", "emulator-1", "host.example:8080", "A_b", &"x".repeat(MAX_LENGTH)] {
            assert_eq!(name.parse(), Ok(ServerName(name.to_owned())));
        }
        for name in ["", "a b", "a,b", "a\"b", "\u{e9}", "a\n", &"x".repeat(MAX_LENGTH + 1)] {
            assert!(name.parse::<ServerName>().is_err(), "{name}");
        }
    }

    #[test]
    fn the_name_of_every_machine_makes_a_name() {
        for (host, expected) in [("pod-7", "pod-7:65535"), ("a b\u{e9}", "ab:65535"), ("", "server:65535")] {
            assert_eq!(ServerName::of_host(host, 65_535).0, expected);
        }
        let long = ServerName::of_host(&"x".repeat(200), 65_535);
        assert_eq!(long.0.parse(), Ok(long.clone()));
    }
}
