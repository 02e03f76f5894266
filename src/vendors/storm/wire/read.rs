//! Reads JSON objects as DataContractJsonSerializer does: names are case-sensitive and in any order. Unknown names are noted.

use serde_json_borrow::{ObjectAsVec, Value};

use super::members::Member;
use crate::vendor_facts::StormPlan;
use crate::vendors::storm::error::{ErrorCode, Rejection};
use crate::wire::json::{Coercion, JsonError, Source};
use crate::wire::members::{Notes, unknown};
use crate::wire::relaxed::Leniency;

/// Maximum number of items of a list.
const MAX_ITEMS: usize = 1000;

/// Maximum number of rejections of one body, so that a long body gets no longer response.
pub(crate) const MAX_REJECTIONS: usize = 100;

/// A body that was read, as far as it could be.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Parsed<T> {
    pub(crate) value: T,
    /// The members that cannot be read, with their paths.
    pub(crate) rejections: Vec<Rejection>,
    /// The members that are unknown, with their paths.
    pub(crate) ignored: Notes,
}

/// An object of requests.
pub(crate) trait Entity: Sized {
    const MEMBERS: &'static [Member];

    fn read(reader: &mut Reader<'_, '_>) -> Self;
}

/// Reads a body, whatever its Content-Type; `None` when it is empty or null.
pub(crate) fn read<T: Entity>(source: Source<'_>, plan: &StormPlan) -> Result<Option<Parsed<T>>, JsonError> {
    let object = match source.parse() {
        Ok(Value::Object(object)) => object,
        Ok(Value::Null) | Err(JsonError::Empty) => return Ok(None),
        Ok(_) => return Err(JsonError::NoObject),
        Err(error) => return Err(error),
    };
    let is_strict = source.leniency == Leniency::Strict;
    let options = Options {
        coercion: if is_strict { Coercion::Strict } else { Coercion::DataContract },
        strict_dates: plan.strict_dates,
    };
    let mut findings = Findings::default();
    let value = read_object(&object, String::new(), options, &mut findings);
    Ok(Some(Parsed { value, rejections: findings.rejections, ignored: findings.ignored }))
}

#[derive(Default)]
struct Findings {
    rejections: Vec<Rejection>,
    ignored: Notes,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    pub(super) coercion: Coercion,
    pub(super) strict_dates: bool,
}

fn read_object<T: Entity>(object: &ObjectAsVec<'_>, path: String, options: Options, findings: &mut Findings) -> T {
    let mut reader = Reader { object, path, options, findings };
    let entity = T::read(&mut reader);
    reader.note_unknown(T::MEMBERS);
    entity
}

/// Reads the members of one object.
pub(crate) struct Reader<'o, 'a> {
    object: &'o ObjectAsVec<'a>,
    /// The path of the object with a trailing full stop; empty for the body.
    path: String,
    pub(super) options: Options,
    findings: &'o mut Findings,
}

impl<'o, 'a> Reader<'o, 'a> {
    /// The member with exactly this name; the last one counts when there are several.
    pub(super) fn member(&self, name: &str) -> Option<&'o Value<'a>> {
        self.object.as_vec().iter().rev().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The items of a list that may be null.
    pub(super) fn items(&mut self, name: &str) -> &'o [Value<'a>] {
        match self.member(name) {
            None | Some(Value::Null) => &[],
            Some(Value::Array(items)) if items.len() > MAX_ITEMS => {
                self.invalid(name, &format!("must have at most {MAX_ITEMS} items"))
            }
            Some(Value::Array(items)) => items,
            Some(_) => self.invalid(name, "must be an array"),
        }
    }

    /// An object within this one.
    pub(super) fn nested<T: Entity>(&mut self, object: &ObjectAsVec<'a>, name: &str) -> T {
        read_object(object, self.path_of(name) + ".", self.options, self.findings)
    }

    pub(super) fn path_of(&self, name: &str) -> String {
        format!("{}{name}", self.path)
    }

    /// Rejects a value. Returns the default, so that reading continues.
    pub(super) fn invalid<T: Default>(&mut self, name: &str, why: &str) -> T {
        self.reject(ErrorCode::InvalidValue, format!("{} {why}.", self.path_of(name)));
        T::default()
    }

    pub(super) fn reject(&mut self, code: ErrorCode, text: String) {
        if self.findings.rejections.len() < MAX_REJECTIONS {
            self.findings.rejections.push(Rejection::new(code, text));
        }
    }

    fn note_unknown(self, members: &[Member]) {
        let Self { object, path, findings, .. } = self;
        let is_known = |name: &str| members.iter().any(|member| member.name == name);
        // `__type` is the serializer's own name for an object's type.
        for (name, _) in object.as_vec().iter().filter(|(name, _)| *name != "__type" && !is_known(name)) {
            findings.ignored.add(|| unknown(&path, name, members.iter().map(|member| member.name)));
        }
    }
}
