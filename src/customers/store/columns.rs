//! Customers as rows: the columns of the field table, written and read, and the creation, which calls a function with a
//! parameter for each column.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::LazyLock;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::ser::SerializeMap;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments as _, PgConnection, Row as _};

use super::{WriteOutcome, outcome, radix};
use crate::customers::scope::Scope;
use crate::customers::text::comparable;
use crate::journal::{ColumnType, RowBytes, WrittenValue};
use crate::model::{AddressPart, Customer, CustomerFields, CustomerId, Field, FieldMask, Member, MemberMut};
use crate::plan::{DISTRIBUTOR, Plan, UniqueField};

/// The columns that a write sets: those of the fields in `mask`, and of each that a plan can make unique also the column by which
/// Postgres compares it. A statement stores that one only if the tenant's plan makes the field unique when it runs.
#[derive(Debug, Clone, Copy)]
pub(in crate::customers) struct Columns<'a> {
    pub plan: &'a Plan,
    pub fields: &'a CustomerFields,
    pub mask: FieldMask,
    pub password_hash: Option<&'a str>,
}

/// The columns by which values are compared that a statement gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    /// Those of every field. The statement looks up which of them are stored.
    All,
    /// Those of the fields that the plan makes unique; the others are NULL.
    OfPlan,
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

impl ColumnValue<'_> {
    pub(super) fn column_type(&self) -> ColumnType {
        match self {
            Self::Text(_) | Self::Key(_) => ColumnType::Text,
            Self::Date(_) => ColumnType::Time,
            Self::Integer(_) => ColumnType::Int4,
            Self::Boolean(_) => ColumnType::Bool,
            Self::Texts(_) => ColumnType::Texts,
        }
    }

    /// The value for the journal, of a statement that writes it as it is sent.
    pub(super) fn written(&self) -> WrittenValue<'_> {
        match self {
            Self::Text(text) => WrittenValue::Text(*text),
            Self::Key(key) => WrittenValue::Text(key.as_deref()),
            Self::Date(date) => WrittenValue::Time(*date),
            Self::Integer(number) => WrittenValue::Int4(*number),
            Self::Boolean(flag) => WrittenValue::Bool(*flag),
            Self::Texts(texts) => WrittenValue::Texts(texts),
        }
    }
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

    /// The form in which a unique value is compared; `None` where it is not written or not set.
    pub(super) fn key(&self, unique: UniqueField) -> Option<String> {
        let field = unique.field();
        let text = self.fields.text(field).filter(|_| self.mask.contains(field));
        text.map(comparable)
    }

    fn is_unique(&self, field: Field) -> bool {
        UniqueField::of(field).is_some_and(|unique| self.plan.is_unique(unique))
    }

    /// Adds the columns to the arguments of a statement, and visits each value as it is sent.
    pub(super) fn add_to(
        &self,
        arguments: &mut PgArguments,
        keys: Keys,
        mut visit: impl FnMut(&ColumnValue<'_>),
    ) -> Result<(), BoxDynError> {
        self.each(|field, _, value| {
            let value = match value {
                ColumnValue::Key(key) => ColumnValue::Key(key.filter(|_| keys == Keys::All || self.is_unique(field))),
                ColumnValue::Texts(texts) => ColumnValue::Texts(empty_where_none_is_set(texts)),
                other => other,
            };
            visit(&value);
            match value {
                ColumnValue::Text(text) => arguments.add(text),
                ColumnValue::Key(key) => arguments.add(key),
                ColumnValue::Date(date) => arguments.add(date),
                ColumnValue::Integer(number) => arguments.add(number),
                ColumnValue::Boolean(flag) => arguments.add(flag),
                ColumnValue::Texts(texts) => arguments.add(texts),
            }
        })
    }

    /// Serializes the columns as members of an object, for `jsonb_populate_recordset`. Keys of fields that `plan` does not make unique
    /// are null.
    pub(super) fn serialize_into<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        self.each(|field, column, value| match value {
            ColumnValue::Text(text) => map.serialize_entry(column, &text),
            ColumnValue::Key(key) => map.serialize_entry(column, &key.filter(|_| self.is_unique(field))),
            ColumnValue::Date(date) => map.serialize_entry(column, &date.map(date_text)),
            ColumnValue::Integer(number) => map.serialize_entry(column, &number),
            ColumnValue::Boolean(flag) => map.serialize_entry(column, &flag),
            ColumnValue::Texts(texts) => map.serialize_entry(column, empty_where_none_is_set(texts)),
        })
    }
}

/// Arguments with space for this number of values of usual length.
pub(super) fn arguments_for(values: usize) -> PgArguments {
    let mut arguments = PgArguments::default();
    arguments.reserve(values, values * 24);
    arguments
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
    LazyLock::new(|| call("create_customer", "outcome, customer_id, customer_after, node_after", 10));

/// The text of a call: the parameters that the function names itself by their position, then those of the columns by their names.
pub(super) fn call(function: &str, returned: &str, own_parameters: usize) -> String {
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
    let (customer_after, node_after): (Option<RowBytes>, Option<RowBytes>) = (row.try_get(2)?, row.try_get(3)?);
    scope.recorder.row("customers", None, customer_after);
    scope.recorder.row("sponsor_tree", None, node_after);
    outcome(row.try_get(0)?, None, row.try_get::<Option<i32>, _>(1)?.map(CustomerId))
}

fn create_arguments(
    scope: &Scope<'_>,
    id: Option<CustomerId>,
    columns: &Columns<'_>,
) -> Result<PgArguments, BoxDynError> {
    let plan = scope.plan;
    let default_alias = crate::customers::defaults::default_alias(columns.fields);
    let default_alias_key = default_alias.as_deref().map(comparable);
    let mut arguments = PgArguments::default();
    arguments.add(scope.tenant.0)?;
    arguments.add(id.map(|id| id.0))?;
    arguments.add(scope.now)?;
    arguments.add(plan.sponsor_types())?;
    arguments.add([DISTRIBUTOR].as_slice())?;
    arguments.add(i64::from(plan.back_office_id.seed))?;
    arguments.add(radix(plan))?;
    arguments.add(default_alias)?;
    arguments.add(default_alias_key)?;
    arguments.add(scope.recorder.is_on())?;
    columns.add_to(&mut arguments, Keys::All, |_| {})?;
    Ok(arguments)
}
