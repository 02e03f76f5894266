//! Dates as DataContractJsonSerializer reads and writes them.

use chrono::{DateTime, Offset as _, Utc};
use chrono_tz::Tz;

use crate::wire::dates::{self, DateForms};

/// Writes `/Date(1704161045678+0100)/`: milliseconds since 1970 in UTC, and what the zone's clocks were ahead then. Two
/// clients need all four digits of the offset.
pub(in crate::vendors::storm) fn format(date: DateTime<Utc>, zone: Tz) -> String {
    let minutes = date.with_timezone(&zone).offset().fix().local_minus_utc() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    format!("/Date({}{sign}{:02}{:02})/", date.timestamp_millis(), minutes / 60, minutes % 60)
}

/// Reads a date: as the framework does, and ISO 8601 unless `strict`. `None` also outside the years 1 to 9999.
pub(in crate::vendors::storm) fn parse(text: &str, strict: bool) -> Option<DateTime<Utc>> {
    let forms = if strict { DateForms::DATA_CONTRACT } else { DateForms::DATA_CONTRACT_OR_ISO };
    dates::read(text, forms)?.instant()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn dates_carry_the_offset_that_the_zone_had_then() {
        for (date, zone, text) in [
            ("2024-01-02T02:04:05.678Z", Tz::Europe__Stockholm, "/Date(1704161045678+0100)/"),
            ("2024-07-02T02:04:05Z", Tz::Europe__Stockholm, "/Date(1719885845000+0200)/"),
            ("1969-12-31T23:59:59.999Z", Tz::Europe__Stockholm, "/Date(-1+0100)/"),
            ("2024-01-02T02:04:05Z", Tz::America__St_Johns, "/Date(1704161045000-0330)/"),
            ("2024-01-02T02:04:05Z", Tz::UTC, "/Date(1704161045000+0000)/"),
        ] {
            assert_eq!(format(at(date), zone), text);
        }
    }

    #[test]
    fn dates_are_read_with_and_without_offset() {
        let date = at("2024-01-02T02:04:05.678Z");
        for text in ["/Date(1704161045678)/", "/Date(1704161045678+0100)/", "/Date(1704161045678-0330)/"] {
            assert_eq!(parse(text, true), Some(date), "{text}");
        }
        assert_eq!(parse("/Date(-1-0100)/", true), Some(at("1969-12-31T23:59:59.999Z")));
    }

    #[test]
    fn iso_dates_are_read_unless_the_plan_is_strict() {
        assert_eq!(parse("2019-08-24T14:15:22Z", false), Some(at("2019-08-24T14:15:22Z")));
        assert_eq!(parse("2019-08-24T14:15:22Z", true), None);
    }

    #[test]
    fn anything_else_is_no_date() {
        for text in [
            "",
            "/Date()/",
            "/Date(+)/",
            "/Date(x)/",
            "/Date(å)/",
            "/Date(1+1)/",
            "/Date(1+01000)/",
            "/Date(1",
            "/Date(9223372036854775807)/",
            "/Date(-9223372036854775808+0000)/",
            "/Date(99999999999999999999)/",
            "/Date(253402300800000)/",
        ] {
            assert_eq!(parse(text, false), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(milliseconds in -62_135_596_800_000_i64..253_402_300_800_000) {
            let date = DateTime::from_timestamp_millis(milliseconds).expect("a time");
            prop_assert_eq!(parse(&format(date, Tz::Europe__Stockholm), true), Some(date));
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), inner in "[-+0-9å]{0,24}") {
            let _ = parse(&text, false);
            let _ = parse(&format!("/Date({inner})/"), false);
        }
    }
}
