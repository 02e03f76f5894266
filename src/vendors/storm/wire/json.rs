//! Writing JSON as DataContractJsonSerializer does.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// The content type of every JSON answer.
pub(in crate::vendors::storm) const CONTENT_TYPE: &str = "application/json; charset=utf-8";

/// Escapes the slash in all strings, which clients that look for `\/Date(` need.
struct EscapedSlash;

impl Formatter for EscapedSlash {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        for (place, part) in fragment.split('/').enumerate() {
            if place > 0 {
                writer.write_all(br"\/")?;
            }
            writer.write_all(part.as_bytes())?;
        }
        Ok(())
    }
}

/// The JSON of a value.
pub(in crate::vendors::storm) fn to_bytes<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1024);
    let written = value.serialize(&mut Serializer::with_formatter(&mut bytes, EscapedSlash));
    // Answers are structs of texts, numbers and lists, which always have a JSON.
    debug_assert!(written.is_ok());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_are_escaped_in_names_too_and_nothing_else_is_touched() {
        let value = serde_json::json!({ "a/b": ["/", "//x/", "\"\\\n", "å", 1, null] });
        assert_eq!(
            String::from_utf8(to_bytes(&value)).expect("UTF-8"),
            r#"{"a\/b":["\/","\/\/x\/","\"\\\n","å",1,null]}"#
        );
    }
}
