//! Reads the values of a creation's members, and reports those that are not valid.

use std::borrow::Cow;

use chrono::NaiveDateTime;
use chrono_tz::Tz;

use super::creation::{self, CreationMember, CustomerCreation, ReadMember};
use super::dates;
use super::members::{BOOLEAN, Members, NUMBER, Scalar, TEXT};
use super::violations::MemberViolation;
use crate::customers::is_forbidden;
use crate::secret::Password;
use crate::wire::dates::DateForms;
use crate::wire::json::Coercion;
use crate::wire::members::Notes;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ReadCreation {
    pub creation: CustomerCreation,
    /// Of the values that are not valid; those members are `None` in the creation.
    pub violations: Vec<MemberViolation>,
    /// The members that a creation does not have.
    pub ignored: Notes,
}

/// Reads the members of a body. Dates are wall clock times in `zone`.
pub(super) fn read(members: &Members<'_>, zone: Tz) -> ReadCreation {
    let mut reader = Reader { members, zone, violations: Vec::new() };
    let creation = CustomerCreation::read(&mut reader);
    let ignored = members.ignored(&creation::names(), &std::iter::empty());
    ReadCreation { creation, violations: reader.violations, ignored }
}

struct Reader<'m, 'a> {
    members: &'m Members<'a>,
    zone: Tz,
    violations: Vec<MemberViolation>,
}

impl ReadMember<String> for Reader<'_, '_> {
    fn read(&mut self, member: &'static CreationMember) -> Option<String> {
        let text = self.text(member.name, TEXT)?;
        if text.contains(is_forbidden) {
            self.violations.push(MemberViolation::control_character(member.name));
            return None;
        }
        match member.max_length {
            Some(max_length) if text.encode_utf16().count() > max_length => {
                self.violations.push(MemberViolation::too_long(member.name, max_length));
                None
            }
            _ => Some(text.into_owned()),
        }
    }
}

impl ReadMember<Password> for Reader<'_, '_> {
    fn read(&mut self, member: &'static CreationMember) -> Option<Password> {
        ReadMember::<String>::read(self, member).map(Password::new)
    }
}

impl ReadMember<bool> for Reader<'_, '_> {
    fn read(&mut self, member: &'static CreationMember) -> Option<bool> {
        if let Some(Scalar::Number(number)) = self.members.get(member.name).filter(|_| !self.members.is_strict) {
            return Coercion::JsonNet.boolean(number);
        }
        self.parsed(member.name, BOOLEAN, |text| match text {
            "1" => Some(true),
            "0" => Some(false),
            _ if text.eq_ignore_ascii_case("true") => Some(true),
            _ if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        })
    }
}

impl ReadMember<i32> for Reader<'_, '_> {
    fn read(&mut self, member: &'static CreationMember) -> Option<i32> {
        let number = match self.members.get(member.name) {
            Some(Scalar::Number(number)) => Coercion::JsonNet.integer(number),
            _ => None,
        };
        self.parsed(member.name, NUMBER, |text| number.or_else(|| text.parse().ok()))
    }
}

impl ReadMember<NaiveDateTime> for Reader<'_, '_> {
    fn read(&mut self, member: &'static CreationMember) -> Option<NaiveDateTime> {
        let zone = self.zone;
        let forms = if self.members.is_strict { DateForms::ISO } else { DateForms::JSON_NET };
        let parse = |text: &str| dates::wall_clock(text, zone, forms);
        self.parsed(member.name, TEXT, parse).filter(|date| !dates::is_unset(*date))
    }
}

impl<'m> Reader<'m, '_> {
    fn parsed<T>(&mut self, member: &'static str, kind: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.text(member, kind)?;
        let value = parse(text.trim());
        if value.is_none() {
            self.violations.push(MemberViolation::invalid(member, &text));
        }
        value
    }

    /// The text of the member's value, with or without quotes; a strict reader accepts only values of this `kind`.
    fn text(&mut self, member: &'static str, kind: &str) -> Option<Cow<'m, str>> {
        let value = self.members.get(member)?;
        let text = self.members.text(member);
        let wrong = match value {
            Scalar::Other(kind) => Some(*kind),
            Scalar::Number(_) if text.is_none() => Some("a number of too many digits"),
            _ if self.members.is_strict && text.is_some() && value.kind() != kind => Some(value.kind()),
            _ => None,
        };
        if let Some(wrong) = wrong {
            self.violations.push(MemberViolation::invalid(member, wrong));
            return None;
        }
        text
    }
}
