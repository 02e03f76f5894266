//! Reward points: "usable at once", expired after 365 days, and a balance that may go below zero (DirectScale, reward points
//! operations of the Customers group).

use std::collections::VecDeque;

use chrono::{DateTime, Days, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::error::Error;
use super::scope::Scope;
use super::service::Customers;
use super::store;
use crate::database::{DatabaseError, TenantId};
use crate::journal::RowBytes;
use crate::model::CustomerId;

/// Added points expire after this time (DirectScale, reward points operations).
const LIFETIME: Days = Days::new(365);

/// A number of points above zero, rounded to four decimals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Points(f64);

/// One entry of a customer's ledger.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PointsEntry {
    /// Below zero for a deduction.
    pub points: f64,
    pub entered_at: DateTime<Utc>,
    /// `None` for a deduction.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A customer's points.
#[derive(Debug, Clone, PartialEq)]
pub struct PointsLedger {
    pub balance: f64,
    /// In the order in which they were entered.
    pub entries: Vec<PointsEntry>,
}

/// Points that expire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExpiringPoints {
    pub customer_id: i32,
    /// As many as were added: some of them may be used.
    pub points: f64,
    pub expires_at: DateTime<Utc>,
}

impl Points {
    /// The largest number that one request can add or deduct.
    pub const MAX: f64 = 999_999_999.0;

    /// `None` when the number is not above zero, or above [`Points::MAX`].
    #[must_use]
    pub fn new(points: f64) -> Option<Self> {
        let points = (points * 1e4).round() / 1e4;
        (points > 0.0 && points <= Self::MAX).then_some(Self(points))
    }
}

impl Customers {
    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn add_points(&self, scope: &Scope<'_>, id: CustomerId, points: Points) -> Result<(), Error> {
        let expires_at = scope.now.checked_add_days(LIFETIME).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let entry = PointsEntry { points: points.0, entered_at: scope.now, expires_at: Some(expires_at) };
        self.enter(scope, id, entry).await
    }

    /// The points that expire first are deducted first. The balance may go below zero.
    ///
    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn deduct_points(&self, scope: &Scope<'_>, id: CustomerId, points: Points) -> Result<(), Error> {
        let entry = PointsEntry { points: -points.0, entered_at: scope.now, expires_at: None };
        self.enter(scope, id, entry).await
    }

    /// A customer's points at a time; none for an unknown customer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn points(
        &self,
        tenant: TenantId,
        id: CustomerId,
        at: DateTime<Utc>,
    ) -> Result<PointsLedger, DatabaseError> {
        let entries = self.database.run(async |connection| ledger(connection, tenant, id).await).await?;
        Ok(PointsLedger { balance: balance(&entries, at), entries })
    }

    /// The points of a tenant that expire first after a time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn expiring_points(
        &self,
        tenant: TenantId,
        after: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<ExpiringPoints>, DatabaseError> {
        self.database.run(async |connection| expiring(connection, tenant, after, limit).await).await
    }

    async fn enter(&self, scope: &Scope<'_>, id: CustomerId, entry: PointsEntry) -> Result<(), Error> {
        let entry_id = self.random.uuid_at(scope.now);
        let recorded = scope.recorder.transaction();
        let entered = self.database.in_transaction(async |connection| {
            store::enter_tenant(connection, scope.tenant).await?;
            Ok::<_, Error>(insert(connection, scope, id, entry_id, &entry).await?)
        });
        let is_entered = Box::pin(entered).await?;
        recorded.committed();
        if is_entered { Ok(()) } else { Err(Error::UnknownCustomer) }
    }
}

/// The balance of a ledger at a time. Its entries are in ascending order. Deductions use up the points that expire first, unused
/// points expire, and points that are added later offset a balance below zero.
pub(super) fn balance(ledger: &[PointsEntry], at: DateTime<Utc>) -> f64 {
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
    // The sum of an empty list is -0.0; adding 0.0 makes it 0.0.
    (sum * 1e4).round() / 1e4 + 0.0
}

/// False when there is no such customer.
async fn insert(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
    entry_id: Uuid,
    entry: &PointsEntry,
) -> Result<bool, sqlx::Error> {
    let row = sqlx::query_scalar!(
        r#"
        insert into reward_points as p (tenant_id, customer_id, id, points, entered_at, expires_at)
        select c.tenant_id, c.customer_id, $3, $4::float8::numeric, $5::timestamptz, $6::timestamptz
          from customers c where c.tenant_id = $1 and c.customer_id = $2
        returning row_bytes(p) as "row!: RowBytes"
        "#,
        scope.tenant.0,
        id.0,
        entry_id,
        entry.points,
        entry.entered_at,
        entry.expires_at,
    )
    .fetch_optional(connection)
    .await?;
    let is_written = row.is_some();
    scope.recorder.row("reward_points", None, row);
    Ok(is_written)
}

/// A customer's ledger, in the order of its entries.
pub(super) async fn ledger(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: CustomerId,
) -> Result<Vec<PointsEntry>, sqlx::Error> {
    sqlx::query_as!(
        PointsEntry,
        r#"
        select points::float8 as "points!", entered_at, expires_at from reward_points
         where tenant_id = $1 and customer_id = $2
         order by entered_at, id
        "#,
        tenant.0,
        id.0,
    )
    .fetch_all(connection)
    .await
}

/// Reads all points of the tenant.
async fn expiring(
    connection: &mut PgConnection,
    tenant: TenantId,
    after: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<ExpiringPoints>, sqlx::Error> {
    sqlx::query_as!(
        ExpiringPoints,
        r#"
        select customer_id, points::float8 as "points!", expires_at as "expires_at!" from reward_points
         where tenant_id = $1 and expires_at > $2
         order by expires_at, customer_id, id limit $3
        "#,
        tenant.0,
        after,
        limit,
    )
    .fetch_all(connection)
    .await
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "sums of numbers that are exact in binary")]
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

    fn added(points: f64, on: u64) -> PointsEntry {
        PointsEntry { points, entered_at: day(on), expires_at: Some(day(on + 365)) }
    }

    fn deducted(points: f64, on: u64) -> PointsEntry {
        PointsEntry { points: -points, entered_at: day(on), expires_at: None }
    }

    #[test]
    fn points_expire_on_their_last_day() {
        let ledger = [added(10.0, 0), added(5.0, 100)];
        for (at, expected) in [(0, 10.0), (100, 15.0), (364, 15.0), (365, 5.0), (465, 0.0)] {
            assert_eq!(balance(&ledger, day(at)), expected, "on day {at}");
        }
    }

    #[test]
    fn a_deduction_uses_up_the_points_that_expire_first() {
        let ledger = [added(10.0, 0), added(5.0, 100), deducted(12.0, 200)];
        assert_eq!(balance(&ledger, day(200)), 3.0);
        assert_eq!(balance(&ledger, day(400)), 3.0, "all of the older points were used before they expired");
    }

    #[test]
    fn later_points_offset_a_balance_below_zero() {
        let ledger = [added(10.0, 0), deducted(25.5, 1), added(20.0, 2)];
        assert_eq!(balance(&ledger, day(1)), -15.5);
        assert_eq!(balance(&ledger, day(2)), 4.5);
        assert_eq!(balance(&ledger, day(400)), 0.0);
    }

    #[test]
    fn expired_points_do_not_offset_a_deduction() {
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
