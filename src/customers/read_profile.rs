//! Customers with their profiles, and customers by uuid.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::error::Error;
use super::profile::{Company, Version};
use super::scope::Scope;
use super::service::Customers;
use super::store;
use crate::database::TenantId;
use crate::model::{Customer, CustomerId};
use crate::vendor_facts::ProfileOwner;

/// A customer with its profile at one vendor.
#[derive(Debug, Clone, PartialEq)]
pub struct Profiled {
    pub customer: Customer,
    /// The customer uuid.
    pub uuid: Uuid,
    pub modified_at: DateTime<Utc>,
    pub version: Version,
    /// By the vendor's name.
    pub fields: Map<String, Value>,
    /// In order.
    pub companies: Vec<Company>,
}

/// The bits of a customer uuid that no client chose; the lowest ones are the customer's number. Version 8 leaves the meaning of
/// its bits to the application (RFC 9562). So the same customer of the same seed has the same uuid in each tenant.
const DERIVED: u128 = 0x0000_0000_0000_8000_8000_0000_0000_0000;

fn derived_uuid(id: CustomerId) -> Uuid {
    Uuid::from_u128(DERIVED | u128::from(id.0.unsigned_abs()))
}

/// The number in a derived uuid; `None` for any other uuid.
pub(super) fn number_of(uuid: Uuid) -> Option<i32> {
    i32::try_from(uuid.as_u128() ^ DERIVED).ok().filter(|number| *number > 0)
}

impl Customers {
    /// # Errors
    /// `UnknownCustomer`, or when the database fails.
    pub async fn profiled(&self, scope: &Scope<'_>, id: CustomerId, owner: ProfileOwner) -> Result<Profiled, Error> {
        self.profiled_all(scope, owner, &[id]).await?.pop().ok_or(Error::UnknownCustomer)
    }

    /// The customers of these ids that exist, ascending, in two or three statements.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn profiled_all(
        &self,
        scope: &Scope<'_>,
        owner: ProfileOwner,
        ids: &[CustomerId],
    ) -> Result<Vec<Profiled>, Error> {
        let ids: Vec<i32> = ids.iter().map(|id| id.0).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let read = async |connection: &mut PgConnection| {
            // The version is read first, so that a write between the two statements makes it outdated.
            let profiles = profiles(connection, scope.tenant, owner, &ids).await?;
            let ids: Vec<i32> = profiles.keys().copied().collect();
            let customers = store::find(connection, scope.tenant, &ids).await?;
            let companies =
                if owner.has_companies() { companies(connection, scope.tenant, &ids).await? } else { HashMap::new() };
            Ok((profiles, customers, companies))
        };
        let (mut profiles, customers, mut companies) = self.database.run(read).await?;
        let with_profiles = customers.into_iter().filter_map(|customer| {
            let row = profiles.remove(&customer.id.0)?;
            Some(Profiled {
                uuid: row.uuid.unwrap_or_else(|| derived_uuid(customer.id)),
                modified_at: row.modified_at,
                version: Version(row.version),
                fields: row.fields.map(|fields| fields.0).unwrap_or_default(),
                companies: companies.remove(&customer.id.0).unwrap_or_default(),
                customer,
            })
        });
        Ok(with_profiles.collect())
    }

    /// # Errors
    /// When the database fails.
    pub async fn find_by_uuid(&self, scope: &Scope<'_>, uuid: Uuid) -> Result<Option<CustomerId>, Error> {
        let found = self.database.run(async |connection| match number_of(uuid) {
            Some(number) => Ok(has_derived_uuid(connection, scope.tenant, number).await?.then_some(number)),
            None => by_chosen_uuid(connection, scope.tenant, uuid).await,
        });
        Ok(found.await?.map(CustomerId))
    }
}

struct ProfileRow {
    customer_id: i32,
    version: i64,
    modified_at: DateTime<Utc>,
    /// `None` for a derived uuid.
    uuid: Option<Uuid>,
    fields: Option<Json<Map<String, Value>>>,
}

/// `offset 0` keeps the planner from joining in another order, so that each customer is found by its index.
async fn profiles(
    connection: &mut PgConnection,
    tenant: TenantId,
    owner: ProfileOwner,
    ids: &[i32],
) -> Result<HashMap<i32, ProfileRow>, sqlx::Error> {
    let rows = sqlx::query_as!(
        ProfileRow,
        r#"
        select found.customer_id, version as "version!", modified_at, customer_key as "uuid?",
               fields as "fields?: Json<Map<String, Value>>"
          from unnest($2::integer[]) as requested (id)
         cross join lateral (
               select c.customer_id, c.version, c.modified_at, k.customer_key, p.fields
                 from customers c
                 left join customer_keys k on k.tenant_id = $1 and k.customer_id = requested.id
                 left join customer_profiles p
                   on p.tenant_id = $1 and p.customer_id = requested.id and p.owner = $3
                where c.tenant_id = $1 and c.customer_id = requested.id
               offset 0) found
        "#,
        tenant.0,
        ids,
        owner.name(),
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.customer_id, row)).collect())
}

/// The companies of each customer, in order.
async fn companies(
    connection: &mut PgConnection,
    tenant: TenantId,
    ids: &[i32],
) -> Result<HashMap<i32, Vec<Company>>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select customer_id, company_id, company_key, name, org_no, details as "details: Json<Map<String, Value>>"
          from unnest($2::integer[]) as requested (id)
         cross join lateral (select * from companies
                              where tenant_id = $1 and customer_id = requested.id offset 0) found
         order by customer_id, place, company_id
        "#,
        tenant.0,
        ids,
    )
    .fetch_all(connection)
    .await?;
    let mut by_customer: HashMap<i32, Vec<Company>> = HashMap::new();
    for row in rows {
        by_customer.entry(row.customer_id).or_default().push(Company {
            id: Some(row.company_id),
            key: Some(row.company_key),
            name: row.name,
            org_no: row.org_no,
            details: row.details.0,
        });
    }
    Ok(by_customer)
}

/// False for a customer with a uuid that a client chose.
async fn has_derived_uuid(connection: &mut PgConnection, tenant: TenantId, number: i32) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select exists (select from customers where tenant_id = $1 and customer_id = $2)
               and not exists (select from customer_keys where tenant_id = $1 and customer_id = $2) as "has!"
        "#,
        tenant.0,
        number,
    )
    .fetch_one(connection)
    .await
}

async fn by_chosen_uuid(
    connection: &mut PgConnection,
    tenant: TenantId,
    uuid: Uuid,
) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar!(
        "select customer_id from customer_keys where tenant_id = $1 and customer_key = $2",
        tenant.0,
        uuid,
    )
    .fetch_optional(connection)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_uuid_names_its_customer() {
        assert_eq!(derived_uuid(CustomerId(7)).to_string(), "00000000-0000-8000-8000-000000000007");
        for number in [1, 7, i32::MAX] {
            assert_eq!(number_of(derived_uuid(CustomerId(number))), Some(number));
        }
        for other in [Uuid::nil(), Uuid::max(), Uuid::from_u128(DERIVED), Uuid::from_u128(DERIVED | 1 << 40)] {
            assert_eq!(number_of(other), None, "{other}");
        }
    }
}
