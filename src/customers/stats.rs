//! Figures of a customer as of a date.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::error::Error;
use super::points::{self, balance};
use super::scope::Scope;
use super::service::Customers;
use super::store;
use crate::database::TenantId;
use crate::model::CustomerId;

/// Figures of one customer: those of today's trees, without customers who joined after the date.
#[derive(Debug, Clone, PartialEq)]
pub struct Stats {
    /// First and last name, or the company's name.
    pub name: String,
    /// The number of customers below it in the sponsor tree.
    pub downline: i64,
    /// The number of customers that it enrolled itself.
    pub enrolled: i64,
    pub reward_points: f64,
}

impl Customers {
    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn stats(&self, scope: &Scope<'_>, id: CustomerId, at: DateTime<Utc>) -> Result<Stats, Error> {
        let read = async |connection: &mut PgConnection| {
            let found = store::find(connection, scope.tenant, &[id.0]).await?;
            let counts = count(connection, scope.tenant, id, at).await?;
            let ledger = points::ledger(connection, scope.tenant, id).await?;
            Ok((found, counts, ledger))
        };
        let (found, counts, ledger) = self.database.run(read).await?;
        let customer = found.into_iter().next().ok_or(Error::UnknownCustomer)?;
        Ok(Stats {
            name: customer.display_name(),
            downline: counts.downline,
            enrolled: counts.enrolled,
            reward_points: balance(&ledger, at),
        })
    }
}

struct Counts {
    downline: i64,
    enrolled: i64,
}

/// Counts the downline that was placed up to `at`, and the enrolled customers who signed up until then.
async fn count(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: CustomerId,
    at: DateTime<Utc>,
) -> Result<Counts, sqlx::Error> {
    sqlx::query_as!(
        Counts,
        r#"
        with recursive below (customer_id, placed_at) as (
            select t.customer_id, t.placed_at from sponsor_tree t where t.tenant_id = $1 and t.upline_id = $2
            union all
            select t.customer_id, t.placed_at
              from below b
              join sponsor_tree t on t.tenant_id = $1 and t.upline_id = b.customer_id
        )
        select (select count(*) from below where placed_at <= $3) as "downline!",
               (select count(*) from customers
                 where tenant_id = $1 and enroller_id = $2 and sign_up_date <= $3) as "enrolled!"
        "#,
        tenant.0,
        id.0,
        at,
    )
    .fetch_one(connection)
    .await
}
