//! The memory for bodies. That of all of them together is limited, and that of each tenant. Nearly every body is so short that it
//! is not counted: a few large ones cannot keep other requests waiting.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::database::TenantId;

/// The bytes of each body that are not counted.
pub(super) const UNCOUNTED: usize = 16 * 1024;

/// How long a body waits for others to end.
const WAIT: Duration = Duration::from_secs(5);

/// The maximum number of bodies that are decoded at once. Each decoder has buffers of its own, which are not counted: at most the
/// 16 MiB of a window of Brotli.
const MAX_DECODERS: usize = 4;

/// The bytes that the counted bodies of all requests may take together. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct BodyMemory(Arc<Memory>);

#[derive(Debug)]
struct Memory {
    left: Arc<Semaphore>,
    decoders: Arc<Semaphore>,
    /// The bytes of one share.
    share: usize,
    /// What is left of each share that is in use.
    shares: Mutex<HashMap<Option<TenantId>, Weak<Semaphore>>>,
}

/// The part of the memory that the bodies of one tenant may take together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Share<'a> {
    memory: &'a Memory,
    /// `None` for all requests whose tenant is not known.
    tenant: Option<TenantId>,
}

/// Other bodies take all of the memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct MemoryFull;

/// Reserved bytes, until they are dropped: of a share, and of the whole memory.
#[derive(Debug, Default)]
pub(super) struct Reserved(Option<[OwnedSemaphorePermit; 2]>);

/// Bytes with what is reserved for them.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub bytes: Bytes,
    pub reserved: Reserved,
}

impl BodyMemory {
    /// A memory of which a tenant gets half at most.
    #[must_use]
    pub fn of_tenants(bytes: usize) -> Self {
        Self::new(bytes, bytes / 2)
    }

    /// A memory that any body can take as a whole.
    #[must_use]
    pub fn undivided(bytes: usize) -> Self {
        Self::new(bytes, bytes)
    }

    fn new(bytes: usize, share: usize) -> Self {
        let semaphore = |permits: usize| Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)));
        Self(Arc::new(Memory {
            left: semaphore(bytes),
            decoders: semaphore(MAX_DECODERS),
            share: share.min(Semaphore::MAX_PERMITS),
            shares: Mutex::default(),
        }))
    }

    pub(crate) fn share(&self, tenant: Option<TenantId>) -> Share<'_> {
        Share { memory: &self.0, tenant }
    }
}

impl Memory {
    /// What is left of a tenant's share.
    fn left_of(&self, tenant: Option<TenantId>) -> Arc<Semaphore> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = shares.get(&tenant).and_then(Weak::upgrade) {
            return left;
        }
        shares.retain(|_, left| left.strong_count() > 0);
        let left = Arc::new(Semaphore::new(self.share));
        shares.insert(tenant, Arc::downgrade(&left));
        left
    }
}

impl Share<'_> {
    /// Reserves more, so that it is this many bytes. A single body that is larger than the whole share takes all of it.
    ///
    /// # Errors
    /// When other bodies take the memory for too long.
    pub(super) async fn reserve(&self, bytes: usize, reserved: &mut Reserved) -> Result<(), MemoryFull> {
        let more = bytes.min(self.memory.share).saturating_sub(reserved.bytes());
        if more == 0 {
            return Ok(());
        }
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        // The share first: a tenant waits for its own bodies without a place in the queue of all tenants.
        let both = async {
            let own = self.memory.left_of(self.tenant).acquire_many_owned(more).await?;
            Ok::<_, tokio::sync::AcquireError>([own, Arc::clone(&self.memory.left).acquire_many_owned(more).await?])
        };
        reserved.add(timeout(WAIT, both).await.map_err(|_| MemoryFull)?.map_err(|_| MemoryFull)?);
        Ok(())
    }

    /// Permission to decode a body.
    ///
    /// # Errors
    /// When others are decoded for too long.
    pub(super) async fn decoder(&self) -> Result<OwnedSemaphorePermit, MemoryFull> {
        let permit = timeout(WAIT, Arc::clone(&self.memory.decoders).acquire_owned()).await;
        permit.map_err(|_| MemoryFull)?.map_err(|_| MemoryFull)
    }
}

impl Reserved {
    fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, |[own, _]| own.num_permits())
    }

    fn add(&mut self, more: [OwnedSemaphorePermit; 2]) {
        match &mut self.0 {
            Some(all) => all.iter_mut().zip(more).for_each(|(all, more)| all.merge(more)),
            None => self.0 = Some(more),
        }
    }

    /// Gives back what a body of this length does not need.
    fn shrink(&mut self, length: usize) {
        let needed = if length > UNCOUNTED { length } else { 0 };
        for permit in self.0.iter_mut().flatten() {
            drop(permit.split(permit.num_permits().saturating_sub(needed)));
        }
    }
}

impl Counted {
    pub(super) fn new(mut bytes: Vec<u8>, reserved: Reserved) -> Self {
        // The length is what stays reserved.
        bytes.shrink_to_fit();
        Self { bytes: bytes.into(), reserved }
    }

    /// The bytes, which keep their part of the memory as long as they live.
    pub(super) fn hold(self) -> Bytes {
        let Self { bytes, mut reserved } = self;
        reserved.shrink(bytes.len());
        if reserved.bytes() == 0 { bytes } else { Bytes::from_owner(Held { bytes, _reserved: reserved }) }
    }
}

struct Held {
    bytes: Bytes,
    _reserved: Reserved,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn waits(share: Share<'_>, bytes: usize) -> bool {
        let mut reserved = Reserved::default();
        timeout(Duration::from_millis(20), share.reserve(bytes, &mut reserved)).await.is_err()
    }

    #[tokio::test]
    async fn a_body_keeps_its_memory_until_its_last_clone_is_dropped() {
        let memory = BodyMemory::undivided(100_000);
        let (left, share) = (Arc::clone(&memory.0.left), memory.share(None));
        let mut reserved = Reserved::default();
        share.reserve(60_000, &mut reserved).await.expect("memory");
        let body = Counted::new(vec![0; 50_000], reserved).hold();
        let clone = body.clone();
        drop(body);
        assert_eq!(left.available_permits(), 50_000);
        assert!(waits(share, 60_000).await, "there is no memory yet");
        drop(clone);
        let mut second = Reserved::default();
        share.reserve(60_000, &mut second).await.expect("memory");
        // The whole memory at most, so that a longer body does not wait for ever.
        share.reserve(120_000, &mut second).await.expect("memory");
        assert_eq!(left.available_permits(), 0);
        drop(Counted::new(vec![0; UNCOUNTED], second).hold());
        assert_eq!(left.available_permits(), 100_000);
    }

    #[tokio::test]
    async fn a_tenant_gets_half_of_the_memory() {
        let memory = BodyMemory::of_tenants(100_000);
        let [first, second] = [1, 2].map(|id| memory.share(Some(TenantId(id))));
        let [mut of_first, mut of_second] = [Reserved::default(), Reserved::default()];
        first.reserve(30_000, &mut of_first).await.expect("memory");
        assert!(waits(first, 30_000).await, "the rest belongs to others");
        second.reserve(50_000, &mut of_second).await.expect("memory");
        assert_eq!(memory.0.left.available_permits(), 20_000);
        drop((of_first, of_second));
        assert_eq!(memory.0.left.available_permits(), 100_000);
        assert!(!waits(first, 50_000).await);
        assert_eq!(memory.0.shares.lock().expect("no panic").len(), 1, "a share without bodies takes no memory");
    }
}
