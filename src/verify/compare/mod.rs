//! Two responses to the same request, member by member. Ids, current times and generated values are mapped, not compared.

pub(super) mod body;
mod ids;
mod text;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::exchange::{Exchange, Response};
use super::scenario::Comparison;

pub(super) use ids::{Ids, id_kind, id_text};
pub(super) use text::time;

/// One thing in which two responses differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// `status`, `header NAME`, `body`, or `body` with a JSON pointer.
    pub place: String,
    pub kind: DifferenceKind,
    /// What the real service has there; `None` where it has nothing.
    pub real: Option<Value>,
    /// What the emulator has there.
    pub emulated: Option<Value>,
}

/// How two responses differ at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    Status,
    Header,
    /// Only the real service has the member.
    OnlyReal,
    /// Only the emulator has the member.
    OnlyEmulator,
    /// The JSON types differ.
    Type,
    /// The formats of two dates or generated values differ.
    Format,
    Value,
    /// The numbers of items differ.
    Length,
}

/// The headers that clients read.
const HEADERS: [&str; 6] =
    ["Content-Type", "Location", "WWW-Authenticate", "Retry-After", "Allow", "X-DirectScale-Message"];

/// How a comparison is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub comparison: Comparison,
    /// When the run began.
    pub now: DateTime<Utc>,
    /// Whether the response shows how a `BackOfficeId` is generated.
    pub shows_back_office_id: bool,
    /// Whether a response that is only a number is the id of what the request has created.
    pub creates: bool,
}

/// What differs between two responses to the same request.
pub(super) fn compare(real: &Exchange, emulated: &Exchange, ids: &mut Ids, rules: Rules) -> Vec<Difference> {
    let (real, emulated) = (&real.response, &emulated.response);
    let mut found = Vec::new();
    if real.status != emulated.status {
        found.push(difference("status", DifferenceKind::Status, Some(real.status), Some(emulated.status)));
    }
    for name in HEADERS {
        found.extend(header(name, real, emulated, ids, rules.now));
    }
    // Two rejections of different kinds have nothing in common that is worth a list.
    if real.status / 100 == emulated.status / 100 || real.status >= 400 && emulated.status >= 400 {
        body::compare(real, emulated, ids, rules, &mut found);
    }
    found
}

fn header(name: &str, real: &Response, emulated: &Response, ids: &Ids, now: DateTime<Utc>) -> Option<Difference> {
    // The type of an empty body is noise, and how long to wait depends on the time.
    let is_shown = |response: &Response| name != "Content-Type" || !response.body.is_empty();
    let value = |response: &Response| {
        response.header(name).filter(|_| is_shown(response)).map(|value| match name {
            "Content-Type" => value.to_ascii_lowercase().replace(' ', ""),
            "Retry-After" => "a number of seconds".to_owned(),
            _ => without_hosts(value),
        })
    };
    let (real, emulated) = (value(real), value(emulated));
    let is_same = match (&real, &emulated) {
        (Some(real), Some(emulated)) => text::is_same(real, emulated, ids, now),
        (real, emulated) => real == emulated,
    };
    (!is_same).then(|| difference(&format!("header {name}"), DifferenceKind::Header, real, emulated))
}

/// A header with every address as a path: the two services have different hosts.
fn without_hosts(value: &str) -> String {
    let mut shown = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(start) = ["https://", "http://"].iter().filter_map(|scheme| rest.find(scheme)).min() {
        shown.push_str(&rest[..start]);
        let authority = &rest[start..].split_once("://").map_or("", |(_, after)| after);
        let end = authority.find(|character: char| "/?#\", ".contains(character)).unwrap_or(authority.len());
        rest = &authority[end..];
    }
    shown + rest
}

fn difference(
    place: &str,
    kind: DifferenceKind,
    real: Option<impl Into<Value>>,
    emulated: Option<impl Into<Value>>,
) -> Difference {
    Difference { place: place.to_owned(), kind, real: real.map(Into::into), emulated: emulated.map(Into::into) }
}
