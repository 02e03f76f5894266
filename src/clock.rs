//! A tenant's time. No other code of the domain reads a clock, and no SQL calls `now()`. Leases of webhooks and hooks are in the
//! database's time (`statement_timestamp()`), which all servers share.

use std::time::Duration;

use chrono::{DateTime, Datelike as _, SubsecRound as _, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::json_schema::DateTimeText;

/// The source of a tenant's time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    #[default]
    Real,
    /// Stands at this time.
    Frozen(#[schemars(with = "DateTimeText")] DateTime<Utc>),
    /// Runs this number of microseconds ahead of the system's clock; behind it if negative.
    AheadBy(i64),
}

/// The years of a tenant's clock: every date format of the APIs can express them.
const YEARS: std::ops::Range<i32> = 1900..9000;

impl Clock {
    /// In microseconds, which is Postgres' precision.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    pub fn now(&self) -> DateTime<Utc> {
        let real = Utc::now().trunc_subsecs(6);
        match self {
            Self::Real => real,
            Self::Frozen(at) => *at,
            // An impossible difference, which nothing stores, counts as none.
            Self::AheadBy(microseconds) => {
                real.checked_add_signed(TimeDelta::microseconds(*microseconds)).unwrap_or(real)
            }
        }
    }

    /// Whether the time is within the years of a tenant's clock.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        let at = match self {
            Self::Real => return true,
            Self::Frozen(at) => Some(*at),
            Self::AheadBy(microseconds) => Self::Real.now().checked_add_signed(TimeDelta::microseconds(*microseconds)),
        };
        at.is_some_and(|at| YEARS.contains(&at.year()))
    }

    /// The clock frozen at `at`, or at its current time. `None` outside the years of a tenant's clock.
    #[must_use]
    pub fn frozen(&self, at: Option<DateTime<Utc>>) -> Option<Self> {
        let at = at.unwrap_or_else(|| self.now()).trunc_subsecs(6);
        YEARS.contains(&at.year()).then_some(Self::Frozen(at))
    }

    /// The clock set to `at`: a frozen clock stays frozen, any other continues to run. `None` outside the years of a tenant's clock.
    #[must_use]
    pub fn set(&self, at: DateTime<Utc>) -> Option<Self> {
        match self {
            Self::Frozen(_) => self.frozen(Some(at)),
            Self::Real | Self::AheadBy(_) => {
                let ahead = at.trunc_subsecs(6) - Self::Real.now();
                YEARS.contains(&at.year()).then(|| ahead.num_microseconds().map(Self::AheadBy)).flatten()
            }
        }
    }

    /// The clock moved forward by this number of seconds, or back if negative. `None` outside the years of a tenant's clock.
    #[must_use]
    pub fn advanced(&self, seconds: i64) -> Option<Self> {
        let at = self.now().checked_add_signed(TimeDelta::try_seconds(seconds)?)?;
        self.set(at)
    }
}

/// A duration in milliseconds, to the microsecond: more digits are noise.
#[must_use]
pub fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn a_frozen_clock_changes_only_when_it_is_set() {
        let clock = Clock::Real.frozen(Some(at("2030-01-31T12:00:00Z"))).expect("a clock");
        assert_eq!(clock.now(), at("2030-01-31T12:00:00Z"));
        assert_eq!(clock.advanced(86_400), Some(Clock::Frozen(at("2030-02-01T12:00:00Z"))));
        assert_eq!(clock.set(at("2020-01-01T00:00:00Z")), Some(Clock::Frozen(at("2020-01-01T00:00:00Z"))));
    }

    #[test]
    fn a_running_clock_continues_to_run_when_it_is_set() {
        let clock = Clock::Real.set(at("2030-01-31T12:00:00Z")).expect("a clock");
        let passed = clock.now() - at("2030-01-31T12:00:00Z");
        assert!(passed >= TimeDelta::zero() && passed < TimeDelta::seconds(10), "{passed}");
        let later = clock.advanced(-3_600).expect("a clock").now() - at("2030-01-31T11:00:00Z");
        assert!(later >= TimeDelta::zero() && later < TimeDelta::seconds(10), "{later}");
    }

    #[test]
    fn a_clock_stays_in_its_years() {
        assert_eq!(Clock::Real.set(at("1899-12-31T00:00:00Z")), None);
        assert_eq!(Clock::Real.frozen(Some(at("9000-01-01T00:00:00Z"))), None);
        assert_eq!(Clock::Real.advanced(i64::MAX), None);
    }
}
