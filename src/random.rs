//! Randomness, and unique record numbers.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::database::TenantId;

/// The maximum number of tenants whose last number is stored. The next one deletes all stored numbers.
const CAPACITY: usize = 10_000;

/// The operating system's generator, for ids, salts and credentials.
#[derive(Debug, Default)]
pub struct Random {
    last_record_numbers: Mutex<HashMap<TenantId, i64>>,
}

impl Random {
    /// Cryptographically secure.
    ///
    /// # Panics
    /// When the operating system's generator fails.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes).expect("invariant: the operating system has a random generator");
        bytes
    }

    /// 128 random bits as 32 hexadecimal digits, for tokens and credentials.
    #[must_use]
    pub fn hexadecimal(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.bytes()))
    }

    /// Version 4.
    #[must_use]
    pub fn uuid(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    /// Version 7, which sorts by `now`.
    #[must_use]
    pub fn uuid_at(&self, now: DateTime<Utc>) -> Uuid {
        let milliseconds = u64::try_from(now.timestamp_millis()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &self.bytes()).into_uuid()
    }

    /// The number of a new log row of a tenant: the microseconds of `now`, but always above the last number. It ascends within
    /// one process; two servers can return the same number in the same microsecond.
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

    /// Deletes the last number of a tenant after its data was replaced or its clock was set.
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
        assert_eq!(random.record_number(TenantId(2), now), 1_000_000, "another tenant's numbers do not count");
        random.forget(TenantId(1));
        assert_eq!(random.record_number(TenantId(1), now), 1_000_000);
    }
}
