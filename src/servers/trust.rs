//! How long what a server remembers of the database can be used without asking it again.
//!
//! A change at another server is answered when each live server has dropped what it remembered, or after a second. So a server uses
//! what it remembers only while the others wait for it (it told them lately that it lives), and for long only while it also hears of
//! changes. A process that was stopped or has lost the database asks again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The maximum age of what is remembered. Changes that no server announces (those of an older version of this program, or by hand) are
/// seen after this time.
const LONG: Duration = Duration::from_mins(1);

/// The maximum age where the last question for changes is too old. It is shorter than the time that the others wait.
const SHORT: Duration = Duration::from_millis(500);

/// How long an answer to the question for changes counts.
const HEARD_FOR: Duration = Duration::from_millis(500);

/// How long the others count this server as live, less a second. They measure from a later moment.
const SEEN_FOR: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Trust {
    /// Whether only this process uses the database.
    is_exclusive: bool,
    base: Instant,
    /// When the last question began to which this server has an answer, and when it last began to tell the others that it lives;
    /// in microseconds after `base`, 0 for never.
    heard: AtomicU64,
    seen: AtomicU64,
}

impl Trust {
    /// `is_exclusive` says whether only this process uses the database.
    pub(super) fn new(is_exclusive: bool) -> Self {
        Self { is_exclusive, base: Instant::now(), heard: AtomicU64::new(0), seen: AtomicU64::new(0) }
    }

    /// The maximum age of what is remembered, at this moment.
    pub(super) fn max_age(&self, now: Instant) -> Duration {
        if self.is_exclusive || self.hears(now) {
            LONG
        } else if self.is_within(&self.seen, now, SEEN_FOR) {
            SHORT
        } else {
            Duration::ZERO
        }
    }

    /// Whether this server hears of changes, and the others wait for it.
    pub(super) fn hears(&self, now: Instant) -> bool {
        self.is_within(&self.heard, now, HEARD_FOR) && self.is_seen(now)
    }

    /// Whether the others wait for this server.
    pub(super) fn is_seen(&self, now: Instant) -> bool {
        self.is_within(&self.seen, now, SEEN_FOR)
    }

    /// An answer has come to a question that began at `asked`.
    pub(super) fn set_heard(&self, asked: Instant) {
        self.heard.store(self.after_base(asked), Ordering::Release);
    }

    /// The others know since a moment after `told` that this server lives.
    pub(super) fn set_seen(&self, told: Instant) {
        self.seen.store(self.after_base(told), Ordering::Release);
    }

    /// What was heard before the others knew this server does not count.
    pub(super) fn forget_heard(&self) {
        self.heard.store(0, Ordering::Release);
    }

    fn is_within(&self, moment: &AtomicU64, now: Instant, limit: Duration) -> bool {
        match moment.load(Ordering::Acquire) {
            0 => false,
            moment => Duration::from_micros(self.after_base(now).saturating_sub(moment)) < limit,
        }
    }

    fn after_base(&self, moment: Instant) -> u64 {
        u64::try_from(moment.saturating_duration_since(self.base).as_micros()).unwrap_or(u64::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_was_stopped_or_lost_the_database_remembers_nothing() {
        let trust = Trust::new(false);
        let at = |milliseconds| trust.base + Duration::from_millis(milliseconds);
        assert_eq!(trust.max_age(at(1)), Duration::ZERO, "the others do not know it yet");
        trust.set_seen(at(1_000));
        assert_eq!(trust.max_age(at(1_001)), SHORT, "it has not asked yet");
        trust.set_heard(at(1_050));
        assert_eq!(trust.max_age(at(1_100)), LONG);
        assert_eq!(trust.max_age(at(1_549)), LONG);
        assert_eq!(trust.max_age(at(1_551)), SHORT);
        assert_eq!(trust.max_age(at(2_999)), SHORT);
        assert_eq!(trust.max_age(at(3_001)), Duration::ZERO);
        trust.set_heard(at(3_100));
        assert_eq!(trust.max_age(at(3_101)), Duration::ZERO, "the others may not wait for it");
    }

    #[test]
    fn the_only_process_hears_of_every_change() {
        let trust = Trust::new(true);
        assert_eq!(trust.max_age(Instant::now() + Duration::from_hours(1)), LONG);
    }
}
