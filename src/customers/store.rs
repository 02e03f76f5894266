//! The SQL that reads and writes customers. Free functions, the tenant first. Its text is static or made from the field table; the
//! SQL of a feature (trees, search, points) is in the file of the feature.

mod columns;
mod conflicts;
mod patch;
mod prepared;
mod replace;
pub(super) mod stored;
pub(super) mod uniqueness;

use std::sync::LazyLock;

use sqlx::PgConnection;

use super::look_up::LookUp;
use super::scope::Scope;
use super::text::comparable;
use crate::database::TenantId;
use crate::journal::RowBytes;
use crate::model::{Customer, CustomerId, Field, FieldMask};
use crate::plan::{BackOfficeIdFormat, DELETED, Plan, UniqueField};

use prepared::PatchKind;

pub(super) use columns::{Columns, create};
pub(super) use conflicts::conflicts;
pub(super) use patch::patch;
pub(super) use replace::{UpgradeLog, replace, replaced_fields};

/// How a write of a customer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WriteOutcome {
    Done(CustomerId),
    UnknownCustomer,
    /// The tenant was deleted.
    UnknownTenant,
    /// A partial update found no row that meets its conditions.
    Unmatched(CustomerId),
    Rejected(Rejected),
}

/// Why a function in `migrations/functions/` wrote nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rejected {
    SponsorUnknown,
    /// The sponsor is of a type that may not sponsor.
    SponsorType,
    /// The sponsor stands below the customer.
    SponsorBelow,
    /// The customer is of this type, from which no upgrade starts.
    Transition(i32),
}

/// What the functions in `migrations/functions/` return.
fn outcome(text: &str, old_type: Option<i32>, id: Option<CustomerId>) -> Result<WriteOutcome, sqlx::Error> {
    Ok(match (text, old_type, id) {
        ("created" | "replaced", _, Some(id)) => WriteOutcome::Done(id),
        ("unknown_customer", ..) => WriteOutcome::UnknownCustomer,
        ("unknown_tenant", ..) => WriteOutcome::UnknownTenant,
        ("sponsor_unknown", ..) => WriteOutcome::Rejected(Rejected::SponsorUnknown),
        ("sponsor_type", ..) => WriteOutcome::Rejected(Rejected::SponsorType),
        ("sponsor_below", ..) => WriteOutcome::Rejected(Rejected::SponsorBelow),
        ("transition", Some(old_type), _) => WriteOutcome::Rejected(Rejected::Transition(old_type)),
        (other, ..) => return Err(unknown_outcome(other)),
    })
}

fn unknown_outcome(outcome: &str) -> sqlx::Error {
    sqlx::Error::Protocol(format!("the outcome '{outcome}' of a function is not known"))
}

static FIND_ONE: LazyLock<String> = LazyLock::new(|| {
    format!("select {} from customers where tenant_id = $1 and customer_id = $2", columns::select_list())
});

/// OFFSET makes Postgres look up each id by itself: an array leaves it the choice to read the whole tenant.
static FIND_SEVERAL: LazyLock<String> = LazyLock::new(|| {
    let columns = columns::select_list();
    format!(
        "select {columns} from unnest($2::integer[]) as requested (id)
          cross join lateral (select * from customers where tenant_id = $1 and customer_id = requested.id offset 0) c
          order by customer_id"
    )
});

/// The statements whose text is made from the field table: those of a whole customer, and the partial updates of each field alone
/// and of all together.
#[must_use]
pub fn generated_statements() -> Vec<String> {
    let single = Field::all().map(|field| {
        let mut mask = FieldMask::default();
        mask.insert(field);
        mask
    });
    let recorded = |mask| PatchKind { mask, has_version: true, is_recorded: true, is_distributed: false };
    let patches = single.chain([FieldMask::ALL]).map(|mask| patch::statement(recorded(mask)).text.to_string());
    let others = [&FIND_ONE, &FIND_SEVERAL, &columns::CREATE, &replace::REPLACE].map(|statement| statement.to_string());
    others.into_iter().chain(replace::ordinary_statements()).chain(patches).collect()
}

/// The customers of these ids that exist, ascending.
pub(super) async fn find(
    connection: &mut PgConnection,
    tenant: TenantId,
    ids: &[i32],
) -> Result<Vec<Customer>, sqlx::Error> {
    match ids {
        [] => Ok(Vec::new()),
        [id] => Ok(find_one(connection, tenant, *id).await?.map(|customer| *customer).into_iter().collect()),
        ids => {
            let rows = sqlx::query(FIND_SEVERAL.as_str()).bind(tenant.0).bind(ids).fetch_all(connection).await?;
            rows.iter().map(columns::customer).collect()
        }
    }
}

/// The customer of this id. Boxed, because each step of its way to the response would move it.
pub(super) async fn find_one(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: i32,
) -> Result<Option<Box<Customer>>, sqlx::Error> {
    let row = sqlx::query(FIND_ONE.as_str()).bind(tenant.0).bind(id).fetch_optional(connection).await?;
    row.map(|row| columns::customer(&row).map(Box::new)).transpose()
}

/// Whether there is such a customer.
pub(super) async fn exists(
    connection: &mut PgConnection,
    tenant: TenantId,
    id: CustomerId,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from customers where tenant_id = $1 and customer_id = $2) as "exists!""#,
        tenant.0,
        id.0,
    )
    .fetch_one(connection)
    .await
}

/// Keeps the tenant's data from being replaced as a whole before the transaction ends. The functions that write take the same lock.
pub(super) async fn enter_tenant(connection: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    crate::database::lock_tenant_shared(connection, tenant).await
}

/// Keeps other transactions from taking a number from the tenant's counters before this one ends.
pub(super) async fn hold_counter(connection: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query!("select 1 as held from tenant_counters where tenant_id = $1 for update", tenant.0)
        .fetch_optional(connection)
        .await?;
    Ok(())
}

/// The ids of the customers that a look-up names. Where the plan makes the field unique its key is asked. Elsewhere every
/// customer of the tenant is looked at: no index pays for a switch that few tenants throw.
pub(super) async fn look_up(
    connection: &mut PgConnection,
    tenant: TenantId,
    plan: &Plan,
    by: LookUp<'_>,
) -> Result<Vec<i32>, sqlx::Error> {
    let (field, value) = match by {
        LookUp::ExternalReferenceId(reference) => {
            return sqlx::query_scalar!(
                "select customer_id from customers where tenant_id = $1 and external_reference_id = $2",
                tenant.0,
                reference,
            )
            .fetch_all(connection)
            .await;
        }
        LookUp::BackOfficeId(value) => (UniqueField::BackOfficeId, value),
        LookUp::EmailAddress(value) => (UniqueField::EmailAddress, value),
        LookUp::Username(value) => (UniqueField::Username, value),
        LookUp::WebAlias(value) => (UniqueField::WebAlias, value),
    };
    let value = comparable(value);
    let asked = |of: UniqueField| (of == field).then_some(value.as_str());
    if plan.is_unique(field) {
        return sqlx::query_scalar!(
            r#"
            select customer_id as "customer_id!" from customers where tenant_id = $1 and back_office_id_key = $2
            union all
            select customer_id from customers where tenant_id = $1 and email_address_key = $3
            union all
            select customer_id from customers where tenant_id = $1 and username_key = $4
            union all
            select customer_id from customers where tenant_id = $1 and web_alias_key = $5
            union all
            -- The plan was changed after the request read it, so that this field's key may be gone.
            select customer_id from customers
             where (select t.unique_fields from tenants t where t.tenant_id = $1) <> $6
               and tenant_id = $1
               and (lower(btrim(back_office_id)) = $2 and back_office_id_key is null
                    or lower(btrim(email_address)) = $3 and email_address_key is null
                    or lower(btrim(username)) = $4 and username_key is null
                    or lower(btrim(web_alias)) = $5 and web_alias_key is null)
            "#,
            tenant.0,
            asked(UniqueField::BackOfficeId),
            asked(UniqueField::EmailAddress),
            asked(UniqueField::Username),
            asked(UniqueField::WebAlias),
            plan.unique_bits(),
        )
        .fetch_all(connection)
        .await;
    }
    sqlx::query_scalar!(
        "select customer_id from customers
          where tenant_id = $1
            and (lower(btrim(back_office_id)) = $2 or lower(btrim(email_address)) = $3
                 or lower(btrim(username)) = $4 or lower(btrim(web_alias)) = $5)",
        tenant.0,
        asked(UniqueField::BackOfficeId),
        asked(UniqueField::EmailAddress),
        asked(UniqueField::Username),
        asked(UniqueField::WebAlias),
    )
    .fetch_all(connection)
    .await
}

fn radix(plan: &Plan) -> i32 {
    match plan.back_office_id.format {
        BackOfficeIdFormat::Hexadecimal => 16,
        BackOfficeIdFormat::Decimal => 10,
    }
}

/// The BackOfficeId that a customer of this id gets when it sends none.
pub(super) async fn new_back_office_id(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: i32,
) -> Result<String, sqlx::Error> {
    let plan = scope.plan;
    sqlx::query_scalar!(
        r#"select new_back_office_id($1, $2, $3, $4) as "back_office_id!""#,
        scope.tenant.0,
        i64::from(plan.back_office_id.seed) + i64::from(id),
        radix(plan),
        plan.is_unique(UniqueField::BackOfficeId),
    )
    .fetch_one(connection)
    .await
}

/// Takes the next id from the tenant's counter, within a transaction that has entered the tenant. `None` when the tenant was deleted.
pub(super) async fn reserve_id(
    connection: &mut PgConnection,
    tenant: TenantId,
) -> Result<Option<CustomerId>, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "update tenant_counters set last_customer_id = last_customer_id + 1 where tenant_id = $1
         returning last_customer_id",
        tenant.0,
    )
    .fetch_optional(connection)
    .await?;
    Ok(id.map(CustomerId))
}

/// Sets the status Deleted; the values and the node stay. False when there is no such customer.
pub(super) async fn soft_delete(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
) -> Result<bool, sqlx::Error> {
    // A second time changes nothing.
    let written = sqlx::query_as!(
        Versions,
        r#"
        update customers c
           set customer_status = $3,
               inactive_date   = inactive_since(c.customer_status, $3, c.inactive_date, $4),
               modified_at     = case when c.customer_status = $3 then c.modified_at else $4 end,
               version         = case when c.customer_status = $3 then c.version else c.version + 1 end
         where c.tenant_id = $1 and c.customer_id = $2
        returning case when $5::boolean then (select row_bytes(o) from customers o
                                             where o.tenant_id = $1 and o.customer_id = $2) end
                      as "before: RowBytes",
                  case when $5::boolean then row_bytes(c) end as "after: RowBytes"
        "#,
        scope.tenant.0,
        id.0,
        DELETED,
        scope.now,
        scope.recorder.is_on(),
    )
    .fetch_optional(connection)
    .await?;
    let is_written = written.is_some();
    recorded(scope, written);
    Ok(is_written)
}

/// A customer's row as it was and as it is, where they are recorded.
#[derive(Debug)]
struct Versions {
    before: Option<RowBytes>,
    after: Option<RowBytes>,
}

/// Notes what an update made of a customer's row.
fn recorded(scope: &Scope<'_>, written: Option<Versions>) {
    if let Some(Versions { before, after }) = written {
        scope.recorder.update("customers", before, after);
    }
}
