//! Reading JSON as DataContractJsonSerializer does: names as they are spelled, in any order, unknown ones noted.

use chrono::{DateTime, Utc};
use serde_json_borrow::{ObjectAsVec, Value};
use uuid::Uuid;

use super::dates;
use super::sent::Sent;
use crate::customers::filled;
use crate::plan::StormPlan;
use crate::vendors::storm::rejected::{Key, Rejected};
use crate::wire::dates::is_smallest;
use crate::wire::json::{Coercion, JsonError, Source};
use crate::wire::members::{Notes, unknown};
use crate::wire::relaxed::Leniency;

/// The most items of a list that are read.
const MOST_ITEMS: usize = 1000;

/// So many things are said to be wrong with a body: a million would help nobody.
const MOST_NOTED: usize = 100;

/// What a body asks for, with what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::vendors::storm) struct Request<T> {
    pub(in crate::vendors::storm) wanted: T,
    /// What could not, each thing with its path.
    pub(in crate::vendors::storm) rejected: Vec<Rejected>,
    /// Members that are not known, with their paths.
    pub(in crate::vendors::storm) ignored: Notes,
}

pub(in crate::vendors::storm) trait Entity: Sized {
    fn read(read: &mut Reader<'_, '_>) -> Self;
}

/// Reads a body, whatever Content-Type says; `None` when there is nothing in it, or a null.
pub(in crate::vendors::storm) fn read<T: Entity>(
    source: Source<'_>,
    plan: &StormPlan,
) -> Result<Option<Request<T>>, JsonError> {
    let object = match source.parse() {
        Ok(Value::Object(object)) => object,
        Ok(Value::Null) | Err(JsonError::Empty) => return Ok(None),
        Ok(_) => return Err(JsonError::NoObject),
        Err(error) => return Err(error),
    };
    let is_strict = source.leniency == Leniency::Strict;
    let rules = Rules {
        coercion: if is_strict { Coercion::Strict } else { Coercion::DataContract },
        strict_dates: plan.strict_dates,
    };
    let mut found = Found::default();
    let wanted = entity(&object, String::new(), rules, &mut found);
    Ok(Some(Request { wanted, rejected: found.rejected, ignored: found.ignored }))
}

#[derive(Default)]
struct Found {
    rejected: Vec<Rejected>,
    ignored: Notes,
}

#[derive(Debug, Clone, Copy)]
struct Rules {
    coercion: Coercion,
    strict_dates: bool,
}

fn entity<T: Entity>(object: &ObjectAsVec<'_>, path: String, rules: Rules, found: &mut Found) -> T {
    let mut reader = Reader { object, path, rules, found, asked: Vec::new() };
    let entity = T::read(&mut reader);
    reader.name_unknown();
    entity
}

/// Reads the members of one object.
pub(in crate::vendors::storm) struct Reader<'o, 'a> {
    object: &'o ObjectAsVec<'a>,
    /// Where the object stands, with a full stop behind it unless it is the body.
    path: String,
    rules: Rules,
    found: &'o mut Found,
    asked: Vec<&'static str>,
}

impl<'o, 'a> Reader<'o, 'a> {
    /// A text of at most so many characters.
    pub(super) fn text(&mut self, name: &'static str, longest: usize) -> Sent<String> {
        let text = match self.member(name) {
            None => return Sent::Absent,
            Some(Value::Null) => return Sent::Empty,
            Some(value) => self.rules.coercion.text(value),
        };
        let Some(text) = text else { return self.unreadable(Key::InvalidValue, name, "must be a string") };
        let Some(text) = filled(&text) else { return Sent::Empty };
        if text.chars().count() > longest {
            return self.unreadable(Key::InvalidLength, name, &format!("must be at most {longest} characters long"));
        }
        // As the domain's own texts: no control characters but tabs and line breaks. No JSON in Postgres holds a NUL.
        if text.contains(|character: char| character.is_control() && !matches!(character, '\t' | '\n' | '\r')) {
            return self.unreadable(Key::InvalidCharacter, name, "must not contain control characters");
        }
        Sent::Value(text.to_owned())
    }

    /// A number that may be null; 0 is none.
    pub(super) fn nullable_integer(&mut self, name: &'static str) -> Sent<i32> {
        match self.member(name) {
            None => Sent::Absent,
            Some(Value::Null) => Sent::Empty,
            Some(value) => self.number(name, value),
        }
    }

    /// The id of something that has an own word for none, 0, instead of null.
    pub(super) fn id(&mut self, name: &'static str) -> Sent<i32> {
        match self.member(name) {
            None => Sent::Absent,
            Some(value) => self.number(name, value),
        }
    }

    /// A number that is never null; 0 where it is not sent.
    pub(super) fn integer(&mut self, name: &'static str) -> i32 {
        let Some(value) = self.member(name) else { return 0 };
        self.rules.coercion.integer(value).unwrap_or_else(|| self.wrong(name, "must be an integer"))
    }

    /// A boolean that may be null.
    pub(super) fn nullable_boolean(&mut self, name: &'static str) -> Option<bool> {
        match self.member(name)? {
            Value::Null => None,
            value => self.rules.coercion.boolean(value).or_else(|| self.wrong(name, "must be true or false")),
        }
    }

    /// A boolean that is never null.
    pub(super) fn boolean(&mut self, name: &'static str) -> Option<bool> {
        let value = self.member(name)?;
        self.rules.coercion.boolean(value).or_else(|| self.wrong(name, "must be true or false"))
    }

    /// A Guid, which is never null; one of zeros is none.
    pub(super) fn guid(&mut self, name: &'static str) -> Option<Uuid> {
        let guid = match self.member(name)? {
            Value::Str(text) => Uuid::try_parse(text.trim()).ok(),
            _ => None,
        };
        guid.or_else(|| self.wrong(name, "must be a Guid")).filter(|guid| !guid.is_nil())
    }

    /// A date that may be null.
    pub(super) fn date(&mut self, name: &'static str) -> Option<DateTime<Utc>> {
        let date = match self.member(name)? {
            Value::Null => return None,
            Value::Str(text) => dates::parse(text, self.rules.strict_dates),
            _ => None,
        };
        let date = date.or_else(|| self.wrong(name, "must be a date such as /Date(1704161045678+0100)/"));
        date.filter(|date| !is_smallest(*date))
    }

    pub(super) fn integers(&mut self, name: &'static str) -> Vec<i32> {
        let mut numbers = Vec::new();
        for (place, item) in self.items(name).iter().enumerate() {
            match self.rules.coercion.integer(item) {
                Some(number) => numbers.push(number),
                None => self.wrong(&format!("{name}[{place}]"), "must be an integer"),
            }
        }
        numbers
    }

    /// An object that may be null.
    pub(super) fn one<T: Entity>(&mut self, name: &'static str) -> Option<T> {
        match self.member(name)? {
            Value::Null => None,
            Value::Object(object) => Some(self.inner(object, name)),
            _ => self.wrong(name, "must be an object"),
        }
    }

    pub(super) fn list<T: Entity>(&mut self, name: &'static str) -> Vec<T> {
        let mut entities = Vec::new();
        for (place, item) in self.items(name).iter().enumerate() {
            let name = format!("{name}[{place}]");
            match item {
                Value::Object(object) => entities.push(self.inner(object, &name)),
                _ => self.wrong(&name, "must be an object"),
            }
        }
        entities
    }

    fn inner<T: Entity>(&mut self, object: &ObjectAsVec<'a>, name: &str) -> T {
        entity(object, format!("{}{name}.", self.path), self.rules, self.found)
    }

    fn items(&mut self, name: &'static str) -> &'o [Value<'a>] {
        match self.member(name) {
            None | Some(Value::Null) => &[],
            Some(Value::Array(items)) if items.len() > MOST_ITEMS => {
                self.wrong(name, &format!("must have at most {MOST_ITEMS} items"))
            }
            Some(Value::Array(items)) => items,
            Some(_) => self.wrong(name, "must be an array"),
        }
    }

    /// The member of this very name; the last one counts when there are several.
    fn member(&mut self, name: &'static str) -> Option<&'o Value<'a>> {
        self.asked.push(name);
        self.object.as_vec().iter().rev().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    fn number(&mut self, name: &str, value: &Value<'_>) -> Sent<i32> {
        match self.rules.coercion.integer(value) {
            Some(0) => Sent::Absent,
            Some(number) => Sent::Value(number),
            None => self.unreadable(Key::InvalidValue, name, "must be an integer"),
        }
    }

    fn unreadable<T>(&mut self, key: Key, name: &str, why: &str) -> Sent<T> {
        self.reject::<()>(key, name, why);
        Sent::Unreadable
    }

    fn wrong<T: Default>(&mut self, name: &str, why: &str) -> T {
        self.reject(Key::InvalidValue, name, why)
    }

    fn reject<T: Default>(&mut self, key: Key, name: &str, why: &str) -> T {
        if self.found.rejected.len() < MOST_NOTED {
            self.found.rejected.push(Rejected::new(key, format!("{}{name} {why}.", self.path)));
        }
        T::default()
    }

    fn name_unknown(self) {
        let Self { object, path, found, asked, .. } = self;
        // The serializer's own word for an object's type.
        let is_unknown = |name: &str| name != "__type" && !asked.contains(&name);
        for (name, _) in object.as_vec().iter().filter(|(name, _)| is_unknown(name)) {
            found.ignored.add(|| unknown(&path, name, asked.iter().copied()));
        }
    }
}

#[cfg(test)]
mod tests;
