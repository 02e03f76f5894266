//! A tenant's time. Nothing else in the domain reads a clock, and no SQL calls `now()`.

use chrono::{DateTime, SubsecRound as _, Utc};

/// Where a tenant's time comes from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock;

impl Clock {
    /// The tenant's present, to the microsecond, which is what Postgres keeps.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}
