//! JSON and dates as DataContractJsonSerializer writes them.

use std::io;

use chrono::{DateTime, Offset as _, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::wire::dates::{self, DateForms};

/// The content type of every JSON response.
pub(crate) const CONTENT_TYPE: &str = "application/json; charset=utf-8";

/// Escapes the slash in all strings, which clients that look for `\/Date(` need.
struct EscapedSlash;

impl Formatter for EscapedSlash {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        for (place, part) in fragment.split('/').enumerate() {
            if place > 0 {
                writer.write_all(br"\/")?;
            }
            writer.write_all(part.as_bytes())?;
        }
        Ok(())
    }
}

pub(crate) fn to_bytes<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1024);
    let written = value.serialize(&mut Serializer::with_formatter(&mut bytes, EscapedSlash));
    // Responses are structs of texts, numbers and lists, which always have a JSON.
    debug_assert!(written.is_ok());
    bytes
}

/// Writes `/Date(1704161045678+0100)/`: milliseconds since 1970 in UTC, and the offset of the zone at that time. Two clients
/// need all four digits of the offset.
pub(crate) fn format_date(date: DateTime<Utc>, zone: Tz) -> String {
    let minutes = date.with_timezone(&zone).offset().fix().local_minus_utc() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    format!("/Date({}{sign}{:02}{:02})/", date.timestamp_millis(), minutes / 60, minutes % 60)
}

/// Reads a date as the framework does, and ISO 8601 too unless `strict`. `None` also outside the years 1 to 9999.
pub(crate) fn parse_date(text: &str, strict: bool) -> Option<DateTime<Utc>> {
    let forms = if strict { DateForms::DATA_CONTRACT } else { DateForms::DATA_CONTRACT_OR_ISO };
    dates::read(text, forms)?.instant()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slashes_are_escaped_in_names_too_and_nothing_else_is_touched() {
        let value = serde_json::json!({ "a/b": ["/", "//x/", "\"\\\n", "å", 1, null] });
        assert_eq!(
            String::from_utf8(to_bytes(&value)).expect("UTF-8"),
            r#"{"a\/b":["\/","\/\/x\/","\"\\\n","å",1,null]}"#
        );
    }

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
            assert_eq!(format_date(at(date), zone), text);
        }
    }

    #[test]
    fn dates_are_read_with_and_without_offset() {
        let date = at("2024-01-02T02:04:05.678Z");
        for text in ["/Date(1704161045678)/", "/Date(1704161045678+0100)/", "/Date(1704161045678-0330)/"] {
            assert_eq!(parse_date(text, true), Some(date), "{text}");
        }
        assert_eq!(parse_date("/Date(-1-0100)/", true), Some(at("1969-12-31T23:59:59.999Z")));
    }

    #[test]
    fn iso_dates_are_read_unless_the_plan_is_strict() {
        assert_eq!(parse_date("2019-08-24T14:15:22Z", false), Some(at("2019-08-24T14:15:22Z")));
        assert_eq!(parse_date("2019-08-24T14:15:22Z", true), None);
    }

    #[test]
    fn other_texts_are_no_dates() {
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
            assert_eq!(parse_date(text, false), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(milliseconds in -62_135_596_800_000_i64..253_402_300_800_000) {
            let date = DateTime::from_timestamp_millis(milliseconds).expect("a time");
            prop_assert_eq!(parse_date(&format_date(date, Tz::Europe__Stockholm), true), Some(date));
        }

        #[test]
        fn no_text_causes_a_panic(text in any::<String>(), inner in "[-+0-9å]{0,24}") {
            let _ = parse_date(&text, false);
            let _ = parse_date(&format!("/Date({inner})/"), false);
        }
    }
}
