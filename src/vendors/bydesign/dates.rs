//! Dates in the tenant's time zone.
//!
//! A birth date is a wall clock time, in whatever zone it is stored or sent; all other dates are instants.

use chrono::{DateTime, FixedOffset, NaiveDateTime, Offset as _, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;

use crate::wire::dates::{self, DateForms, SMALLEST, is_in_range, offset_at, whole_minutes};

/// A date of a response: the wall clock time, and its offset from UTC if it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    wall: NaiveDateTime,
    offset: Option<FixedOffset>,
}

impl Moment {
    /// The framework's smallest date, which means null.
    pub(super) const UNSET: Self = Self { wall: SMALLEST, offset: None };

    /// A wall clock time in this zone.
    pub(super) fn of_wall(wall: NaiveDateTime, zone: Tz) -> Self {
        if !is_in_range(wall) || wall == SMALLEST {
            return Self::UNSET;
        }
        Self { wall, offset: Some(offset_at(wall, zone)) }
    }

    /// An instant, as wall clock time in this zone.
    pub(super) fn of_instant(instant: DateTime<Utc>, zone: Tz) -> Self {
        let offset = zone.offset_from_utc_datetime(&instant.naive_utc()).fix();
        match instant.naive_utc().checked_add_offset(offset) {
            Some(wall) if is_in_range(wall) => Self { wall, offset: Some(whole_minutes(offset)) },
            _ => Self::UNSET,
        }
    }

    /// `2025-11-03T07:40:09.7363348-05:00`: without a fraction of zero, and without trailing zeros in one.
    pub(super) fn json(self) -> String {
        let mut text = self.wall.format("%Y-%m-%dT%H:%M:%S").to_string();
        let ticks = self.wall.nanosecond() / 100;
        if ticks != 0 {
            text.push('.');
            text.push_str(format!("{ticks:07}").trim_end_matches('0'));
        }
        if let Some(offset) = self.offset {
            text.push_str(&offset.to_string());
        }
        text
    }

    /// `11/03/2025 07:40:09`.
    pub(super) fn xml(self) -> String {
        self.wall.format("%m/%d/%Y %H:%M:%S").to_string()
    }
}

/// Reads a date as wall clock time in `zone`.
pub(super) fn wall_clock(text: &str, zone: Tz, forms: DateForms) -> Option<NaiveDateTime> {
    dates::read(text, forms)?.local_in(zone)
}

/// Whether the date is the one that means null.
pub(super) fn is_unset(wall: NaiveDateTime) -> bool {
    wall == SMALLEST
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW_YORK: Tz = Tz::America__New_York;

    fn wall_clock(text: &str, zone: Tz) -> Option<NaiveDateTime> {
        super::wall_clock(text, zone, DateForms::JSON_NET)
    }

    fn read(text: &str) -> Option<String> {
        wall_clock(text, NEW_YORK).map(|wall| Moment { wall, offset: None }.json())
    }

    #[test]
    fn every_form_is_read_as_wall_clock_time() {
        for (text, expected) in [
            ("2025-11-03T07:40:09.7363348-05:00", "2025-11-03T07:40:09.7363348"),
            ("11/03/2025 07:40:09", "2025-11-03T07:40:09"),
            ("11/03/2025", "2025-11-03T00:00:00"),
            ("5/1/1980 12:00:00 AM", "1980-05-01T00:00:00"),
            ("05/01/1980 13:05", "1980-05-01T13:05:00"),
            ("1980-05-01", "1980-05-01T00:00:00"),
            (" 1980-05-01T00:00:00 ", "1980-05-01T00:00:00"),
            ("1980-05-01 10:20:30.5", "1980-05-01T10:20:30.5"),
            ("1980-05-01T10:20", "1980-05-01T10:20:00"),
            ("1980-05-01T00:00:00Z", "1980-05-01T00:00:00"),
            ("1980-05-01T00:00:00.000Z", "1980-05-01T00:00:00"),
            ("1980-05-01T00:00:00-04:00", "1980-05-01T00:00:00"),
            ("1980-05-01T00:00:00+02:00", "1980-04-30T18:00:00"),
            ("1980-05-01T00:00:00+0000", "1980-04-30T20:00:00"),
            ("9999-12-31T23:59:59.9999999", "9999-12-31T23:59:59.9999999"),
            ("0001-01-01T00:00:00", "0001-01-01T00:00:00"),
            ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00"),
            ("/Date(325987200000)/", "1980-05-01T00:00:00"),
            ("/Date(326001600000-0400)/", "1980-05-01T00:00:00"),
            ("/Date(326001600000+0200)/", "1980-05-01T00:00:00"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_texts_are_not_dates() {
        for text in [
            "",
            "yesterday",
            "1980",
            "1980-13-01",
            "1980-02-30T00:00:00",
            "0000-01-01",
            "+12020-01-01T00:00:00",
            "31/12/1980",
            "05/01/80",
            "05/01/1980 25:00:00",
            "1980-05-01T24:00:00",
            "1980-05-01T23:59:60",
            "1980-05-01T00:00:00+99:00",
            "1980-05-01T00:00:00-",
            "/",
            "//",
            "ä/ä/1980",
            "9999-12-31T23:59:59-14:00",
            "1980-05-01T",
            "T",
            "Z",
            "01.05.1980",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_wall_clock_is_written_with_the_offset_of_its_day() {
        for (text, expected) in [
            ("1980-05-01", "1980-05-01T00:00:00-04:00"),
            ("1980-01-01", "1980-01-01T00:00:00-05:00"),
            // Occurs twice: the first one.
            ("2025-11-02T01:30:00", "2025-11-02T01:30:00-04:00"),
            // Skipped: the offset before the change.
            ("2025-03-09T02:30:00", "2025-03-09T02:30:00-05:00"),
            ("1850-06-01", "1850-06-01T00:00:00-04:56"),
        ] {
            let wall = wall_clock(text, NEW_YORK).expect("a date");
            let written = Moment::of_wall(wall, NEW_YORK).json();
            assert_eq!(written, expected);
            assert_eq!(wall_clock(&written, NEW_YORK), Some(wall), "{text}");
        }
        let skipped = wall_clock("2011-12-30T12:00:00", Tz::Pacific__Apia).expect("a date");
        assert_eq!(Moment::of_wall(skipped, Tz::Pacific__Apia).json(), "2011-12-30T12:00:00-10:00");
    }

    #[test]
    fn an_instant_is_converted_to_the_zone() {
        let instant = |text: &str| Moment::of_instant(text.parse().expect("an instant"), NEW_YORK);
        assert_eq!(instant("2025-11-03T12:40:09.7363Z").json(), "2025-11-03T07:40:09.7363-05:00");
        assert_eq!(instant("2025-11-03T12:40:09.7363Z").xml(), "11/03/2025 07:40:09");
        assert_eq!(instant("2025-07-01T03:00:00Z").json(), "2025-06-30T23:00:00-04:00");
        assert_eq!(instant("0001-01-01T00:00:00Z"), Moment::UNSET);
        assert_eq!(Moment::of_instant(DateTime::<Utc>::MAX_UTC, NEW_YORK), Moment::UNSET);
        assert_eq!(Moment::of_instant(DateTime::<Utc>::MIN_UTC, NEW_YORK), Moment::UNSET);
    }

    #[test]
    fn unset_has_no_offset() {
        assert_eq!(Moment::UNSET.json(), "0001-01-01T00:00:00");
        assert_eq!(Moment::UNSET.xml(), "01/01/0001 00:00:00");
        assert_eq!(Moment::of_wall(NaiveDateTime::MIN, NEW_YORK), Moment::UNSET);
        assert!(wall_clock("01/01/0001 00:00:00", NEW_YORK).is_some_and(is_unset));
    }
}
