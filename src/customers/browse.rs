//! The customers of a tenant for the inspector: page by page, filtered and in an order.

use sqlx::PgConnection;

use super::listing::CustomerSummary;
use super::service::Customers;
use super::text::is_forbidden;
use crate::database::{DatabaseError, TenantId};

/// Which customers. The default is all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CustomerFilter<'a> {
    /// The id, or a part of name, e-mail address, username or back office id, in any case; empty for any.
    pub term: &'a str,
    pub customer_type: Option<i32>,
    pub customer_status: Option<i32>,
    pub sponsor: Option<i32>,
}

/// The order of the customers. Those with equal values are in the order of their ids.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CustomerOrder {
    #[default]
    Id,
    /// The highest id first.
    NewestId,
    Name,
    /// The latest sign-up first.
    SignUp,
}

/// A page of the customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerPage {
    /// The number of customers that the filter matches.
    pub total: i64,
    pub customers: Vec<CustomerSummary>,
}

impl Customers {
    /// At most `limit` of the customers that a filter matches, after the first `offset`, and the number of all that it matches.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn browse(
        &self,
        tenant: TenantId,
        filter: CustomerFilter<'_>,
        order: CustomerOrder,
        offset: i64,
        limit: i64,
    ) -> Result<CustomerPage, DatabaseError> {
        // No stored value contains such a character.
        if filter.term.contains(is_forbidden) {
            return Ok(CustomerPage { total: 0, customers: Vec::new() });
        }
        let read = async |connection: &mut PgConnection| {
            let total = count(connection, tenant, filter).await?;
            let customers = list(connection, tenant, filter, order, (offset, limit)).await?;
            Ok(CustomerPage { total, customers })
        };
        self.database.run(read).await
    }

    /// At most `limit` customers with an id above `after`, ascending.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn following(
        &self,
        tenant: TenantId,
        after: i32,
        limit: i64,
    ) -> Result<Vec<CustomerSummary>, DatabaseError> {
        self.database.run(async |connection| following(connection, tenant, after, limit).await).await
    }
}

async fn following(
    connection: &mut PgConnection,
    tenant: TenantId,
    after: i32,
    limit: i64,
) -> Result<Vec<CustomerSummary>, sqlx::Error> {
    sqlx::query_as!(
        CustomerSummary,
        "select customer_id as id, customer_type, customer_status, sponsor_id, back_office_id, username, email_address,
                coalesce(nullif(concat_ws(' ', first_name, last_name), ''), company_name) as name
           from customers where tenant_id = $1 and customer_id > $2 order by customer_id limit $3",
        tenant.0,
        after,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// A statement on the customers that a filter matches. With a filter it may read every customer of the tenant.
macro_rules! of_matching {
    ($query:ident!($head:tt, $tail:tt $(=> $row:ty)?), $tenant:expr, $filter:expr $(, $argument:expr)*) => {
        sqlx::$query!(
            $($row,)?
            $head + "
              from customers
             where tenant_id = $1
               and ($2 = '' or customer_id::text = $2
                    -- Joined by a character that no value holds, so that no match reaches across two fields but the two names.
                    or strpos(lower(concat_ws(chr(31), concat_ws(' ', first_name, last_name), company_name, email_address,
                                              username, back_office_id)), lower($2)) > 0)
               and ($3::integer is null or customer_type = $3)
               and ($4::integer is null or customer_status = $4)
               and ($5::integer is null or sponsor_id = $5)" + $tail,
            $tenant.0,
            $filter.term,
            $filter.customer_type,
            $filter.customer_status,
            $filter.sponsor,
            $($argument),*
        )
    };
}

async fn count(
    connection: &mut PgConnection,
    tenant: TenantId,
    filter: CustomerFilter<'_>,
) -> Result<i64, sqlx::Error> {
    if filter == CustomerFilter::default() {
        // Of the index alone, which is several times faster.
        let all = sqlx::query_scalar!(r#"select count(*) as "count!" from customers where tenant_id = $1"#, tenant.0);
        return all.fetch_one(connection).await;
    }
    of_matching!(query_scalar!(r#"select count(*) as "count!""#, ""), tenant, filter).fetch_one(connection).await
}

/// The columns of a [`CustomerSummary`] in an order.
macro_rules! select_ordered {
    ($order:tt, $tenant:expr, $filter:expr, $page:expr) => {
        of_matching!(
            query_as!(
                "select customer_id as id, customer_type, customer_status, sponsor_id, back_office_id, username, email_address,
                        coalesce(nullif(concat_ws(' ', first_name, last_name), ''), company_name) as name",
                $order => CustomerSummary
            ),
            $tenant,
            $filter,
            $page.0,
            $page.1
        )
    };
}

async fn list(
    connection: &mut PgConnection,
    tenant: TenantId,
    filter: CustomerFilter<'_>,
    order: CustomerOrder,
    page: (i64, i64),
) -> Result<Vec<CustomerSummary>, sqlx::Error> {
    match order {
        CustomerOrder::Id => {
            select_ordered!(" order by customer_id offset $6 limit $7", tenant, filter, page)
                .fetch_all(connection)
                .await
        }
        CustomerOrder::NewestId => {
            select_ordered!(" order by customer_id desc offset $6 limit $7", tenant, filter, page)
                .fetch_all(connection)
                .await
        }
        CustomerOrder::Name => {
            select_ordered!(
                " order by lower(coalesce(nullif(concat_ws(' ', first_name, last_name), ''), company_name)), customer_id
                  offset $6 limit $7",
                tenant,
                filter,
                page
            )
            .fetch_all(connection)
            .await
        }
        CustomerOrder::SignUp => {
            select_ordered!(" order by sign_up_date desc, customer_id offset $6 limit $7", tenant, filter, page)
                .fetch_all(connection)
                .await
        }
    }
}
