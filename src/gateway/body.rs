//! Bodies as operations read them: whole, within the limit, without codings, in UTF-8, without a byte order mark. The memory of all
//! of them together is limited. Nearly every body is so short that it is not counted: a few large ones cannot keep other requests
//! waiting.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::HeaderMap;
use axum::http::Method;
use axum::http::request::Parts;
use http_body_util::BodyExt as _;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::response::{BrokenBody, MEMORY_FULL};
use crate::wire::coding::{CharsetError, CodingError, codings, decode, to_utf8};

/// How long a body may take to arrive, plus a second for each [`BYTES_PER_SECOND`] that it can have.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The slowest arrival of a long body.
const BYTES_PER_SECOND: usize = 256 * 1024;

/// Why a body cannot be decoded.
#[derive(Debug, Error)]
pub(crate) enum DecodeError {
    #[error("{0}")]
    UnsupportedCoding(String),
    /// It is not what its headers say.
    #[error("{0}")]
    Malformed(String),
    /// Decoded, it is longer than the limit.
    #[error("The request body is longer than the limit.")]
    TooLong,
    /// Other bodies take all of the memory for bodies.
    #[error("{MEMORY_FULL}")]
    MemoryFull,
}

impl From<MemoryFull> for DecodeError {
    fn from(_: MemoryFull) -> Self {
        Self::MemoryFull
    }
}

impl From<CodingError> for DecodeError {
    fn from(error: CodingError) -> Self {
        match error {
            CodingError::Unsupported(_) => Self::UnsupportedCoding(error.to_string()),
            CodingError::Broken(_) => Self::Malformed(error.to_string()),
            CodingError::TooLong => Self::TooLong,
        }
    }
}

impl From<CharsetError> for DecodeError {
    fn from(error: CharsetError) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// Why there is no body.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// It is longer than the limit.
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

impl From<DecodeError> for BodyError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::TooLong => Self::TooLong,
            DecodeError::MemoryFull => Self::MemoryFull,
            DecodeError::Malformed(why) => Self::Broken(BrokenBody::Undecodable(why)),
            DecodeError::UnsupportedCoding(why) => Self::Broken(BrokenBody::Unsupported(why)),
        }
    }
}

/// Whether a method is neither GET nor HEAD.
pub(super) fn writes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}

/// The body of a write, decoded; at most `limit` bytes of it. The body of a read is ignored.
pub(super) async fn read_body(
    parts: &Parts,
    body: Body,
    limit: usize,
    memory: &BodyMemory,
) -> Result<Bytes, BodyError> {
    if !writes(&parts.method) {
        return Ok(Bytes::new());
    }
    let body = collect_body(body, limit, memory).await?;
    Ok(decode_body(&parts.headers, body, limit, memory).await?)
}

/// A body as it arrives, at most `limit` bytes of it. One with a longer Content-Length is not read at all.
///
/// # Errors
/// When it is longer, does not arrive in time or at all, or when there is no memory for it.
pub(crate) async fn collect_body(body: Body, limit: usize, memory: &BodyMemory) -> Result<Bytes, BodyError> {
    let size = body.size_hint();
    // Before any of it is read: a client that waits for `100 Continue` need not send it.
    if size.lower() > limit as u64 {
        return Err(BodyError::TooLong);
    }
    let longest =
        size.upper().and_then(|length| usize::try_from(length).ok()).map_or(limit, |length| length.min(limit));
    let time = TIMEOUT + Duration::from_secs((longest / BYTES_PER_SECOND) as u64);
    let late = |_| incomplete(format!("{} seconds passed", time.as_secs()));
    timeout(time, frames(body, longest, limit, memory)).await.map_err(late)?
}

/// The data of all frames.
async fn frames(mut body: Body, longest: usize, limit: usize, memory: &BodyMemory) -> Result<Bytes, BodyError> {
    let Some(first) = next(&mut body).await? else { return Ok(Bytes::new()) };
    // Almost every body arrives in one piece.
    if body.is_end_stream() && first.len() <= UNCOUNTED {
        return if first.len() > limit { Err(BodyError::TooLong) } else { Ok(first) };
    }
    let (mut bytes, mut reserved) = (Vec::new(), Reserved::default());
    let mut frame = Some(first);
    while let Some(data) = frame {
        let length = bytes.len() + data.len();
        if length > limit {
            return Err(BodyError::TooLong);
        }
        if length > bytes.capacity() {
            let capacity = (2 * bytes.capacity()).max(UNCOUNTED).min(longest).max(length);
            if capacity > UNCOUNTED {
                memory.reserve(capacity - bytes.capacity(), &mut reserved).await?;
            }
            bytes.reserve_exact(capacity - bytes.len());
        }
        bytes.extend_from_slice(&data);
        frame = next(&mut body).await?;
    }
    Ok(reserved.hold(bytes))
}

/// The data of the next frame; `None` at the end.
async fn next(body: &mut Body) -> Result<Option<Bytes>, BodyError> {
    while let Some(frame) = body.frame().await {
        match frame {
            // What is no data are trailers, which nobody reads.
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

/// The body that these headers describe, in UTF-8; at most `limit` bytes of it are ever decoded.
///
/// # Errors
/// When a coding is not supported, or the body is not what the headers say, or too long, or when there is no memory for it.
pub(crate) async fn decode_body(
    headers: &HeaderMap,
    body: Bytes,
    limit: usize,
    memory: &BodyMemory,
) -> Result<Bytes, DecodeError> {
    let codings = codings(headers)?;
    let body = if codings.is_empty() || body.is_empty() {
        body
    } else {
        // The length is known only when it is decoded.
        let mut reserved = Reserved::default();
        memory.reserve(limit, &mut reserved).await?;
        // A long body takes some milliseconds, during which the runtime's threads serve other requests.
        let work = tokio::task::spawn_blocking(move || decode(&body, &codings, limit));
        let decoded =
            work.await.map_err(|_| DecodeError::Malformed("The request body cannot be decoded.".to_owned()))?;
        reserved.hold(decoded?)
    };
    Ok(to_utf8(body, headers)?)
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

/// The bytes of each body that are not counted.
const UNCOUNTED: usize = 16 * 1024;

/// How long a body waits for others to end.
const WAIT: Duration = Duration::from_secs(5);

/// The bytes that the counted bodies of all requests may take together. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct BodyMemory {
    left: Arc<Semaphore>,
    total: usize,
}

/// Other bodies take all of the memory.
#[derive(Debug, Clone, Copy)]
struct MemoryFull;

/// A part of the memory, until it is dropped.
#[derive(Debug, Default)]
struct Reserved(Option<OwnedSemaphorePermit>);

impl BodyMemory {
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let total = bytes.min(Semaphore::MAX_PERMITS);
        Self { left: Arc::new(Semaphore::new(total)), total }
    }

    /// Adds bytes to a part. A single body that is larger than the whole memory takes all of it.
    async fn reserve(&self, more: usize, reserved: &mut Reserved) -> Result<(), MemoryFull> {
        let before = reserved.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = u32::try_from(more.min(self.total - before.min(self.total))).unwrap_or(u32::MAX);
        let acquired = timeout(WAIT, Arc::clone(&self.left).acquire_many_owned(more)).await;
        let permit = acquired.map_err(|_| MemoryFull)?.map_err(|_| MemoryFull)?;
        match &mut reserved.0 {
            Some(all) => all.merge(permit),
            None => reserved.0 = Some(permit),
        }
        Ok(())
    }
}

impl Reserved {
    /// Gives back what a body of this length does not need.
    fn shrink(&mut self, length: usize) {
        let needed = if length > UNCOUNTED { length } else { 0 };
        if let Some(all) = &mut self.0 {
            drop(all.split(all.num_permits().saturating_sub(needed)));
        }
    }

    /// The bytes, which keep their part of the memory as long as they live.
    fn hold(mut self, bytes: Vec<u8>) -> Bytes {
        self.shrink(bytes.len());
        match self.0 {
            Some(permit) if permit.num_permits() > 0 => Bytes::from_owner(Held { bytes, _permit: permit }),
            _ => bytes.into(),
        }
    }
}

struct Held {
    bytes: Vec<u8>,
    _permit: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_keeps_its_memory_until_its_last_clone_is_dropped() {
        let memory = BodyMemory::new(100_000);
        let mut reserved = Reserved::default();
        memory.reserve(60_000, &mut reserved).await.expect("memory");
        let body = reserved.hold(vec![0; 50_000]);
        let clone = body.clone();
        drop(body);
        assert_eq!(memory.left.available_permits(), 50_000);
        let mut second = Reserved::default();
        let waited = timeout(Duration::from_millis(20), memory.reserve(60_000, &mut second)).await;
        assert!(waited.is_err(), "there is no memory yet");
        drop(clone);
        memory.reserve(60_000, &mut second).await.expect("memory");
        // The whole memory at most, so that a longer body does not wait for ever.
        memory.reserve(60_000, &mut second).await.expect("memory");
        assert_eq!(memory.left.available_permits(), 0);
        drop(second.hold(vec![0; UNCOUNTED]));
        assert_eq!(memory.left.available_permits(), 100_000);
    }
}
