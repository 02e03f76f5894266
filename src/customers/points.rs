//! Reward points: "usable at once", gone after 365 days, and a balance that may go below zero (DirectScale, reward points
//! operations of the Customers group).

use std::collections::VecDeque;

use chrono::{DateTime, Days, Utc};

use super::model::CustomerId;
use super::service::{Customers, Error, Scope};
use super::store::{self, points};

/// After so many days points that were added are gone (DirectScale, reward points operations).
const LIFE: Days = Days::new(365);

/// A number of points: above zero, four digits behind the point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Points(f64);

/// One line of a customer's ledger.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Entry {
    /// Below zero for a deduction.
    pub points: f64,
    pub entered_at: DateTime<Utc>,
    /// `None` for a deduction.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Points {
    /// The most that one call can add or deduct.
    pub const MOST: f64 = 999_999_999.0;

    /// So many points; `None` when that is not above zero, or more than [`Points::MOST`].
    #[must_use]
    pub fn new(points: f64) -> Option<Self> {
        let points = (points * 1e4).round() / 1e4;
        (points > 0.0 && points <= Self::MOST).then_some(Self(points))
    }
}

impl Customers {
    /// Adds points to a customer; they can be used at once and are gone after 365 days.
    ///
    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn add_points(&self, scope: &Scope<'_>, id: CustomerId, points: Points) -> Result<(), Error> {
        let expires_at = scope.now.checked_add_days(LIFE).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let entry = Entry { points: points.0, entered_at: scope.now, expires_at: Some(expires_at) };
        self.enter(scope, id, entry).await
    }

    /// Deducts points from a customer, those that expire first before others; the balance may go below zero.
    ///
    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn deduct_points(&self, scope: &Scope<'_>, id: CustomerId, points: Points) -> Result<(), Error> {
        let entry = Entry { points: -points.0, entered_at: scope.now, expires_at: None };
        self.enter(scope, id, entry).await
    }

    async fn enter(&self, scope: &Scope<'_>, id: CustomerId, entry: Entry) -> Result<(), Error> {
        let entry_id = self.random.uuid_at(scope.now);
        let entered = self.database.in_transaction(async |connection| {
            store::enter_tenant(connection, scope.tenant).await?;
            Ok::<_, Error>(points::enter(connection, scope, id, entry_id, &entry).await?)
        });
        if Box::pin(entered).await? { Ok(()) } else { Err(Error::UnknownCustomer) }
    }
}

/// What a ledger, in the order of its entries, comes to at a time: deductions use up what expires first, points that
/// expire before they are used are lost, and what is deducted beyond is owed by the points that come.
pub(super) fn balance(ledger: &[Entry], at: DateTime<Utc>) -> f64 {
    let mut left: VecDeque<(f64, DateTime<Utc>)> = VecDeque::new();
    let mut owed = 0.0;
    let drop_expired = |left: &mut VecDeque<(f64, DateTime<Utc>)>, at| {
        while left.front().is_some_and(|(_, expires_at)| *expires_at <= at) {
            left.pop_front();
        }
    };
    for entry in ledger.iter().take_while(|entry| entry.entered_at <= at) {
        drop_expired(&mut left, entry.entered_at);
        if let Some(expires_at) = entry.expires_at {
            left.push_back((entry.points, expires_at));
        } else {
            owed -= entry.points;
        }
        while owed > 0.0
            && let Some((points, _)) = left.front_mut()
        {
            let paid = points.min(owed);
            *points -= paid;
            owed -= paid;
            if *points <= 0.0 {
                left.pop_front();
            }
        }
    }
    drop_expired(&mut left, at);
    let sum = left.iter().map(|(points, _)| points).sum::<f64>() - owed;
    // A sum of nothing is -0.0, and zero added to it is 0.0.
    (sum * 1e4).round() / 1e4 + 0.0
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "sums of numbers that binary holds exactly")]
mod tests {
    use super::*;

    #[test]
    fn a_zero_has_no_sign() {
        for ledger in
            [vec![], vec![added(1.0, 0)], vec![added(1.0, 0), deducted(1.0, 1)], vec![deducted(1.0, 0), added(1.0, 1)]]
        {
            let balance = balance(&ledger, day(400));
            assert_eq!(balance, 0.0, "{ledger:?}");
            assert!(balance.is_sign_positive(), "{ledger:?}");
        }
    }

    fn day(number: u64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Days::new(number)
    }

    fn added(points: f64, on: u64) -> Entry {
        Entry { points, entered_at: day(on), expires_at: Some(day(on + 365)) }
    }

    fn deducted(points: f64, on: u64) -> Entry {
        Entry { points: -points, entered_at: day(on), expires_at: None }
    }

    #[test]
    fn points_are_gone_on_their_last_day_and_not_before() {
        let ledger = [added(10.0, 0), added(5.0, 100)];
        for (at, expected) in [(0, 10.0), (100, 15.0), (364, 15.0), (365, 5.0), (465, 0.0)] {
            assert_eq!(balance(&ledger, day(at)), expected, "on day {at}");
        }
    }

    #[test]
    fn a_deduction_uses_up_what_expires_first() {
        let ledger = [added(10.0, 0), added(5.0, 100), deducted(12.0, 200)];
        assert_eq!(balance(&ledger, day(200)), 3.0);
        assert_eq!(balance(&ledger, day(400)), 3.0, "all of the older points were used before they expired");
    }

    #[test]
    fn what_is_owed_is_paid_by_the_points_that_come() {
        let ledger = [added(10.0, 0), deducted(25.5, 1), added(20.0, 2)];
        assert_eq!(balance(&ledger, day(1)), -15.5);
        assert_eq!(balance(&ledger, day(2)), 4.5);
        assert_eq!(balance(&ledger, day(400)), 0.0);
    }

    #[test]
    fn expired_points_pay_nothing() {
        let ledger = [added(10.0, 0), deducted(4.0, 365)];
        assert_eq!(balance(&ledger, day(365)), -4.0);
    }

    #[test]
    fn points_are_above_zero_and_bounded() {
        for rejected in [0.0, -1.0, 0.000_04, 1e9, f64::NAN, f64::INFINITY] {
            assert_eq!(Points::new(rejected), None, "{rejected}");
        }
        assert_eq!(Points::new(0.1), Some(Points(0.1)));
    }
}
