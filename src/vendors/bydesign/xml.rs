//! XML: one root element that holds an element for each member.
//!
//! The reader is a stream and accepts only such documents. It rejects document types, so that no entity is ever defined, expanded
//! or fetched; it rejects nested elements and limits their number.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};

use thiserror::Error as ThisError;

use super::members::{Members, Scalar};

const MAX_ELEMENTS: usize = 1_000;

/// Depth of the root, of a member, and of an element in a member, which is not allowed.
const MAX_DEPTH: usize = 3;

/// Why a document is rejected. Responses repeat the message.
#[derive(Debug, ThisError)]
#[error("The request body is not valid XML: {0}.")]
pub(super) struct XmlError(String);

/// Rejects a document that begins with the byte order mark of UTF-16.
pub(super) fn reject_utf_16(bytes: &[u8]) -> Result<(), XmlError> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(XmlError(format!("it is written in UTF-16, {UNDECLARED}")));
    }
    Ok(())
}

/// The members of the element `root`. Content-Type takes precedence over the encoding that the document declares, where
/// `is_declared` says that it names one (RFC 7303).
pub(super) fn read<'a>(text: &'a str, root: &str, is_declared: bool) -> Result<Members<'a>, XmlError> {
    if let Some(character) = text.chars().find(|character| !is_allowed(*character)) {
        return Err(XmlError(forbidden(character)));
    }
    let mut document = Document { root, members: Members::default(), elements: 0, depth: 0, ended: false, open: None };
    let mut reader = Reader::from_str(text);
    let mut is_first = true;
    loop {
        if begins_document_type(text, reader.buffer_position()) {
            return Err(XmlError(DOCUMENT_TYPE.to_owned()));
        }
        match reader.read_event().map_err(|error| XmlError(sentence(&error)))? {
            Event::Eof => break,
            Event::Decl(_) if !is_first => {
                return Err(XmlError("the XML declaration does not stand at the beginning".to_owned()));
            }
            Event::Decl(_) if is_declared => {}
            event => document.take(event).map_err(XmlError)?,
        }
        is_first = false;
    }
    document.finish().map_err(XmlError)
}

/// Writes a text as the content of an element. Characters that XML cannot hold become U+FFFD.
pub(super) fn escape(into: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            // A reader converts a bare carriage return to a line feed.
            '\r' => into.push_str("&#xD;"),
            allowed if is_allowed(allowed) => into.push(allowed),
            _ => into.push('\u{fffd}'),
        }
    }
}

/// Whether a document may hold the character at all (XML 1.0, production 2).
fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// The state of the reader.
struct Document<'a, 'r> {
    root: &'r str,
    members: Members<'a>,
    elements: usize,
    depth: usize,
    ended: bool,
    open: Option<Open<'a>>,
}

/// The member whose end tag is still to come.
struct Open<'a> {
    name: String,
    is_null: bool,
    has_elements: bool,
    text: Cow<'a, str>,
}

impl<'a> Document<'a, '_> {
    fn take(&mut self, event: Event<'a>) -> Result<(), String> {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::Empty(tag) => {
                self.start(&tag)?;
                self.end();
                Ok(())
            }
            Event::End(_) => {
                self.end();
                Ok(())
            }
            Event::Text(text) => self.text(text.xml10_content()),
            Event::CData(_) if self.depth == 0 => Err("there is text outside the root element".to_owned()),
            Event::CData(text) => self.text(text.xml10_content()),
            Event::GeneralRef(reference) => self.text(Cow::Owned(resolved(&reference)?.to_string())),
            Event::Decl(declaration) => check_encoding(&declaration),
            Event::DocType(_) => Err(DOCUMENT_TYPE.to_owned()),
            Event::Comment(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(format!("it has more than {MAX_ELEMENTS} elements"));
        }
        if self.ended {
            return Err("there is a second root element".to_owned());
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("elements nest deeper than {MAX_DEPTH}"));
        }
        let is_null = is_nil(tag)?;
        let name = tag.local_name();
        let name: &str = name.as_ref();
        match (self.depth, &mut self.open) {
            (1, _) if name != self.root => Err(format!("the root element is '{}', not '{}'", short(name), self.root)),
            (1, _) => Ok(()),
            (_, Some(open)) => {
                open.has_elements = true;
                Ok(())
            }
            (_, open) => {
                *open = Some(Open { name: name.to_owned(), is_null, has_elements: false, text: Cow::Borrowed("") });
                Ok(())
            }
        }
    }

    fn end(&mut self) {
        self.depth -= 1;
        self.ended = self.depth == 0;
        if self.depth == 1
            && let Some(open) = self.open.take()
        {
            let value = match open {
                Open { is_null: true, .. } => Scalar::Null,
                Open { has_elements: true, .. } => Scalar::Other("an element"),
                Open { text, .. } => Scalar::Text(text),
            };
            self.members.push(Cow::Owned(open.name), value);
        }
    }

    fn text(&mut self, text: Cow<'a, str>) -> Result<(), String> {
        match &mut self.open {
            Some(open) if open.text.is_empty() => open.text = text,
            Some(open) => open.text.to_mut().push_str(&text),
            None if text.chars().all(|character| matches!(character, ' ' | '\t' | '\r' | '\n')) => {}
            None if self.depth == 0 => return Err("there is text outside the root element".to_owned()),
            None => return Err("there is text between the elements".to_owned()),
        }
        Ok(())
    }

    fn finish(self) -> Result<Members<'a>, String> {
        match (self.ended, self.depth) {
            (true, 0) => Ok(self.members),
            (false, 0) => Err("there is no root element".to_owned()),
            _ => Err(ENDS_EARLY.to_owned()),
        }
    }
}

const UNDECLARED: &str = "which Content-Type does not declare, such as 'text/xml; charset=utf-16'";

const ENDS_EARLY: &str = "it ends before its elements do";

const DOCUMENT_TYPE: &str = "it has a document type (DOCTYPE), which is not read";

/// Whether a document type begins here. The reader stops before it, since it may be long.
fn begins_document_type(text: &str, position: u64) -> bool {
    let rest = usize::try_from(position).ok().and_then(|position| text.as_bytes().get(position..));
    rest.is_some_and(|rest| rest.starts_with(b"<!D") || rest.starts_with(b"<!d"))
}

/// The character that a reference stands for: one of the five predefined entities, or a character by its number.
fn resolved(reference: &BytesRef<'_>) -> Result<char, String> {
    let name: &str = reference;
    match name {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        _ if reference.is_char_ref() => match reference.resolve_char_ref() {
            Ok(Some(character)) if is_allowed(character) => Ok(character),
            Ok(Some(character)) => Err(forbidden(character)),
            Ok(None) | Err(_) => Err("a reference by number is no character".to_owned()),
        },
        _ => Err("it refers to an entity that is not one of XML's five".to_owned()),
    }
}

/// Whether the element has `xsi:nil="true"`.
fn is_nil(tag: &BytesStart<'_>) -> Result<bool, String> {
    // Without the check for duplicate names, which takes quadratic time.
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| format!("an attribute cannot be read, {error}"))?;
        let name = attribute.key;
        if name.prefix().is_some() && name.local_name().as_ref() == "nil" && matches!(&*attribute.value, "true" | "1") {
            return Ok(true);
        }
    }
    Ok(false)
}

fn check_encoding(declaration: &BytesDecl<'_>) -> Result<(), String> {
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(encoding)) if encoding.eq_ignore_ascii_case("utf-8") => Ok(()),
        Some(Ok(encoding)) => Err(format!("its encoding is '{}', {UNDECLARED}", short(&encoding))),
        Some(Err(error)) => Err(format!("the XML declaration cannot be read, {error}")),
    }
}

fn forbidden(character: char) -> String {
    format!("the character U+{:04X} cannot stand in XML", u32::from(character))
}

/// The message for an error of the parser. It does not repeat tags and references: they may be parts of a password whose
/// characters were not escaped.
fn sentence(error: &Error) -> String {
    match error {
        Error::IllFormed(IllFormedError::MismatchedEndTag { .. } | IllFormedError::UnmatchedEndTag(_)) => {
            "an end tag has no start tag".to_owned()
        }
        Error::IllFormed(IllFormedError::MissingEndTag(_)) => ENDS_EARLY.to_owned(),
        Error::Syntax(SyntaxError::UnclosedDoctype) => DOCUMENT_TYPE.to_owned(),
        other => short(&other.to_string()).into_owned(),
    }
}

/// The name, cut to the length that a message may have.
fn short(name: &str) -> Cow<'_, str> {
    const MAX_CHARACTERS: usize = 200;
    match name.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => Cow::Owned(format!("{}…", &name[..end])),
        None => Cow::Borrowed(name),
    }
}

#[cfg(test)]
#[path = "xml_tests.rs"]
mod tests;
