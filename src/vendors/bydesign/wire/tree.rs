//! What is answered, before it is JSON or XML.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::dates::Moment;
use super::escape;
use crate::vendors::bydesign::negotiate::Format;

/// A value of an answer.
#[derive(Debug, Clone)]
pub(in crate::vendors::bydesign) enum Tree<'a> {
    /// Nothing: left out of JSON, an empty element in XML.
    Null,
    /// `true`, in XML `True`.
    Bool(bool),
    Integer(i32),
    Text(Cow<'a, str>),
    Date(Moment),
    /// Texts: an array, in XML one element with all of them (AspNetWebStack, `HttpError`).
    Texts(Vec<&'a str>),
    /// Values, each of which is in XML an element of this name.
    List(&'static str, Vec<Self>),
    Object(Vec<(Cow<'a, str>, Self)>),
}

#[derive(Debug, Clone)]
pub(in crate::vendors::bydesign) struct Answer<'a> {
    /// The name of the root element.
    pub(super) root: &'static str,
    pub(super) tree: Tree<'a>,
}

impl Answer<'_> {
    /// The bytes of the answer.
    pub(in crate::vendors::bydesign) fn bytes(&self, format: Format) -> Vec<u8> {
        match format {
            Format::Json => serde_json::to_vec(&self.tree).expect("invariant: plain data is JSON"),
            Format::Xml => {
                let mut document = String::new();
                self.tree.element(self.root, &mut document);
                document.into_bytes()
            }
        }
    }
}

impl<'a> Tree<'a> {
    /// An object of members whose names are known.
    pub(super) fn object(members: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect())
    }

    /// A text that may be missing.
    pub(super) fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(Cow::Borrowed(text)))
    }

    /// A number that may be missing.
    pub(super) fn integer(number: Option<i32>) -> Self {
        number.map_or(Self::Null, Self::Integer)
    }

    /// A date that may be missing.
    pub(super) fn date(date: Option<Moment>) -> Self {
        date.map_or(Self::Null, Self::Date)
    }

    fn element(&self, name: &str, into: &mut String) {
        let before = into.len();
        into.extend(["<", name, ">"]);
        let content = into.len();
        match self {
            Self::Null => {}
            Self::Bool(value) => into.push_str(if *value { "True" } else { "False" }),
            Self::Integer(number) => into.push_str(&number.to_string()),
            Self::Text(text) => escape::text(into, text),
            Self::Date(date) => into.push_str(&date.xml()),
            Self::Texts(texts) => escape::text(into, &texts.join(" ")),
            Self::List(item, values) => values.iter().for_each(|value| value.element(item, into)),
            Self::Object(members) => members.iter().for_each(|(name, value)| value.element(name, into)),
        }
        if into.len() == content {
            into.truncate(before);
            into.extend(["<", name, " />"]);
        } else {
            into.extend(["</", name, ">"]);
        }
    }
}

impl Serialize for Tree<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(number) => serializer.serialize_i32(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Date(date) => serializer.serialize_str(&date.json()),
            Self::Texts(texts) => serializer.collect_seq(texts),
            Self::List(_, values) => serializer.collect_seq(values),
            Self::Object(members) => {
                let mut object = serializer.serialize_map(None)?;
                for (name, value) in members.iter().filter(|(_, value)| !matches!(value, Self::Null)) {
                    object.serialize_entry(name, value)?;
                }
                object.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_json_and_xml() {
        let tree = Tree::object([
            ("A", Tree::text(Some("<ä>\u{1}"))),
            ("B", Tree::Null),
            ("C", Tree::Bool(true)),
            ("D", Tree::List("E", vec![Tree::Integer(-1), Tree::Integer(2)])),
            ("F", Tree::List("E", Vec::new())),
            ("G", Tree::Texts(vec!["x.", "y."])),
            ("H", Tree::Date(Moment::UNSET)),
        ]);
        let answer = Answer { root: "Root", tree };
        let written = |format| String::from_utf8(answer.bytes(format)).expect("UTF-8");
        assert_eq!(
            written(Format::Json),
            r#"{"A":"<ä>\u0001","C":true,"D":[-1,2],"F":[],"G":["x.","y."],"H":"0001-01-01T00:00:00"}"#
        );
        assert_eq!(
            written(Format::Xml),
            "<Root><A>&lt;ä&gt;\u{fffd}</A><B /><C>True</C><D><E>-1</E><E>2</E></D><F /><G>x. y.</G>\
             <H>01/01/0001 00:00:00</H></Root>"
        );
    }
}
