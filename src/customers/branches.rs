//! The sponsor tree and the enrollment tree for the inspector: one level at a time, with the size of what is below each node.

use sqlx::PgConnection;

use super::service::Customers;
use super::tree::Tree;
use crate::database::{DatabaseError, TenantId};
use crate::model::CustomerId;

/// The customers directly below a node are counted up to this number.
pub const MAX_DIRECT: i64 = 100_000;

/// All customers below a node are counted up to this number.
pub const MAX_TOTAL: i64 = 10_000;

/// A customer in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchNode {
    pub id: i32,
    /// `None` if there is no such customer.
    pub customer_type: Option<i32>,
    /// First and last name, or the company's name.
    pub name: Option<String>,
    /// The number of customers directly below it, counted up to one more than [`MAX_DIRECT`].
    pub direct: i64,
    /// The number of all customers below it, counted up to one more than [`MAX_TOTAL`].
    pub total: i64,
}

/// A customer above another one in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathNode {
    pub id: i32,
    /// First and last name, or the company's name.
    pub name: Option<String>,
}

impl Customers {
    /// At most `limit` customers directly below `upline` with an id above `after`, ascending; without `upline` those at the top.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn branch(
        &self,
        tenant: TenantId,
        tree: Tree,
        upline: Option<i32>,
        after: i32,
        limit: i64,
    ) -> Result<Vec<BranchNode>, DatabaseError> {
        let read = async |connection: &mut PgConnection| match upline {
            Some(upline) => below(connection, tenant, tree, upline, after, limit).await,
            None => top(connection, tenant, tree, after, limit).await,
        };
        self.database.run(read).await
    }

    /// A customer in a tree; `None` if it is not in it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn branch_node(
        &self,
        tenant: TenantId,
        tree: Tree,
        id: CustomerId,
    ) -> Result<Option<BranchNode>, DatabaseError> {
        self.database.run(async |connection| node(connection, tenant, tree, id).await).await
    }

    /// From the top of a tree to a customer itself, at most the nearest 2000 nodes; empty if it is not in the tree.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn path(&self, tenant: TenantId, tree: Tree, id: CustomerId) -> Result<Vec<PathNode>, DatabaseError> {
        self.database.run(async |connection| path(connection, tenant, tree, id).await).await
    }
}

/// The statement that reads nodes with what is below them. The counts walk down the tree along its index.
macro_rules! select_nodes {
    ($table:tt, $upline:tt, $source:tt, $tenant:expr $(, $argument:expr)*) => {
        sqlx::query_as!(
            BranchNode,
            r#"select n.customer_id as "id!", c.customer_type as "customer_type?",
                      coalesce(nullif(concat_ws(' ', c.first_name, c.last_name), ''), c.company_name) as name,
                      (select count(*) from (select from "# + $table + " t where t.tenant_id = $1 and t." + $upline + r#" = n.customer_id
                                              limit $2) counted) as "direct!",
                      (with recursive below (customer_id) as (
                           select t.customer_id from "# + $table + " t where t.tenant_id = $1 and t." + $upline + " = n.customer_id
                           union all
                           select t.customer_id from below b
                             join " + $table + " t on t.tenant_id = $1 and t." + $upline + r#" = b.customer_id)
                       select count(*) from (select from below limit $3) counted) as "total!"
                 from ("# + $source + ") n
                 left join customers c on c.tenant_id = $1 and c.customer_id = n.customer_id
                order by n.customer_id",
            $tenant.0,
            MAX_DIRECT + 1,
            MAX_TOTAL + 1,
            $($argument),*
        )
    };
}

async fn below(
    connection: &mut PgConnection,
    tenant: TenantId,
    tree: Tree,
    upline: i32,
    after: i32,
    limit: i64,
) -> Result<Vec<BranchNode>, sqlx::Error> {
    match tree {
        Tree::Sponsor => {
            let nodes = select_nodes!(
                "sponsor_tree",
                "upline_id",
                "select s.customer_id from sponsor_tree s
                  where s.tenant_id = $1 and s.upline_id = $4 and s.customer_id > $5 order by s.customer_id limit $6",
                tenant,
                upline,
                after,
                limit
            );
            nodes.fetch_all(connection).await
        }
        Tree::Enrollment => {
            let nodes = select_nodes!(
                "customers",
                "enroller_id",
                "select s.customer_id from customers s
                  where s.tenant_id = $1 and s.enroller_id = $4 and s.customer_id > $5 order by s.customer_id limit $6",
                tenant,
                upline,
                after,
                limit
            );
            nodes.fetch_all(connection).await
        }
    }
}

async fn top(
    connection: &mut PgConnection,
    tenant: TenantId,
    tree: Tree,
    after: i32,
    limit: i64,
) -> Result<Vec<BranchNode>, sqlx::Error> {
    match tree {
        Tree::Sponsor => {
            let nodes = select_nodes!(
                "sponsor_tree",
                "upline_id",
                "select s.customer_id from sponsor_tree s
                  where s.tenant_id = $1 and s.upline_id is null and s.customer_id > $4 order by s.customer_id limit $5",
                tenant,
                after,
                limit
            );
            nodes.fetch_all(connection).await
        }
        Tree::Enrollment => {
            let nodes = select_nodes!(
                "customers",
                "enroller_id",
                "select s.customer_id from customers s
                  where s.tenant_id = $1 and s.enroller_id is null and s.customer_id > $4 order by s.customer_id limit $5",
                tenant,
                after,
                limit
            );
            nodes.fetch_all(connection).await
        }
    }
}

async fn node(
    connection: &mut PgConnection,
    tenant: TenantId,
    tree: Tree,
    id: CustomerId,
) -> Result<Option<BranchNode>, sqlx::Error> {
    match tree {
        Tree::Sponsor => {
            let node = select_nodes!(
                "sponsor_tree",
                "upline_id",
                "select s.customer_id from sponsor_tree s where s.tenant_id = $1 and s.customer_id = $4",
                tenant,
                id.0
            );
            node.fetch_optional(connection).await
        }
        Tree::Enrollment => {
            let node = select_nodes!(
                "customers",
                "enroller_id",
                "select s.customer_id from customers s where s.tenant_id = $1 and s.customer_id = $4",
                tenant,
                id.0
            );
            node.fetch_optional(connection).await
        }
    }
}

/// The statement that walks up a tree.
macro_rules! select_path {
    ($table:tt, $upline:tt, $tenant:expr, $id:expr) => {
        sqlx::query_as!(
            PathNode,
            "with recursive above (customer_id, upline_id, level) as (
                 select t.customer_id, t."
                + $upline
                + ", 0 from "
                + $table
                + " t where t.tenant_id = $1 and t.customer_id = $2
                 union all
                 select t.customer_id, t."
                + $upline
                + ", a.level + 1
                   from above a
                   join "
                + $table
                + r#" t on t.tenant_id = $1 and t.customer_id = a.upline_id
                  where a.level < 2000
             )
             select a.customer_id as "id!",
                    coalesce(nullif(concat_ws(' ', c.first_name, c.last_name), ''), c.company_name) as name
               from above a
               left join customers c on c.tenant_id = $1 and c.customer_id = a.customer_id
              order by a.level desc"#,
            $tenant.0,
            $id.0,
        )
    };
}

async fn path(
    connection: &mut PgConnection,
    tenant: TenantId,
    tree: Tree,
    id: CustomerId,
) -> Result<Vec<PathNode>, sqlx::Error> {
    match tree {
        Tree::Sponsor => select_path!("sponsor_tree", "upline_id", tenant, id).fetch_all(connection).await,
        Tree::Enrollment => select_path!("customers", "enroller_id", tenant, id).fetch_all(connection).await,
    }
}
