//! Unique constraints and the fields that they guard: one table, read by refusals and by a test against the catalogue.

use super::record::ValuesRecord;
use crate::customers::refusal::{Fault, Rule};
use crate::field::Field;

/// Which unique values another customer has.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "one flag a field")]
pub(in crate::customers) struct Taken {
    pub back_office_id: bool,
    pub email_address: bool,
    pub tax_id: bool,
    pub username: bool,
    pub web_alias: bool,
}

/// The unique constraints of customers and their fields.
pub(in crate::customers) const UNIQUE: [(&str, Field); 5] = [
    ("customers_back_office_id_key", Field::BackOfficeId),
    ("customers_email_address_key", Field::EmailAddress),
    ("customers_tax_id_key", Field::TaxId),
    ("customers_username_key", Field::Username),
    ("customers_web_alias_key", Field::WebAlias),
];

/// The faults of the values that are taken. A tax id is secret: it is not repeated.
pub(in crate::customers) fn collisions(taken: &Taken, values: &ValuesRecord) -> Vec<Fault> {
    [
        (taken.back_office_id, Field::BackOfficeId, values.back_office_id.clone()),
        (taken.email_address, Field::EmailAddress, values.email_address.clone()),
        (taken.tax_id, Field::TaxId, None),
        (taken.username, Field::Username, values.username.clone()),
        (taken.web_alias, Field::WebAlias, values.web_alias.clone()),
    ]
    .into_iter()
    .filter(|(taken, ..)| *taken)
    .map(|(_, field, value)| Fault { field, rule: Rule::Unique(value.map(|value| value.trim().to_owned())) })
    .collect()
}
