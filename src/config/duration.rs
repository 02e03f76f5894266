//! Durations as users write them: `90s`, `15m`, `2h`, `1d`, `1h30m`, or a plain number.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

/// The unit of a number without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Milliseconds,
    Seconds,
}

/// # Errors
/// When the text is not a duration, or one that is too long to count.
pub fn parse_duration(text: &str, unit: Unit) -> Result<Duration, String> {
    let failed = || "must be a duration such as 90s, 15m, 2h or 1d".to_owned();
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(failed());
    }
    if let Ok(number) = trimmed.parse::<u64>() {
        return Ok(match unit {
            Unit::Milliseconds => Duration::from_millis(number),
            Unit::Seconds => Duration::from_secs(number),
        });
    }
    let mut total = Duration::ZERO;
    let mut rest = trimmed;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().map_err(|_| failed())?;
        let after = rest[digits..].trim_start();
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let milliseconds: u64 = match &after[..letters] {
            "ms" => 1,
            "s" => 1_000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            _ => return Err(failed()),
        };
        let part = number.checked_mul(milliseconds).ok_or_else(failed)?;
        total = total.checked_add(Duration::from_millis(part)).ok_or_else(failed)?;
        rest = after[letters..].trim_start();
    }
    Ok(total)
}

/// A number of seconds, or a duration such as `2m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "NumberOrText")]
pub struct Seconds(pub Duration);

/// A number of milliseconds above zero, or a duration such as `2s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "NumberOrText")]
pub struct Milliseconds(pub Duration);

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a number, or a duration such as \"90s\"")]
enum NumberOrText {
    Number(u64),
    Text(String),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_and_without_units() {
        for (text, seconds) in [
            ("0", 0),
            ("90", 90),
            ("90s", 90),
            ("15m", 900),
            ("15min", 900),
            ("2h", 7_200),
            ("1d", 86_400),
            ("1w", 604_800),
            ("1h30m", 5_400),
            (" 1h 30m ", 5_400),
            ("2000ms", 2),
        ] {
            assert_eq!(parse_duration(text, Unit::Seconds), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse_duration("300", Unit::Milliseconds), Ok(Duration::from_millis(300)));
        assert_eq!(parse_duration("2s", Unit::Milliseconds), Ok(Duration::from_secs(2)));
        for text in
            ["", " ", "s", "1.5h", "-1", "1x", "1h30", "h1", "99999999999999999999", "99999999999999999w", "１s"]
        {
            assert!(parse_duration(text, Unit::Seconds).is_err(), "{text}");
        }
    }
}
