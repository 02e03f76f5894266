//! Writes of profiles, companies and customer uuids, each within the transaction that writes the customer.

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
use crate::journal::RowTexts;
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
        // Existing companies first: a new one may have the name that an existing one had until now.
        let existing = placed().filter(|(_, company)| company.id.is_some());
        let new = placed().filter(|(_, company)| company.id.is_none());
        for (place, company) in existing.chain(new) {
            let uuid = company.key.unwrap_or_else(|| self.random.uuid());
            let written =
                self.database.run(async |connection| write_company(connection, scope, id, place, company, uuid).await);
            match written.await {
                Err(DatabaseError::Statement(error)) if violated_unique_constraint(&error).is_some() => {
                    let mut conflicting = self.conflicting_companies(scope, Some(id), companies).await?;
                    if conflicting.is_empty() {
                        // The other request no longer uses the name, or another company of this customer has it.
                        conflicting.push(company.name.clone());
                    }
                    return Err(Error::Rejected(Rejection { violations: Vec::new(), companies: conflicting }));
                }
                // Two requests wait for each other's values. This one releases its locks, and its caller tries again.
                Err(DatabaseError::Statement(error)) if is_deadlock(&error) => return Err(Error::Changed),
                other => other?,
            }
        }
        Ok(())
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
        r#"
        with before as (
            select row_texts(p) as texts from customer_profiles p
             where $5::boolean and p.tenant_id = $1 and p.customer_id = $2 and p.owner = $3)
        insert into customer_profiles as p (tenant_id, customer_id, owner, fields) values ($1, $2, $3, $4)
        on conflict (tenant_id, customer_id, owner) do update set fields = excluded.fields
        returning (select b.texts from before b) as "before: RowTexts",
                  case when $5::boolean then row_texts(p) end as "after: RowTexts"
        "#,
        scope.tenant.0,
        id.0,
        owner.name(),
        Json(fields) as _,
        scope.recorder.is_on(),
    )
    .fetch_one(connection)
    .await?;
    scope.recorder.row("customer_profiles", row.before.as_ref(), row.after.as_ref());
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
           returning case when $4::boolean then row_texts(k) end as "after: RowTexts""#,
        scope.tenant.0,
        uuid,
        id.0,
        scope.recorder.is_on(),
    )
    .fetch_one(connection)
    .await?;
    scope.recorder.row("customer_keys", None, row.after.as_ref());
    Ok(())
}

/// A new company has the tenant's next company number. A company of another customer does not change.
async fn write_company(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
    place: i32,
    company: &Company,
    uuid: Uuid,
) -> Result<(), sqlx::Error> {
    let number = match company.id {
        Some(number) => number,
        None => {
            sqlx::query_scalar!(
                "update tenant_counters set last_company_id = last_company_id + 1 where tenant_id = $1
                 returning last_company_id",
                scope.tenant.0,
            )
            .fetch_one(&mut *connection)
            .await?
        }
    };
    let row = sqlx::query!(
        r#"
        with before as (
            select row_texts(c) as texts from companies c where $10::boolean and c.tenant_id = $1 and c.company_id = $2)
        insert into companies as c (tenant_id, company_id, customer_id, place, company_key, name, org_no, name_key, details)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (tenant_id, company_id) do update
           set place = excluded.place, company_key = excluded.company_key, name = excluded.name,
               org_no = excluded.org_no, name_key = excluded.name_key, details = excluded.details
         where c.customer_id = excluded.customer_id
        returning (select b.texts from before b) as "before: RowTexts",
                  case when $10::boolean then row_texts(c) end as "after: RowTexts"
        "#,
        scope.tenant.0,
        number,
        id.0,
        place,
        uuid,
        company.name,
        company.org_no,
        name_key(company),
        Json(&company.details) as _,
        scope.recorder.is_on(),
    )
    .fetch_optional(connection)
    .await?;
    if let Some(row) = row {
        scope.recorder.row("companies", row.before.as_ref(), row.after.as_ref());
    }
    Ok(())
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
