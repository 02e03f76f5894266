//! The partial update: a statement that sets the columns of the fields that were sent, and no other.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::{LazyLock, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use sqlx::postgres::PgArguments;
use sqlx::{Arguments as _, AssertSqlSafe, PgConnection, Row as _};

use super::WriteOutcome;
use super::columns::{Columns, Keys, visited};
use super::prepared::{PatchStatement, Prepared};
use crate::customers::profile::Version;
use crate::customers::scope::Scope;
use crate::journal::RowBytes;
use crate::model::{CustomerFields, CustomerId, Field, FieldMask};
use crate::plan::{Plan, UniqueField};

/// The parameters before those of the columns: tenant, customer, now, the latest birth date of an adult, version, whether the rows
/// are recorded.
const FIXED_PARAMETERS: usize = 6;

static PREPARED: LazyLock<Mutex<Prepared>> = LazyLock::new(Mutex::default);

/// Writes the columns. Unmatched when there is no such customer, or it would be a distributor born after `latest_adult_birth_date`, or it is
/// another version by now.
pub(in crate::customers) async fn patch(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: CustomerId,
    columns: &Columns<'_>,
    latest_adult_birth_date: DateTime<Utc>,
    version: Option<Version>,
) -> Result<WriteOutcome, sqlx::Error> {
    let arguments = arguments(scope, id, columns, latest_adult_birth_date, version).map_err(sqlx::Error::Encode)?;
    let prepared = prepared(columns.mask);
    let is_prepared = prepared.is_some();
    let PatchStatement { text, columns } = prepared.unwrap_or_else(|| statement(columns.mask));
    let query = sqlx::query_with(AssertSqlSafe(text), arguments).persistent(is_prepared);
    let Some(row) = query.fetch_optional(connection).await? else {
        return Ok(WriteOutcome::Unmatched(id));
    };
    let part = |index: usize| row.try_get::<Option<RowBytes>, _>(index).map(|row| Some(row?.with_columns(&columns)));
    let (before, after) = (part(0)?, part(1)?);
    scope.recorder.update("customers", before.as_ref(), after.as_ref());
    Ok(WriteOutcome::Done(id))
}

fn arguments(
    scope: &Scope<'_>,
    id: CustomerId,
    columns: &Columns<'_>,
    latest_adult_birth_date: DateTime<Utc>,
    version: Option<Version>,
) -> Result<PgArguments, sqlx::error::BoxDynError> {
    let mut arguments = PgArguments::default();
    arguments.add(scope.tenant.0)?;
    arguments.add(id.0)?;
    arguments.add(scope.now)?;
    arguments.add(latest_adult_birth_date)?;
    arguments.add(version.map(|version| version.0))?;
    arguments.add(scope.recorder.is_on())?;
    columns.add_to(&mut arguments, Keys::All)?;
    Ok(arguments)
}

/// The statement for a set of fields, if it is one of those that stay prepared.
fn prepared(mask: FieldMask) -> Option<PatchStatement> {
    PREPARED.lock().unwrap_or_else(PoisonError::into_inner).get(mask, statement)
}

/// The statement, made from the field table. Values that may be unique are written under the tenant's lock, so that a
/// change of the plan does not miss them.
pub(super) fn statement(mask: FieldMask) -> PatchStatement {
    let (plan, fields) = (Plan::default(), CustomerFields::default());
    let columns = Columns { plan: &plan, fields: &fields, mask, password_hash: None };
    let mut text = "update customers c set modified_at = $3, version = c.version + 1".to_owned();
    let mut returned = vec!["customer_id", "modified_at"];
    let mut set = |text: &mut String, column: &'static str, value: &str| {
        write!(text, ", {column} = {value}").expect("invariant: a String takes every text");
        returned.push(column);
    };
    let (mut number, mut birth_date, mut customer_type) = (FIXED_PARAMETERS, None, "c.customer_type".to_owned());
    let mut has_unique_field = false;
    let written: Result<(), Infallible> = columns.each(|field, column, _| {
        number += 1;
        match field {
            Field::AssociateCustom(_) if !mask.contains_all_custom_fields() => {
                let custom_field = |index: u8| {
                    let is_sent = mask.contains(Field::AssociateCustom(index));
                    if is_sent { format!("(${number}::text[])[{index}]") } else { format!("c.{column}[{index}]") }
                };
                let merged: Vec<String> = (1..=10).map(custom_field).collect();
                set(&mut text, column, &empty_where_none_is_set(&format!("array[{}]", merged.join(", "))));
            }
            Field::AssociateCustom(_) => {
                set(&mut text, column, &empty_where_none_is_set(&format!("${number}::text[]")));
            }
            _ => match UniqueField::of(field).filter(|_| column.ends_with("_key")) {
                Some(unique) => {
                    has_unique_field = true;
                    let bit = unique.bit();
                    set(&mut text, column, &format!("case when tenant.unique_fields & {bit} <> 0 then ${number} end"));
                }
                None => set(&mut text, column, &format!("${number}")),
            },
        }
        match field {
            Field::BirthDate => birth_date = Some(number),
            Field::CustomerType => {
                customer_type = format!("${number}");
                set(
                    &mut text,
                    "upgrade_date",
                    &format!("case when c.customer_type <> ${number} then $3 else c.upgrade_date end"),
                );
            }
            Field::CustomerStatus => {
                let since = format!("inactive_since(c.customer_status, ${number}, c.inactive_date, $3)");
                set(&mut text, "inactive_date", &since);
            }
            _ => {}
        }
        Ok(())
    });
    visited(written);
    if has_unique_field {
        text.push_str(" from (select enter_tenant($1) as unique_fields) tenant");
    }
    text.push_str(" where c.tenant_id = $1 and c.customer_id = $2 and ($5::bigint is null or c.version = $5)");
    if let Some(birth_date) = birth_date {
        // Decided here, because only the row knows the type when it is not sent.
        let condition =
            format!(" and (${birth_date}::timestamptz is null or ${birth_date} <= $4 or {customer_type} <> 1)");
        text.push_str(&condition);
    }
    let row = |of: &str| {
        let columns: Vec<String> = returned.iter().map(|column| format!("{of}.{column}")).collect();
        format!("row_bytes(row({}))", columns.join(", "))
    };
    write!(
        text,
        " returning case when $6 then (select {} from customers o where o.tenant_id = $1 and o.customer_id = $2) end,
                    case when $6 then {} end",
        row("o"),
        row("c"),
    )
    .expect("invariant: a String takes every text");
    PatchStatement { text: text.into(), columns: returned.into() }
}

/// The custom fields, empty when none is set.
fn empty_where_none_is_set(custom_fields: &str) -> String {
    format!("coalesce(nullif({custom_fields}, array_fill(null::text, array[10])), '{{}}')")
}
