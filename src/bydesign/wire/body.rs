//! A request's body in any of the formats that the vendor reads.

use thiserror::Error as ThisError;

use super::members::Members;
use super::{form, json, xml};
use crate::bydesign::negotiate::{BodyType, Format};

/// Why a body cannot be read. What is said of it is said to its sender.
#[derive(Debug, ThisError)]
pub(in crate::bydesign) enum BodyError {
    /// Nothing, or nothing but white space.
    #[error("The request body is empty.")]
    Empty,
    /// It is not written in UTF-8.
    #[error("The request body is not valid UTF-8.")]
    Encoding,
    /// It is broken as JSON.
    #[error("The request body is not valid JSON: {0}.")]
    Json(#[source] serde_json::Error),
    /// It is JSON, and no object.
    #[error("The request body must be a JSON object.")]
    NoObject,
    /// It is broken as XML, or goes beyond what is read of XML.
    #[error("The request body is not valid XML: {0}.")]
    Xml(String),
}

/// The members of a body. `root` is the name of the XML element that holds them. A body without a type that is read is an
/// empty one; the one that should have had a type is refused by [`BodyType::unsupported`] before.
pub(in crate::bydesign) fn read<'a>(
    body_type: &BodyType,
    bytes: &'a [u8],
    root: &str,
) -> Result<Members<'a>, BodyError> {
    if bytes.trim_ascii().is_empty() {
        return Err(BodyError::Empty);
    }
    match body_type {
        BodyType::Readable(answer_type) => match answer_type.format() {
            Format::Json => json::read(bytes),
            Format::Xml => xml::read(bytes, root),
        },
        BodyType::Form => Ok(form::read(bytes)),
        BodyType::Unsupported(_) | BodyType::Missing => Err(BodyError::Empty),
    }
}

/// The text of a body that must be UTF-8, without a byte order mark.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, BodyError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| BodyError::Encoding)?;
    if text.trim().is_empty() { Err(BodyError::Empty) } else { Ok(text) }
}
