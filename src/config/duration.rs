//! Durations as people write them: `90s`, `15m`, `2h`, `1d`, `1h30m`, or a plain number.

use std::time::Duration;

/// The unit of a number without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A plain number counts milliseconds.
    Milliseconds,
    /// A plain number counts seconds.
    Seconds,
}

/// Reads a duration.
///
/// # Errors
/// When the text is none, with an example; or when it is longer than can be counted.
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
