//! Reading JSON as DataContractJsonSerializer does: names as they are spelled, in any order, unknown ones ignored.

use chrono::{DateTime, Utc};
use serde_json_borrow::{ObjectAsVec, Value};
use thiserror::Error as ThisError;
use uuid::Uuid;

use super::dates;
use super::sent::Sent;
use crate::customers::filled;
use crate::plan::StormPlan;
use crate::storm::refused::{Key, Refused};

/// The most items of a list that are read.
const MOST_ITEMS: usize = 1000;

/// So many things are said to be wrong with a body, or ignored in it: a million would help nobody.
const MOST_NOTED: usize = 100;

/// Why a body cannot be read at all.
#[derive(Debug, ThisError)]
pub(in crate::storm) enum BodyError {
    #[error("The request body is not valid UTF-8.")]
    Encoding,
    #[error("The request body is not valid JSON: {0}.")]
    Json(#[source] serde_json::Error),
    #[error("The request body must be a JSON object.")]
    NoObject,
}

/// What a body asks for, with what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::storm) struct Request<T> {
    /// What could be read.
    pub(in crate::storm) wanted: T,
    /// What could not, each thing with its path.
    pub(in crate::storm) refused: Vec<Refused>,
    /// The paths of members that do not count.
    pub(in crate::storm) ignored: Vec<String>,
}

/// An object of requests.
pub(in crate::storm) trait Entity: Sized {
    /// Reads its members.
    fn read(read: &mut Reader<'_, '_>) -> Self;
}

/// Reads a body, whatever Content-Type says; `None` when there is nothing in it, or a null.
pub(in crate::storm) fn read<T: Entity>(bytes: &[u8], plan: &StormPlan) -> Result<Option<Request<T>>, BodyError> {
    // Some clients begin with a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| BodyError::Encoding)?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let object = match serde_json::from_str(text).map_err(BodyError::Json)? {
        Value::Null => return Ok(None),
        Value::Object(object) => object,
        _ => return Err(BodyError::NoObject),
    };
    let mut notes = Notes::default();
    let wanted = entity(&object, String::new(), plan, &mut notes);
    Ok(Some(Request { wanted, refused: notes.refused, ignored: notes.ignored }))
}

#[derive(Default)]
struct Notes {
    refused: Vec<Refused>,
    ignored: Vec<String>,
}

fn entity<T: Entity>(object: &ObjectAsVec<'_>, path: String, plan: &StormPlan, notes: &mut Notes) -> T {
    let mut reader = Reader { object, path, plan, notes, asked: Vec::new() };
    let entity = T::read(&mut reader);
    reader.name_unknown();
    entity
}

/// Reads the members of one object.
pub(in crate::storm) struct Reader<'o, 'a> {
    object: &'o ObjectAsVec<'a>,
    /// Where the object stands, with a full stop behind it unless it is the body.
    path: String,
    plan: &'o StormPlan,
    notes: &'o mut Notes,
    asked: Vec<&'static str>,
}

impl<'o, 'a> Reader<'o, 'a> {
    /// A text of at most so many characters.
    pub(super) fn text(&mut self, name: &'static str, longest: usize) -> Sent<String> {
        let text = match self.member(name) {
            None => return Sent::Absent,
            Some(Value::Null) => return Sent::Empty,
            Some(Value::Str(text)) => text,
            Some(_) => return self.unreadable(Key::InvalidValue, name, "must be a string"),
        };
        let Some(text) = filled(text) else { return Sent::Empty };
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
        integer(value).unwrap_or_else(|| self.wrong(name, "must be an integer"))
    }

    /// A boolean that may be null.
    pub(super) fn nullable_boolean(&mut self, name: &'static str) -> Option<bool> {
        match self.member(name)? {
            Value::Null => None,
            value => boolean(value).or_else(|| self.wrong(name, "must be true or false")),
        }
    }

    /// A boolean that is never null.
    pub(super) fn boolean(&mut self, name: &'static str) -> Option<bool> {
        boolean(self.member(name)?).or_else(|| self.wrong(name, "must be true or false"))
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
            Value::Str(text) => dates::parse(text, self.plan.strict_dates),
            _ => None,
        };
        date.or_else(|| self.wrong(name, "must be a date such as /Date(1704161045678+0100)/"))
    }

    /// A list of numbers.
    pub(super) fn integers(&mut self, name: &'static str) -> Vec<i32> {
        let mut numbers = Vec::new();
        for (place, item) in self.items(name).iter().enumerate() {
            match integer(item) {
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

    /// A list of objects.
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
        entity(object, format!("{}{name}.", self.path), self.plan, self.notes)
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
        match integer(value) {
            Some(0) => Sent::Absent,
            Some(number) => Sent::Value(number),
            None => self.unreadable(Key::InvalidValue, name, "must be an integer"),
        }
    }

    fn unreadable<T>(&mut self, key: Key, name: &str, why: &str) -> Sent<T> {
        self.refuse::<()>(key, name, why);
        Sent::Unreadable
    }

    fn wrong<T: Default>(&mut self, name: &str, why: &str) -> T {
        self.refuse(Key::InvalidValue, name, why)
    }

    fn refuse<T: Default>(&mut self, key: Key, name: &str, why: &str) -> T {
        if self.notes.refused.len() < MOST_NOTED {
            self.notes.refused.push(Refused::new(key, format!("{}{name} {why}.", self.path)));
        }
        T::default()
    }

    fn name_unknown(self) {
        for (key, _) in self.object.as_vec() {
            // The serializer's own word for an object's type.
            if self.notes.ignored.len() < MOST_NOTED
                && *key != "__type"
                && !self.asked.iter().any(|asked| *key == *asked)
            {
                self.notes.ignored.push(format!("{}{}", self.path, &**key));
            }
        }
    }
}

/// A number, in quotes or not.
fn integer(value: &Value<'_>) -> Option<i32> {
    match value {
        Value::Number(number) => number.as_i64().and_then(|number| i32::try_from(number).ok()),
        Value::Str(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn boolean(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Str(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
