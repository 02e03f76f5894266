//! Bodies in encodings other than UTF-8: decoded where Content-Type names the encoding.

use std::borrow::Cow;
use std::fmt::Write as _;

use axum::body::Bytes;
use axum::http::{HeaderMap, header};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use thiserror::Error;

/// A body that is not in the encoding that Content-Type names.
#[derive(Debug, Error)]
#[error("The request body is not valid {0}, which Content-Type declares.")]
pub struct CharsetError(&'static str);

/// The encoding that Content-Type names; `None` for UTF-8, for ASCII and, as in .NET, for an unknown one.
#[must_use]
pub fn declared(headers: &HeaderMap) -> Option<&'static Encoding> {
    let content_type = headers.get(header::CONTENT_TYPE)?.as_bytes();
    let named = content_type.split(|byte| *byte == b';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_at(parameter.iter().position(|byte| *byte == b'=')?);
        name.trim_ascii().eq_ignore_ascii_case(b"charset").then(|| value[1..].trim_ascii())
    })?;
    let label: Vec<u8> = named.iter().copied().filter(|byte| !matches!(byte, b'"' | b'\'')).collect();
    let is_ascii = [&b"us-ascii"[..], b"ascii"].iter().any(|ascii| label.eq_ignore_ascii_case(ascii));
    Encoding::for_label_no_replacement(&label).filter(|encoding| *encoding != UTF_8 && !is_ascii)
}

/// A body in UTF-8, without a byte order mark.
///
/// # Errors
/// When it is not in the encoding that the headers name.
pub fn to_utf8(body: Bytes, headers: &HeaderMap) -> Result<Bytes, CharsetError> {
    let Some(encoding) = declared(headers) else {
        return Ok(if body.starts_with(b"\xef\xbb\xbf") { body.slice(3..) } else { body });
    };
    let encoding = if encoding == UTF_16LE && body.starts_with(b"\0") { UTF_16BE } else { encoding };
    // JSON, XML and forms begin with an ASCII character, one of whose two bytes in UTF-16 is zero.
    let is_utf_16 = encoding == UTF_16LE || encoding == UTF_16BE;
    let is_other = body.len() >= 2 && body[0] != 0 && body[1] != 0 && Encoding::for_bom(&body).is_none();
    if is_utf_16 && is_other {
        return Err(CharsetError(encoding.name()));
    }
    let (text, used, is_broken) = encoding.decode(&body);
    match text {
        _ if is_broken => Err(CharsetError(used.name())),
        // The body is all ASCII.
        Cow::Borrowed(text) if text.len() == body.len() => Ok(body),
        text => Ok(Bytes::from(text.into_owned())),
    }
}

/// A response body in UTF-8, as .NET's `HttpContent.ReadAsStringAsync` reads it: by the encoding that Content-Type names, else
/// by its byte order mark. A body that is not in that encoding stays as it is.
#[must_use]
pub fn response_to_utf8(body: Bytes, headers: &HeaderMap) -> Bytes {
    let marked = || Encoding::for_bom(&body).filter(|(encoding, _)| *encoding != UTF_8);
    match marked() {
        Some((encoding, _)) if declared(headers).is_none() => Bytes::from(encoding.decode(&body).0.into_owned()),
        _ => to_utf8(body.clone(), headers).unwrap_or(body),
    }
}

/// A form with its percent escapes converted from another encoding to UTF-8.
#[must_use]
pub fn escapes_in_utf8<'a>(form: &'a str, encoding: Option<&'static Encoding>) -> Cow<'a, str> {
    let Some(encoding) = encoding.filter(|encoding| encoding.is_ascii_compatible()) else { return Cow::Borrowed(form) };
    let mut written = String::with_capacity(form.len());
    let mut rest = form;
    while let Some(start) = rest.find('%') {
        written.push_str(&rest[..start]);
        rest = &rest[start..];
        let mut bytes = Vec::new();
        while let Some(byte) = escaped(rest) {
            bytes.push(byte);
            rest = &rest[3..];
        }
        if bytes.is_empty() {
            written.push('%');
            rest = &rest[1..];
        }
        for byte in encoding.decode_without_bom_handling(&bytes).0.bytes() {
            let _ = write!(written, "%{byte:02X}");
        }
    }
    written.push_str(rest);
    Cow::Owned(written)
}

/// The byte that a text begins with as `%E9`.
fn escaped(text: &str) -> Option<u8> {
    let digits = text.strip_prefix('%')?.as_bytes().get(..2)?;
    let digits =
        std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(content_type: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_str(content_type).expect("a value"))])
    }

    fn read(body: &[u8], content_type: &str) -> Result<String, String> {
        let read = to_utf8(Bytes::copy_from_slice(body), &headers(content_type)).map_err(|error| error.to_string())?;
        Ok(String::from_utf8_lossy(&read).into_owned())
    }

    fn utf_16(text: &str, mark: bool, big: bool) -> Vec<u8> {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn a_declared_encoding_is_read() {
        for (body, content_type) in [
            ("{é€}".as_bytes().to_vec(), "application/json"),
            ("{é€}".as_bytes().to_vec(), "application/json; charset=utf-8"),
            ("{é€}".as_bytes().to_vec(), "application/json;CHARSET=\"UTF8\""),
            ("{é€}".as_bytes().to_vec(), "application/json; charset=klingon"),
            ("{é€}".as_bytes().to_vec(), "application/json; charset=us-ascii"),
            ("\u{feff}{é€}".as_bytes().to_vec(), "application/json"),
            (b"{\xe9\x80}".to_vec(), "application/json; charset=windows-1252"),
            (b"{\xe9\x80}".to_vec(), "application/json; a=b; charset=ISO-8859-1"),
            (b"{\xe9\xa4}".to_vec(), "text/json; charset=iso-8859-15"),
            (utf_16("{é€}", false, false), "application/json; charset=utf-16"),
            (utf_16("{é€}", true, false), "application/json; charset=utf-16"),
            (utf_16("{é€}", false, true), "application/json; charset=utf-16"),
            (utf_16("{é€}", true, true), "application/json; charset=utf-16"),
            (utf_16("{é€}", false, true), "application/json; charset=utf-16be"),
            (utf_16("{é€}", false, false), "application/json; charset=unicode"),
        ] {
            assert_eq!(read(&body, content_type).as_deref(), Ok("{é€}"), "{content_type}");
        }
        assert_eq!(read(b"{}", "application/json; charset=windows-1252").as_deref(), Ok("{}"));
        assert_eq!(read(b"", "application/json; charset=utf-16").as_deref(), Ok(""));
    }

    #[test]
    fn a_wrong_declaration_is_an_error() {
        let wrong = |name: &str| Err(format!("The request body is not valid {name}, which Content-Type declares."));
        assert_eq!(read(b"{\"a\":1}", "a/b; charset=utf-16"), wrong("UTF-16LE"));
        assert_eq!(read(b"{\0\"\0}", "a/b; charset=utf-16"), wrong("UTF-16LE"));
        assert_eq!(read(b"\0{\xd8\0\0}", "a/b; charset=utf-16be"), wrong("UTF-16BE"));
        assert_eq!(read(b"{\x81\xff}", "a/b; charset=shift_jis"), wrong("Shift_JIS"));
    }

    #[test]
    fn a_byte_order_mark_gives_the_encoding_of_a_response() {
        for (body, content_type) in [
            ("\u{feff}{é}".as_bytes().to_vec(), "application/json"),
            (utf_16("{é}", true, false), "application/json"),
            (utf_16("{é}", true, true), "text/plain; charset=klingon"),
            (utf_16("{é}", false, false), "application/json; charset=utf-16"),
            (b"{\xe9}".to_vec(), "application/json; charset=iso-8859-1"),
        ] {
            assert_eq!(response_to_utf8(body.into(), &headers(content_type)), "{é}", "{content_type}");
        }
        assert_eq!(response_to_utf8(Bytes::from_static(b"{}x"), &headers("a/b; charset=utf-16")), "{}x");
    }

    #[test]
    fn escapes_of_a_form_are_converted() {
        let encoding = declared(&headers("application/x-www-form-urlencoded; charset=iso-8859-1"));
        assert_eq!(escapes_in_utf8("a=L%F6we&b=%26%zz%&c=é%e9", encoding), "a=L%C3%B6we&b=%26%zz%&c=é%C3%A9");
        assert_eq!(escapes_in_utf8("a=L%F6we", None), "a=L%F6we");
        assert_eq!(escapes_in_utf8("%é", encoding), "%é");
    }
}
