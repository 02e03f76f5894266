//! SQL on the trees. Downlines are walked by Postgres, level by level along an index, and come as one array.

use sqlx::PgConnection;

use crate::customers::model::CustomerId;
use crate::customers::service::Scope;
use crate::customers::store::Texts;
use crate::customers::tree::Tree;
use crate::database::TenantId;

/// The sponsor tree below a customer; `None` when there is no such customer.
pub(in crate::customers) async fn sponsor_downline(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: CustomerId,
    levels: Option<i32>,
) -> Result<Option<Vec<i32>>, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        with recursive below (customer_id, level) as (
            select t.customer_id, 1 from sponsor_tree t where t.tenant_id = $1 and t.upline_id = $2
            union all
            select t.customer_id, b.level + 1
              from below b
              join sponsor_tree t on t.tenant_id = $1 and t.upline_id = b.customer_id
             where $3::integer is null or b.level < $3
        )
        select exists (select from customers where tenant_id = $1 and customer_id = $2) as "is_known!",
               (select array_agg(customer_id order by level, customer_id) from below) as ids
        "#,
        tenant.0,
        id.0,
        levels,
    )
    .fetch_one(connection)
    .await?;
    Ok(row.is_known.then(|| row.ids.unwrap_or_default()))
}

/// The enrolment tree below a customer; `None` when there is no such customer.
pub(in crate::customers) async fn enrollment_downline(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: CustomerId,
    levels: Option<i32>,
) -> Result<Option<Vec<i32>>, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        with recursive below (customer_id, level) as (
            select c.customer_id, 1 from customers c where c.tenant_id = $1 and c.enroller_id = $2
            union all
            select c.customer_id, b.level + 1
              from below b
              join customers c on c.tenant_id = $1 and c.enroller_id = b.customer_id
             where $3::integer is null or b.level < $3
        )
        select exists (select from customers where tenant_id = $1 and customer_id = $2) as "is_known!",
               (select array_agg(customer_id order by level, customer_id) from below) as ids
        "#,
        tenant.0,
        id.0,
        levels,
    )
    .fetch_one(connection)
    .await?;
    Ok(row.is_known.then(|| row.ids.unwrap_or_default()))
}

/// Those whom a customer enrolled and who have no node in the sponsor tree; `None` when there is no such customer.
pub(in crate::customers) async fn unplaced(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: CustomerId,
) -> Result<Option<Vec<i32>>, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select exists (select from customers where tenant_id = $1 and customer_id = $2) as "is_known!",
               (select array_agg(c.customer_id order by c.customer_id)
                  from customers c
                 where c.tenant_id = $1 and c.enroller_id = $2
                   and not exists (select from sponsor_tree t
                                    where t.tenant_id = $1 and t.customer_id = c.customer_id)) as ids
        "#,
        tenant.0,
        id.0,
    )
    .fetch_one(connection)
    .await?;
    Ok(row.is_known.then(|| row.ids.unwrap_or_default()))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::customers) enum Placed {
    Done,
    /// There is no such customer.
    UnknownCustomer,
    /// There is no such upline.
    UplineUnknown,
    /// The upline is of a type that may not be one.
    UplineType,
    /// The upline is the customer itself, or stands below it.
    UplineBelow,
}

/// Places a customer below `upline`.
pub(in crate::customers) async fn place(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
    upline: i32,
    tree: Tree,
) -> Result<Placed, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select outcome as "outcome!", customer_before as "customer_before: Texts",
               customer_after as "customer_after: Texts", node_before as "node_before: Texts",
               node_after as "node_after: Texts"
          from place_customer($1, $2, $3, $4, $5, $6, $7)
        "#,
        scope.tenant.0,
        id.0,
        upline,
        tree == Tree::Enrollment,
        scope.plan.sponsor_types(),
        scope.now,
        scope.recorder.is_on(),
    )
    .fetch_one(connection)
    .await?;
    scope.recorder.update("customers", row.customer_before.as_ref(), row.customer_after.as_ref());
    scope.recorder.update("sponsor_tree", row.node_before.as_ref(), row.node_after.as_ref());
    match row.outcome.as_str() {
        "placed" => Ok(Placed::Done),
        "unknown_customer" => Ok(Placed::UnknownCustomer),
        "sponsor_unknown" => Ok(Placed::UplineUnknown),
        "sponsor_type" => Ok(Placed::UplineType),
        "sponsor_below" => Ok(Placed::UplineBelow),
        other => Err(super::unknown_outcome(other)),
    }
}

/// The first node that has no upline and is of one of these types, or of any.
pub(in crate::customers) async fn root(
    connection: &mut PgConnection,
    tenant: TenantId,
    types: Option<&[i32]>,
) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar!(
        "select t.customer_id from sponsor_tree t
           join customers c on c.tenant_id = $1 and c.customer_id = t.customer_id
          where t.tenant_id = $1 and t.upline_id is null and ($2::integer[] is null or c.customer_type = any ($2))
          order by t.customer_id limit 1",
        tenant.0,
        types,
    )
    .fetch_optional(connection)
    .await
}
