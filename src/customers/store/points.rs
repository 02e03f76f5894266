//! SQL on the ledger of reward points.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::customers::model::CustomerId;
use crate::customers::points::Entry;
use crate::database::TenantId;

/// Appends an entry; false when there is no such customer.
pub(in crate::customers) async fn enter(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: CustomerId,
    entry_id: Uuid,
    entry: &Entry,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "insert into reward_points (tenant_id, customer_id, id, points, entered_at, expires_at)
         select $1, $2, $3, $4::float8::numeric, $5, $6
          where exists (select from customers where tenant_id = $1 and customer_id = $2)",
        tenant.0,
        id.0,
        entry_id,
        entry.points,
        entry.entered_at,
        entry.expires_at,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A customer's ledger, in the order of its entries.
pub(in crate::customers) async fn ledger(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: CustomerId,
) -> Result<Vec<Entry>, sqlx::Error> {
    sqlx::query_as!(
        Entry,
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
