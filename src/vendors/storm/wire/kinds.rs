//! The kinds of members: how each is read, and what it can contain.

use chrono::{DateTime, Utc};
use serde_json_borrow::Value;
use uuid::Uuid;

use super::json::parse_date;
use super::members::Shape;
use super::read::{Entity, Reader};
use crate::customers::{ViolationKind, is_forbidden};
use crate::model::filled;
use crate::vendors::storm::error::ErrorCode;
use crate::wire::dates::is_smallest;

/// The kind of a member.
pub(crate) trait Kind {
    const SHAPE: Shape;
    /// The member in Rust.
    type Value;

    fn read(reader: &mut Reader<'_, '_>, name: &str) -> Self::Value;
}

/// A member that can be absent, empty, or have a value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Sent<T> {
    /// Absent, or a number 0: some clients send every number, 0 where they have none.
    #[default]
    Absent,
    /// A null or a blank text.
    Empty,
    /// A value that cannot be read. It is rejected already, so it is not also reported as missing.
    Unreadable,
    Value(T),
}

impl<T: Clone> Sent<T> {
    pub(crate) fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Empty | Self::Unreadable => None,
        }
    }

    pub(crate) fn is_unreadable(&self) -> bool {
        matches!(self, Self::Unreadable)
    }

    /// Replaces the stored value by the one that was sent. An empty one clears it if `empty_clears`.
    pub(crate) fn apply_to(&self, stored: &mut Option<T>, empty_clears: bool) {
        match self {
            Self::Value(value) => *stored = Some(value.clone()),
            Self::Empty if empty_clears => *stored = None,
            Self::Absent | Self::Empty | Self::Unreadable => {}
        }
    }
}

/// A text of at most `MAX_LENGTH` characters.
pub(crate) enum Text<const MAX_LENGTH: usize> {}

impl<const MAX_LENGTH: usize> Kind for Text<MAX_LENGTH> {
    const SHAPE: Shape = Shape::Text { max_length: MAX_LENGTH };
    type Value = Sent<String>;

    fn read(reader: &mut Reader<'_, '_>, name: &str) -> Sent<String> {
        let text = match reader.member(name) {
            None => return Sent::Absent,
            Some(Value::Null) => return Sent::Empty,
            Some(value) => reader.options.coercion.text(value),
        };
        let Some(text) = text else {
            reader.invalid::<()>(name, "must be a string");
            return Sent::Unreadable;
        };
        let Some(text) = filled(&text) else { return Sent::Empty };
        let (code, violation) = if text.chars().count() > MAX_LENGTH {
            (ErrorCode::InvalidLength, ViolationKind::MaxLength(MAX_LENGTH))
        } else if text.contains(is_forbidden) {
            (ErrorCode::InvalidCharacter, ViolationKind::ControlCharacter)
        } else {
            return Sent::Value(text.to_owned());
        };
        reader.reject(code, violation.sentence(&reader.path_of(name)));
        Sent::Unreadable
    }
}

/// A number that may be null; 0 counts as absent.
pub(crate) enum NullableInteger {}

impl Kind for NullableInteger {
    const SHAPE: Shape = Shape::Integer { is_nullable: true };
    type Value = Sent<i32>;

    fn read(reader: &mut Reader<'_, '_>, name: &str) -> Sent<i32> {
        match reader.member(name) {
            Some(Value::Null) => Sent::Empty,
            _ => Id::read(reader, name),
        }
    }
}

/// The id of something else; 0 counts as absent, and null is no id.
pub(crate) enum Id {}

impl Kind for Id {
    const SHAPE: Shape = Shape::Integer { is_nullable: false };
    type Value = Sent<i32>;

    fn read(reader: &mut Reader<'_, '_>, name: &str) -> Sent<i32> {
        let Some(value) = reader.member(name) else { return Sent::Absent };
        match reader.options.coercion.integer(value) {
            Some(0) => Sent::Absent,
            Some(number) => Sent::Value(number),
            None => {
                reader.invalid::<()>(name, "must be an integer");
                Sent::Unreadable
            }
        }
    }
}

/// A number that is never null; 0 where it is absent.
pub(crate) enum Integer {}

impl Kind for Integer {
    const SHAPE: Shape = Shape::Integer { is_nullable: false };
    type Value = i32;

    fn read(reader: &mut Reader<'_, '_>, name: &str) -> i32 {
        let Some(value) = reader.member(name) else { return 0 };
        let number = reader.options.coercion.integer(value);
        number.unwrap_or_else(|| reader.invalid(name, "must be an integer"))
    }
}

/// A list of numbers, which may be null.
pub(crate) enum Integers {}

impl Kind for Integers {
    const SHAPE: Shape = Shape::Integers;
    type Value = Vec<i32>;

    fn read(reader: &mut Reader<'_, '_>, name: &str) -> Vec<i32> {
        let mut numbers = Vec::new();
        for (index, item) in reader.items(name).iter().enumerate() {
            match reader.options.coercion.integer(item) {
                Some(number) => numbers.push(number),
                None => reader.invalid(&format!("{name}[{index}]"), "must be an integer"),
            }
        }
        numbers
    }
}

/// A boolean that is never null.
pub(crate) enum Boolean {}

impl Kind for Boolean {
    const SHAPE: Shape = Shape::Boolean { is_nullable: false };
    type Value = Option<bool>;

    fn read(reader: &mut Reader<'_, '_>, name: &str) -> Option<bool> {
        let value = reader.member(name)?;
        reader.options.coercion.boolean(value).or_else(|| reader.invalid(name, "must be true or false"))
    }
}

/// A boolean that may be null.
pub(crate) enum NullableBoolean {}

impl Kind for NullableBoolean {
    const SHAPE: Shape = Shape::Boolean { is_nullable: true };
    type Value = Option<bool>;

    fn read(reader: &mut Reader<'_, '_>, name: &str) -> Option<bool> {
        match reader.member(name)? {
            Value::Null => None,
            _ => Boolean::read(reader, name),
        }
    }
}

/// A Guid, which is never null; one of zeros counts as absent.
pub(crate) enum Guid {}

impl Kind for Guid {
    const SHAPE: Shape = Shape::Guid;
    type Value = Option<Uuid>;

    fn read(reader: &mut Reader<'_, '_>, name: &str) -> Option<Uuid> {
        let guid = match reader.member(name)? {
            Value::Str(text) => Uuid::try_parse(text.trim()).ok(),
            _ => None,
        };
        guid.or_else(|| reader.invalid(name, "must be a Guid")).filter(|guid| !guid.is_nil())
    }
}

/// A date that may be null; the framework's smallest one counts as null.
pub(crate) enum Date {}

impl Kind for Date {
    const SHAPE: Shape = Shape::Date;
    type Value = Option<DateTime<Utc>>;

    fn read(reader: &mut Reader<'_, '_>, name: &str) -> Option<DateTime<Utc>> {
        let date = match reader.member(name)? {
            Value::Null => return None,
            Value::Str(text) => parse_date(text, reader.options.strict_dates),
            _ => None,
        };
        let date = date.or_else(|| reader.invalid(name, "must be a date such as /Date(1704161045678+0100)/"));
        date.filter(|date| !is_smallest(*date))
    }
}

/// An object that may be null.
impl<T: Entity> Kind for Option<T> {
    const SHAPE: Shape = Shape::Object(T::MEMBERS);
    type Value = Option<T>;

    fn read(reader: &mut Reader<'_, '_>, name: &str) -> Option<T> {
        match reader.member(name)? {
            Value::Null => None,
            Value::Object(object) => Some(reader.nested(object, name)),
            _ => reader.invalid(name, "must be an object"),
        }
    }
}

/// A list of objects, which may be null.
impl<T: Entity> Kind for Vec<T> {
    const SHAPE: Shape = Shape::List(T::MEMBERS);
    type Value = Vec<T>;

    fn read(reader: &mut Reader<'_, '_>, name: &str) -> Vec<T> {
        let mut entities = Vec::new();
        for (index, item) in reader.items(name).iter().enumerate() {
            let name = format!("{name}[{index}]");
            match item {
                Value::Object(object) => entities.push(reader.nested(object, &name)),
                _ => reader.invalid(&name, "must be an object"),
            }
        }
        entities
    }
}
