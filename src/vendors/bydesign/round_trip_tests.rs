//! Any creation, written in any format, is read as the same values.

use chrono::NaiveDate;
use chrono_tz::Tz;
use proptest::prelude::*;
use serde_json::Value;

use super::body::read_lenient;
use super::creation::{CreationMember, Kind, MEMBERS, MODEL};
use super::dates;
use super::negotiate::BodyType;
use super::reader::read;
use super::reader_tests::ToJson as _;
use super::xml::escape;
use crate::wire::dates::DateForms;
use crate::wire::members::Notes;

fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn json(members: &[(&str, Value)]) -> String {
    let object: serde_json::Map<_, _> =
        members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Value::Object(object).to_string()
}

fn xml(members: &[(&str, Value)]) -> String {
    let mut document = format!("<?xml version=\"1.0\"?><{MODEL}>");
    for (name, value) in members {
        document.extend(["\n<", name, ">"]);
        escape(&mut document, &bare(value));
        document.extend(["</", name, ">"]);
    }
    document + &format!("\n</{MODEL}>")
}

fn form(members: &[(&str, Value)]) -> String {
    let pairs = members.iter().map(|(name, value)| (name.to_lowercase(), bare(value)));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Texts that are not blank and that every format can hold.
fn text(max_length: usize) -> impl Strategy<Value = String> {
    let characters = prop_oneof![
        8 => proptest::char::range(' ', '~'),
        1 => Just('\r'),
        1 => Just('\n'),
        1 => proptest::char::range('\u{a0}', '\u{d7ff}'),
        1 => proptest::char::range('\u{10000}', '\u{10ffff}'),
    ];
    let texts = proptest::collection::vec(characters, 1..max_length).prop_map(String::from_iter);
    texts.prop_filter("blank is absent", |text| !text.trim().is_empty())
}

fn date() -> impl Strategy<Value = chrono::NaiveDateTime> {
    // From the second day, because the first means null.
    let days = 2..NaiveDate::from_ymd_opt(9999, 12, 31).map_or(2, |last| chrono::Datelike::num_days_from_ce(&last));
    (days, 0_u32..86_400, 0_u32..10_000_000).prop_filter_map("a date", |(day, second, ticks)| {
        let time = chrono::NaiveTime::from_num_seconds_from_midnight_opt(second, ticks * 100)?;
        Some(NaiveDate::from_num_days_from_ce_opt(day)?.and_time(time))
    })
}

/// Valid values of a member. A character has up to two UTF-16 code units.
fn value(member: &CreationMember) -> BoxedStrategy<Value> {
    match member.kind {
        Kind::Text | Kind::Password => text(member.max_length.map_or(20, |max| max / 2)).prop_map(Value::from).boxed(),
        Kind::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Integer => any::<i32>().prop_map(Value::from).boxed(),
        Kind::Date => date().prop_map(|date| date.to_json()).boxed(),
    }
}

/// Some of the members of the table, with values.
fn creation() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let values: Vec<_> = MEMBERS.iter().map(|member| proptest::option::of(value(member))).collect();
    values.prop_map(|values| {
        let members = MEMBERS.iter().zip(values);
        members.filter_map(|(member, value)| Some((member.name, value?))).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_creation_is_read_as_it_was_written(members in creation()) {
        for (content_type, bytes) in [
            ("application/json; charset=utf-8", json(&members)),
            ("application/xml", xml(&members)),
            ("application/x-www-form-urlencoded", form(&members)),
        ] {
            if members.is_empty() && bytes.is_empty() {
                continue;
            }
            let body = bytes.clone().into_bytes().leak();
            let request = read_lenient(&BodyType::of(Some(content_type)), body, MODEL).expect("members");
            let request = read(&request, Tz::America__New_York);
            prop_assert_eq!(&request.violations, &Vec::new());
            prop_assert_eq!(&request.ignored, &Notes::default());
            prop_assert_eq!(&request.creation.to_json(), &members, "{}", bytes);
        }
    }

    #[test]
    fn no_bytes_make_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[<>&;/!A-C\\[\\]=\"' {}:,-]{0,60}") {
        for content_type in ["text/json", "text/xml", "application/x-www-form-urlencoded"] {
            for bytes in [bytes.as_slice(), text.as_bytes()] {
                if let Ok(members) = read_lenient(&BodyType::of(Some(content_type)), bytes.to_vec().leak(), "A") {
                    let _ = read(&members, Tz::America__New_York);
                }
            }
        }
    }

    #[test]
    fn no_text_makes_the_date_reader_panic(text in "[0-9/:TZ+. -]{0,30}") {
        for zone in [Tz::America__New_York, Tz::Pacific__Apia, Tz::Asia__Kathmandu] {
            if let Some(wall) = dates::wall_clock(&text, zone, DateForms::JSON_NET) {
                let written = dates::Moment::of_wall(wall, zone).json();
                prop_assert_eq!(dates::wall_clock(&written, zone, DateForms::JSON_NET).map(|again| again.date()), Some(wall.date()));
            }
        }
    }
}
