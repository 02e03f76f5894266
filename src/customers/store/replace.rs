//! The replacement of a whole customer, as PUT and upgrade do it. One statement does the ordinary case. Where it finds anything else,
//! it writes nothing, and the function `replace_customer` decides.

use std::convert::Infallible;
use std::sync::LazyLock;

use sqlx::error::BoxDynError;
use sqlx::postgres::PgArguments;
use sqlx::{Arguments as _, PgConnection, Row as _};
use uuid::Uuid;

use super::columns::{Columns, Keys, call, visited};
use super::{WriteOutcome, outcome};
use crate::customers::scope::Scope;
use crate::journal::{ColumnNames, RowBytes, WrittenValue};
use crate::model::{CustomerFields, CustomerId, Field, FieldMask};
use crate::plan::Plan;

/// The parameters before those of the columns, which all statements share: whether the rows are recorded, tenant, customer, now, types of
/// sponsors, and for an upgrade the types that it starts from, the change's id and record number, its caller and its request.
const FIXED_PARAMETERS: usize = 10;

pub(super) static UPDATE: LazyLock<String> = LazyLock::new(|| {
    let Texts { update, .. } = Texts::new(ORDINARY_UPDATE);
    format!("{update} returning {BEFORE} as before, {AFTER} as after")
});

pub(super) static UPGRADE: LazyLock<String> = LazyLock::new(|| {
    let Texts { update, sponsor, customer_type } = Texts::new(ORDINARY_UPGRADE);
    format!(
        "with updated as (
             {update} returning o.customer_type as old_type, {BEFORE} as before, {AFTER} as after
         ), node as (
             insert into sponsor_tree (tenant_id, customer_id, upline_id, placed_at)
             select $2, $3, {sponsor}, $4 from updated
         ), number as (
             insert into record_numbers as n (tenant_id, last_number) select $2, $8 from updated
             on conflict (tenant_id) do update set last_number = greatest(n.last_number + 1, excluded.last_number)
             returning n.last_number
         ), log as (
             insert into CRM_AssociateTypeChanges (
                 tenant_id, id, recordnumber, AssociateID, OldAssociateType, NewAssociateType, ChangeDate, ChangedBy, RequestId)
             select $2, $7, n.last_number, $3, u.old_type, {customer_type}, $4, $9, $10 from updated u, number n
         )
         select before, after, old_type, last_number from updated, number"
    )
});

/// The function for all other cases.
pub(super) static REPLACE: LazyLock<String> = LazyLock::new(|| {
    let returned = "outcome, old_type, customer_before, customer_after, node_before, node_after, log_after";
    call("replace_customer", returned, FIXED_PARAMETERS)
});

const BEFORE: &str = "case when $1 then row_bytes(o) end";
const AFTER: &str = "case when $1 then row_bytes(c) end";

/// What `{sponsor}` and `{unique}` stand for are parameters. The row is written only if it is still the version that the statement's
/// snapshot shows. Whatever replaces the tenant's data or changes its unique fields writes each of its rows, under the lock that is
/// taken here; so such a change before the lock was taken is noticed as well, and the snapshot is as good as one taken under the lock.
const ORDINARY: &str = "
   from customers o
  where c.tenant_id = $2 and c.customer_id = $3 and o.tenant_id = $2 and o.customer_id = $3 and o.version = c.version
    and pg_advisory_xact_lock_shared(tenant_lock_key(), $2) is not null
    and (select n.unique_fields from tenants n where n.tenant_id = $2) = {unique}
    and ({sponsor}::integer is null
         or (select $5::integer[] is null or s.customer_type = any ($5) from customers s
              where s.tenant_id = $2 and s.customer_id = {sponsor}))";

/// The customer has no node, or stays where it is.
const ORDINARY_UPDATE: &str = "
    and ({sponsor}::integer is null
         or not exists (select from sponsor_tree t
                         where t.tenant_id = $2 and t.customer_id = $3 and t.upline_id is distinct from {sponsor}))";

/// The customer is no customer's upline and could not become one before this commit, so its new node closes no circle.
const ORDINARY_UPGRADE: &str = "
    and o.customer_type = any ($6) and o.customer_type <> all ($5)
    and not exists (select from sponsor_tree t where t.tenant_id = $2 and t.customer_id = $3)
    and not exists (select from sponsor_tree d where d.tenant_id = $2 and d.upline_id = $3)";

/// The texts of which the statements of the ordinary case consist.
#[derive(Debug)]
struct Texts {
    update: String,
    sponsor: String,
    customer_type: String,
}

impl Texts {
    fn new(conditions: &str) -> Self {
        let (plan, fields) = (Plan::default(), CustomerFields::default());
        let columns = Columns { plan: &plan, fields: &fields, mask: FieldMask::ALL, password_hash: None };
        let (mut number, mut sets) = (FIXED_PARAMETERS, Vec::new());
        let (mut sponsor, mut customer_type, mut status) = (String::new(), String::new(), String::new());
        let written: Result<(), Infallible> = columns.each(|field, column, _| {
            let value_of_key = number;
            number += 1;
            sets.push(match field {
                Field::BackOfficeId if column.ends_with("_key") => {
                    format!("{column} = case when ${value_of_key}::text is null then c.{column} else ${number} end")
                }
                Field::BackOfficeId | Field::CustomerStatus | Field::SignUpDate | Field::Password => {
                    format!("{column} = coalesce(${number}, c.{column})")
                }
                _ => format!("{column} = ${number}"),
            });
            match field {
                Field::SponsorId => sponsor = format!("${number}"),
                Field::CustomerType => customer_type = format!("${number}"),
                Field::CustomerStatus => status = format!("coalesce(${number}, c.customer_status)"),
                _ => {}
            }
            Ok(())
        });
        visited(written);
        let unique = format!("${}", number + 1);
        let conditions = format!("{ORDINARY}{conditions}").replace("{sponsor}", &sponsor).replace("{unique}", &unique);
        let update = format!(
            "update customers c
                set {}, modified_at = $4, version = c.version + 1,
                    upgrade_date = case when c.customer_type = {customer_type} then c.upgrade_date else $4 end,
                    inactive_date = inactive_since(c.customer_status, {status}, c.inactive_date, $4){conditions}",
            sets.join(", ")
        );
        Self { update, sponsor, customer_type }
    }
}

/// What an upgrade adds to a replacement.
#[derive(Debug)]
pub(in crate::customers) struct UpgradeLog<'a> {
    pub from: &'a [i32],
    pub change: Uuid,
    /// The record number, unless the tenant has had it or a higher one.
    pub least_number: i64,
    pub changed_by: &'a str,
    pub request: Uuid,
}

/// Replaces a customer and, for an upgrade, places it and logs the change. The columns are those of all fields; where BackOfficeId,
/// status, sign-up date or password is absent, the stored value stays.
pub(in crate::customers) async fn replace(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
    columns: &Columns<'_>,
    upgrade: Option<&UpgradeLog<'_>>,
) -> Result<WriteOutcome, sqlx::Error> {
    if replace_ordinary(connection, scope, id, columns, upgrade).await? {
        return Ok(WriteOutcome::Done(id));
    }
    let arguments = arguments(scope, id, columns, upgrade, Keys::All).map_err(sqlx::Error::Encode)?;
    let row = sqlx::query_with(REPLACE.as_str(), arguments).fetch_one(connection).await?;
    let texts = |index: usize| row.try_get::<Option<RowBytes>, _>(index);
    scope.recorder.update("customers", texts(2)?.as_ref(), texts(3)?.as_ref());
    scope.recorder.update("sponsor_tree", texts(4)?.as_ref(), texts(5)?.as_ref());
    scope.recorder.row("CRM_AssociateTypeChanges", None, texts(6)?.as_ref());
    outcome(row.try_get(0)?, row.try_get(1)?, Some(id))
}

/// False when it is no ordinary case; then nothing was written.
async fn replace_ordinary(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
    columns: &Columns<'_>,
    upgrade: Option<&UpgradeLog<'_>>,
) -> Result<bool, sqlx::Error> {
    let mut arguments = arguments(scope, id, columns, upgrade, Keys::OfPlan).map_err(sqlx::Error::Encode)?;
    arguments.add(scope.plan.unique_bits()).map_err(sqlx::Error::Encode)?;
    let statement = if upgrade.is_some() { &UPGRADE } else { &UPDATE };
    let Some(row) = sqlx::query_with(statement.as_str(), arguments).fetch_optional(connection).await? else {
        return Ok(false);
    };
    let texts = |index: usize| row.try_get::<Option<RowBytes>, _>(index);
    scope.recorder.update("customers", texts(0)?.as_ref(), texts(1)?.as_ref());
    if let Some(upgrade) = upgrade.filter(|_| scope.recorder.is_on()) {
        record_upgrade(scope, id, columns.fields, upgrade, (row.try_get(2)?, row.try_get(3)?));
    }
    Ok(true)
}

static NODE: LazyLock<ColumnNames> = LazyLock::new(|| ["customer_id", "upline_id", "placed_at"].into());

static LOG: LazyLock<ColumnNames> = LazyLock::new(|| {
    let names = [
        "id",
        "recordnumber",
        "associateid",
        "oldassociatetype",
        "newassociatetype",
        "changedate",
        "changedby",
        "requestid",
    ];
    names.into()
});

/// Records the node and the log row of an upgrade. Postgres does not return them, because all of their values come from here.
fn record_upgrade(
    scope: &Scope<'_>,
    id: CustomerId,
    fields: &CustomerFields,
    upgrade: &UpgradeLog<'_>,
    (old_type, number): (i32, i64),
) {
    let (customer, now) = (WrittenValue::Int4(Some(id.0)), WrittenValue::Time(scope.now));
    let node = RowBytes::written(&NODE, [customer, WrittenValue::Int4(fields.sponsor_id), now]);
    let log = RowBytes::written(
        &LOG,
        [
            WrittenValue::Uuid(upgrade.change),
            WrittenValue::Int8(number),
            customer,
            WrittenValue::Int4(Some(old_type)),
            WrittenValue::Int4(fields.customer_type),
            now,
            WrittenValue::Text(upgrade.changed_by),
            WrittenValue::Uuid(upgrade.request),
        ],
    );
    scope.recorder.row("sponsor_tree", None, Some(&node));
    scope.recorder.row("CRM_AssociateTypeChanges", None, Some(&log));
}

fn arguments(
    scope: &Scope<'_>,
    id: CustomerId,
    columns: &Columns<'_>,
    upgrade: Option<&UpgradeLog<'_>>,
    keys: Keys,
) -> Result<PgArguments, BoxDynError> {
    let mut arguments = PgArguments::default();
    arguments.add(scope.recorder.is_on())?;
    arguments.add(scope.tenant.0)?;
    arguments.add(id.0)?;
    arguments.add(scope.now)?;
    arguments.add(scope.plan.sponsor_types())?;
    arguments.add(upgrade.map(|log| log.from))?;
    arguments.add(upgrade.map(|log| log.change))?;
    arguments.add(upgrade.map(|log| log.least_number))?;
    arguments.add(upgrade.map(|log| log.changed_by))?;
    arguments.add(upgrade.map(|log| log.request))?;
    columns.add_to(&mut arguments, keys)?;
    Ok(arguments)
}
