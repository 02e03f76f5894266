//! Randomness, and unique record numbers.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use uuid::Uuid;

use crate::database::TenantId;

/// The maximum number of tenants whose last number is stored. The next one deletes all stored numbers.
const CAPACITY: usize = 10_000;

/// The operating system's generator, for salts and credentials, and one that it seeds, for ids.
#[derive(Debug)]
pub struct Random {
    /// In this process, so that the id of a request costs no system call.
    ids: Mutex<ChaCha20Rng>,
    last_record_numbers: Mutex<HashMap<TenantId, i64>>,
}

impl Default for Random {
    fn default() -> Self {
        Self { ids: Mutex::new(ChaCha20Rng::from_seed(system_bytes())), last_record_numbers: Mutex::default() }
    }
}

/// # Panics
/// When the operating system's generator fails.
fn system_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("invariant: the operating system has a random generator");
    bytes
}

impl Random {
    /// Cryptographically secure.
    ///
    /// # Panics
    /// When the operating system's generator fails.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        system_bytes()
    }

    fn id_bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
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
        uuid::Builder::from_random_bytes(self.id_bytes()).into_uuid()
    }

    /// Version 7, which sorts by `now`.
    #[must_use]
    pub fn uuid_at(&self, now: DateTime<Utc>) -> Uuid {
        let milliseconds = u64::try_from(now.timestamp_millis()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &self.id_bytes()).into_uuid()
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
    fn ids_of_one_and_of_several_generators_differ() {
        let generators = [Random::default(), Random::default()];
        let now = DateTime::from_timestamp_micros(1_000_000).expect("a time");
        let ids: std::collections::HashSet<Uuid> =
            generators.iter().flat_map(|random| (0..100).flat_map(|_| [random.uuid(), random.uuid_at(now)])).collect();
        assert_eq!(ids.len(), 400);
        assert_eq!(generators[0].uuid().get_version_num(), 4);
        assert_eq!(generators[0].uuid_at(now).get_version_num(), 7);
    }

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
