//! Dates as .NET services read and write them. One parser for all vendors. They differ in [`DateForms`], in the dates that mean
//! "no date", and in the zone of a date that names none.

use chrono::{
    DateTime, Datelike as _, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset as _, SubsecRound as _,
};
use chrono::{TimeDelta, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;

/// The value that means "no date" in responses (DirectScale, Get Customers By Parameter page).
pub const UNSET: &str = "1900-01-01T00:00:00Z";

/// The first moment of the year 1: .NET's `DateTime.MinValue`, which always means "no date".
pub const SMALLEST: NaiveDateTime =
    NaiveDateTime::new(NaiveDate::from_ymd_opt(1, 1, 1).expect("invariant: a date"), NaiveTime::MIN);

/// The forms of dates that a parser accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateForms {
    /// `1973-05-12T00:00:00` with or without a zone, fraction and seconds, a date alone.
    iso: bool,
    /// The same with a space instead of `T`, and those of .NET's invariant culture: `05/12/1973 00:00:00`,
    /// `1973/05/12`, `Sat, 12 May 1973 00:00:00 GMT`, `12 May 1973`, `May 12, 1973`.
    cultural: bool,
    /// `/Date(106012800000)/` and `/Date(106012800000+0100)/`.
    milliseconds: bool,
}

impl DateForms {
    /// Json.NET, as DirectScale and ByDesign use it.
    pub const JSON_NET: Self = Self { iso: true, cultural: true, milliseconds: true };
    /// ISO 8601 only, for tenants with strict dates.
    pub const ISO: Self = Self { iso: true, cultural: false, milliseconds: false };
    /// `DataContractJsonSerializer`, as Storm uses it.
    pub const DATA_CONTRACT: Self = Self { iso: false, cultural: false, milliseconds: true };
    /// The same, and the form that Storm's page shows.
    pub const DATA_CONTRACT_OR_ISO: Self = Self { iso: true, ..Self::DATA_CONTRACT };
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    None,
    Utc,
    Offset(FixedOffset),
}

/// A date as it was sent: local time and zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParsedDate {
    local: NaiveDateTime,
    zone: Zone,
}

/// `None` when the text has none of the forms, is no valid day or time, or is outside the years 1 to 9999.
#[must_use]
pub fn read(text: &str, forms: DateForms) -> Option<ParsedDate> {
    let text = text.trim();
    if !text.is_ascii() {
        return None;
    }
    if let Some(inner) = text.strip_prefix("/Date(") {
        return from_milliseconds(inner.strip_suffix(")/")?).filter(|_| forms.milliseconds);
    }
    let parsed = if text.as_bytes().get(4) == Some(&b'-') {
        iso(text, forms).filter(|_| forms.iso)?
    } else if forms.cultural {
        cultural(text)?
    } else {
        return None;
    };
    // .NET has no leap seconds.
    (is_in_range(parsed.local) && parsed.local.nanosecond() < 1_000_000_000).then_some(parsed)
}

impl ParsedDate {
    /// The moment; a date without a zone is in UTC. The smallest date stays as it is, whatever its offset. `None` outside the
    /// years 1 to 9999.
    #[must_use]
    pub fn instant(self) -> Option<DateTime<Utc>> {
        let utc = match self.zone {
            Zone::Offset(offset) if self.local != SMALLEST => self.local.checked_sub_offset(offset)?,
            _ => self.local,
        };
        // Postgres keeps microseconds.
        is_in_range(utc).then(|| utc.and_utc().trunc_subsecs(6))
    }

    /// The local time in a zone.
    ///
    /// A date with an offset is converted. With `Z` or without a zone it stays as it is: the framework keeps both (Json.NET,
    /// `RoundtripKind`), so that a birthday sent as midnight in UTC stays on its day.
    #[must_use]
    pub fn local_in(self, zone: Tz) -> Option<NaiveDateTime> {
        let local = match self.zone {
            Zone::Offset(offset) if self.local != SMALLEST && offset_at(self.local, zone) != offset => {
                let instant = self.local.checked_sub_offset(offset)?;
                instant.checked_add_offset(zone.offset_from_utc_datetime(&instant).fix())?
            }
            // With the zone's own offset, or without one, it is local already.
            _ => self.local,
        };
        is_in_range(local).then_some(local)
    }
}

fn iso(text: &str, forms: DateForms) -> Option<ParsedDate> {
    if let Ok(date) = DateTime::parse_from_rfc3339(text)
        && (forms.cultural || !text.contains(' '))
    {
        let zone = if text.ends_with(['Z', 'z']) { Zone::Utc } else { Zone::Offset(*date.offset()) };
        return Some(ParsedDate { local: date.naive_local(), zone });
    }
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(ParsedDate { local: date.and_time(NaiveTime::MIN), zone: Zone::None });
    }
    let (digits, zone) = split_zone(text)?;
    let local = first_of(digits, &["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"]).or_else(|| {
        let local = first_of(digits, &["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"]);
        local.filter(|_| forms.cultural)
    })?;
    Some(ParsedDate { local, zone })
}

/// Forms of the invariant culture, in which the month comes before the day.
fn cultural(text: &str) -> Option<ParsedDate> {
    const DAYS: [&str; 6] = ["%m/%d/%Y", "%Y/%m/%d", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%a, %d %b %Y"];
    const TIMES: [&str; 4] = ["%H:%M:%S%.f", "%I:%M:%S %p", "%H:%M", "%I:%M %p"];
    // A year of two digits names no century.
    let has_year = text.split(|letter: char| !letter.is_ascii_digit()).any(|digits| digits.len() == 4);
    if !has_year || !text.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return None;
    }
    let (text, zone) = split_zone(text)?;
    let local = DAYS.iter().find_map(|day| {
        let (date, rest) = NaiveDate::parse_and_remainder(text, day).ok()?;
        if rest.is_empty() {
            return Some(date.and_time(NaiveTime::MIN));
        }
        let rest = rest.strip_prefix(' ')?;
        let time = TIMES.iter().find_map(|time| NaiveTime::parse_from_str(rest, time).ok())?;
        Some(date.and_time(time))
    })?;
    Some(ParsedDate { local, zone })
}

fn first_of(digits: &str, forms: &[&str]) -> Option<NaiveDateTime> {
    forms.iter().find_map(|form| NaiveDateTime::parse_from_str(digits, form).ok())
}

/// The digits, and the zone after them: `Z`, `GMT`, `+01:00`, `+0100` or `+01`, with or without a space.
fn split_zone(text: &str) -> Option<(&str, Zone)> {
    for name in ["Z", "z", " GMT"] {
        if let Some(digits) = text.strip_suffix(name) {
            return Some((digits.trim_end(), Zone::Utc));
        }
    }
    // Only after a time: dates have signs too.
    let time = text.find(':').unwrap_or(text.len());
    match text[time..].find(['+', '-']) {
        Some(sign) => {
            let (digits, offset) = text.split_at(time + sign);
            Some((digits.trim_end(), Zone::Offset(read_offset(offset)?)))
        }
        None => Some((text, Zone::None)),
    }
}

fn read_offset(text: &str) -> Option<FixedOffset> {
    let (sign, digits) = text.split_at_checked(1)?;
    let (hours, minutes) = match digits.len() {
        2 => (digits, "00"),
        4 => digits.split_at(2),
        5 => digits.split_once(':').filter(|(hours, _)| hours.len() == 2)?,
        _ => return None,
    };
    let number = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit()).then(|| text.parse::<i32>().ok())?;
    let minutes = number(minutes).filter(|minutes| *minutes < 60)?;
    let seconds = (number(hours)? * 60 + minutes) * 60;
    FixedOffset::east_opt(if sign == "-" { -seconds } else { seconds })
}

/// Milliseconds since 1970 in UTC, and an offset, which does not change the moment.
fn from_milliseconds(inner: &str) -> Option<ParsedDate> {
    // The first character may be the sign of the number itself.
    let sign = inner.char_indices().skip(1).find(|(_, character)| matches!(character, '+' | '-'));
    let (milliseconds, offset) = match sign {
        Some((index, _)) => {
            let (milliseconds, offset) = inner.split_at(index);
            (milliseconds, Some(read_offset(offset).filter(|_| offset.len() == 5)?))
        }
        None => (inner, None),
    };
    let utc = DateTime::from_timestamp_millis(milliseconds.parse().ok()?)?.naive_utc();
    let (local, zone) = match offset {
        Some(offset) => (utc.checked_add_offset(offset)?, Zone::Offset(offset)),
        None => (utc, Zone::Utc),
    };
    (is_in_range(utc) || local == SMALLEST).then_some(ParsedDate { local, zone })
}

/// The zone's offset from UTC at a local time. A local time that occurs twice is the first one; a skipped one has the offset
/// from before the change.
#[must_use]
pub fn offset_at(local: NaiveDateTime, zone: Tz) -> FixedOffset {
    // One zone skipped a whole day.
    let mut earlier = (0..=48).filter_map(|hours| local.checked_sub_signed(TimeDelta::hours(hours)));
    let offset = earlier.find_map(|earlier| zone.offset_from_local_datetime(&earlier).earliest());
    whole_minutes(offset.map_or_else(|| Utc.fix(), |offset| offset.fix()))
}

/// An offset without its seconds. Local mean times before the introduction of time zones have seconds.
#[must_use]
pub fn whole_minutes(offset: FixedOffset) -> FixedOffset {
    FixedOffset::east_opt(offset.local_minus_utc() / 60 * 60).unwrap_or(offset)
}

/// Whether the date is one that .NET can represent.
#[must_use]
pub fn is_in_range(local: NaiveDateTime) -> bool {
    (1..=9999).contains(&local.year())
}

/// A date as Json.NET reads it; one without a zone is in UTC.
#[must_use]
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    read(text, DateForms::JSON_NET)?.instant()
}

/// Whether a date means "no date": [`UNSET`] or .NET's smallest.
#[must_use]
pub fn is_unset(date: DateTime<Utc>) -> bool {
    let unset = NaiveDate::from_ymd_opt(1900, 1, 1).map(|day| day.and_time(NaiveTime::MIN));
    is_smallest(date) || unset == Some(date.naive_utc())
}

#[must_use]
pub fn is_smallest(date: DateTime<Utc>) -> bool {
    date.naive_utc() == SMALLEST
}

/// Writes `YYYY-MM-DDTHH:MM:SSZ`, or [`UNSET`].
#[must_use]
pub fn format(date: Option<DateTime<Utc>>) -> String {
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
    fn all_forms_are_parsed() {
        for (text, expected) in [
            ("2020-02-20T15:47:52", "2020-02-20T15:47:52Z"),
            ("1973-05-12T00:00:00Z", "1973-05-12T00:00:00Z"),
            ("1988-04-01T02:00:00.1234567+02:00", "1988-04-01T00:00:00Z"),
            ("1988-04-01T00:00:00.0000000+00:00", "1988-04-01T00:00:00Z"),
            ("1973-05-12", "1973-05-12T00:00:00Z"),
            (" 1973-05-12 ", "1973-05-12T00:00:00Z"),
            ("1973-05-12 00:00:00", "1973-05-12T00:00:00Z"),
            ("1973-05-12 01:02:03.4567", "1973-05-12T01:02:03Z"),
            ("1973-05-12T00:00:00+0000", "1973-05-12T00:00:00Z"),
            ("1973-05-12T00:00:00-0730", "1973-05-12T07:30:00Z"),
            ("1973-05-12T00:00:00+01", "1973-05-11T23:00:00Z"),
            ("1973-05-12 00:00:00 +01:00", "1973-05-11T23:00:00Z"),
            ("1973-05-12 00:00:00Z", "1973-05-12T00:00:00Z"),
            ("1973-05-12T00:00", "1973-05-12T00:00:00Z"),
            ("1973-05-12T00:00Z", "1973-05-12T00:00:00Z"),
            ("1973-05-12T13:05+01:00", "1973-05-12T12:05:00Z"),
            ("1973-05-12 13:05", "1973-05-12T13:05:00Z"),
            ("/Date(106012800000)/", "1973-05-12T00:00:00Z"),
            ("/Date(106012800000+0100)/", "1973-05-12T00:00:00Z"),
            ("/Date(-1-0500)/", "1969-12-31T23:59:59Z"),
            ("05/12/1973", "1973-05-12T00:00:00Z"),
            ("5/2/1973 1:02:03 PM", "1973-05-02T13:02:03Z"),
            ("05/12/1973 00:00:00 +00:00", "1973-05-12T00:00:00Z"),
            ("1973/05/12 10:20", "1973-05-12T10:20:00Z"),
            ("Sat, 12 May 1973 00:00:00 GMT", "1973-05-12T00:00:00Z"),
            ("12 May 1973", "1973-05-12T00:00:00Z"),
            ("12-May-1973", "1973-05-12T00:00:00Z"),
            ("May 12, 1973", "1973-05-12T00:00:00Z"),
            ("9999-12-31T23:59:59.9999999", "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(format(parse(text)), expected, "{text}");
        }
    }

    #[test]
    fn other_texts_are_not_parsed() {
        for text in [
            "",
            "12.05.1973",
            "13/05/1973",
            "05/12/73",
            "1973-13-01",
            "1973-02-30T00:00:00Z",
            "1973-05-12T24:00:00",
            "1973-05-12T23:59:60",
            "1973-05-12T00:00:00+99:00",
            "1973-05-12T00:00:00+0060",
            "1973-05-12T00:00:00+",
            "1973-05-12T",
            "1973-05-12T00:00:00 0100",
            "yesterday",
            "0000-01-01",
            "+12020-01-01T00:00:00",
            "-1973-05-12",
            "106012800000",
            "19730512",
            "/Date(x)/",
            "/Date(1+1)/",
            "/Date(1+01000)/",
            "/Date(9223372036854775807)/",
            "/Date(253402300800000)/",
            "Fri, 12 May 1973 00:00:00 GMT",
            "9999-12-31T23:59:59-14:00",
            "1973-05-12é",
            "Z",
            " GMT",
            ":+",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn each_parser_accepts_its_own_forms() {
        let forms = [DateForms::ISO, DateForms::DATA_CONTRACT, DateForms::DATA_CONTRACT_OR_ISO];
        for (text, expected) in [
            ("1973-05-12T00:00:00Z", [true, false, true]),
            ("1973-05-12", [true, false, true]),
            ("1973-05-12T00:00", [true, false, true]),
            ("1973-05-12 00:00:00", [false, false, false]),
            ("1973-05-12 00:00:00Z", [false, false, false]),
            ("05/12/1973", [false, false, false]),
            ("/Date(106012800000)/", [false, true, true]),
        ] {
            assert_eq!(forms.map(|forms| read(text, forms).is_some()), expected, "{text}");
        }
    }

    #[test]
    fn unset_dates_are_recognized() {
        assert!(parse(UNSET).is_some_and(is_unset));
        for text in [
            "0001-01-01T00:00:00",
            "0001-01-01T00:00:00Z",
            "0001-01-01T00:00:00+01:00",
            "0001-01-01T00:00:00.0000000-08:00",
            "0001-01-01 00:00:00",
            "01/01/0001 00:00:00",
            "0001-01-01",
            "/Date(-62135596800000)/",
            "/Date(-62135600400000+0100)/",
            "/Date(-62135568000000-0800)/",
        ] {
            assert!(parse(text).is_some_and(is_unset), "{text}");
        }
        assert!(!parse("1973-05-12").is_some_and(is_unset));
        assert_eq!(parse("0001-01-01T00:00:01+01:00"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_causes_a_panic(text in proptest::prelude::any::<String>(), like in "[-+:/ TZ0-9aMgy,D()]{0,30}") {
            for text in [text.as_str(), &like, &format!("/Date({like})/")] {
                let _ = parse(text).map(|date| format(Some(date)));
                let _ = read(text, DateForms::JSON_NET).and_then(|date| date.local_in(Tz::Pacific__Apia));
            }
        }
    }
}
