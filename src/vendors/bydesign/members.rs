//! The members of a request body, which is one flat object in every format.

use std::borrow::Cow;

use serde_json_borrow::Value;

use crate::model::filled;
use crate::wire::json::Coercion;
use crate::wire::members::{Notes, unknown, unused};

/// The value of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scalar<'a> {
    /// XML and forms hold only texts.
    Text(Cow<'a, str>),
    Bool(bool),
    /// The JSON number.
    Number(Value<'a>),
    Null,
    /// Not a scalar; the text is its description in messages.
    Other(&'static str),
}

/// The kinds of scalars, as messages name them.
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

/// The members of an object, in the order of the body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Members<'a> {
    sent: Vec<(Cow<'a, str>, Scalar<'a>)>,
    /// Whether each value must have its member's JSON type: the plan's `strict_json`.
    pub(super) is_strict: bool,
}

impl<'a> Members<'a> {
    pub(super) fn push(&mut self, name: Cow<'a, str>, value: Scalar<'a>) {
        self.sent.push((name, value));
    }

    /// The value of the member; its name is case-insensitive. The last of several counts.
    pub(super) fn get(&self, name: &str) -> Option<&Scalar<'a>> {
        self.sent.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The text of the member, as Json.NET reads a text: it converts numbers and Booleans. `None` when the member is absent,
    /// null, blank or not a scalar.
    pub(super) fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.get(name)? {
            Scalar::Text(text) => filled(text).map(Cow::Borrowed),
            Scalar::Number(number) => Coercion::JsonNet.text(number),
            Scalar::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            Scalar::Null | Scalar::Other(_) => None,
        }
    }

    /// Notes on the members that are not in `known`. Those in `elsewhere` belong to other operations.
    pub(super) fn ignored<K, E>(&self, known: &K, elsewhere: &E) -> Notes
    where
        K: Iterator<Item = &'static str> + Clone,
        E: Iterator<Item = &'static str> + Clone,
    {
        let mut notes = Notes::default();
        for (name, _) in self.sent.iter().filter(|(name, _)| !contains(known.clone(), name)) {
            notes.add(|| {
                if contains(elsewhere.clone(), name) {
                    unused("", name, "this operation does not read it")
                } else {
                    unknown("", name, known.clone())
                }
            });
        }
        notes
    }
}

fn contains(mut names: impl Iterator<Item = &'static str>, name: &str) -> bool {
    names.any(|known| known.eq_ignore_ascii_case(name))
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
    fn the_last_duplicate_counts_in_any_case() {
        let members = members(&[("Email", "a"), ("EMAIL", "b"), ("email", " ")]);
        assert_eq!(members.text("email"), None);
        assert_eq!(members.get("eMail"), Some(&Scalar::Text(" ".into())));
        assert_eq!(members.get("Mail"), None);
    }

    #[test]
    fn unknown_names_are_noted_once() {
        let members = members(&[("Email", ""), ("x", ""), ("y", ""), ("x", ""), ("Emal", ""), ("phone1", "")]);
        let notes = members.ignored(&["EMAIL"].into_iter(), &["Phone1"].into_iter());
        assert_eq!(notes.listed(), "x, y, Emal (did you mean EMAIL?), phone1 (this operation does not read it)");
    }
}
