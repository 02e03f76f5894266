//! SQL that counts.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::customers::model::CustomerId;
use crate::database::TenantId;

#[derive(Debug)]
pub(in crate::customers) struct Counted {
    pub downline: i64,
    pub enrolled: i64,
}

/// Of those who stand below a customer today, how many were placed at a time; of those whom it enrolled, how many had
/// signed up.
pub(in crate::customers) async fn count(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: CustomerId,
    at: DateTime<Utc>,
) -> Result<Counted, sqlx::Error> {
    sqlx::query_as!(
        Counted,
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
