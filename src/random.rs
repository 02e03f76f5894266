//! Randomness, and the numbers that must never come twice.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The process' source of ids, salts and keys: the operating system's generator.
#[derive(Debug, Default)]
pub struct Random {
    last_record_number: AtomicI64,
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

    /// A number for a log row: the microseconds of `now`, or one more than the last number where that is not above it.
    /// Ascends within one process; two servers can give the same number in the same microsecond.
    #[must_use]
    pub fn record_number(&self, now: DateTime<Utc>) -> i64 {
        let now = now.timestamp_micros();
        let next = |last: i64| now.max(last + 1);
        match self.last_record_number.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last))) {
            Ok(last) | Err(last) => next(last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_numbers_ascend_even_in_one_microsecond() {
        let random = Random::default();
        let now = DateTime::from_timestamp_micros(1_000_000).expect("a time");
        let numbers: Vec<i64> = (0..3).map(|_| random.record_number(now)).collect();
        assert_eq!(numbers, [1_000_000, 1_000_001, 1_000_002]);
    }
}
