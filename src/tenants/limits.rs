//! How often a subscription may call: a rate limit and a quota, both off unless the plan sets them.

use chrono::{DateTime, Utc};

use super::{Caller, store};
use crate::database::{Database, DatabaseError};
use crate::plan::RequestLimit;

/// The limits of a plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestLimits {
    pub rate: Option<RequestLimit>,
    pub quota: Option<RequestLimit>,
}

/// A limit that is spent, and for how many seconds more; at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitExceeded {
    /// Too many calls in a short time.
    RateLimit(u64),
    /// The volume that was agreed upon is used up.
    Quota(u64),
}

/// Counts a call against the limits of its subscription. They are kept in the database, so that they hold over all
/// servers; a plan without limits costs nothing.
pub(super) async fn count(
    database: &Database,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<Option<LimitExceeded>, DatabaseError> {
    let plan = &caller.tenant.plan;
    let limits = RequestLimits { rate: plan.rate_limit, quota: plan.quota };
    if limits.rate.is_none() && limits.quota.is_none() {
        return Ok(None);
    }
    let mut session = database.session().await?;
    let counted = store::count_request(session.connection(), caller.tenant.id, &caller.key_name, limits, now).await;
    let counted = session.end(counted)?;
    let Some(rejected_by) = counted.rejected_by else { return Ok(None) };
    let left = counted.renewed_at.unwrap_or(now) - now;
    // Rounded up, so that a caller who waits that long is served.
    let seconds = u64::try_from((left.num_milliseconds() + 999) / 1000).unwrap_or_default().max(1);
    Ok(Some(if rejected_by == "quota" { LimitExceeded::Quota(seconds) } else { LimitExceeded::RateLimit(seconds) }))
}
