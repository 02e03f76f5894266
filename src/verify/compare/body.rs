//! The bodies of two responses.

use serde_json::{Map, Value};

use super::ids::{IdKind, Ids, id_kind, id_text};
use super::text::{self, date_form, time};
use super::{Difference, DifferenceKind, Rules, difference};
use crate::secret::HIDDEN;
use crate::verify::exchange::Response;
use crate::verify::scenario::Comparison;

/// More differences of one response are not listed.
const MAX_DIFFERENCES: usize = 100;

/// A walk over two JSON bodies.
struct Walk<'a> {
    ids: &'a mut Ids,
    rules: Rules,
    found: &'a mut Vec<Difference>,
}

pub(super) fn compare(real: &Response, emulated: &Response, ids: &mut Ids, rules: Rules, found: &mut Vec<Difference>) {
    let json = |response: &Response| serde_json::from_slice::<Value>(&response.body).ok();
    match (json(real), json(emulated)) {
        (Some(first), Some(second)) => Walk { ids, rules, found }.values("body", "", &first, &second),
        (None, None) => texts(real, emulated, ids, rules, found),
        _ => found.push(difference("body", DifferenceKind::Type, Some(kind(real)), Some(kind(emulated)))),
    }
}

/// Bodies that are not JSON.
fn texts(real: &Response, emulated: &Response, ids: &mut Ids, rules: Rules, found: &mut Vec<Difference>) {
    let text = |response: &Response| String::from_utf8_lossy(&response.body).into_owned();
    let (first, second) = (text(real), text(emulated));
    let is_same = match rules.comparison {
        Comparison::Values => are_same_pieces(&first, &second, ids, rules),
        Comparison::Shape => kind(real) == kind(emulated),
    };
    if !is_same {
        found.push(difference("body", DifferenceKind::Value, Some(first), Some(second)));
    }
}

/// Whether two texts such as XML documents are the same between their marks, apart from ids, current times and tokens. An element
/// with the name of an id holds an id.
fn are_same_pieces(real: &str, emulated: &str, ids: &mut Ids, rules: Rules) -> bool {
    let pieces = |text: &str| text.split(['<', '>', '"']).map(str::to_owned).collect::<Vec<_>>();
    let (real, emulated) = (pieces(real), pieces(emulated));
    let mut name = "";
    let mut is_same = real.len() == emulated.len();
    for (first, second) in real.iter().zip(&emulated) {
        let are_ids = match id_kind(name) {
            Some(kind) if form(first) == "digits" && form(second) == "digits" => ids.pair(kind, first, second),
            _ => false,
        };
        is_same &= are_ids || text::is_same(first, second, ids, rules.now);
        name = first;
    }
    is_same
}

fn kind(response: &Response) -> &'static str {
    match response.body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => "empty",
        Some(b'<') => "XML or HTML",
        Some(_) if serde_json::from_slice::<Value>(&response.body).is_ok() => "JSON",
        Some(_) => "text",
    }
}

impl Walk<'_> {
    fn add(&mut self, place: &str, kind: DifferenceKind, real: Option<&Value>, emulated: Option<&Value>) {
        if self.found.len() < MAX_DIFFERENCES {
            self.found.push(difference(place, kind, real.cloned(), emulated.cloned()));
        }
    }

    fn is_shape(&self) -> bool {
        self.rules.comparison == Comparison::Shape
    }

    /// `name` is the nearest member's.
    fn values(&mut self, place: &str, name: &str, real: &Value, emulated: &Value) {
        // A recording hides it.
        if real.as_str().is_some_and(|text| text.contains(HIDDEN)) {
            return;
        }
        match (real, emulated) {
            (Value::Object(first), Value::Object(second)) => self.objects(place, first, second),
            (Value::Array(first), Value::Array(second)) => self.arrays(place, name, first, second),
            (Value::String(first), Value::String(second)) => self.strings(place, name, first, second),
            (Value::Number(first), Value::Number(second)) => {
                // Also equal ids are remembered: then another one is a difference.
                let are_ids = !self.is_shape() && self.are_ids(name, real, emulated);
                let is_same = self.is_shape() || are_ids || first.as_f64() == second.as_f64();
                if !is_same {
                    self.add(place, DifferenceKind::Value, Some(real), Some(emulated));
                }
            }
            (Value::Bool(first), Value::Bool(second)) => {
                if first != second && !self.is_shape() {
                    self.add(place, DifferenceKind::Value, Some(real), Some(emulated));
                }
            }
            (Value::Null, Value::Null) => {}
            // The data of the one service has a value there, that of the other has none.
            (Value::Null, other) | (other, Value::Null) if self.is_shape() && *other != "" => {}
            _ => self.add(place, DifferenceKind::Type, Some(real), Some(emulated)),
        }
    }

    fn objects(&mut self, place: &str, real: &Map<String, Value>, emulated: &Map<String, Value>) {
        if self.rules.shows_back_office_id {
            self.generated_ids(place, real, emulated);
        }
        for (name, value) in real {
            let place = format!("{place}/{name}");
            match emulated.get(name) {
                Some(other) => self.values(&place, name, value, other),
                None => self.add(&place, DifferenceKind::OnlyReal, Some(value), None),
            }
        }
        for (name, value) in emulated.iter().filter(|(name, _)| !real.contains_key(*name)) {
            self.add(&format!("{place}/{name}"), DifferenceKind::OnlyEmulator, None, Some(value));
        }
    }

    fn arrays(&mut self, place: &str, name: &str, real: &[Value], emulated: &[Value]) {
        if self.is_shape() {
            if let (Some(first), Some(second)) = (real.first(), emulated.first()) {
                self.values(&format!("{place}/0"), name, first, second);
            }
            return;
        }
        if real.len() != emulated.len() {
            let count = |items: &[Value]| Value::from(items.len());
            self.add(place, DifferenceKind::Length, Some(&count(real)), Some(&count(emulated)));
        }
        // A list of ids has no names of its own.
        let name = if name.is_empty() { "Ids" } else { name };
        for (index, (first, second)) in real.iter().zip(emulated).enumerate() {
            self.values(&format!("{place}/{index}"), name, first, second);
        }
    }

    fn strings(&mut self, place: &str, name: &str, real: &str, emulated: &str) {
        let (first, second) = (Value::from(real), Value::from(emulated));
        if self.is_shape() {
            let is_date = time(real).is_some() && time(emulated).is_some();
            if is_date && date_form(real) != date_form(emulated) {
                self.add(place, DifferenceKind::Format, Some(&first), Some(&second));
            }
            return;
        }
        if text::is_same(real, emulated, self.ids, self.rules.now) {
            return;
        }
        let is_generated = matches!(id_kind(name), Some(IdKind::BackOffice)) || form(real) == "digits";
        if is_generated
            && id_kind(name).is_some()
            && form(real) == form(emulated)
            && self.are_ids(name, &first, &second)
        {
            return;
        }
        let are_dates = time(real).is_some() && time(emulated).is_some();
        let is_form = are_dates && date_form(real) != date_form(emulated)
            || id_kind(name).is_some() && form(real) != form(emulated);
        let kind = if is_form { DifferenceKind::Format } else { DifferenceKind::Value };
        self.add(place, kind, Some(&first), Some(&second));
    }

    /// Whether the two are ids of one thing.
    fn are_ids(&mut self, name: &str, real: &Value, emulated: &Value) -> bool {
        let created = (name.is_empty() && self.rules.creates).then_some(IdKind::Customer);
        match (id_text(real), id_text(emulated), id_kind(name).or(created)) {
            (Some(real), Some(emulated), Some(kind)) => self.ids.pair(kind, &real, &emulated),
            (Some(real), Some(emulated), None) => self.ids.is_pair(&real, &emulated),
            _ => false,
        }
    }

    /// How far a generated BackOfficeId is from the customer's id.
    fn generated_ids(&mut self, place: &str, real: &Map<String, Value>, emulated: &Map<String, Value>) {
        let distance = |members: &Map<String, Value>| distance(members).map(Value::from);
        if let (Some(first), Some(second)) = (distance(real), distance(emulated))
            && first != second
        {
            let place = format!("{place}/BackOfficeId minus CustomerId");
            self.add(&place, DifferenceKind::Value, Some(&first), Some(&second));
        }
    }
}

/// A generated BackOfficeId minus the customer's id.
pub(in crate::verify) fn distance(members: &Map<String, Value>) -> Option<i64> {
    let text = members.get("BackOfficeId")?.as_str()?;
    let id = members.get("CustomerId")?.as_i64()?;
    let radix = if text.bytes().all(|byte| byte.is_ascii_digit()) { 10 } else { 16 };
    i64::from_str_radix(text, radix).ok()?.checked_sub(id)
}

/// The form of a generated id: what kind of characters it has.
fn form(text: &str) -> &'static str {
    if text.is_empty() {
        "empty"
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        "digits"
    } else if text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        "hexadecimal digits"
    } else {
        "text"
    }
}
