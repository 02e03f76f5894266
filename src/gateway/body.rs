//! Bodies as operations read them: whole, within the limit, without codings, in UTF-8, without a byte order mark.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::HeaderMap;
use axum::http::Method;
use axum::http::request::Parts;
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use super::body_memory::{Counted, MemoryFull, Reserved, Share, UNCOUNTED};
use super::response::BrokenBody;
use crate::wire::coding::{CharsetError, Coding, CodingError, codings, declared, decode, from_encoding, without_mark};

/// How long a body may take to arrive, plus a second for each [`BYTES_PER_SECOND`] that it can have.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The slowest arrival of a long body.
const BYTES_PER_SECOND: usize = 256 * 1024;

/// Why there is no body.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// It is longer than the limit, as it is or decoded.
    TooLong,
    /// Other bodies take all of the memory for bodies.
    MemoryFull,
    Broken(BrokenBody),
}

impl From<MemoryFull> for BodyError {
    fn from(_: MemoryFull) -> Self {
        Self::MemoryFull
    }
}

impl From<CodingError> for BodyError {
    fn from(error: CodingError) -> Self {
        match error {
            CodingError::Unsupported(_) => Self::Broken(BrokenBody::Unsupported(error.to_string())),
            CodingError::Broken(_) => Self::Broken(BrokenBody::Undecodable(error.to_string())),
            CodingError::TooLong => Self::TooLong,
        }
    }
}

impl From<CharsetError> for BodyError {
    fn from(error: CharsetError) -> Self {
        Self::Broken(BrokenBody::Undecodable(error.to_string()))
    }
}

/// Whether a method is neither GET nor HEAD.
pub(super) fn writes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}

/// The body of a write, decoded; at most `limit` bytes of it. The body of a read is ignored.
pub(super) async fn read_body(parts: &Parts, body: Body, limit: usize, memory: Share<'_>) -> Result<Bytes, BodyError> {
    if !writes(&parts.method) {
        return Ok(Bytes::new());
    }
    collect_decoded_body(&parts.headers, body, limit, memory).await
}

/// A body as it arrives, at most `limit` bytes of it. One with a longer Content-Length is not read at all.
///
/// # Errors
/// When it is longer, does not arrive in time or at all, or when there is no memory for it.
pub(crate) async fn collect_body(body: Body, limit: usize, memory: Share<'_>) -> Result<Bytes, BodyError> {
    Ok(collect(body, limit, memory).await?.hold())
}

/// The body that these headers describe, in UTF-8; at most `limit` bytes of it are ever read or decoded.
///
/// # Errors
/// As of [`collect_body`]; and when a coding is not supported, or the body is not what the headers say.
pub(crate) async fn collect_decoded_body(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    memory: Share<'_>,
) -> Result<Bytes, BodyError> {
    let mut body = collect(body, limit, memory).await?;
    let codings = codings(headers)?;
    if !codings.is_empty() && !body.bytes.is_empty() {
        body = decoded(body, codings.into(), limit, memory).await?;
    }
    Ok(in_utf8(body, headers, memory).await?.hold())
}

async fn collect(body: Body, limit: usize, memory: Share<'_>) -> Result<Counted, BodyError> {
    let size = body.size_hint();
    // Before any of it is read: a client that waits for `100 Continue` need not send it.
    if size.lower() > limit as u64 {
        return Err(BodyError::TooLong);
    }
    let content_length = size.exact().and_then(|length| usize::try_from(length).ok());
    let time = TIMEOUT + Duration::from_secs((content_length.unwrap_or(limit) / BYTES_PER_SECOND) as u64);
    let late = |_| incomplete(format!("{} seconds passed", time.as_secs()));
    timeout(time, frames(body, content_length, limit, memory)).await.map_err(late)?
}

/// The data of all frames.
async fn frames(
    mut body: Body,
    content_length: Option<usize>,
    limit: usize,
    memory: Share<'_>,
) -> Result<Counted, BodyError> {
    let (mut bytes, mut reserved) = (Vec::new(), Reserved::default());
    // At once: bodies that reserve step by step can all wait for each other.
    if let Some(length) = content_length.filter(|length| *length > UNCOUNTED) {
        memory.reserve(length, &mut reserved).await?;
        bytes.reserve_exact(length);
    }
    let Some(first) = next(&mut body).await? else { return Ok(Counted::default()) };
    // Almost every body arrives in one piece.
    if body.is_end_stream() && first.len() <= UNCOUNTED {
        return if first.len() > limit { Err(BodyError::TooLong) } else { Ok(Counted { bytes: first, reserved }) };
    }
    let mut frame = Some(first);
    while let Some(data) = frame {
        let length = bytes.len() + data.len();
        if length > limit {
            return Err(BodyError::TooLong);
        }
        if length > bytes.capacity() {
            let capacity = (2 * bytes.capacity()).max(UNCOUNTED).min(limit).max(length);
            if capacity > UNCOUNTED {
                memory.reserve(capacity, &mut reserved).await?;
            }
            bytes.reserve_exact(capacity - bytes.len());
        }
        bytes.extend_from_slice(&data);
        frame = next(&mut body).await?;
    }
    Ok(Counted::new(bytes, reserved))
}

/// The data of the next frame; `None` at the end.
async fn next(body: &mut Body) -> Result<Option<Bytes>, BodyError> {
    while let Some(frame) = body.frame().await {
        match frame {
            // What is no data are trailers, which are not read.
            Ok(frame) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Err(error) => return Err(incomplete(why_incomplete(&error).to_owned())),
        }
    }
    Ok(None)
}

fn incomplete(why: String) -> BodyError {
    BodyError::Broken(BrokenBody::Incomplete(why))
}

/// The body before these codings. How long it is, is known only when it is decoded: it is decoded in room for a small one first,
/// and again in more room, so that a small one does not reserve memory for a large one. Together this takes a third more time.
async fn decoded(body: Counted, codings: Arc<[Coding]>, limit: usize, memory: Share<'_>) -> Result<Counted, BodyError> {
    const GROWTH: usize = 4;
    let Counted { bytes, mut reserved } = body;
    // While a coding is decoded, the decoder holds its input and its output; the first input is `bytes`.
    let at_once = codings.len().min(2);
    let mut room = bytes.len().saturating_mul(GROWTH).max(UNCOUNTED).min(limit);
    loop {
        if room > UNCOUNTED {
            memory.reserve(bytes.len().saturating_add(room.saturating_mul(at_once)), &mut reserved).await?;
        }
        let (body, codings) = (bytes.clone(), Arc::clone(&codings));
        let (result, returned) = on_own_thread(memory, reserved, move || decode(&body, &codings, room)).await?;
        reserved = returned;
        match result {
            Err(CodingError::TooLong) if room < limit => room = room.saturating_mul(GROWTH).min(limit),
            result => return Ok(Counted::new(result?, reserved)),
        }
    }
}

/// A body in UTF-8, without a byte order mark.
async fn in_utf8(body: Counted, headers: &HeaderMap, memory: Share<'_>) -> Result<Counted, BodyError> {
    /// A byte of another encoding has at most this many bytes in UTF-8.
    const LONGEST: usize = 3;
    let Counted { bytes, mut reserved } = body;
    let Some(encoding) = declared(headers) else { return Ok(Counted { bytes: without_mark(bytes), reserved }) };
    if bytes.len() <= UNCOUNTED / LONGEST {
        return Ok(Counted { bytes: from_encoding(bytes, encoding)?, reserved });
    }
    memory.reserve(bytes.len().saturating_mul(1 + LONGEST), &mut reserved).await?;
    let (text, reserved) = on_own_thread(memory, reserved, move || from_encoding(bytes, encoding)).await?;
    Ok(Counted { bytes: text?, reserved })
}

/// Decodes on a thread that blocks no other request: a long body takes some milliseconds. The memory is reserved until it ends,
/// even if the client hangs up before.
async fn on_own_thread<T: Send + 'static>(
    memory: Share<'_>,
    reserved: Reserved,
    decode: impl FnOnce() -> T + Send + 'static,
) -> Result<(T, Reserved), BodyError> {
    let turn = memory.decoder().await?;
    let work = tokio::task::spawn_blocking(move || {
        let body = decode();
        drop(turn);
        (body, reserved)
    });
    let failed = |_| BodyError::Broken(BrokenBody::Undecodable("The request body cannot be decoded.".to_owned()));
    work.await.map_err(failed)
}

fn why_incomplete(error: &(dyn std::error::Error + 'static)) -> &'static str {
    use std::io::ErrorKind::{InvalidData, InvalidInput};
    let causes = std::iter::successors(Some(error), |error| error.source());
    let is_malformed = |error: &std::io::Error| matches!(error.kind(), InvalidData | InvalidInput);
    if causes.filter_map(|cause| cause.downcast_ref()).any(is_malformed) {
        "its chunks are not written as HTTP says"
    } else {
        "it broke off"
    }
}
