//! What can be counted about a customer, as of a day.

use chrono::{DateTime, Utc};

use super::model::CustomerId;
use super::points::balance;
use super::service::{Customers, Error, Scope};
use super::store::{self, points, stats};

/// Figures of one customer: today's trees, without those who came after a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Stats {
    /// First and last name, else the company's.
    pub name: String,
    /// How many stand below it in the sponsor tree.
    pub downline: i64,
    /// How many it enrolled itself.
    pub enrolled: i64,
    pub reward_points: f64,
}

impl Customers {
    /// The figures of a customer, of those who were placed or had signed up at `at`.
    ///
    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn stats(&self, scope: &Scope<'_>, id: CustomerId, at: DateTime<Utc>) -> Result<Stats, Error> {
        let mut session = self.database.session().await?;
        let found = store::find(session.connection(), scope.tenant, &[id.0]).await?.into_iter().next();
        let counted = stats::count(session.connection(), scope.tenant, id, at).await?;
        let ledger = points::ledger(session.connection(), scope.tenant, id).await;
        let ledger = session.end(ledger)?;
        let customer = found.ok_or(Error::UnknownCustomer)?;
        Ok(Stats {
            name: customer.display_name(),
            downline: counted.downline,
            enrolled: counted.enrolled,
            reward_points: balance(&ledger, at),
        })
    }
}
