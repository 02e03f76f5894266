//! SQL that reads and writes customers with everything that is stored of them, many at once.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Map, Value};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::columns::{Columns, date_text};
use crate::clock::Clock;
use crate::customers::profile::{Company, name_key};
use crate::customers::stored::{
    CustomerRecord, Links, Placement, RestoredCustomer, StoredCompany, StoredCustomer, StoredPoints, StoredTypeChange,
};
use crate::database::TenantId;
use crate::model::{CustomerFields, CustomerId, FieldMask};
use crate::plan::Plan;
use crate::vendor_facts::ProfileOwner;

/// The customers whose number is above `after`, at most `most` of them, in ascending order.
pub(in crate::customers) async fn read(
    connection: &mut PgConnection,
    tenant: TenantId,
    after: i32,
    most: i64,
) -> Result<Vec<StoredCustomer>, sqlx::Error> {
    let kept = sqlx::query!(
        r#"
        select c.customer_id, c.password_hash, c.enroller_id, c.modified_at, c.upgrade_date, c.inactive_date,
               t.upline_id as "upline_id?", t.placed_at as "placed_at?", k.customer_key as "customer_key?"
          from customers c
          left join sponsor_tree t on t.tenant_id = $1 and t.customer_id = c.customer_id
          left join customer_keys k on k.tenant_id = $1 and k.customer_id = c.customer_id
         where c.tenant_id = $1 and c.customer_id > $2
         order by c.customer_id
         limit $3
        "#,
        tenant.0,
        after,
        most,
    )
    .fetch_all(&mut *connection)
    .await?;
    let ids: Vec<i32> = kept.iter().map(|row| row.customer_id).collect();
    let customers = super::find(connection, tenant, &ids).await?;
    let mut type_changes = type_changes(connection, tenant, &ids).await?;
    let mut reward_points = reward_points(connection, tenant, &ids).await?;
    let mut companies = companies(connection, tenant, &ids).await?;
    let mut profiles = profiles(connection, tenant, &ids).await?;
    let stored = kept.into_iter().zip(customers).map(|(row, customer)| {
        let id = row.customer_id;
        let record = CustomerRecord {
            enroller_id: row.enroller_id,
            modified_at: row.modified_at,
            upgrade_date: row.upgrade_date,
            inactive_date: row.inactive_date,
            tree: row.placed_at.map(|placed_at| Placement { upline_id: row.upline_id, placed_at }),
            uuid: row.customer_key,
            type_changes: type_changes.remove(&id).unwrap_or_default(),
            reward_points: reward_points.remove(&id).unwrap_or_default(),
            companies: companies.remove(&id).unwrap_or_default(),
            profiles: profiles.remove(&id).unwrap_or_default(),
        };
        StoredCustomer { customer, password_hash: row.password_hash, record }
    });
    Ok(stored.collect())
}

async fn type_changes(
    connection: &mut PgConnection,
    tenant: TenantId,
    ids: &[i32],
) -> Result<HashMap<i32, Vec<StoredTypeChange>>, sqlx::Error> {
    let rows = sqlx::query!(
        "select id, recordnumber, AssociateID, OldAssociateType, NewAssociateType, ChangeDate, ChangedBy, RequestId
           from CRM_AssociateTypeChanges
          where tenant_id = $1 and AssociateID = any ($2)
          order by AssociateID, id",
        tenant.0,
        ids,
    )
    .fetch_all(connection)
    .await?;
    let mut of: HashMap<i32, Vec<_>> = HashMap::new();
    for row in rows {
        of.entry(row.associateid).or_default().push(StoredTypeChange {
            id: row.id,
            record_number: row.recordnumber,
            old_type: row.oldassociatetype,
            new_type: row.newassociatetype,
            changed_at: row.changedate,
            changed_by: row.changedby,
            request_id: row.requestid,
        });
    }
    Ok(of)
}

async fn reward_points(
    connection: &mut PgConnection,
    tenant: TenantId,
    ids: &[i32],
) -> Result<HashMap<i32, Vec<StoredPoints>>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select customer_id, id, points::float8 as "points!", entered_at, expires_at from reward_points
            where tenant_id = $1 and customer_id = any ($2)
            order by customer_id, id"#,
        tenant.0,
        ids,
    )
    .fetch_all(connection)
    .await?;
    let mut of: HashMap<i32, Vec<_>> = HashMap::new();
    for row in rows {
        of.entry(row.customer_id).or_default().push(StoredPoints {
            id: row.id,
            points: row.points,
            entered_at: row.entered_at,
            expires_at: row.expires_at,
        });
    }
    Ok(of)
}

async fn companies(
    connection: &mut PgConnection,
    tenant: TenantId,
    ids: &[i32],
) -> Result<HashMap<i32, Vec<StoredCompany>>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select company_id, customer_id, place, company_key, name, org_no, details as "details: Json<Map<String, Value>>"
             from companies
            where tenant_id = $1 and customer_id = any ($2)
            order by customer_id, place, company_id"#,
        tenant.0,
        ids,
    )
    .fetch_all(connection)
    .await?;
    let mut of: HashMap<i32, Vec<_>> = HashMap::new();
    for row in rows {
        of.entry(row.customer_id).or_default().push(StoredCompany {
            id: row.company_id,
            key: row.company_key,
            place: row.place,
            name: row.name,
            org_no: row.org_no,
            details: row.details.0,
        });
    }
    Ok(of)
}

type Profiles = BTreeMap<ProfileOwner, Map<String, Value>>;

async fn profiles(
    connection: &mut PgConnection,
    tenant: TenantId,
    ids: &[i32],
) -> Result<HashMap<i32, Profiles>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select customer_id, owner, fields as "fields: Json<Map<String, Value>>" from customer_profiles
            where tenant_id = $1 and customer_id = any ($2)"#,
        tenant.0,
        ids,
    )
    .fetch_all(connection)
    .await?;
    let mut of: HashMap<i32, Profiles> = HashMap::new();
    for row in rows {
        let owner = ProfileOwner::from_name(&row.owner)
            .ok_or_else(|| sqlx::Error::Protocol(format!("a profile is of '{}'", row.owner)))?;
        of.entry(row.customer_id).or_default().insert(owner, row.fields.0);
    }
    Ok(of)
}

/// Writes customers as they are given.
pub(in crate::customers) async fn write(
    connection: &mut PgConnection,
    tenant: TenantId,
    plan: &Plan,
    customers: Vec<RestoredCustomer>,
) -> Result<(), sqlx::Error> {
    let mut rows = Rows::default();
    let mut records = Vec::with_capacity(customers.len());
    for RestoredCustomer { id, mut fields, password_hash, record } in customers {
        fields.set_defaults();
        records.push(CustomerRow {
            tenant,
            id,
            plan,
            fields,
            password_hash,
            enroller_id: record.enroller_id,
            modified_at: record.modified_at,
            upgrade_date: record.upgrade_date,
            inactive_date: record.inactive_date,
        });
        rows.add(id, record);
    }
    write_customers(connection, &records).await?;
    write_nodes(connection, tenant, &rows.nodes).await?;
    write_type_changes(connection, tenant, &rows.type_changes).await?;
    write_points(connection, tenant, &rows.reward_points).await?;
    write_companies(connection, tenant, &rows.companies).await?;
    write_profiles(connection, tenant, &rows.profiles).await?;
    write_keys(connection, tenant, &rows.keys).await
}

/// A row of the table `customers`.
#[derive(Debug)]
struct CustomerRow<'a> {
    tenant: TenantId,
    id: CustomerId,
    plan: &'a Plan,
    fields: CustomerFields,
    password_hash: Option<String>,
    enroller_id: Option<i32>,
    modified_at: DateTime<Utc>,
    upgrade_date: Option<DateTime<Utc>>,
    inactive_date: Option<DateTime<Utc>>,
}

impl Serialize for CustomerRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("tenant_id", &self.tenant.0)?;
        map.serialize_entry("customer_id", &self.id.0)?;
        map.serialize_entry("enroller_id", &self.enroller_id)?;
        map.serialize_entry("modified_at", &date_text(self.modified_at))?;
        map.serialize_entry("upgrade_date", &self.upgrade_date.map(date_text))?;
        map.serialize_entry("inactive_date", &self.inactive_date.map(date_text))?;
        map.serialize_entry("version", &Clock::Real.now().timestamp_micros())?;
        let (plan, fields, password_hash) = (self.plan, &self.fields, self.password_hash.as_deref());
        Columns { plan, fields, mask: FieldMask::ALL, password_hash }.serialize_into(&mut map)?;
        map.end()
    }
}

/// What is written to the other tables.
#[derive(Debug, Default)]
struct Rows {
    nodes: Vec<(i32, Placement)>,
    type_changes: Vec<(i32, StoredTypeChange)>,
    reward_points: Vec<(i32, StoredPoints)>,
    companies: Vec<(i32, StoredCompany)>,
    profiles: Vec<(i32, ProfileOwner, Map<String, Value>)>,
    keys: Vec<(i32, Uuid)>,
}

impl Rows {
    fn add(&mut self, id: CustomerId, record: CustomerRecord) {
        let CustomerRecord {
            enroller_id: _,
            modified_at: _,
            upgrade_date: _,
            inactive_date: _,
            tree,
            uuid,
            type_changes,
            reward_points,
            companies,
            profiles,
        } = record;
        self.nodes.extend(tree.map(|tree| (id.0, tree)));
        self.type_changes.extend(type_changes.into_iter().map(|change| (id.0, change)));
        self.reward_points.extend(reward_points.into_iter().map(|entry| (id.0, entry)));
        self.companies.extend(companies.into_iter().map(|company| (id.0, company)));
        self.profiles.extend(profiles.into_iter().map(|(owner, fields)| (id.0, owner, fields)));
        self.keys.extend(uuid.map(|uuid| (id.0, uuid)));
    }
}

async fn write_customers(connection: &mut PgConnection, rows: &[CustomerRow<'_>]) -> Result<(), sqlx::Error> {
    sqlx::query!("insert into customers select * from jsonb_populate_recordset(null::customers, $1)", Json(rows) as _,)
        .execute(connection)
        .await?;
    Ok(())
}

async fn write_nodes(
    connection: &mut PgConnection,
    tenant: TenantId,
    rows: &[(i32, Placement)],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<i32> = rows.iter().map(|(id, _)| *id).collect();
    let uplines: Vec<Option<i32>> = rows.iter().map(|(_, node)| node.upline_id).collect();
    let placed: Vec<DateTime<Utc>> = rows.iter().map(|(_, node)| node.placed_at).collect();
    sqlx::query!(
        "insert into sponsor_tree (tenant_id, customer_id, upline_id, placed_at)
         select $1, * from unnest($2::integer[], $3::integer[], $4::timestamptz[])",
        tenant.0,
        &ids,
        &uplines as _,
        &placed,
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_type_changes(
    connection: &mut PgConnection,
    tenant: TenantId,
    rows: &[(i32, StoredTypeChange)],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = rows.iter().map(|(_, change)| change.id).collect();
    let numbers: Vec<i64> = rows.iter().map(|(_, change)| change.record_number).collect();
    let customers: Vec<i32> = rows.iter().map(|(customer, _)| *customer).collect();
    let old: Vec<i32> = rows.iter().map(|(_, change)| change.old_type).collect();
    let new: Vec<i32> = rows.iter().map(|(_, change)| change.new_type).collect();
    let dates: Vec<DateTime<Utc>> = rows.iter().map(|(_, change)| change.changed_at).collect();
    let callers: Vec<String> = rows.iter().map(|(_, change)| change.changed_by.clone()).collect();
    let requests: Vec<Uuid> = rows.iter().map(|(_, change)| change.request_id).collect();
    sqlx::query!(
        "insert into CRM_AssociateTypeChanges
             (tenant_id, id, recordnumber, AssociateID, OldAssociateType, NewAssociateType, ChangeDate, ChangedBy, RequestId)
         select $1, * from unnest($2::uuid[], $3::bigint[], $4::integer[], $5::integer[], $6::integer[],
                                  $7::timestamptz[], $8::text[], $9::uuid[])",
        tenant.0,
        &ids,
        &numbers,
        &customers,
        &old,
        &new,
        &dates,
        &callers,
        &requests,
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_points(
    connection: &mut PgConnection,
    tenant: TenantId,
    rows: &[(i32, StoredPoints)],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let customers: Vec<i32> = rows.iter().map(|(customer, _)| *customer).collect();
    let ids: Vec<Uuid> = rows.iter().map(|(_, entry)| entry.id).collect();
    let points: Vec<f64> = rows.iter().map(|(_, entry)| entry.points).collect();
    let entered: Vec<DateTime<Utc>> = rows.iter().map(|(_, entry)| entry.entered_at).collect();
    let expires: Vec<Option<DateTime<Utc>>> = rows.iter().map(|(_, entry)| entry.expires_at).collect();
    sqlx::query!(
        "insert into reward_points (tenant_id, customer_id, id, points, entered_at, expires_at)
         select $1, customer_id, id, points::numeric, entered_at, expires_at
           from unnest($2::integer[], $3::uuid[], $4::float8[], $5::timestamptz[], $6::timestamptz[])
                    as r (customer_id, id, points, entered_at, expires_at)",
        tenant.0,
        &customers,
        &ids,
        &points,
        &entered,
        &expires as _,
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_companies(
    connection: &mut PgConnection,
    tenant: TenantId,
    rows: &[(i32, StoredCompany)],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<i32> = rows.iter().map(|(_, company)| company.id).collect();
    let customers: Vec<i32> = rows.iter().map(|(customer, _)| *customer).collect();
    let places: Vec<i32> = rows.iter().map(|(_, company)| company.place).collect();
    let keys: Vec<Uuid> = rows.iter().map(|(_, company)| company.key).collect();
    let names: Vec<String> = rows.iter().map(|(_, company)| company.name.clone()).collect();
    let numbers: Vec<Option<String>> = rows.iter().map(|(_, company)| company.org_no.clone()).collect();
    let name_keys: Vec<Option<String>> = rows.iter().map(|(_, company)| name_key(&compared(company))).collect();
    let details: Vec<Json<&Map<String, Value>>> = rows.iter().map(|(_, company)| Json(&company.details)).collect();
    sqlx::query!(
        "insert into companies (tenant_id, company_id, customer_id, place, company_key, name, org_no, name_key, details)
         select $1, * from unnest($2::integer[], $3::integer[], $4::integer[], $5::uuid[], $6::text[], $7::text[],
                                  $8::text[], $9::jsonb[])",
        tenant.0,
        &ids,
        &customers,
        &places,
        &keys,
        &names,
        &numbers as _,
        &name_keys as _,
        &details as _,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A company as far as it is compared with others.
fn compared(company: &StoredCompany) -> Company {
    let (name, org_no) = (company.name.clone(), company.org_no.clone());
    Company { id: Some(company.id), key: None, name, org_no, details: Map::new() }
}

async fn write_profiles(
    connection: &mut PgConnection,
    tenant: TenantId,
    rows: &[(i32, ProfileOwner, Map<String, Value>)],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let customers: Vec<i32> = rows.iter().map(|(customer, ..)| *customer).collect();
    let owners: Vec<String> = rows.iter().map(|(_, owner, _)| owner.name().to_owned()).collect();
    let fields: Vec<Json<&Map<String, Value>>> = rows.iter().map(|(.., fields)| Json(fields)).collect();
    sqlx::query!(
        "insert into customer_profiles (tenant_id, customer_id, owner, fields)
         select $1, * from unnest($2::integer[], $3::text[], $4::jsonb[])",
        tenant.0,
        &customers,
        &owners,
        &fields as _,
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_keys(connection: &mut PgConnection, tenant: TenantId, rows: &[(i32, Uuid)]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let (customers, keys): (Vec<i32>, Vec<Uuid>) = rows.iter().copied().unzip();
    sqlx::query!(
        "insert into customer_keys (tenant_id, customer_id, customer_key)
         select $1, * from unnest($2::integer[], $3::uuid[])",
        tenant.0,
        &customers,
        &keys,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whom each customer of a tenant names.
pub(in crate::customers) async fn links(
    connection: &mut PgConnection,
    tenant: TenantId,
) -> Result<Vec<Links>, sqlx::Error> {
    sqlx::query_as!(
        Links,
        r#"
        select c.customer_id as customer, c.sponsor_id as sponsor, c.enroller_id as enroller, t.upline_id as "upline?"
          from customers c
          left join sponsor_tree t on t.tenant_id = $1 and t.customer_id = c.customer_id
         where c.tenant_id = $1
         order by c.customer_id
        "#,
        tenant.0,
    )
    .fetch_all(connection)
    .await
}
