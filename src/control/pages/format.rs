//! Addresses, times and numbers as the pages show them.

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde_json::Value;

use crate::journal::Entry;
use crate::plan::Plan;

/// The first page, also after a login that requested no other page.
pub(super) const HOME: &str = "/_emulator";

/// Whether an address is a page of the inspector, and not another site's.
pub(super) fn is_own_page(address: &str) -> bool {
    let path = address.split('?').next().unwrap_or_default();
    let is_below = path.strip_prefix(HOME).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let leads_out = path.split('/').any(|part| {
        let part = part.to_ascii_lowercase().replace("%2e", ".");
        part == "." || part == ".."
    });
    is_below && !leads_out && address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

/// The address of a tenant's page.
pub(super) fn at(tenant: &str, rest: &str) -> String {
    let name = encoded(tenant);
    if rest.is_empty() { format!("/_emulator/t/{name}") } else { format!("/_emulator/t/{name}/{rest}") }
}

/// A text as one part of a path.
pub(super) fn encoded(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(one).collect()
}

/// A time with its date.
pub(super) fn time(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(at.to_rfc3339()) { (at.format("%Y-%m-%d %H:%M:%S UTC")) } }
}

/// How long ago a time is, which a script keeps current; the time itself is its title.
pub(super) fn ago(at: DateTime<Utc>) -> Markup {
    let seconds = (crate::clock::Clock::Real.now() - at).num_seconds().max(0);
    let words = [(86_400, "d"), (3_600, "h"), (60, "min")]
        .into_iter()
        .find(|(length, _)| seconds >= *length)
        .map_or_else(|| format!("{seconds} s ago"), |(length, unit)| format!("{} {unit} ago", seconds / length));
    html! { time.ago.dim datetime=(at.to_rfc3339()) title=(at.format("%Y-%m-%d %H:%M:%S UTC")) { (words) } }
}

/// A time of the day, to the millisecond.
pub(super) fn clock_time(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(at.to_rfc3339()) title=(at.format("%Y-%m-%d %H:%M:%S UTC")) { (at.format("%H:%M:%S%.3f")) } }
}

pub(super) fn milliseconds(ms: f64) -> String {
    if ms < 10.0 { format!("{ms:.1} ms") } else { format!("{ms:.0} ms") }
}

pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// A number with a comma between its thousands.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let parts: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|part| std::str::from_utf8(part).ok()).collect();
    parts.join(",")
}

/// The same of a number from the database, which is never below zero.
pub(super) fn grouped_i64(number: i64) -> String {
    grouped(usize::try_from(number).unwrap_or_default())
}

/// A number that was counted up to a limit.
pub(super) fn counted(number: i64, limit: i64) -> String {
    if number > limit { format!("more than {}", grouped_i64(limit)) } else { grouped_i64(number) }
}

/// The status of a response, as a colored number.
pub(super) fn status(status: Option<u16>) -> Markup {
    let Some(code) = status else { return html! { span.status.s0 { "no response" } } };
    let class = format!("status s{}", code / 100);
    let reason = axum::http::StatusCode::from_u16(code).ok().and_then(|status| status.canonical_reason());
    html! { span class=(class) title=[reason] { (code) } }
}

/// A customer type by its number and its name in the plan.
pub(super) fn customer_type(plan: &Plan, number: i32) -> String {
    named(number, plan.types.get(&number))
}

/// A customer status by its number and its name in the plan.
pub(super) fn customer_status(plan: &Plan, number: i32) -> String {
    named(number, plan.statuses.get(&number))
}

fn named(number: i32, name: Option<&String>) -> String {
    name.map_or_else(|| number.to_string(), |name| format!("{name} ({number})"))
}

/// A JSON value without its quotes.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The id of a request in URLs; its number if it has none.
pub(super) fn request_id(entry: &Entry) -> String {
    if entry.request_id.is_nil() { entry.number.to_string() } else { entry.request_id.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_hold_any_name() {
        assert_eq!(at("a b/ü", "clock"), "/_emulator/t/a%20b%2F%C3%BC/clock");
        assert_eq!(at("demo", ""), "/_emulator/t/demo");
    }

    #[test]
    fn thousands_are_separated() {
        let numbers: Vec<String> = [0, 999, 1_000, 1_100_000].into_iter().map(grouped).collect();
        assert_eq!(numbers, ["0", "999", "1,000", "1,100,000"]);
    }
}
