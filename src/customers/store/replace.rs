//! The replacement of a whole customer, as PUT and upgrade do it. One statement does the ordinary case. Where it finds anything else,
//! it writes nothing, and the function `replace_customer` decides. On a distributed database the function does all: it runs, with its
//! lock, on the tenant's node.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments as _, AssertSqlSafe, PgConnection, Row as _};
use uuid::Uuid;

use super::columns::{ColumnValue, Columns, Keys, arguments_for, call, visited};
use super::{WriteOutcome, outcome};
use crate::customers::scope::Scope;
use crate::journal::{ColumnNames, RowBytes, WrittenRow, WrittenValue};
use crate::model::{CustomerFields, CustomerId, Field, FieldMask};
use crate::plan::Plan;

/// The parameters before those of the columns: whether the rows are recorded, tenant, customer, now, types of sponsors.
const UPDATE_PARAMETERS: usize = 5;

/// The same, and the types that an upgrade starts from, the change's id, what its number is made of, its caller and its request.
const UPGRADE_PARAMETERS: usize = 10;

/// The columns of a replacement, about.
const COLUMNS: usize = 48;

/// The function for all other cases.
pub(super) static REPLACE: LazyLock<String> = LazyLock::new(|| {
    let returned = "outcome, old_type, customer_before, customer_after, node_before, node_after, log_after";
    call("replace_customer", returned, UPGRADE_PARAMETERS)
});

const BEFORE: &str = "case when $1 then row_bytes(o) end";

/// What only Postgres knows of the row as it is.
const DATES: &str = "c.upgrade_date, c.inactive_date";

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

/// The customer is no customer's upline and could not become one before this commit, so its new node closes no circle. The change's
/// number is higher than all before it, unless a seed file had one of the future.
const ORDINARY_UPGRADE: &str = "
    and o.customer_type = any ($6) and o.customer_type <> all ($5)
    and not exists (select from sponsor_tree t where t.tenant_id = $2 and t.customer_id = $3)
    and not exists (select from sponsor_tree d where d.tenant_id = $2 and d.upline_id = $3)
    and not exists (select from CRM_AssociateTypeChanges l
                     where l.tenant_id = $2 and l.recordnumber >= (select n.recordnumber from number n))";

/// A statement of the ordinary case, and the columns that it writes, for the journal.
#[derive(Debug)]
struct Statement {
    text: Arc<str>,
    columns: ColumnNames,
}

/// By the fields that they write and whether they upgrade. At most 32, because only the fields that stay where they are absent differ.
type Statements = HashMap<(FieldMask, bool), Arc<Statement>>;

static STATEMENTS: LazyLock<Mutex<Statements>> = LazyLock::new(Mutex::default);

fn statement(mask: FieldMask, is_upgrade: bool) -> Arc<Statement> {
    let mut statements = STATEMENTS.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(statements.entry((mask, is_upgrade)).or_insert_with(|| Arc::new(Statement::new(mask, is_upgrade))))
}

/// The statements of the ordinary case that write most and least.
pub(super) fn ordinary_statements() -> Vec<String> {
    let least = replaced_fields(&CustomerFields::default());
    let made = |mask| [false, true].map(|is_upgrade| Statement::new(mask, is_upgrade).text.to_string());
    [FieldMask::ALL, least].into_iter().flat_map(made).collect()
}

impl Statement {
    fn new(mask: FieldMask, is_upgrade: bool) -> Self {
        let (plan, fields) = (Plan::default(), CustomerFields::default());
        let columns = Columns { plan: &plan, fields: &fields, mask, password_hash: None };
        let mut number = if is_upgrade { UPGRADE_PARAMETERS } else { UPDATE_PARAMETERS };
        let (mut names, mut sets) = (Vec::new(), Vec::new());
        let (mut sponsor, mut customer_type, mut inactive_date) = (String::new(), String::new(), String::new());
        let written: Result<(), Infallible> = columns.each(|field, column, _| {
            number += 1;
            names.push(column);
            sets.push(format!("{column} = ${number}"));
            match field {
                Field::SponsorId => sponsor = format!("${number}"),
                Field::CustomerType => customer_type = format!("${number}"),
                Field::CustomerStatus => {
                    inactive_date =
                        format!(", inactive_date = inactive_since(c.customer_status, ${number}, c.inactive_date, $4)");
                }
                _ => {}
            }
            Ok(())
        });
        visited(written);
        names.extend(["modified_at", "upgrade_date", "inactive_date"]);
        let unique = format!("${}", number + 1);
        let conditions = if is_upgrade { ORDINARY_UPGRADE } else { ORDINARY_UPDATE };
        let conditions = format!("{ORDINARY}{conditions}").replace("{sponsor}", &sponsor).replace("{unique}", &unique);
        let update = format!(
            "update customers c
                set {}, modified_at = $4, version = c.version + 1,
                    upgrade_date = case when c.customer_type = {customer_type} then c.upgrade_date else $4 end{inactive_date}{conditions}",
            sets.join(", ")
        );
        let text = if is_upgrade {
            upgrade(&update, &sponsor, &customer_type)
        } else {
            format!("{update} returning {BEFORE} as before, {DATES}")
        };
        Self { text: text.into(), columns: names.into() }
    }
}

fn upgrade(update: &str, sponsor: &str, customer_type: &str) -> String {
    format!(
        "with number as materialized (
             select record_number($8) as recordnumber
         ), updated as (
             {update} returning o.customer_type as old_type, {BEFORE} as before, {DATES}
         ), node as (
             insert into sponsor_tree (tenant_id, customer_id, upline_id, placed_at)
             select $2, $3, {sponsor}, $4 from updated
         ), log as (
             insert into CRM_AssociateTypeChanges (
                 tenant_id, id, recordnumber, AssociateID, OldAssociateType, NewAssociateType, ChangeDate, ChangedBy, RequestId)
             select $2, $7, n.recordnumber, $3, u.old_type, {customer_type}, $4, $9, $10 from updated u, number n
         )
         select before, upgrade_date, inactive_date, old_type, recordnumber from updated, number"
    )
}

/// The fields that a replacement writes: all but these where they are absent, which then stay as they are, and the password.
pub(in crate::customers) fn replaced_fields(fields: &CustomerFields) -> FieldMask {
    let mut mask = FieldMask::ALL;
    mask.remove(Field::Password);
    for field in [Field::BackOfficeId, Field::CustomerStatus, Field::SignUpDate] {
        if fields.is_missing(field) {
            mask.remove(field);
        }
    }
    mask
}

/// What an upgrade adds to a replacement.
#[derive(Debug)]
pub(in crate::customers) struct UpgradeLog<'a> {
    pub from: &'a [i32],
    pub change: Uuid,
    /// What the function `record_number` makes the record number of.
    pub number: i64,
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
    is_distributed: bool,
) -> Result<WriteOutcome, sqlx::Error> {
    if !is_distributed && replace_ordinary(connection, scope, id, columns, upgrade).await? {
        return Ok(WriteOutcome::Done(id));
    }
    let arguments = function_arguments(scope, id, columns, upgrade).map_err(sqlx::Error::Encode)?;
    let row = sqlx::query_with(REPLACE.as_str(), arguments).fetch_one(connection).await?;
    scope.recorder.update("customers", row.try_get(2)?, row.try_get(3)?);
    scope.recorder.update("sponsor_tree", row.try_get(4)?, row.try_get(5)?);
    scope.recorder.row("CRM_AssociateTypeChanges", None, row.try_get(6)?);
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
    let mut mask = replaced_fields(columns.fields);
    mask.insert_if(Field::Password, columns.password_hash.is_some());
    let columns = Columns { mask, ..*columns };
    let statement = statement(mask, upgrade.is_some());
    let mut after = WrittenRow::new(statement.columns.len());
    let arguments = ordinary_arguments(scope, id, &columns, upgrade, |value| after.add(value.written()));
    let query = sqlx::query_with(AssertSqlSafe(Arc::clone(&statement.text)), arguments.map_err(sqlx::Error::Encode)?);
    let Some(row) = query.fetch_optional(connection).await? else {
        return Ok(false);
    };
    if scope.recorder.is_on() {
        record(scope, &row, after, &statement.columns)?;
        if let Some(upgrade) = upgrade {
            record_upgrade(scope, id, columns.fields, upgrade, (row.try_get(3)?, row.try_get(4)?));
        }
    }
    Ok(true)
}

/// Records the customer. Of the row as it is, Postgres returns only what does not come from here.
fn record(scope: &Scope<'_>, row: &PgRow, mut after: WrittenRow, columns: &ColumnNames) -> Result<(), sqlx::Error> {
    let before: Option<RowBytes> = row.try_get(0)?;
    let (upgrade_date, inactive_date): (Option<DateTime<Utc>>, Option<DateTime<Utc>>) =
        (row.try_get(1)?, row.try_get(2)?);
    for date in [Some(scope.now), upgrade_date, inactive_date] {
        after.add(WrittenValue::Time(date));
    }
    scope.recorder.update("customers", before, Some(after.of(columns)));
    Ok(())
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
    let (customer, now) = (WrittenValue::Int4(Some(id.0)), WrittenValue::Time(Some(scope.now)));
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
            WrittenValue::Text(Some(upgrade.changed_by)),
            WrittenValue::Uuid(upgrade.request),
        ],
    );
    scope.recorder.row("sponsor_tree", None, Some(node));
    scope.recorder.row("CRM_AssociateTypeChanges", None, Some(log));
}

fn ordinary_arguments(
    scope: &Scope<'_>,
    id: CustomerId,
    columns: &Columns<'_>,
    upgrade: Option<&UpgradeLog<'_>>,
    visit: impl FnMut(&ColumnValue<'_>),
) -> Result<PgArguments, BoxDynError> {
    let mut arguments = first_arguments(scope, id)?;
    if upgrade.is_some() {
        add_upgrade(&mut arguments, upgrade)?;
    }
    columns.add_to(&mut arguments, Keys::OfPlan, visit)?;
    arguments.add(scope.plan.unique_bits())?;
    Ok(arguments)
}

fn function_arguments(
    scope: &Scope<'_>,
    id: CustomerId,
    columns: &Columns<'_>,
    upgrade: Option<&UpgradeLog<'_>>,
) -> Result<PgArguments, BoxDynError> {
    let mut arguments = first_arguments(scope, id)?;
    add_upgrade(&mut arguments, upgrade)?;
    columns.add_to(&mut arguments, Keys::All, |_| {})?;
    Ok(arguments)
}

fn first_arguments(scope: &Scope<'_>, id: CustomerId) -> Result<PgArguments, BoxDynError> {
    let mut arguments = arguments_for(UPGRADE_PARAMETERS + COLUMNS);
    arguments.add(scope.recorder.is_on())?;
    arguments.add(scope.tenant.0)?;
    arguments.add(id.0)?;
    arguments.add(scope.now)?;
    arguments.add(scope.plan.sponsor_types())?;
    Ok(arguments)
}

fn add_upgrade(arguments: &mut PgArguments, upgrade: Option<&UpgradeLog<'_>>) -> Result<(), BoxDynError> {
    arguments.add(upgrade.map(|log| log.from))?;
    arguments.add(upgrade.map(|log| log.change))?;
    arguments.add(upgrade.map(|log| log.number))?;
    arguments.add(upgrade.map(|log| log.changed_by))?;
    arguments.add(upgrade.map(|log| log.request))
}
