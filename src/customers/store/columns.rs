//! Customers as rows: the columns of the field table, written and read, and the writes of a whole customer, which call functions with
//! a parameter for each column.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::LazyLock;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::ser::SerializeMap;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments as _, PgConnection, Row as _};
use uuid::Uuid;

use super::{WriteOutcome, outcome, radix};
use crate::customers::scope::Scope;
use crate::customers::text::comparable;
use crate::journal::RowTexts;
use crate::model::{AddressPart, Customer, CustomerFields, CustomerId, Field, FieldMask, Member, MemberMut};
use crate::plan::{DISTRIBUTOR, Plan, UniqueField};

/// The columns that a write sets: those of the fields in `mask`, and of each unique one also the column by which Postgres
/// compares it, which is NULL where the plan lets several customers share the value.
#[derive(Debug, Clone, Copy)]
pub(in crate::customers) struct Columns<'a> {
    pub plan: &'a Plan,
    pub fields: &'a CustomerFields,
    pub mask: FieldMask,
    pub password_hash: Option<&'a str>,
}

/// The value of a column.
#[derive(Debug)]
pub(super) enum ColumnValue<'a> {
    Text(Option<&'a str>),
    Key(Option<String>),
    Date(Option<DateTime<Utc>>),
    Integer(Option<i32>),
    Boolean(Option<bool>),
    Texts(&'a [Option<String>]),
}

impl<'a> Columns<'a> {
    /// Visits each column with its field, in the order of the table.
    pub(super) fn each<E>(
        &self,
        mut visit: impl FnMut(Field, &'static str, ColumnValue<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        for field in self.mask.iter() {
            let columns = field.columns();
            let value = match self.fields.member(field) {
                Member::Address(address) => {
                    for (part, column) in AddressPart::ALL.into_iter().zip(columns) {
                        visit(field, column, ColumnValue::Text(address.part(part).as_deref()))?;
                    }
                    continue;
                }
                Member::Text(text) | Member::Code(text) => ColumnValue::Text(text.as_deref()),
                Member::Date(date) => ColumnValue::Date(*date),
                Member::Integer(number) => ColumnValue::Integer(*number),
                Member::Boolean(flag) => ColumnValue::Boolean(*flag),
                Member::Custom(texts) => ColumnValue::Texts(texts),
                Member::Secret(_) => ColumnValue::Text(self.password_hash),
            };
            visit(field, columns[0], value)?;
            if let Some(unique) = UniqueField::of(field) {
                visit(field, key_column(unique), ColumnValue::Key(self.key(unique)))?;
            }
        }
        Ok(())
    }

    /// The form in which a unique value is compared; `None` where it is not written, not set or not unique.
    pub(super) fn key(&self, unique: UniqueField) -> Option<String> {
        let field = unique.field();
        let text = self.fields.text(field).filter(|_| self.mask.contains(field) && self.plan.is_unique(unique));
        text.map(comparable)
    }

    /// Adds the columns to the arguments of a statement.
    pub(super) fn add_to(&self, arguments: &mut PgArguments) -> Result<(), BoxDynError> {
        self.each(|_, _, value| match value {
            ColumnValue::Text(text) => arguments.add(text),
            ColumnValue::Key(key) => arguments.add(key),
            ColumnValue::Date(date) => arguments.add(date),
            ColumnValue::Integer(number) => arguments.add(number),
            ColumnValue::Boolean(flag) => arguments.add(flag),
            ColumnValue::Texts(texts) => arguments.add(empty_where_none_is_set(texts)),
        })
    }

    /// Serializes the columns as members of an object, for `jsonb_populate_recordset`.
    pub(super) fn serialize_into<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        self.each(|_, column, value| match value {
            ColumnValue::Text(text) => map.serialize_entry(column, &text),
            ColumnValue::Key(key) => map.serialize_entry(column, &key),
            ColumnValue::Date(date) => map.serialize_entry(column, &date.map(date_text)),
            ColumnValue::Integer(number) => map.serialize_entry(column, &number),
            ColumnValue::Boolean(flag) => map.serialize_entry(column, &flag),
            ColumnValue::Texts(texts) => map.serialize_entry(column, empty_where_none_is_set(texts)),
        })
    }
}

fn empty_where_none_is_set(texts: &[Option<String>]) -> &[Option<String>] {
    if texts.iter().all(Option::is_none) { &[] } else { texts }
}

/// A date as Postgres reads it, truncated to microseconds: it would round what it cannot hold.
pub(super) fn date_text(date: DateTime<Utc>) -> String {
    date.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The column by which Postgres compares a unique field.
fn key_column(unique: UniqueField) -> &'static str {
    match unique {
        UniqueField::BackOfficeId => "back_office_id_key",
        UniqueField::EmailAddress => "email_address_key",
        UniqueField::TaxId => "tax_id_key",
        UniqueField::Username => "username_key",
        UniqueField::WebAlias => "web_alias_key",
    }
}

/// The columns from which [`customer`] reads, in its order.
pub(super) fn select_list() -> String {
    let mut columns = vec!["customer_id", "enroller_id", "inactive_date"];
    let read = Field::WHOLE.iter().filter(|field| **field != Field::Password);
    columns.extend(read.flat_map(|field| field.columns()));
    columns.join(", ")
}

/// The customer in a row of the columns of [`select_list`].
pub(super) fn customer(row: &PgRow) -> Result<Customer, sqlx::Error> {
    let mut index = 2;
    let mut next = || {
        index += 1;
        index
    };
    let mut fields = CustomerFields::default();
    for field in Field::WHOLE {
        match fields.member_mut(*field) {
            MemberMut::Text(text) | MemberMut::Code(text) => *text = row.try_get_unchecked(next())?,
            MemberMut::Date(date) => *date = row.try_get_unchecked(next())?,
            MemberMut::Integer(number) => *number = row.try_get_unchecked(next())?,
            MemberMut::Boolean(flag) => *flag = row.try_get_unchecked(next())?,
            MemberMut::Address(address) => {
                for part in AddressPart::ALL {
                    *address.part_mut(part) = row.try_get_unchecked(next())?;
                }
            }
            MemberMut::Custom(texts) => {
                let stored: Vec<Option<String>> = row.try_get_unchecked(next())?;
                for (text, stored) in texts.iter_mut().zip(stored) {
                    *text = stored;
                }
            }
            MemberMut::Secret(_) => {}
        }
    }
    Ok(Customer {
        id: CustomerId(row.try_get_unchecked(0)?),
        enroller_id: row.try_get_unchecked(1)?,
        inactive_date: row.try_get_unchecked(2)?,
        fields,
    })
}

/// Visits columns without failing.
pub(super) fn visited<T>(result: Result<T, Infallible>) -> T {
    match result {
        Ok(value) => value,
    }
}

pub(super) static CREATE: LazyLock<String> =
    LazyLock::new(|| call("create_customer", "outcome, customer_id, customer_after, node_after", 11));

pub(super) static REPLACE: LazyLock<String> = LazyLock::new(|| {
    let returned = "outcome, old_type, customer_before, customer_after, node_before, node_after, log_after";
    call("replace_customer", returned, 10)
});

/// The text of a call: the parameters that the function names itself by their position, then those of the columns by their names.
fn call(function: &str, returned: &str, own_parameters: usize) -> String {
    let own: Vec<String> = (1..=own_parameters).map(|number| format!("${number}")).collect();
    let mut text = format!("select {returned} from {function}({}", own.join(", "));
    let (plan, fields) = (Plan::default(), CustomerFields::default());
    let columns = Columns { plan: &plan, fields: &fields, mask: FieldMask::ALL, password_hash: None };
    let mut number = own_parameters;
    let written: Result<(), Infallible> = columns.each(|_, column, _| {
        number += 1;
        write!(text, ", new_{column} => ${number}").expect("invariant: a String takes every text");
        Ok(())
    });
    visited(written);
    text.push(')');
    text
}

/// Creates a customer, with the id of the caller's choice where there is one. The columns are those of all fields.
pub(in crate::customers) async fn create(
    connection: &mut PgConnection,
    scope: &Scope<'_>,
    id: Option<CustomerId>,
    columns: &Columns<'_>,
) -> Result<WriteOutcome, sqlx::Error> {
    let arguments = create_arguments(scope, id, columns).map_err(sqlx::Error::Encode)?;
    let row = sqlx::query_with(CREATE.as_str(), arguments).fetch_one(connection).await?;
    let (customer_after, node_after): (Option<RowTexts>, Option<RowTexts>) = (row.try_get(2)?, row.try_get(3)?);
    scope.recorder.row("customers", None, customer_after.as_ref());
    scope.recorder.row("sponsor_tree", None, node_after.as_ref());
    outcome(row.try_get(0)?, None, row.try_get::<Option<i32>, _>(1)?.map(CustomerId))
}

fn create_arguments(
    scope: &Scope<'_>,
    id: Option<CustomerId>,
    columns: &Columns<'_>,
) -> Result<PgArguments, BoxDynError> {
    let plan = scope.plan;
    let default_alias = crate::customers::defaults::default_alias(columns.fields);
    let default_alias_key = default_alias.as_deref().filter(|_| plan.is_unique(UniqueField::WebAlias)).map(comparable);
    let mut arguments = PgArguments::default();
    arguments.add(scope.tenant.0)?;
    arguments.add(id.map(|id| id.0))?;
    arguments.add(scope.now)?;
    arguments.add(plan.sponsor_types())?;
    arguments.add([DISTRIBUTOR].as_slice())?;
    arguments.add(i64::from(plan.back_office_id.seed))?;
    arguments.add(radix(plan))?;
    arguments.add(plan.is_unique(UniqueField::BackOfficeId))?;
    arguments.add(default_alias)?;
    arguments.add(default_alias_key)?;
    arguments.add(scope.recorder.is_on())?;
    columns.add_to(&mut arguments)?;
    Ok(arguments)
}

/// What an upgrade adds to a replacement.
#[derive(Debug)]
pub(in crate::customers) struct UpgradeLog<'a> {
    pub from: &'a [i32],
    pub change: Uuid,
    pub record_number: i64,
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
    let arguments = replace_arguments(scope, id, columns, upgrade).map_err(sqlx::Error::Encode)?;
    let row = sqlx::query_with(REPLACE.as_str(), arguments).fetch_one(connection).await?;
    let texts = |index: usize| row.try_get::<Option<RowTexts>, _>(index);
    scope.recorder.update("customers", texts(2)?.as_ref(), texts(3)?.as_ref());
    scope.recorder.update("sponsor_tree", texts(4)?.as_ref(), texts(5)?.as_ref());
    scope.recorder.row("CRM_AssociateTypeChanges", None, texts(6)?.as_ref());
    outcome(row.try_get(0)?, row.try_get(1)?, Some(id))
}

fn replace_arguments(
    scope: &Scope<'_>,
    id: CustomerId,
    columns: &Columns<'_>,
    upgrade: Option<&UpgradeLog<'_>>,
) -> Result<PgArguments, BoxDynError> {
    let mut arguments = PgArguments::default();
    arguments.add(scope.tenant.0)?;
    arguments.add(id.0)?;
    arguments.add(scope.now)?;
    arguments.add(scope.plan.sponsor_types())?;
    arguments.add(upgrade.map(|log| log.from))?;
    arguments.add(upgrade.map(|log| log.change))?;
    arguments.add(upgrade.map(|log| log.record_number))?;
    arguments.add(upgrade.map(|log| log.changed_by))?;
    arguments.add(upgrade.map(|log| log.request))?;
    arguments.add(scope.recorder.is_on())?;
    columns.add_to(&mut arguments)?;
    Ok(arguments)
}
