//! Randomness, and the numbers that must never come twice.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::database::TenantId;

/// Of so many tenants the last number is remembered; beyond it, all are forgotten.
const CAPACITY: usize = 10_000;

/// The process' source of ids, salts and keys: the operating system's generator.
#[derive(Debug, Default)]
pub struct Random {
    last_record_numbers: Mutex<HashMap<TenantId, i64>>,
}

impl Random {
    /// `N` random bytes, good enough for keys.
    ///
    /// # Panics
    /// When the operating system has no randomness to give, which leaves nothing sensible to do.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes).expect("invariant: the operating system gives randomness");
        bytes
    }

    /// A random id (version 4).
    #[must_use]
    pub fn uuid(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    /// An id that sorts by `now` (version 7).
    #[must_use]
    pub fn uuid_at(&self, now: DateTime<Utc>) -> Uuid {
        let milliseconds = u64::try_from(now.timestamp_millis()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &self.bytes()).into_uuid()
    }

    /// A number for a log row of a tenant: the microseconds of `now`, or one more than its last number where that is not
    /// above it. Ascends within one process and one world; two servers can give the same number in the same microsecond.
    #[must_use]
    pub fn record_number(&self, tenant: TenantId, now: DateTime<Utc>) -> i64 {
        let mut last = self.last_record_numbers.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() >= CAPACITY && !last.contains_key(&tenant) {
            last.clear();
        }
        let number = match last.get(&tenant) {
            Some(last) => now.timestamp_micros().max(last + 1),
            None => now.timestamp_micros(),
        };
        last.insert(tenant, number);
        number
    }

    /// Forgets the numbers of a tenant, whose world or clock is another one now.
    pub fn forget(&self, tenant: TenantId) {
        self.last_record_numbers.lock().unwrap_or_else(PoisonError::into_inner).remove(&tenant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_numbers_ascend_even_in_one_microsecond() {
        let random = Random::default();
        let now = DateTime::from_timestamp_micros(1_000_000).expect("a time");
        let numbers: Vec<i64> = (0..3).map(|_| random.record_number(TenantId(1), now)).collect();
        assert_eq!(numbers, [1_000_000, 1_000_001, 1_000_002]);
        assert_eq!(random.record_number(TenantId(2), now), 1_000_000, "another tenant's tell nothing");
        random.forget(TenantId(1));
        assert_eq!(random.record_number(TenantId(1), now), 1_000_000);
    }
}
