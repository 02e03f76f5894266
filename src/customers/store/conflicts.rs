//! The unique values that collide, as violations.

use super::record::ValuesRecord;
use crate::customers::violation::{Violation, ViolationKind};
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

/// The violations of the values that are taken. A tax id is secret: it is not repeated.
pub(in crate::customers) fn collisions(taken: Taken, values: &ValuesRecord) -> Vec<Violation> {
    [
        (taken.back_office_id, Field::BackOfficeId, values.back_office_id.clone()),
        (taken.email_address, Field::EmailAddress, values.email_address.clone()),
        (taken.tax_id, Field::TaxId, None),
        (taken.username, Field::Username, values.username.clone()),
        (taken.web_alias, Field::WebAlias, values.web_alias.clone()),
    ]
    .into_iter()
    .filter(|(taken, ..)| *taken)
    .map(|(_, field, value)| Violation {
        field,
        rule: ViolationKind::Unique(value.map(|value| value.trim().to_owned())),
    })
    .collect()
}
