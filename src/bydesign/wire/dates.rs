//! Dates as this vendor reads and writes them: in the tenant's zone.
//!
//! A date of birth is what the clock on the wall shows, whatever zone it is kept or sent in; all others are instants.

use chrono::{DateTime, Datelike as _, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset as _, TimeDelta};
use chrono::{TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;

/// A date as it is written: what the clock on the wall shows, and how far it is from UTC where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bydesign) struct Moment {
    wall: NaiveDateTime,
    offset: Option<FixedOffset>,
}

impl Moment {
    /// The framework's smallest date, which stands for none.
    pub(in crate::bydesign) const UNSET: Self = Self { wall: SMALLEST, offset: None };

    /// What the clock on the wall shows in this zone.
    pub(in crate::bydesign) fn of_wall(wall: NaiveDateTime, zone: Tz) -> Self {
        if !is_written(wall) || wall == SMALLEST {
            return Self::UNSET;
        }
        Self { wall, offset: Some(offset_at(wall, zone)) }
    }

    /// An instant, seen from this zone.
    pub(in crate::bydesign) fn of_instant(instant: DateTime<Utc>, zone: Tz) -> Self {
        let offset = zone.offset_from_utc_datetime(&instant.naive_utc()).fix();
        match instant.naive_utc().checked_add_offset(offset) {
            Some(wall) if is_written(wall) => Self { wall, offset: Some(whole_minutes(offset)) },
            _ => Self::UNSET,
        }
    }

    /// `2025-11-03T07:40:09.7363348-05:00`: the fraction only when there is one, and without zeros at its end.
    pub(in crate::bydesign) fn json(self) -> String {
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
    pub(in crate::bydesign) fn xml(self) -> String {
        self.wall.format("%m/%d/%Y %H:%M:%S").to_string()
    }
}

/// The first moment of the year 1.
const SMALLEST: NaiveDateTime =
    NaiveDateTime::new(NaiveDate::from_ymd_opt(1, 1, 1).expect("invariant: a date"), NaiveTime::MIN);

/// Reads a date as the clock on the wall of `zone` shows it.
///
/// With an offset it is an instant, which is brought there. With `Z` or without a zone it is what it says: the framework
/// keeps both as they are (Json.NET, `RoundtripKind`), so that a birthday sent as midnight in UTC stays on its day.
pub(in crate::bydesign) fn wall_clock(text: &str, zone: Tz) -> Option<NaiveDateTime> {
    let text = text.trim();
    let wall = if text.contains('/') { american(text)? } else { iso(text, zone)? };
    // Leap seconds are no time of .NET's.
    (is_written(wall) && wall.nanosecond() < 1_000_000_000).then_some(wall)
}

/// Whether the date stands for none.
pub(in crate::bydesign) fn is_unset(wall: NaiveDateTime) -> bool {
    wall == SMALLEST
}

/// `MM/dd/yyyy HH:mm:ss`, the time in twelve hours, without seconds, or not there.
fn american(text: &str) -> Option<NaiveDateTime> {
    let year = text.split(' ').next()?.rsplit('/').next()?;
    if year.len() != 4 || !text.is_ascii() {
        return None;
    }
    let forms = ["%m/%d/%Y %H:%M:%S%.f", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M"];
    let with_time = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    with_time.or_else(|| Some(NaiveDate::parse_from_str(text, "%m/%d/%Y").ok()?.and_time(NaiveTime::MIN)))
}

fn iso(text: &str, zone: Tz) -> Option<NaiveDateTime> {
    if !text.is_ascii() || text.as_bytes().get(4) != Some(&b'-') {
        return None;
    }
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(date.and_time(NaiveTime::MIN));
    }
    let (digits, offset) = split_offset(text)?;
    let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
    let wall = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(digits, form).ok())?;
    match offset {
        Some(offset) if is_written(wall) && offset_at(wall, zone) != offset => {
            let instant = wall.checked_sub_offset(offset)?;
            instant.checked_add_offset(zone.offset_from_utc_datetime(&instant).fix())
        }
        // The zone's own offset, as dates are written here, or none: the digits say it.
        _ => Some(wall),
    }
}

/// The digits, and the offset behind them; `Z` is none.
fn split_offset(text: &str) -> Option<(&str, Option<FixedOffset>)> {
    if let Some(digits) = text.strip_suffix(['Z', 'z']) {
        return Some((digits, None));
    }
    let time = text.find(['T', ' '])?;
    match text[time..].find(['+', '-']) {
        Some(sign) => {
            let (digits, offset) = text.split_at(time + sign);
            Some((digits, Some(offset.parse().ok()?)))
        }
        None => Some((text, None)),
    }
}

/// How far the zone is from UTC when its clocks show this. What they show twice is the first time; what they skip is
/// counted from before they were put forward.
fn offset_at(wall: NaiveDateTime, zone: Tz) -> FixedOffset {
    // One zone has skipped a whole day.
    let mut earlier = (0..=48).filter_map(|hours| wall.checked_sub_signed(TimeDelta::hours(hours)));
    let offset = earlier.find_map(|earlier| zone.offset_from_local_datetime(&earlier).earliest());
    whole_minutes(offset.map_or_else(|| Utc.fix(), |offset| offset.fix()))
}

/// An offset as it can be written. Before there were zones, places were off by odd seconds.
fn whole_minutes(offset: FixedOffset) -> FixedOffset {
    FixedOffset::east_opt(offset.local_minus_utc() / 60 * 60).unwrap_or(offset)
}

/// Whether the framework has such a date.
fn is_written(wall: NaiveDateTime) -> bool {
    (1..=9999).contains(&wall.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW_YORK: Tz = Tz::America__New_York;

    fn read(text: &str) -> Option<String> {
        wall_clock(text, NEW_YORK).map(|wall| Moment { wall, offset: None }.json())
    }

    #[test]
    fn every_form_is_the_clock_on_the_wall() {
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
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn anything_else_is_not_read() {
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
            "0001-01-01T00:00:00+14:00",
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
            // Shown twice: the first time.
            ("2025-11-02T01:30:00", "2025-11-02T01:30:00-04:00"),
            // Skipped: from before the clocks were put forward.
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
    fn an_instant_is_seen_from_the_zone() {
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
