//! Writes of profiles, companies and customer uuids, each within the transaction that writes the customer.

use std::collections::HashSet;

use serde_json::{Map, Value};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::error::{Error, Rejection};
use super::profile::{Company, Profile, name_key};
use super::read_profile::number_of;
use super::scope::Scope;
use super::service::Customers;
use crate::database::{DatabaseError, TenantId, is_deadlock, violated_unique_constraint};
use crate::journal::RowBytes;
use crate::model::CustomerId;
use crate::vendor_facts::ProfileOwner;

impl Customers {
    pub(super) async fn write_profile(
        &self,
        scope: &Scope<'_>,
        id: CustomerId,
        uuid: Option<Uuid>,
        profile: Option<&Profile>,
    ) -> Result<(), Error> {
        if let Some(uuid) = uuid {
            self.write_uuid(scope, id, uuid).await?;
        }
        let Some(Profile { owner, fields, companies }) = profile else { return Ok(()) };
        self.database.run(async |connection| write_fields(connection, scope, id, *owner, fields).await).await?;
        match companies {
            Some(companies) => self.write_companies(scope, id, companies).await,
            None => Ok(()),
        }
    }

    async fn write_uuid(&self, scope: &Scope<'_>, id: CustomerId, uuid: Uuid) -> Result<(), Error> {
        if number_of(uuid).is_some() {
            return Err(Error::UuidReserved);
        }
        let written = self.database.run(async |connection| write_uuid(connection, scope, id, uuid).await);
        match written.await {
            Err(DatabaseError::Statement(error)) if violated_unique_constraint(&error).is_some() => {
                Err(Error::UuidInUse)
            }
            other => Ok(other?),
        }
    }

    async fn write_companies(&self, scope: &Scope<'_>, id: CustomerId, companies: &[Company]) -> Result<(), Error> {
        let placed = || (0..).zip(companies);
        let key = |company: &Company| company.key.unwrap_or_else(|| self.random.uuid());
        let existing: Vec<Row<'_>> = placed()
            .filter_map(|(place, company)| Some(Row { number: company.id?, place, key: key(company), company }))
            .collect();
        let is_new = |company: &&Company| company.id.is_none();
        let count = i32::try_from(companies.iter().filter(is_new).count()).unwrap_or(i32::MAX);
        let written = self.database.run(async |connection| {
            // Existing companies first: a new one may have the name that an existing one had until now.
            write_rows(connection, scope, id, &existing).await?;
            if count == 0 {
                return Ok(());
            }
            let first = reserve_numbers(connection, scope.tenant, count).await?;
            let new = placed().filter(|(_, company)| is_new(company));
            let new = (first..).zip(new).map(|(number, (place, company))| {
                let key = key(company);
                Row { number, place, key, company }
            });
            write_rows(connection, scope, id, &new.collect::<Vec<_>>()).await
        });
        match written.await {
            Err(DatabaseError::Statement(error)) if violated_unique_constraint(&error).is_some() => {
                let mut conflicting = self.conflicting_companies(scope, Some(id), companies).await?;
                if conflicting.is_empty() {
                    // The other request no longer uses the name, or another company of this customer has it.
                    conflicting.extend(doubled_name(companies));
                }
                Err(Error::Rejected(Rejection { violations: Vec::new(), companies: conflicting }))
            }
            // Two requests wait for each other's values. This one releases its locks, and its caller tries again.
            Err(DatabaseError::Statement(error)) if is_deadlock(&error) => Err(Error::Changed),
            other => Ok(other?),
        }
    }

    /// The names of the companies that a customer other than `id` has.
    pub(super) async fn conflicting_companies(
        &self,
        scope: &Scope<'_>,
        id: Option<CustomerId>,
        companies: &[Company],
    ) -> Result<Vec<String>, DatabaseError> {
        if companies.is_empty() {
            return Ok(Vec::new());
        }
        let places =
            self.database.run(async |connection| conflicts(connection, scope.tenant, id, companies).await).await?;
        Ok(places.into_iter().filter_map(|place| companies.get(place)).map(|company| company.name.clone()).collect())
    }
}

async fn write_fields(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
    owner: ProfileOwner,
    fields: &Map<String, Value>,
) -> Result<(), sqlx::Error> {
    let row = sqlx::query!(
        r#"select row_before as "before: RowBytes", row_after as "after: RowBytes" from write_profile($1, $2, $3, $4, $5)"#,
        scope.tenant.0,
        id.0,
        owner.name(),
        Json(fields) as _,
        scope.recorder.is_on(),
    )
    .fetch_one(connection)
    .await?;
    scope.recorder.row("customer_profiles", row.before, row.after);
    Ok(())
}

async fn write_uuid(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
    uuid: Uuid,
) -> Result<(), sqlx::Error> {
    let row = sqlx::query!(
        r#"insert into customer_keys as k (tenant_id, customer_key, customer_id) values ($1, $2, $3)
           returning case when $4::boolean then row_bytes(k) end as "after: RowBytes""#,
        scope.tenant.0,
        uuid,
        id.0,
        scope.recorder.is_on(),
    )
    .fetch_one(connection)
    .await?;
    scope.recorder.row("customer_keys", None, row.after);
    Ok(())
}

/// A company as it is stored.
struct Row<'a> {
    number: i32,
    place: i32,
    key: Uuid,
    company: &'a Company,
}

/// The first of `count` consecutive new company numbers of a tenant.
async fn reserve_numbers(connection: &mut PgConnection, tenant: TenantId, count: i32) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar!(
        r#"update tenant_counters set last_company_id = last_company_id + $2::integer where tenant_id = $1
           returning last_company_id - $2::integer + 1 as "first!""#,
        tenant.0,
        count,
    )
    .fetch_one(connection)
    .await
}

/// Writes companies, in one call whatever their number. A company of another customer does not change.
async fn write_rows(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
    rows: &[Row<'_>],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let numbers: Vec<i32> = rows.iter().map(|row| row.number).collect();
    let places: Vec<i32> = rows.iter().map(|row| row.place).collect();
    let keys: Vec<Uuid> = rows.iter().map(|row| row.key).collect();
    let names: Vec<&str> = rows.iter().map(|row| row.company.name.as_str()).collect();
    let org_nos: Vec<Option<&str>> = rows.iter().map(|row| row.company.org_no.as_deref()).collect();
    let name_keys: Vec<Option<String>> = rows.iter().map(|row| name_key(row.company)).collect();
    let details: Vec<Json<&Map<String, Value>>> = rows.iter().map(|row| Json(&row.company.details)).collect();
    let written = sqlx::query!(
        r#"
        select row_before as "before: RowBytes", row_after as "after: RowBytes"
          from write_companies($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        "#,
        scope.tenant.0,
        id.0,
        &numbers,
        &places,
        &keys,
        &names as _,
        &org_nos as _,
        &name_keys as _,
        &details as _,
        scope.recorder.is_on(),
    )
    .fetch_all(connection)
    .await?;
    for row in written {
        scope.recorder.row("companies", row.before, row.after);
    }
    Ok(())
}

/// The name of the first company that has the name and organization number of one before it; else that of the first company.
fn doubled_name(companies: &[Company]) -> Option<String> {
    let mut keys = HashSet::new();
    let doubled = companies.iter().find(|company| name_key(company).is_some_and(|key| !keys.insert(key)));
    doubled.or_else(|| companies.first()).map(|company| company.name.clone())
}

/// The indexes of the companies whose name and organization number a company of a customer other than `id` has.
async fn conflicts(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Option<CustomerId>,
    companies: &[Company],
) -> Result<Vec<usize>, sqlx::Error> {
    let keys: Vec<Option<String>> = companies.iter().map(name_key).collect();
    let places = sqlx::query_scalar!(
        r#"
        select k.place as "place!"
          from unnest($2::text[]) with ordinality as k (name_key, place)
         where exists (select from companies c
                        where c.tenant_id = $1 and c.name_key = k.name_key and c.customer_id is distinct from $3::integer)
         order by k.place
        "#,
        tenant.0,
        &keys as _,
        id.map(|id| id.0),
    )
    .fetch_all(connection)
    .await?;
    Ok(places.into_iter().filter_map(|place| usize::try_from(place - 1).ok()).collect())
}
