//! SQL on what doors say of customers besides their fields, and on their companies.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::Texts;
use crate::customers::model::CustomerId;
use crate::customers::profile::{Company, ProfileOwner, Version};
use crate::customers::service::Scope;
use crate::customers::text::comparable;
use crate::database::TenantId;

/// What is kept beside a customer's row, and which version the row is.
#[derive(Debug)]
pub(in crate::customers) struct ProfileRow {
    pub version: i64,
    pub modified_at: DateTime<Utc>,
    pub key: Option<Uuid>,
    pub fields: Option<Json<Map<String, Value>>>,
}

/// What one door's callers said of a customer.
pub(in crate::customers) async fn find(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: CustomerId,
    owner: ProfileOwner,
) -> Result<Option<ProfileRow>, sqlx::Error> {
    sqlx::query_as!(
        ProfileRow,
        r#"
        select c.xmin::text::bigint as "version!", c.modified_at, k.customer_key as "key?",
               p.fields as "fields?: Json<Map<String, Value>>"
          from customers c
          left join customer_keys k on k.tenant_id = $1 and k.customer_id = c.customer_id
          left join customer_profiles p on p.tenant_id = $1 and p.customer_id = c.customer_id and p.owner = $3
         where c.tenant_id = $1 and c.customer_id = $2
        "#,
        tenant.0,
        id.0,
        owner.name(),
    )
    .fetch_optional(connection)
    .await
}

/// Writes what one door's callers say of a customer, in the place of what they said.
pub(in crate::customers) async fn write(
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
        returning (select b.texts from before b) as "before: Texts",
                  case when $5::boolean then row_texts(p) end as "after: Texts"
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

/// Keeps an id of the system's that a caller chose.
pub(in crate::customers) async fn write_key(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
    key: Uuid,
) -> Result<(), sqlx::Error> {
    let row = sqlx::query!(
        r#"insert into customer_keys as k (tenant_id, customer_key, customer_id) values ($1, $2, $3)
           returning case when $4::boolean then row_texts(k) end as "after: Texts""#,
        scope.tenant.0,
        key,
        id.0,
        scope.recorder.is_on(),
    )
    .fetch_one(connection)
    .await?;
    scope.recorder.row("customer_keys", None, row.after.as_ref());
    Ok(())
}

/// Whose id of the system's this is, where a caller chose it.
pub(in crate::customers) async fn find_key(
    connection: &mut PgConnection,
    tenant: TenantId,
    key: Uuid,
) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar!(
        "select customer_id from customer_keys where tenant_id = $1 and customer_key = $2",
        tenant.0,
        key,
    )
    .fetch_optional(connection)
    .await
}

/// Whether a customer has an id of the system's that a caller chose.
pub(in crate::customers) async fn has_key(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: CustomerId,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from customer_keys where tenant_id = $1 and customer_id = $2) as "exists!""#,
        tenant.0,
        id.0,
    )
    .fetch_one(connection)
    .await
}

/// A customer's companies in their order.
pub(in crate::customers) async fn companies(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: CustomerId,
) -> Result<Vec<Company>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select company_id, company_key, name, org_no, details as "details: Json<Map<String, Value>>" from companies
          where tenant_id = $1 and customer_id = $2 order by place, company_id"#,
        tenant.0,
        id.0,
    )
    .fetch_all(connection)
    .await?;
    let company = rows.into_iter().map(|row| Company {
        id: Some(row.company_id),
        key: Some(row.company_key),
        name: row.name,
        org_no: row.org_no,
        details: row.details.0,
    });
    Ok(company.collect())
}

/// Writes a company of a customer: a new one gets the next number of the tenant's.
pub(in crate::customers) async fn write_company(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
    place: i32,
    company: &Company,
    new_key: Uuid,
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
        returning (select b.texts from before b) as "before: Texts",
                  case when $10::boolean then row_texts(c) end as "after: Texts"
        "#,
        scope.tenant.0,
        number,
        id.0,
        place,
        company.key.unwrap_or(new_key),
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

/// Which of these companies have name and organisation number of a company of another customer than `id`, by their place.
pub(in crate::customers) async fn taken(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: Option<CustomerId>,
    companies: &[Company],
) -> Result<Vec<usize>, sqlx::Error> {
    let keys: Vec<Option<String>> = companies.iter().map(name_key).collect();
    let taken = sqlx::query_scalar!(
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
    Ok(taken.into_iter().filter_map(|place| usize::try_from(place - 1).ok()).collect())
}

/// The form in which companies are compared: organisation number and name; nothing without a number.
pub(in crate::customers) fn name_key(company: &Company) -> Option<String> {
    let number = comparable(company.org_no.as_deref()?);
    (!number.is_empty()).then(|| format!("{number}\n{}", comparable(&company.name)))
}

impl ProfileRow {
    pub(in crate::customers) fn version(&self) -> Version {
        Version(self.version)
    }
}
