//! Compressed bodies (RFC 9110, 8.4): decoded up to a limit.

use std::io::Read;

use axum::http::{HeaderMap, header};
use flate2::bufread::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use thiserror::Error;

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

/// The body before these codings. No step may be longer than `limit`.
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

fn read(decoder: impl Read, limit: usize, name: &'static str) -> Result<Vec<u8>, CodingError> {
    let mut bytes = Vec::new();
    let read_limit = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    decoder.take(read_limit).read_to_end(&mut bytes).map_err(|_| CodingError::Broken(name))?;
    if bytes.len() > limit { Err(CodingError::TooLong) } else { Ok(bytes) }
}

/// Whether a body begins with the two bytes of RFC 1950.
fn has_zlib_header(body: &[u8]) -> bool {
    matches!(body, [first, second, ..]
        if first & 0x0f == 8 && first >> 4 <= 7 && u16::from_be_bytes([*first, *second]) % 31 == 0)
}

fn inflate(body: &[u8], has_zlib_header: bool, limit: usize) -> Result<Vec<u8>, CodingError> {
    const STEP: usize = 32 * 1024;
    const BROKEN: CodingError = CodingError::Broken("deflate");
    let mut decoder = Decompress::new(has_zlib_header);
    let mut bytes = Vec::new();
    loop {
        let before = (decoder.total_in(), decoder.total_out());
        let rest = usize::try_from(decoder.total_in()).ok().and_then(|read| body.get(read..)).unwrap_or_default();
        bytes.reserve(STEP);
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
    use super::compress::{deflate, gzip, zlib};
    use super::*;
    use axum::http::HeaderValue;

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
