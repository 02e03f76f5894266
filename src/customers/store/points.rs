//! SQL on the ledger of reward points.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::customers::model::CustomerId;
use crate::customers::points::Entry;
use crate::customers::service::Scope;
use crate::customers::store::Texts;
use crate::database::TenantId;

/// Appends an entry; false when there is no such customer.
pub(in crate::customers) async fn enter(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
    entry_id: Uuid,
    entry: &Entry,
) -> Result<bool, sqlx::Error> {
    let row = sqlx::query_scalar!(
        r#"
        insert into reward_points as p (tenant_id, customer_id, id, points, entered_at, expires_at)
        select $1, $2, $3, $4::float8::numeric, $5, $6
         where exists (select from customers where tenant_id = $1 and customer_id = $2)
        returning row_texts(p) as "row!: Texts"
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
    scope.recorder.row("reward_points", None, row.as_ref());
    Ok(row.is_some())
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
