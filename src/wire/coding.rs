//! The bytes of bodies: compressed ones (RFC 9110, 8.4), decoded up to a limit, and those in encodings other than UTF-8, decoded
//! where Content-Type names the encoding.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Read;

use axum::body::Bytes;
use axum::http::{HeaderMap, header};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use flate2::bufread::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
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
    match declared(headers) {
        Some(encoding) => from_encoding(body, encoding),
        None => Ok(without_mark(body)),
    }
}

/// A body in UTF-8 without its byte order mark.
#[must_use]
pub fn without_mark(body: Bytes) -> Bytes {
    if body.starts_with(b"\xef\xbb\xbf") { body.slice(3..) } else { body }
}

/// A body in this encoding, in UTF-8.
///
/// # Errors
/// When it is not in this encoding.
pub fn from_encoding(body: Bytes, encoding: &'static Encoding) -> Result<Bytes, CharsetError> {
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
        text => {
            let mut text = text.into_owned();
            text.shrink_to_fit();
            Ok(Bytes::from(text))
        }
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

/// A supported coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952, of one or more members.
    Gzip,
    /// RFC 1950, and RFC 1951 without its header, which .NET's `DeflateStream` writes.
    Deflate,
    Brotli,
}

/// The maximum number of codings of one body.
const MAX_CODINGS: usize = 4;

#[derive(Debug, Error)]
pub enum CodingError {
    /// Contains the first 40 characters of its name.
    #[error("Content-Encoding '{0}' is not supported; supported are gzip, deflate and br.")]
    Unsupported(String),
    #[error("The request body is not valid {0}, which Content-Encoding declares, or its end is missing.")]
    Broken(&'static str),
    #[error("the decoded body is longer than the limit")]
    TooLong,
}

/// The codings of a body, in the order in which they were applied.
///
/// # Errors
/// When one of them is not supported.
pub fn codings(headers: &HeaderMap) -> Result<Vec<Coding>, CodingError> {
    let mut codings = Vec::new();
    for value in headers.get_all(header::CONTENT_ENCODING) {
        for name in value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            match name.to_ascii_lowercase().as_slice() {
                b"" | b"identity" => {}
                b"gzip" | b"x-gzip" => codings.push(Coding::Gzip),
                b"deflate" => codings.push(Coding::Deflate),
                b"br" => codings.push(Coding::Brotli),
                _ => return Err(unsupported(name)),
            }
        }
    }
    if codings.len() > MAX_CODINGS {
        return Err(CodingError::Unsupported(format!("{} codings in a row", codings.len())));
    }
    Ok(codings)
}

fn unsupported(name: &[u8]) -> CodingError {
    let printable = name.iter().take(40).map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '?' });
    CodingError::Unsupported(printable.collect())
}

/// The body before these codings. No step may be longer than `limit`; at most two are in memory at once.
///
/// # Errors
/// When a step is broken or too long.
pub fn decode(body: &[u8], codings: &[Coding], limit: usize) -> Result<Vec<u8>, CodingError> {
    let mut decoded = None;
    for coding in codings.iter().rev() {
        decoded = Some(coding.decode(decoded.as_deref().unwrap_or(body), limit)?);
    }
    Ok(decoded.unwrap_or_else(|| body.to_vec()))
}

impl Coding {
    fn decode(self, body: &[u8], limit: usize) -> Result<Vec<u8>, CodingError> {
        match self {
            Self::Gzip => read(MultiGzDecoder::new(body), limit, "gzip"),
            Self::Brotli => read(brotli_decompressor::Decompressor::new(body, 4096), limit, "br"),
            Self::Deflate if has_zlib_header(body) => {
                // A body without a header may begin with the same bytes by chance.
                inflate(body, true, limit).or_else(|error| match error {
                    CodingError::Broken(_) => inflate(body, false, limit),
                    other => Err(other),
                })
            }
            Self::Deflate => inflate(body, false, limit),
        }
    }
}

/// Memory for one byte more than the limit: no decoder takes more.
fn room(limit: usize) -> Vec<u8> {
    Vec::with_capacity(limit.saturating_add(1))
}

fn read(decoder: impl Read, limit: usize, name: &'static str) -> Result<Vec<u8>, CodingError> {
    let mut bytes = room(limit);
    let read_limit = u64::try_from(bytes.capacity()).unwrap_or(u64::MAX);
    decoder.take(read_limit).read_to_end(&mut bytes).map_err(|_| CodingError::Broken(name))?;
    if bytes.len() > limit { Err(CodingError::TooLong) } else { Ok(bytes) }
}

/// Whether a body begins with the two bytes of RFC 1950.
fn has_zlib_header(body: &[u8]) -> bool {
    matches!(body, [first, second, ..]
        if first & 0x0f == 8 && first >> 4 <= 7 && u16::from_be_bytes([*first, *second]) % 31 == 0)
}

fn inflate(body: &[u8], has_zlib_header: bool, limit: usize) -> Result<Vec<u8>, CodingError> {
    const BROKEN: CodingError = CodingError::Broken("deflate");
    let mut decoder = Decompress::new(has_zlib_header);
    let mut bytes = room(limit);
    loop {
        let before = (decoder.total_in(), decoder.total_out());
        let rest = usize::try_from(decoder.total_in()).ok().and_then(|read| body.get(read..)).unwrap_or_default();
        let status = decoder.decompress_vec(rest, &mut bytes, FlushDecompress::None).map_err(|_| BROKEN)?;
        if bytes.len() > limit {
            return Err(CodingError::TooLong);
        }
        match status {
            Status::StreamEnd => return Ok(bytes),
            Status::Ok | Status::BufError if before == (decoder.total_in(), decoder.total_out()) => return Err(BROKEN),
            Status::Ok | Status::BufError => {}
        }
    }
}

#[cfg(test)]
#[path = "../../tests/it/support/compress.rs"]
#[expect(unreachable_pub, reason = "shared with the integration tests")]
mod compress;

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::compress::{deflate, gzip, zlib};
    use super::*;

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

    const TEXT: &[u8] = b"{\"FirstName\":\"Ada\",\"LastName\":\"Ada Ada Ada Ada Ada\"}";

    /// `TEXT`, compressed by another program.
    const BROTLI: &str =
        "1b3300001d07ee7e8b8bc0107f3542a5b74818c8de0c62224b169d3e70c801f3774b530a148b4e07362697defe63bf471c4a76c00c";

    fn brotli() -> Vec<u8> {
        let digits = BROTLI.as_bytes().chunks(2).map(|digits| std::str::from_utf8(digits).expect("ASCII"));
        digits.map(|digits| u8::from_str_radix(digits, 16).expect("a byte")).collect()
    }

    fn of(values: &[&str]) -> Result<Vec<Coding>, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::CONTENT_ENCODING, HeaderValue::from_str(value).expect("a value"));
        }
        codings(&headers).map_err(|error| error.to_string())
    }

    #[test]
    fn names_are_read_in_any_case_and_in_their_order() {
        assert_eq!(of(&[]), Ok(vec![]));
        assert_eq!(of(&["identity", "GZip , br", "x-gzip"]), Ok(vec![Coding::Gzip, Coding::Brotli, Coding::Gzip]));
        let unsupported = |name: &str| {
            Err(format!("Content-Encoding '{name}' is not supported; supported are gzip, deflate and br."))
        };
        assert_eq!(of(&["gzip, zstd"]), unsupported("zstd"));
        assert_eq!(of(&["a b"]), unsupported("a?b"));
        assert_eq!(of(&["gzip,gzip,gzip,gzip,gzip"]), unsupported("5 codings in a row"));
    }

    #[test]
    fn codings_are_decoded_alone_and_in_a_row() {
        let limit = TEXT.len();
        for (body, codings) in [
            (TEXT.to_vec(), vec![]),
            (gzip(TEXT), vec![Coding::Gzip]),
            ([gzip(&TEXT[..9]), gzip(&TEXT[9..])].concat(), vec![Coding::Gzip]),
            (zlib(TEXT), vec![Coding::Deflate]),
            (deflate(TEXT), vec![Coding::Deflate]),
            (brotli(), vec![Coding::Brotli]),
        ] {
            assert_eq!(decode(&body, &codings, limit).expect("decoded"), TEXT, "{codings:?}");
        }
        let twice = deflate(&gzip(TEXT));
        assert_eq!(decode(&twice, &[Coding::Gzip, Coding::Deflate], 1000).expect("decoded"), TEXT);
        assert!(matches!(decode(&twice, &[Coding::Deflate, Coding::Gzip], 1000), Err(CodingError::Broken("gzip"))));
    }

    #[test]
    fn a_truncated_or_uncompressed_body_is_an_error() {
        for (body, coding) in [
            (gzip(TEXT), Coding::Gzip),
            (zlib(TEXT), Coding::Deflate),
            (deflate(TEXT), Coding::Deflate),
            (brotli(), Coding::Brotli),
        ] {
            for length in 0..body.len() {
                let decoded = decode(&body[..length], &[coding], 1000);
                assert!(matches!(decoded, Err(CodingError::Broken(_))), "{coding:?} {length}: {decoded:?}");
            }
            assert!(decode(TEXT, &[coding], 1000).is_err());
        }
    }

    #[test]
    fn nothing_is_decoded_beyond_the_limit() {
        let zeros = vec![b' '; 64 * 1024 * 1024];
        for (bomb, coding) in [(gzip(&zeros), Coding::Gzip), (zlib(&zeros), Coding::Deflate)] {
            assert!(matches!(decode(&bomb, &[coding], 1024), Err(CodingError::TooLong)));
            let twice = gzip(&bomb);
            assert!(matches!(decode(&twice, &[coding, Coding::Gzip], 1024 * 1024), Err(CodingError::TooLong)));
        }
        assert!(matches!(decode(&brotli(), &[Coding::Brotli], TEXT.len() - 1), Err(CodingError::TooLong)));
    }
}
