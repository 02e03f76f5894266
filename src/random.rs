//! Randomness.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use uuid::Uuid;

/// The operating system's generator, for salts and credentials, and one that it seeds, for ids.
#[derive(Debug)]
pub struct Random {
    /// In this process, so that the id of a request costs no system call.
    ids: Mutex<ChaCha20Rng>,
}

impl Default for Random {
    fn default() -> Self {
        Self { ids: Mutex::new(ChaCha20Rng::from_seed(system_bytes())) }
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
}
