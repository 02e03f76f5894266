//! The memory of all request bodies together. Nearly every body is so short that it is not counted: a few large uploads cannot keep
//! other requests waiting.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The bytes of each body that are not counted.
pub(super) const UNCOUNTED: usize = 16 * 1024;

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
pub(super) struct MemoryFull;

/// A part of the memory, until it is dropped.
#[derive(Debug, Default)]
pub(super) struct Reserved(Option<OwnedSemaphorePermit>);

impl BodyMemory {
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let total = bytes.min(Semaphore::MAX_PERMITS);
        Self { left: Arc::new(Semaphore::new(total)), total }
    }

    /// Adds bytes to a part. A single body that is larger than the whole memory takes all of it.
    pub(super) async fn reserve(&self, more: usize, reserved: &mut Reserved) -> Result<(), MemoryFull> {
        let before = reserved.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = u32::try_from(more.min(self.total - before.min(self.total))).unwrap_or(u32::MAX);
        let acquired = tokio::time::timeout(WAIT, Arc::clone(&self.left).acquire_many_owned(more)).await;
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
    pub(super) fn hold(mut self, bytes: Vec<u8>) -> Bytes {
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
        let waited = tokio::time::timeout(Duration::from_millis(20), memory.reserve(60_000, &mut second)).await;
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
