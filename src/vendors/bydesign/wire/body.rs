//! A request's body in any of the formats that the vendor reads.

use encoding_rs::Encoding;
use thiserror::Error as ThisError;

use super::members::Members;
use super::{form, json, xml};
use crate::vendors::bydesign::negotiate::{BodyType, Format};
use crate::wire::json::{JsonError, Source};

/// Why a body cannot be read. What is said of it is said to its sender.
#[derive(Debug, ThisError)]
pub(in crate::vendors::bydesign) enum BodyError {
    /// It is empty, not written in UTF-8, broken as JSON, or no object.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// It is broken as XML, or goes beyond what is read of XML.
    #[error("The request body is not valid XML: {0}.")]
    Xml(String),
}

/// The members of a body. `root` is the name of the XML element that holds them, `charset` the encoding that the body had
/// before it was brought into UTF-8. A body without a type that is read is an empty one; the one that should have had a type
/// is rejected by [`BodyType::unsupported`] before.
pub(in crate::vendors::bydesign) fn read<'a>(
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
        BodyType::Readable(answer_type) => match answer_type.format() {
            Format::Json => Ok(json::read(source)?),
            Format::Xml => xml::read(bytes, root, charset.is_some()),
        },
        BodyType::Form => Ok(form::read(bytes, charset)),
        BodyType::Unsupported(_) | BodyType::Missing => Err(JsonError::Empty.into()),
    }
}

/// The members of a body in UTF-8, of lenient JSON.
#[cfg(test)]
pub(in crate::vendors::bydesign) fn read_plain(
    body_type: &BodyType,
    bytes: &'static [u8],
    root: &str,
) -> Result<Members<'static>, BodyError> {
    let leniency = crate::wire::relaxed::Leniency::JsonNet;
    read(body_type, Source { bytes, leniency, room: Box::leak(Box::default()) }, None, root)
}
