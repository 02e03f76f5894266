//! Reads the members of a request body: JSON, XML or a form.

use std::borrow::Cow;

use encoding_rs::Encoding;
use serde_json_borrow::Value;
use thiserror::Error as ThisError;

use super::members::{Members, Scalar};
use super::negotiate::{BodyType, Format};
use super::xml::{self, XmlError};
use crate::wire::coding::escapes_in_utf8;
use crate::wire::json::{JsonError, Source, text};
use crate::wire::relaxed::Leniency;

/// Why a body cannot be read. Responses repeat the message.
#[derive(Debug, ThisError)]
pub(super) enum BodyError {
    /// The body is empty, not UTF-8, not JSON or not an object.
    #[error(transparent)]
    Json(#[from] JsonError),
    #[error(transparent)]
    Xml(#[from] XmlError),
}

/// The members of a body. `root` is the name of the XML element that holds them; `charset` is the declared encoding of a body
/// that was converted to UTF-8. A body without a readable type counts as empty: [`BodyType::unsupported`] rejects the others
/// first.
pub(super) fn read<'a>(
    body_type: &BodyType,
    source: Source<'a>,
    charset: Option<&'static Encoding>,
    root: &str,
) -> Result<Members<'a>, BodyError> {
    let bytes = source.bytes;
    if bytes.trim_ascii().is_empty() {
        return Err(JsonError::Empty.into());
    }
    match body_type {
        BodyType::Readable(response_type) => match response_type.format() {
            Format::Json => Ok(read_json(source)?),
            Format::Xml => {
                xml::reject_utf_16(bytes)?;
                Ok(xml::read(text(bytes)?, root, charset.is_some())?)
            }
        },
        BodyType::Form => Ok(read_form(bytes, charset)),
        BodyType::Unsupported(_) | BodyType::Missing => Err(JsonError::Empty.into()),
    }
}

/// The members of a UTF-8 body, read with Json.NET's leniency.
#[cfg(test)]
pub(super) fn read_lenient(
    body_type: &BodyType,
    bytes: &'static [u8],
    root: &str,
) -> Result<Members<'static>, BodyError> {
    read(body_type, Source { bytes, leniency: Leniency::JsonNet, buffer: Box::leak(Box::default()) }, None, root)
}

fn read_json(source: Source<'_>) -> Result<Members<'_>, JsonError> {
    let Value::Object(object) = source.parse()? else { return Err(JsonError::NoObject) };
    let mut members = Members::default();
    members.is_strict = source.leniency == Leniency::Strict;
    for (name, value) in object.into_vec() {
        let scalar = match value {
            Value::Str(text) => Scalar::Text(text),
            Value::Bool(value) => Scalar::Bool(value),
            number @ Value::Number(_) => Scalar::Number(number),
            Value::Null => Scalar::Null,
            Value::Array(_) => Scalar::Other("an array"),
            Value::Object(_) => Scalar::Other("an object"),
        };
        members.push(name, scalar);
    }
    Ok(members)
}

/// The members of a form, whose escapes are bytes of `charset`. Bytes that are not UTF-8 become U+FFFD, as the framework's
/// decoder does it.
fn read_form<'a>(bytes: &'a [u8], charset: Option<&'static Encoding>) -> Members<'a> {
    let mut members = Members::default();
    let mut push = |name: Cow<'a, str>, text: Cow<'a, str>| members.push(name, Scalar::Text(text));
    match charset {
        None => form_urlencoded::parse(bytes.trim_ascii_end()).for_each(|(name, text)| push(name, text)),
        Some(charset) => {
            let form = String::from_utf8_lossy(bytes.trim_ascii_end());
            let form = escapes_in_utf8(&form, Some(charset));
            let owned = form_urlencoded::parse(form.as_bytes()).into_owned();
            owned.for_each(|(name, text)| push(name.into(), text.into()));
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::json::Rewritten;

    #[test]
    fn a_json_object_gives_its_members() {
        let buffer = Rewritten::default();
        let read = |bytes| read_json(Source { bytes, leniency: Leniency::JsonNet, buffer: &buffer });
        let body = "{\"A\":\"ä\\n\",\"b\":true,\"C\":-1.5,\"d\":null,\"e\":[1],\"f\":{}}";
        let members = read(body.as_bytes()).expect("an object");
        assert_eq!(members.get("a"), Some(&Scalar::Text("ä\n".into())));
        assert_eq!(members.get("B"), Some(&Scalar::Bool(true)));
        assert_eq!(members.get("c"), Some(&Scalar::Number((-1.5).into())));
        assert_eq!(members.get("D"), Some(&Scalar::Null));
        assert_eq!(members.get("E"), Some(&Scalar::Other("an array")));
        assert_eq!(members.get("F"), Some(&Scalar::Other("an object")));
    }

    #[test]
    fn json_that_is_not_an_object_is_rejected() {
        let rejected = |bytes: &[u8]| {
            let source = Source { bytes, leniency: Leniency::JsonNet, buffer: &Rewritten::default() };
            read_json(source).expect_err("an error").to_string()
        };
        assert_eq!(rejected(b" \n"), "The request body is empty.");
        assert_eq!(rejected(b"[]"), "The request body must be a JSON object.");
        assert_eq!(rejected(b"null"), "The request body must be a JSON object.");
        assert!(rejected(b"{\"a\":\"\xe4\"}").starts_with("The request body is not valid UTF-8."));
        assert!(rejected(b"\xff\xfe{\0}\0").starts_with("The request body is not valid UTF-8."));
        assert!(rejected(b"{\"a\":").starts_with("The request body is not valid JSON: EOF"));
        assert!(rejected("[".repeat(100_000).as_bytes()).contains("recursion limit"));
    }

    #[test]
    fn form_pairs_are_members() {
        let members = read_form(b"FirstName=Ada+%26+B&lastname=L%C3%B6we&Company=&Email\r\n", None);
        let form = b"FirstName=Ada+%26+B&lastname=L%F6we&Company=&Email\r\n";
        assert_eq!(read_form(form, Some(encoding_rs::WINDOWS_1252)), members);
        assert_eq!(members.text("firstname").as_deref(), Some("Ada & B"));
        assert_eq!(members.text("LASTNAME").as_deref(), Some("Löwe"));
        assert_eq!(members.text("Company"), None);
        assert_eq!(members.get("Email"), Some(&Scalar::Text("".into())));
        assert_eq!(members.get("Phone1"), None);
    }
    #[test]
    fn xml_must_be_utf_8() {
        let rejected =
            |bytes| read_lenient(&BodyType::of(Some("text/xml")), bytes, "Root").expect_err("an error").to_string();
        assert_eq!(rejected(b" \n"), "The request body is empty.");
        assert!(rejected(b"<Root>\xe4</Root>").starts_with("The request body is not valid UTF-8."));
        assert!(rejected(b"\xff\xfe<\0/\0").contains("UTF-16, which Content-Type does not declare"));
    }
}
