//! Finding customers: by a term, by filters, by number or BackOfficeId.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::error::Error;
use super::look_up::LookUp;
use super::scope::Scope;
use super::service::Customers;
use super::store;
use super::text::is_forbidden;
use crate::database::TenantId;
use crate::model::{Customer, CustomerId};

/// The maximum length of a term, in characters: that of the longest value that a plan allows. The database compares a term with every
/// customer.
const MAX_TERM: usize = 4_000;

/// The conditions of a search. An empty list is no condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// A part of one of the searched fields, in any case.
    pub term: String,
    pub types: Vec<i32>,
    pub statuses: Vec<i32>,
    /// ISO 3166-1 codes of the primary address, in upper case.
    pub countries: Vec<String>,
    /// Only the customer with this company.
    pub company: Option<i32>,
}

/// The conditions of a list of ids. `None` is no condition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IdFilter {
    pub customer_type: Option<i32>,
    pub customer_status: Option<i32>,
    pub modified_since: Option<DateTime<Utc>>,
}

impl Customers {
    /// The first fifty customers that a search finds, by ascending id (vendor's engine: "top 50").
    ///
    /// # Errors
    /// When the database fails.
    pub async fn search(&self, scope: &Scope<'_>, search: &Search) -> Result<Vec<Customer>, Error> {
        // No stored value contains such a character, or is that long.
        if search.term.contains(is_forbidden) || search.term.chars().count() > MAX_TERM {
            return Ok(Vec::new());
        }
        let found = self.database.run(async |connection| {
            let Some(range) = searched(connection, scope.tenant, search.company).await? else { return Ok(Vec::new()) };
            let ids = matching(connection, scope.tenant, search, range).await?;
            store::find(connection, scope.tenant, &ids).await
        });
        Ok(found.await?)
    }

    /// The ids of all customers that pass a filter, ascending.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ids(&self, scope: &Scope<'_>, filter: &IdFilter) -> Result<Vec<i32>, Error> {
        Ok(self.database.run(async |connection| ids(connection, scope.tenant, filter).await).await?)
    }

    /// # Errors
    /// When the database fails.
    pub async fn find_by_back_office_id_or_number(
        &self,
        scope: &Scope<'_>,
        id: &str,
    ) -> Result<Option<Customer>, Error> {
        match self.find_by_back_office_id(scope, id).await? {
            None => self.find_by_number(scope, id).await,
            found => Ok(found),
        }
    }

    /// # Errors
    /// When the database fails.
    pub async fn find_by_number_or_back_office_id(
        &self,
        scope: &Scope<'_>,
        id: &str,
    ) -> Result<Option<Customer>, Error> {
        match self.find_by_number(scope, id).await? {
            None => self.find_by_back_office_id(scope, id).await,
            found => Ok(found),
        }
    }

    async fn find_by_back_office_id(&self, scope: &Scope<'_>, id: &str) -> Result<Option<Customer>, Error> {
        Ok(self.look_up(scope, LookUp::BackOfficeId(id.trim())).await?.into_iter().next())
    }

    async fn find_by_number(&self, scope: &Scope<'_>, id: &str) -> Result<Option<Customer>, Error> {
        let Some(number) = id.trim().parse().ok().filter(|number| *number > 0).map(CustomerId) else { return Ok(None) };
        match self.get(scope, number).await {
            Ok(customer) => Ok(Some(customer)),
            Err(Error::UnknownCustomer) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The lowest and the highest id that a search can find; `None` when no customer has the company.
async fn searched(
    connection: &mut PgConnection,
    tenant: TenantId,
    company: Option<i32>,
) -> Result<Option<(i32, i32)>, sqlx::Error> {
    let Some(company) = company else { return Ok(Some((1, i32::MAX))) };
    let customer = sqlx::query_scalar!(
        "select customer_id from companies where tenant_id = $1 and company_id = $2",
        tenant.0,
        company,
    )
    .fetch_optional(connection)
    .await?;
    Ok(customer.map(|id| (id, id)))
}

/// The ids of the first fifty customers with the term in one of the searched fields ("searchTerm is matched against …",
/// DirectScale, Search Associates page). Reads every customer of the range, until it has found fifty: an index on these fields would make
/// every update of one of them a write of all indexes.
async fn matching(
    connection: &mut PgConnection,
    tenant: TenantId,
    search: &Search,
    (first, last): (i32, i32),
) -> Result<Vec<i32>, sqlx::Error> {
    let Search { term, types, statuses, countries, company: _ } = search;
    sqlx::query_scalar!(
        r#"
        select customer_id from customers
         where tenant_id = $1
           -- Joined by a character that no value holds, so that no match reaches across two fields.
           and strpos(lower(concat_ws(chr(31), back_office_id, external_reference_id, email_address, first_name,
                                      last_name, text_phone, primary_phone, primary_street1, primary_city,
                                      primary_region, primary_postal_code)), lower($2)) > 0
           and (cardinality($3::integer[]) = 0 or customer_type = any ($3))
           and (cardinality($4::integer[]) = 0 or customer_status = any ($4))
           and (cardinality($5::text[]) = 0 or primary_country_code = any ($5))
           and customer_id between $6 and $7
         order by customer_id
         limit 50
        "#,
        tenant.0,
        term,
        types,
        statuses,
        countries,
        first,
        last,
    )
    .fetch_all(connection)
    .await
}

/// Every id is above 0; the comparison makes Postgres read them in their order. Without a condition they are read from the index alone. A
/// condition reads every customer: what it compares changes with ordinary updates, so it has no index.
async fn ids(connection: &mut PgConnection, tenant: TenantId, filter: &IdFilter) -> Result<Vec<i32>, sqlx::Error> {
    if *filter == IdFilter::default() {
        return sqlx::query_scalar!(
            r#"select array(select customer_id from customers
                             where tenant_id = $1 and customer_id > 0 order by customer_id) as "ids!""#,
            tenant.0,
        )
        .fetch_one(connection)
        .await;
    }
    sqlx::query_scalar!(
        r#"
        select array(select customer_id from customers
                      where tenant_id = $1 and customer_id > 0
                        and ($2::integer is null or customer_type = $2)
                        and ($3::integer is null or customer_status = $3)
                        and ($4::timestamptz is null or modified_at >= $4)
                      order by customer_id) as "ids!"
        "#,
        tenant.0,
        filter.customer_type,
        filter.customer_status,
        filter.modified_since,
    )
    .fetch_one(connection)
    .await
}
