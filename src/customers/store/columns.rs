//! Customers as rows: the columns of the field table, written and read.

use std::convert::Infallible;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::ser::SerializeMap;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments as _, Row as _};

use crate::customers::text::comparable;
use crate::model::{AddressPart, Customer, CustomerFields, CustomerId, Field, FieldMask, Member, MemberMut};
use crate::plan::{Plan, UniqueField};

/// The columns that a write sets: those of the fields in `mask`, and of each that a plan can make unique also the column by which
/// Postgres compares it. A statement stores that one only if the tenant's plan makes the field unique when it runs.
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

    /// The form in which a unique value is compared; `None` where it is not written or not set.
    pub(super) fn key(&self, unique: UniqueField) -> Option<String> {
        let field = unique.field();
        let text = self.fields.text(field).filter(|_| self.mask.contains(field));
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

    /// Serializes the columns as members of an object, for `jsonb_populate_recordset`. Keys of fields that `plan` does not make unique
    /// are null.
    pub(super) fn serialize_into<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let is_unique = |field: Field| UniqueField::of(field).is_some_and(|unique| self.plan.is_unique(unique));
        self.each(|field, column, value| match value {
            ColumnValue::Text(text) => map.serialize_entry(column, &text),
            ColumnValue::Key(key) => map.serialize_entry(column, &key.filter(|_| is_unique(field))),
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
