//! The sponsor tree has a node for each customer that was placed. The enrollment tree consists of the customers' enrollers.
//! Postgres walks a downline level by level along an index and returns it as one array.

use sqlx::PgConnection;

use super::error::{Error, ViolationKind};
use super::scope::Scope;
use super::service::Customers;
use super::write::Attempts;
use crate::database::{DatabaseError, TenantId, is_deadlock};
use crate::journal::RowBytes;
use crate::model::CustomerId;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tree {
    /// Unilevel, the one that is flagged as the Sponsor tree (vendor's help, Trees).
    Sponsor,
    /// By `EnrollerId`.
    Enrollment,
}

impl Customers {
    /// The ids of the customers below a customer, down to a number of levels or to the last one: level by level, ascending within
    /// each level.
    ///
    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn downline(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        tree: Tree,
        levels: Option<i32>,
    ) -> Result<Vec<i32>, Error> {
        let found = self.database.run(async |connection| downline(connection, scope.tenant, id, tree, levels).await);
        found.await?.ok_or(Error::UnknownCustomer)
    }

    /// The ids of the customers that a customer enrolled and that are not in the tree, ascending. Every customer is in the
    /// enrollment tree.
    ///
    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn unplaced(&self, scope: &Scope<'_>, id: CustomerId, tree: Tree) -> Result<Vec<i32>, Error> {
        let found = self.database.run(async |connection| unplaced(connection, scope.tenant, id).await).await?;
        let unplaced = found.ok_or(Error::UnknownCustomer)?;
        Ok(if tree == Tree::Enrollment { Vec::new() } else { unplaced })
    }

    /// Moves a customer and its downline below another customer, and sets its SponsorId or EnrollerId.
    ///
    /// # Errors
    /// `UnknownCustomer`, `Placement` with the violation of the upline, or when the database fails.
    pub async fn place(&self, scope: &Scope<'_>, id: CustomerId, tree: Tree, upline: i32) -> Result<(), Error> {
        let mut attempts = Attempts::default();
        let placed = loop {
            match self.database.run(async |connection| place(connection, scope, id, upline, tree).await).await {
                // A concurrent update of the customer also moves it.
                Err(DatabaseError::Statement(error)) if is_deadlock(&error) && attempts.may_try_again() => {}
                placed => break placed?,
            }
        };
        let violation = match placed {
            PlaceOutcome::Done => return Ok(()),
            PlaceOutcome::UnknownCustomer => return Err(Error::UnknownCustomer),
            PlaceOutcome::UplineUnknown => ViolationKind::SponsorUnknown(upline),
            PlaceOutcome::UplineType => ViolationKind::SponsorNotDistributor(upline),
            PlaceOutcome::UplineBelow if upline == id.0 => ViolationKind::SponsorIsSelf,
            PlaceOutcome::UplineBelow => ViolationKind::SponsorBelow(upline),
        };
        Err(Error::Placement(violation))
    }

    /// The first root of the sponsor tree that may sponsor; `None` if there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn root(&self, scope: &Scope<'_>) -> Result<Option<CustomerId>, Error> {
        let types = scope.plan.sponsor_types();
        let root = self.database.run(async |connection| root(connection, scope.tenant, types).await);
        Ok(root.await?.map(CustomerId))
    }
}

/// A row of a downline, and whether there is such a customer.
struct DownlineRow {
    is_known: bool,
    ids: Option<Vec<i32>>,
}

/// The statement that walks down a tree: its table, and the column that names the upline.
macro_rules! select_downline {
    ($table:tt, $upline:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            DownlineRow,
            "with recursive below (customer_id, level) as (
                select t.customer_id, 1 from " + $table + " t where t.tenant_id = $1 and t." + $upline + r#" = $2
                union all
                select t.customer_id, b.level + 1
                  from below b
                  join "# + $table + " t on t.tenant_id = $1 and t." + $upline + r#" = b.customer_id
                 where $3::integer is null or b.level < $3
             )
             select exists (select from customers where tenant_id = $1 and customer_id = $2) as "is_known!",
                    (select array_agg(customer_id order by level, customer_id) from below) as ids"#,
            $($argument),+
        )
    };
}

/// `None` when there is no such customer.
async fn downline(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: CustomerId,
    tree: Tree,
    levels: Option<i32>,
) -> Result<Option<Vec<i32>>, sqlx::Error> {
    let row = match tree {
        Tree::Sponsor => {
            select_downline!("sponsor_tree", "upline_id", tenant.0, id.0, levels).fetch_one(connection).await?
        }
        Tree::Enrollment => {
            select_downline!("customers", "enroller_id", tenant.0, id.0, levels).fetch_one(connection).await?
        }
    };
    Ok(row.is_known.then(|| row.ids.unwrap_or_default()))
}

/// The customers that a customer enrolled and that have no node in the sponsor tree; `None` when there is no such customer.
async fn unplaced(
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

enum PlaceOutcome {
    Done,
    UnknownCustomer,
    UplineUnknown,
    /// The upline is of a type that may not sponsor.
    UplineType,
    /// The upline is the customer itself, or stands below it.
    UplineBelow,
}

async fn place(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
    upline: i32,
    tree: Tree,
) -> Result<PlaceOutcome, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select outcome as "outcome!", customer_before as "customer_before: RowBytes",
               customer_after as "customer_after: RowBytes", node_before as "node_before: RowBytes",
               node_after as "node_after: RowBytes"
          from place_below($1, $2, $3, $4, $5, $6, $7)
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
    scope.recorder.update("customers", row.customer_before, row.customer_after);
    scope.recorder.update("sponsor_tree", row.node_before, row.node_after);
    match row.outcome.as_str() {
        "placed" => Ok(PlaceOutcome::Done),
        "unknown_customer" => Ok(PlaceOutcome::UnknownCustomer),
        "sponsor_unknown" => Ok(PlaceOutcome::UplineUnknown),
        "sponsor_type" => Ok(PlaceOutcome::UplineType),
        "sponsor_below" => Ok(PlaceOutcome::UplineBelow),
        other => Err(sqlx::Error::Protocol(format!("place_below returned the unknown outcome '{other}'"))),
    }
}

/// The first node that has no upline and whose customer is of one of these types, or of any.
async fn root(
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
