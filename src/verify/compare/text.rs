//! Texts that differ only in ids, current times and generated tokens.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::ids::Ids;

/// A time is current within this distance of the run.
const CURRENT: TimeDelta = TimeDelta::days(2);

/// A real service and the emulator get the same request within this time. In seconds.
const MOMENTS_SECONDS: u64 = 10;

/// From this length on a word with letters and digits is a generated token.
const TOKEN_LENGTH: usize = 16;

/// Whether two texts are the same, apart from ids that are known as pairs, current times, and generated tokens.
pub(super) fn is_same(real: &str, emulated: &str, ids: &Ids, now: DateTime<Utc>) -> bool {
    if real == emulated || ids.is_pair(real, emulated) || are_generated(real, emulated) {
        return true;
    }
    if let (Some(first), Some(second)) = (time(real), time(emulated)) {
        return date_form(real) == date_form(emulated) && is_current(first, now) && is_current(second, now);
    }
    let (first, second) = (words(real), words(emulated));
    let is_same_word = |at: usize| {
        let (real, emulated) = (first[at], second[at]);
        real == emulated
            || ids.is_pair(real, emulated)
            || are_generated(real, emulated)
            || are_of_one_time(remaining(&first, at), remaining(&second, at))
    };
    first.len() == second.len() && first.len() > 1 && (0..first.len()).all(is_same_word)
}

/// Whether two services count down to one time: their requests are some moments apart.
fn are_of_one_time(real: Option<u64>, emulated: Option<u64>) -> bool {
    real.zip(emulated).is_some_and(|(real, emulated)| real.abs_diff(emulated) <= MOMENTS_SECONDS)
}

/// The seconds that a text counts down, at one of its words: `43 seconds`, or `00:59:59` as .NET writes a time span.
fn remaining(words: &[&str], at: usize) -> Option<u64> {
    let number = |at: usize| words.get(at)?.parse::<u64>().ok();
    let is = |at: usize, text: &str| words.get(at).is_some_and(|word| *word == text);
    let span = |start: usize| {
        let is_span = is(start + 1, ":") && is(start + 3, ":");
        let hours = number(start).filter(|_| is_span)?;
        let minutes = number(start + 2)?.checked_mul(60)?;
        hours.checked_mul(3600)?.checked_add(minutes)?.checked_add(number(start + 4)?)
    };
    let seconds = number(at)?;
    if is(at + 2, "seconds") || is(at + 2, "second") {
        return Some(seconds);
    }
    [0, 2, 4].into_iter().find_map(|before| span(at.checked_sub(before)?))
}

fn is_current(time: NaiveDateTime, now: DateTime<Utc>) -> bool {
    (time - now.naive_utc()).abs() <= CURRENT
}

/// Whether both are random.
fn are_generated(real: &str, emulated: &str) -> bool {
    let is_token = |text: &str| {
        text.len() >= TOKEN_LENGTH
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+=".contains(&byte))
            && text.bytes().any(|byte| byte.is_ascii_digit())
            && text.bytes().any(|byte| byte.is_ascii_alphabetic())
    };
    match (Uuid::try_parse(real), Uuid::try_parse(emulated)) {
        (Ok(_), Ok(_)) => real.len() == emulated.len(),
        (Err(_), Err(_)) => time(real).is_none() && time(emulated).is_none() && is_token(real) && is_token(emulated),
        _ => false,
    }
}

/// A text's words and what stands between them.
fn words(text: &str) -> Vec<&str> {
    let is_inside = |character: char| character.is_alphanumeric() || character == '-' || character == '_';
    let mut words = Vec::new();
    let mut start = 0;
    let mut was_inside = None;
    for (place, character) in text.char_indices() {
        let inside = is_inside(character);
        if was_inside.is_some_and(|was| was != inside) {
            words.push(&text[start..place]);
            start = place;
        }
        was_inside = Some(inside);
    }
    words.push(&text[start..]);
    words
}

/// The time that a text is, in one of the formats of .NET and of ISO 8601, without its zone.
pub(in crate::verify) fn time(text: &str) -> Option<NaiveDateTime> {
    if let Some(inner) = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
        let end = inner.char_indices().skip(1).find(|(_, character)| "+-".contains(*character)).map(|(place, _)| place);
        let milliseconds = inner[..end.unwrap_or(inner.len())].parse().ok()?;
        return Some(DateTime::from_timestamp_millis(milliseconds)?.naive_utc());
    }
    if !(8..=40).contains(&text.len()) || !text.as_bytes()[0].is_ascii_digit() {
        return None;
    }
    let text = text.trim_end_matches('Z');
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.naive_utc());
    }
    for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, format) {
            return Some(time);
        }
    }
    let day = ["%Y-%m-%d", "%m/%d/%Y"].iter().find_map(|format| NaiveDate::parse_from_str(text, format).ok())?;
    day.and_hms_opt(0, 0, 0)
}

/// The form of a date: its digits do not count, but whether it has a fraction, and its zone.
pub(in crate::verify) fn date_form(text: &str) -> String {
    let zone = zone_start(text);
    let mut form = String::new();
    for character in text[..zone].chars() {
        let character = if character.is_ascii_digit() { '0' } else { character };
        // The number of digits differs between days and between fractions.
        if character != '0' || !form.ends_with('0') {
            form.push(character);
        }
    }
    form + &text[zone..]
}

/// Where the zone of a time begins: `+01:00` after the time of day, `-0500` in Microsoft's form.
fn zone_start(text: &str) -> usize {
    let time = if text.starts_with("/Date(") { 7 } else { text.find('T').unwrap_or(text.len()) };
    text.get(time..).and_then(|rest| rest.find(['+', '-'])).map_or(text.len(), |zone| time + zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(real: &str, emulated: &str) -> bool {
        let mut ids = Ids::default();
        ids.pair(super::super::ids::IdKind::Customer, "7", "1004");
        is_same(real, emulated, &ids, "2026-11-26T12:00:00Z".parse().expect("a time"))
    }

    #[test]
    fn ids_current_times_and_tokens_are_mapped() {
        for (real, emulated) in [
            ("Customer 7 was not found.", "Customer 1004 was not found."),
            ("2026-11-26T11:00:00.1234567Z", "2026-11-25T23:59:59.12Z"),
            ("/Date(1795600000000+0100)/", "/Date(1795690000000+0100)/"),
            ("0192f3c4-5b6a-7c8d-9e0f-a1b2c3d4e5f6", "fa0d7c60-4a0e-4e2f-9d1b-2c3d4e5f6071"),
            ("https://a.example/Login?token=abcdef0123456789ab", "https://a.example/Login?token=0000aaaabbbbcccc99"),
            ("Rate limit is exceeded. Try again in 43 seconds.", "Rate limit is exceeded. Try again in 41 seconds."),
            ("Quota will be replenished in 01:00:00.", "Quota will be replenished in 00:59:58."),
        ] {
            assert!(same(real, emulated), "{real} {emulated}");
        }
    }

    #[test]
    fn other_differences_count() {
        for (real, emulated) in [
            ("Customer 8 was not found.", "Customer 1004 was not found."),
            ("Customer 7 was not found", "Customer 1004 was not found."),
            ("2026-11-26T11:00:00Z", "2026-11-25T23:59:59"),
            ("2026-11-26T11:00:00Z", "2026-11-26"),
            ("/Date(1795600000000+0100)/", "/Date(1795690000000-0500)/"),
            ("1990-01-01T00:00:00Z", "1990-01-02T00:00:00Z"),
            ("", "x"),
            ("https://a.example/Login", "https://b.example/Login"),
            ("Try again in 43 seconds.", "Try again in 600 seconds."),
            ("Try again in 43 seconds.", "Try again in 42 minutes."),
            ("Replenished in 01:00:00.", "Replenished in 02:00:00."),
            ("Replenished in 99999999999999999:00:00.", "Replenished in 99999999999999998:00:00."),
            ("5 of 43 seconds", "6 of 43 seconds"),
        ] {
            assert!(!same(real, emulated), "{real} {emulated}");
        }
    }
}
