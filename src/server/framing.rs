//! The place in a request that the received bytes have reached. The HTTP library reads ahead and does not say whether the bytes
//! after a request are the beginning of another one.

/// The part of a line that is examined, in bytes: the lines about the length of a body are short.
const MAX_LINE: usize = 256;

/// Follows the received bytes by the framing of RFC 9112. It rejects nothing: that is up to the HTTP library.
#[derive(Debug, Default)]
pub(super) struct Framing {
    at: At,
    /// The beginning of the current line, if its end has not arrived.
    line: Vec<u8>,
    /// What the current head says about its body.
    body: BodyFraming,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum At {
    /// At most line breaks since the last request.
    #[default]
    Between,
    Head,
    /// The bytes that are left.
    Body(u64),
    /// The bytes that are left, with the line break at the end.
    Chunk(u64),
    ChunkSize,
    Trailers,
    /// The request is malformed.
    Lost,
}

#[derive(Debug, Clone, Copy, Default)]
struct BodyFraming {
    length: u64,
    is_chunked: bool,
}

impl Framing {
    /// Whether the head of a request has begun and not ended.
    pub(super) fn is_amid_head(&self) -> bool {
        self.at == At::Head
    }

    pub(super) fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = match self.at {
                At::Lost => return,
                At::Body(left) => self.skip(bytes, left, At::Body, At::Between),
                At::Chunk(left) => self.skip(bytes, left, At::Chunk, At::ChunkSize),
                At::Between | At::Head | At::ChunkSize | At::Trailers => self.take_line(bytes),
            };
        }
    }

    fn skip<'b>(&mut self, bytes: &'b [u8], left: u64, on: fn(u64) -> At, then: At) -> &'b [u8] {
        let taken = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let left = left - taken as u64;
        self.at = if left == 0 { then } else { on(left) };
        &bytes[taken..]
    }

    /// Takes the rest of the current line, or as much of it as there is.
    fn take_line<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let end = memchr::memchr(b'\n', bytes);
        let part = &bytes[..end.unwrap_or(bytes.len())];
        let room = MAX_LINE - self.line.len();
        let part = &part[..part.len().min(room)];
        if self.at == At::Between && !self.line.iter().chain(part).all(|byte| *byte == b'\r') {
            (self.at, self.body) = (At::Head, BodyFraming::default());
        }
        match end {
            // Almost every line arrives in one piece, and is not copied.
            Some(_) if self.line.is_empty() => self.end_line(part),
            Some(_) => {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(part);
                self.end_line(&line);
            }
            None => self.line.extend_from_slice(part),
        }
        end.map_or(&[], |end| &bytes[end + 1..])
    }

    fn end_line(&mut self, line: &[u8]) {
        let line = line.trim_ascii();
        self.at = match (self.at, line) {
            (At::Head, b"") => match self.body {
                BodyFraming { is_chunked: true, .. } => At::ChunkSize,
                BodyFraming { length: 0, .. } => At::Between,
                BodyFraming { length, .. } => At::Body(length),
            },
            (At::Head, line) => {
                self.body.read(line);
                At::Head
            }
            (At::ChunkSize, size) => {
                let size = size.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
                let size = std::str::from_utf8(size).ok().and_then(|size| u64::from_str_radix(size, 16).ok());
                // With the line break after it.
                match size.map(|size| (size, size.checked_add(2))) {
                    Some((0, _)) => At::Trailers,
                    Some((_, Some(length))) => At::Chunk(length),
                    _ => At::Lost,
                }
            }
            (At::Trailers, b"") => At::Between,
            (at, _) => at,
        };
    }
}

impl BodyFraming {
    /// Reads what a line of the head says about the body.
    fn read(&mut self, line: &[u8]) {
        if !matches!(line.first(), Some(b'c' | b'C' | b't' | b'T')) {
            return;
        }
        let Some(colon) = memchr::memchr(b':', line) else { return };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            self.length = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok()).unwrap_or_default();
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.is_chunked = value.to_ascii_lowercase().ends_with(b"chunked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_head_is_recognized() {
        let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
        let post = "POST / HTTP/1.1\r\nHost: h\r\ncontent-length: 5\r\n\r\n{\"a\"}";
        let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n3;x=y\r\nGET\r\nb\r\n / HTTP\r\n\r\n\r\n0\r\nA: b\r\n\r\n";
        for before in ["", get, post, chunked, "\r\n", &[get, chunked, post, "\r\n", get].concat()] {
            for (rest, is_amid) in [
                ("", false),
                ("\r\n", false),
                ("G", true),
                ("GET /livez HTTP/1.1\r\nHost: ", true),
                ("GET / HTTP/1.1\r\nHost: h\r\n", true),
                (get, false),
                (&post[..post.len() - 1], false),
                (&chunked[..chunked.len() - 2], false),
                (&chunked[..chunked.len() - 30], false),
            ] {
                let bytes = [before, rest].concat();
                for size in [1, 7, bytes.len().max(1)] {
                    let mut framing = Framing::default();
                    bytes.as_bytes().chunks(size).for_each(|part| framing.take(part));
                    assert_eq!(framing.is_amid_head(), is_amid, "{bytes:?} by {size}");
                }
            }
        }
        let mut framing = Framing::default();
        framing.take(format!("GET /{} HTTP/1.1\r\nA: {}\r\n\r\nG", "a".repeat(5000), "b".repeat(5000)).as_bytes());
        assert!(framing.is_amid_head());
        let mut framing = Framing::default();
        framing.take(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\nGET /");
        assert!(!framing.is_amid_head());
    }
}
