//! Customers for the inspector: their position in the sponsor tree and their changes of type.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::service::Customers;
use crate::database::{DatabaseError, TenantId};
use crate::model::CustomerId;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerSummary {
    pub id: i32,
    pub customer_type: i32,
    pub customer_status: i32,
    pub sponsor_id: Option<i32>,
    pub back_office_id: String,
    pub username: Option<String>,
    pub email_address: Option<String>,
    /// First and last name, or the company's name.
    pub name: Option<String>,
}

/// The nodes directly below a customer are counted up to this number.
pub const MAX_COUNTED: i64 = 1_000;

/// A customer in the sponsor tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeNode {
    pub id: i32,
    pub upline_id: Option<i32>,
    /// The number of levels between it and the requested customer.
    pub level: i32,
    /// `None` if there is no such customer.
    pub customer_type: Option<i32>,
    /// First and last name, or the company's name.
    pub name: Option<String>,
    /// The number of nodes directly below it, counted up to one more than [`MAX_COUNTED`].
    pub children: i64,
}

/// A customer's position in the sponsor tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeAround {
    /// From the root to the customer itself; empty for a customer without a node.
    pub upline: Vec<TreeNode>,
    /// Level by level, only the first nodes of each.
    pub below: Vec<TreeNode>,
}

/// A row of `CRM_AssociateTypeChanges`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeChange {
    pub id: Uuid,
    pub record_number: i64,
    pub associate_id: i32,
    pub old_associate_type: i32,
    pub new_associate_type: i32,
    pub change_date: DateTime<Utc>,
    pub changed_by: String,
    pub request_id: Uuid,
}

impl Customers {
    /// At most `limit` changes of type, the newest first: those of one customer, or of all.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn type_changes(
        &self,
        tenant: TenantId,
        id: Option<CustomerId>,
        limit: i64,
    ) -> Result<Vec<TypeChange>, DatabaseError> {
        self.database.run(async |connection| type_changes(connection, tenant, id, limit).await).await
    }

    /// A customer's position in the sponsor tree, with at most `limit` nodes of the three levels below it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tree_around(&self, tenant: TenantId, id: CustomerId, limit: i64) -> Result<TreeAround, DatabaseError> {
        let read = async |connection: &mut PgConnection| {
            let upline = upline(connection, tenant, id).await?;
            let below = below(connection, tenant, id, limit).await?;
            Ok(TreeAround { upline, below })
        };
        self.database.run(read).await
    }
}

/// The statement that reads changes of type, of all or of those that meet a condition.
macro_rules! select_changes {
    ($condition:tt, $tenant:expr, $limit:expr $(, $argument:expr)?) => {
        sqlx::query_as!(
            TypeChange,
            "select id, recordnumber as record_number, AssociateID as associate_id, OldAssociateType as old_associate_type,
                    NewAssociateType as new_associate_type, ChangeDate as change_date, ChangedBy as changed_by,
                    RequestId as request_id
               from CRM_AssociateTypeChanges
              where tenant_id = $1" + $condition + "
              order by recordnumber desc
              limit $2",
            $tenant,
            $limit,
            $($argument)?
        )
    };
}

async fn type_changes(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Option<CustomerId>,
    limit: i64,
) -> Result<Vec<TypeChange>, sqlx::Error> {
    match id {
        Some(id) => select_changes!(" and AssociateID = $3", tenant.0, limit, id.0).fetch_all(connection).await,
        None => select_changes!("", tenant.0, limit).fetch_all(connection).await,
    }
}

/// From the root to the customer itself, at most the nearest 2000 nodes.
async fn upline(connection: &mut PgConnection, tenant: TenantId, id: CustomerId) -> Result<Vec<TreeNode>, sqlx::Error> {
    sqlx::query_as!(
        TreeNode,
        r#"
        with recursive above (customer_id, upline_id, level) as (
            select t.customer_id, t.upline_id, 0 from sponsor_tree t where t.tenant_id = $1 and t.customer_id = $2
            union all
            select t.customer_id, t.upline_id, a.level + 1
              from above a
              join sponsor_tree t on t.tenant_id = $1 and t.customer_id = a.upline_id
             where a.level < 2000
        )
        select a.customer_id as "id!", a.upline_id, a.level as "level!", c.customer_type as "customer_type?",
               coalesce(nullif(concat_ws(' ', c.first_name, c.last_name), ''), c.company_name) as name,
               (select count(*) from (select from sponsor_tree t
                                      where t.tenant_id = $1 and t.upline_id = a.customer_id limit $3) counted) as "children!"
          from above a
          left join customers c on c.tenant_id = $1 and c.customer_id = a.customer_id
         order by a.level desc
        "#,
        tenant.0,
        id.0,
        MAX_COUNTED + 1,
    )
    .fetch_all(connection)
    .await
}

/// Three levels below a customer. Only the first forty children of each node are read, so that the time does not grow with
/// the width of the tree.
async fn below(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: CustomerId,
    limit: i64,
) -> Result<Vec<TreeNode>, sqlx::Error> {
    sqlx::query_as!(
        TreeNode,
        r#"
        with recursive below (customer_id, upline_id, level) as (
            select $2::integer, null::integer, 0
            union all
            select t.customer_id, b.customer_id, b.level + 1
              from below b
             cross join lateral (select s.customer_id from sponsor_tree s
                                  where s.tenant_id = $1 and s.upline_id = b.customer_id
                                  order by s.customer_id limit 40) t
             where b.level < 3
        ),
        nearest as (
            select * from below where level > 0 order by level, customer_id limit $3
        )
        select n.customer_id as "id!", n.upline_id, n.level as "level!", c.customer_type as "customer_type?",
               coalesce(nullif(concat_ws(' ', c.first_name, c.last_name), ''), c.company_name) as name,
               (select count(*) from (select from sponsor_tree t
                                      where t.tenant_id = $1 and t.upline_id = n.customer_id limit $4) counted) as "children!"
          from nearest n
          left join customers c on c.tenant_id = $1 and c.customer_id = n.customer_id
         order by n.level, n.customer_id
        "#,
        tenant.0,
        id.0,
        limit,
        MAX_COUNTED + 1,
    )
    .fetch_all(connection)
    .await
}
