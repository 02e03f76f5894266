//! What every format gives: the members of one flat object.

use std::borrow::Cow;

use crate::customers::filled;

/// A value as it stood in a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::bydesign) enum Scalar<'a> {
    /// A text; all there is in XML and in forms.
    Text(Cow<'a, str>),
    /// A truth value of JSON.
    Bool(bool),
    /// A number of JSON, as it is written.
    Number(String),
    /// There, and nothing.
    Null,
    /// No scalar at all; the words say what.
    Other(&'static str),
}

/// The members of an object, in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::bydesign) struct Members<'a>(Vec<(Cow<'a, str>, Scalar<'a>)>);

impl<'a> Members<'a> {
    pub(super) fn push(&mut self, name: Cow<'a, str>, value: Scalar<'a>) {
        self.0.push((name, value));
    }

    /// The member of this name in any case; the last one counts when there are several.
    pub(in crate::bydesign) fn get(&self, name: &str) -> Option<&Scalar<'a>> {
        self.0.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The text of the member, as Json.NET reads a text: numbers and truth values count as theirs. `None` where it is
    /// absent, null, blank or no scalar.
    pub(in crate::bydesign) fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.get(name)? {
            Scalar::Text(text) => filled(text).map(Cow::Borrowed),
            Scalar::Number(number) => Some(Cow::Borrowed(number)),
            Scalar::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            Scalar::Null | Scalar::Other(_) => None,
        }
    }

    /// The names that are none of these, each once, in the order in which they came; of very many the first.
    pub(in crate::bydesign) fn names_beside(&self, known: &[&str]) -> Vec<String> {
        // A body may hold many, and long ones; a caller wants to see few.
        const MOST: usize = 20;
        const LONGEST: usize = 60;
        let mut beside: Vec<String> = Vec::new();
        let unknown = self.0.iter().filter(|(name, _)| !known.iter().any(|known| known.eq_ignore_ascii_case(name)));
        for (name, _) in unknown {
            let name: String = name.chars().take(LONGEST).collect();
            if !beside.contains(&name) {
                beside.push(name);
            }
            if beside.len() == MOST {
                break;
            }
        }
        beside
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
        let members = members(&[("Email", ""), ("x", ""), ("y", ""), ("x", "")]);
        assert_eq!(members.names_beside(&["EMAIL"]), ["x", "y"]);
    }
}
