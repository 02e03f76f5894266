//! Dates as .NET services read and write them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound as _, Utc};

/// What stands for "no date" in answers (DirectScale, Get Customers By Parameter page).
pub const UNSET: &str = "1900-01-01T00:00:00Z";

/// Reads `2020-02-20T15:47:52` with or without zone, offset and fraction, or a date alone. Without a zone it is UTC.
/// `None` when it is none of these, or outside the years 1 to 9999.
#[must_use]
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let date = match text.len() {
        10 => text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN).and_utc(),
        _ => match DateTime::parse_from_rfc3339(text) {
            Ok(date) => date.to_utc(),
            Err(_) => text.parse::<NaiveDateTime>().ok()?.and_utc(),
        },
    };
    // Postgres keeps microseconds.
    let date = date.trunc_subsecs(6);
    (text.as_bytes().get(4) == Some(&b'-') && (1..=9999).contains(&chrono::Datelike::year(&date))).then_some(date)
}

/// Whether a date is one of the two that stand for none: ours in answers, and the framework's smallest.
#[must_use]
pub fn is_unset(date: DateTime<Utc>) -> bool {
    [(1900, 1, 1), (1, 1, 1)]
        .into_iter()
        .filter_map(|(year, month, day)| NaiveDate::from_ymd_opt(year, month, day))
        .any(|unset| unset.and_time(NaiveTime::MIN).and_utc() == date)
}

/// Writes `YYYY-MM-DDTHH:MM:SSZ`, or [`UNSET`].
#[must_use]
pub fn format(date: Option<DateTime<Utc>>) -> String {
    use chrono::{Datelike as _, Timelike as _};
    date.map_or_else(
        || UNSET.to_owned(),
        |date| {
            let (year, month, day) = (date.year(), date.month(), date.day());
            let (hour, minute, second) = (date.hour(), date.minute(), date.second());
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_clients_send_is_read() {
        for (text, expected) in [
            ("2020-02-20T15:47:52", "2020-02-20T15:47:52Z"),
            ("1973-05-12T00:00:00Z", "1973-05-12T00:00:00Z"),
            ("1988-04-01T02:00:00.1234567+02:00", "1988-04-01T00:00:00Z"),
            ("1988-04-01T00:00:00.0000000+00:00", "1988-04-01T00:00:00Z"),
            ("1973-05-12", "1973-05-12T00:00:00Z"),
            (" 1973-05-12 ", "1973-05-12T00:00:00Z"),
        ] {
            assert_eq!(format(parse(text)), expected, "{text}");
        }
    }

    #[test]
    fn anything_else_is_not() {
        for text in
            ["", "12.05.1973", "1973-13-01", "1973-02-30T00:00:00Z", "yesterday", "0000-01-01", "+12020-01-01T00:00:00"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_unset_dates_are_known() {
        assert!(parse(UNSET).is_some_and(is_unset));
        assert!(parse("0001-01-01T00:00:00").is_some_and(is_unset));
        assert!(!parse("1973-05-12").is_some_and(is_unset));
    }
}
