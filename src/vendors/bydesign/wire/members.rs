//! What every format gives: the members of one flat object.

use std::borrow::Cow;

use serde_json_borrow::Value;

use crate::customers::filled;
use crate::wire::json::Coercion;
use crate::wire::members::{Notes, unknown, unused};

/// A value as it stood in a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::vendors::bydesign) enum Scalar<'a> {
    /// A text; all there is in XML and in forms.
    Text(Cow<'a, str>),
    /// A truth value of JSON.
    Bool(bool),
    /// A number of JSON: the value itself.
    Number(Value<'a>),
    Null,
    /// No scalar at all; the words say what.
    Other(&'static str),
}

/// The kinds of scalars, as they are said to be wrong.
pub(super) const TEXT: &str = "a string";
pub(super) const NUMBER: &str = "a number";
pub(super) const BOOLEAN: &str = "true or false";

impl Scalar<'_> {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => TEXT,
            Self::Bool(_) => BOOLEAN,
            Self::Number(_) => NUMBER,
            Self::Null => "null",
            Self::Other(kind) => kind,
        }
    }
}

/// The members of an object, in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::vendors::bydesign) struct Members<'a> {
    sent: Vec<(Cow<'a, str>, Scalar<'a>)>,
    /// Whether values must be of the types of their members: JSON, where the plan says so.
    pub(in crate::vendors::bydesign) is_strict: bool,
}

impl<'a> Members<'a> {
    pub(super) fn push(&mut self, name: Cow<'a, str>, value: Scalar<'a>) {
        self.sent.push((name, value));
    }

    /// The member of this name in any case; the last one counts when there are several.
    pub(in crate::vendors::bydesign) fn get(&self, name: &str) -> Option<&Scalar<'a>> {
        self.sent.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The text of the member, as Json.NET reads a text: numbers and truth values count as theirs. `None` where it is
    /// absent, null, blank or no scalar.
    pub(in crate::vendors::bydesign) fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.get(name)? {
            Scalar::Text(text) => filled(text).map(Cow::Borrowed),
            Scalar::Number(number) => Coercion::JsonNet.text(number),
            Scalar::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            Scalar::Null | Scalar::Other(_) => None,
        }
    }

    /// Notes on the members that are none of these, in the order in which they came; `elsewhere` are those of other
    /// operations and of answers.
    pub(in crate::vendors::bydesign) fn beside(&self, known: &[&'static str], elsewhere: &[&'static str]) -> Notes {
        let is_one_of = |names: &[&str], name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        let mut notes = Notes::default();
        for (name, _) in self.sent.iter().filter(|(name, _)| !is_one_of(known, name)) {
            notes.add(|| {
                if is_one_of(elsewhere, name) {
                    unused("", name, "this operation does not read it")
                } else {
                    unknown("", name, known.iter().copied())
                }
            });
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(pairs: &[(&'static str, &'static str)]) -> Members<'static> {
        let mut members = Members::default();
        for (name, text) in pairs {
            members.push(Cow::Borrowed(name), Scalar::Text(Cow::Borrowed(text)));
        }
        members
    }

    #[test]
    fn the_last_of_doubles_counts_in_any_case() {
        let members = members(&[("Email", "a"), ("EMAIL", "b"), ("email", " ")]);
        assert_eq!(members.text("email"), None);
        assert_eq!(members.get("eMail"), Some(&Scalar::Text(" ".into())));
        assert_eq!(members.get("Mail"), None);
    }

    #[test]
    fn names_beside_the_known_ones_are_told_once() {
        let members = members(&[("Email", ""), ("x", ""), ("y", ""), ("x", ""), ("Emal", ""), ("phone1", "")]);
        let notes = members.beside(&["EMAIL"], &["Phone1"]);
        assert_eq!(notes.listed(), "x, y, Emal (did you mean EMAIL?), phone1 (this operation does not read it)");
    }
}
