//! JSON that is edited by the paths of its members, which keep their order.

use serde_json::Value;
use serde_json_borrow::Value as Borrowed;

use crate::journal::HIDDEN;
use crate::wire::json::{Rewritten, Source};
use crate::wire::relaxed::Leniency;

/// The maximum depth that is edited.
const MAX_DEPTH: usize = 40;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Object(Vec<(String, Node)>),
    Array(Vec<Node>),
    Leaf(Value),
}

impl Node {
    /// Reads an object as DirectScale's API does; hidden values without quotes are texts. An empty text is an empty object. `None` for
    /// anything else.
    pub(super) fn read(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return Some(Self::Object(Vec::new()));
        }
        let quoted = with_quoted_secrets(text);
        let buffer = Rewritten::default();
        let source = Source { bytes: quoted.as_bytes(), leniency: Leniency::JsonNet, buffer: &buffer };
        let node = Self::of(&source.parse().ok()?, MAX_DEPTH)?;
        matches!(node, Self::Object(_)).then_some(node)
    }

    fn of(value: &Borrowed<'_>, depth: usize) -> Option<Self> {
        let below = depth.checked_sub(1)?;
        Some(match value {
            Borrowed::Object(object) => {
                let members = object.iter().map(|(name, value)| Some((name.to_owned(), Self::of(value, below)?)));
                Self::Object(members.collect::<Option<_>>()?)
            }
            Borrowed::Array(items) => {
                Self::Array(items.iter().map(|item| Self::of(item, below)).collect::<Option<_>>()?)
            }
            leaf => Self::Leaf(leaf.into()),
        })
    }

    /// Sets the member at a path such as `PrimaryAddress.City`, whose names are found in any case. Objects on the way are added.
    pub(super) fn set(&mut self, path: &str, value: Self) {
        let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        if !matches!(self, Self::Object(_)) {
            *self = Self::Object(Vec::new());
        }
        let Self::Object(members) = self else { return };
        let at = members.iter().rposition(|(known, _)| known.eq_ignore_ascii_case(name)).unwrap_or_else(|| {
            members.push((name.to_owned(), Self::Leaf(Value::Null)));
            members.len() - 1
        });
        match rest {
            Some(rest) => members[at].1.set(rest, value),
            None => members[at].1 = value,
        }
    }

    /// Takes out the member at a path whose names are exact.
    fn take(&mut self, path: &str) -> Option<(usize, Self)> {
        let Self::Object(members) = self else { return None };
        if let Some(at) = members.iter().position(|(known, _)| known == path) {
            return Some((at, members.remove(at).1));
        }
        let (name, rest) = path.split_once('.')?;
        members.iter_mut().find(|(known, _)| known == name)?.1.take(rest)
    }

    /// The member at a path, in any case.
    pub(super) fn get(&self, path: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        let found = &members.iter().rfind(|(known, _)| known.eq_ignore_ascii_case(name))?.1;
        rest.map_or(Some(found), |rest| found.get(rest))
    }

    /// Moves a member to another path, in its place where both are in one object. Returns whether it was there, and the other was not.
    pub(super) fn rename(&mut self, from: &str, to: &str) -> bool {
        if self.get(to).is_some_and(|other| *other != Self::Leaf(Value::Null)) {
            return false;
        }
        let Some((at, value)) = self.take(from) else { return false };
        let parent = |path: &str| path.rsplit_once('.').map(|(parent, _)| parent.to_owned());
        self.set(to, value);
        if parent(from) == parent(to)
            && let Some(Self::Object(members)) = self.object_mut(parent(to).as_deref())
            && let Some(last) = members.len().checked_sub(1).filter(|last| at < *last)
        {
            let moved = members.remove(last);
            members.insert(at, moved);
        }
        true
    }

    fn object_mut(&mut self, path: Option<&str>) -> Option<&mut Self> {
        let Some(path) = path else { return Some(self) };
        let Self::Object(members) = self else { return None };
        let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        members.iter_mut().rfind(|(known, _)| known.eq_ignore_ascii_case(name))?.1.object_mut(rest)
    }

    /// The paths of the members whose values are hidden.
    pub(super) fn hidden(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.add_hidden("", &mut found);
        found
    }

    fn add_hidden(&self, path: &str, found: &mut Vec<String>) {
        match self {
            Self::Object(members) => {
                for (name, value) in members {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    value.add_hidden(&path, found);
                }
            }
            Self::Leaf(Value::String(text)) if text.contains(HIDDEN) => found.push(path.to_owned()),
            Self::Array(_) | Self::Leaf(_) => {}
        }
    }

    /// As indented JSON.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, 0);
        text
    }

    fn write(&self, text: &mut String, depth: usize) {
        let line = |text: &mut String, depth: usize| {
            text.push('\n');
            text.extend(std::iter::repeat_n("  ", depth));
        };
        match self {
            Self::Object(members) if members.is_empty() => text.push_str("{}"),
            Self::Array(items) if items.is_empty() => text.push_str("[]"),
            Self::Object(members) => {
                text.push('{');
                for (place, (name, value)) in members.iter().enumerate() {
                    text.push_str(if place > 0 { "," } else { "" });
                    line(text, depth + 1);
                    text.push_str(&Value::String(name.clone()).to_string());
                    text.push_str(": ");
                    value.write(text, depth + 1);
                }
                line(text, depth);
                text.push('}');
            }
            Self::Array(items) => {
                text.push('[');
                for (place, item) in items.iter().enumerate() {
                    text.push_str(if place > 0 { "," } else { "" });
                    line(text, depth + 1);
                    item.write(text, depth + 1);
                }
                line(text, depth);
                text.push(']');
            }
            Self::Leaf(value) => text.push_str(&value.to_string()),
        }
    }
}

/// Hidden numbers and literals in quotes: the journal shows them without.
fn with_quoted_secrets(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    let (mut quote, mut is_escaped) = (None, false);
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if quote.is_none() && rest.starts_with(HIDDEN) {
            quoted.extend(["\"", HIDDEN, "\""]);
            rest = &rest[HIDDEN.len()..];
            continue;
        }
        match quote {
            Some(open) if letter == open && !is_escaped => quote = None,
            None if matches!(letter, '"' | '\'') => quote = Some(letter),
            _ => {}
        }
        is_escaped = letter == '\\' && !is_escaped;
        quoted.push(letter);
        rest = &rest[letter.len_utf8()..];
    }
    quoted
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_set_in_any_case_and_keep_their_order() {
        let mut node = Node::read(r#"{"b":1,"primaryaddress":{"City":"x"},"a":[1.5,{}]}"#).expect("an object");
        node.set("B", Node::Leaf(json!("two")));
        node.set("PrimaryAddress.CITY", Node::Leaf(json!("y")));
        node.set("PrimaryAddress.Region", Node::Leaf(json!("UT")));
        node.set("Other.Name", Node::Leaf(json!(true)));
        let text = r#"{"b":"two","primaryaddress":{"City":"y","Region":"UT"},"a":[1.5,{}],"Other":{"Name":true}}"#;
        let compact: String = node.text().split('\n').map(str::trim_start).collect::<String>().replace("\": ", "\":");
        assert_eq!(compact, text);
        assert_eq!(Node::read(&node.text()), Some(node));
    }

    #[test]
    fn members_are_renamed_in_place_and_moved() {
        let mut node = Node::read(r#"{"Frist":"A","Region":"UT","LastName":"B","a.b":1}"#).expect("an object");
        assert!(node.rename("Frist", "FirstName") && node.rename("Region", "PrimaryAddress.Region"));
        assert!(node.rename("a.b", "AB") && !node.rename("LastName", "FirstName") && !node.rename("None", "X"));
        let Node::Object(members) = &node else { panic!("an object") };
        let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["FirstName", "LastName", "PrimaryAddress", "AB"]);
    }

    #[test]
    fn hidden_values_are_found_with_and_without_quotes() {
        let node =
            Node::read("{\"TaxId\":•••,\"a\":{\"Password\":\"•••\"},\"b\":\"it's \\\" •••\"}").expect("an object");
        assert_eq!(node.hidden(), ["TaxId", "a.Password", "b"]);
        assert!(Node::read("[1]").is_none() && Node::read("x").is_none());
        assert_eq!(Node::read(" "), Some(Node::Object(Vec::new())));
        assert!(Node::read(&format!("{{\"a\":{}{}}}", "[".repeat(50), "]".repeat(50))).is_none());
    }
}
