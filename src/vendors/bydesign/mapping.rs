//! From a creation to the customer's fields. No value is dropped: the profile keeps those that no field holds.

use chrono::{DateTime, SubsecRound as _, Utc};
use serde_json::{Map, Value};

use super::creation::CustomerCreation;
use super::violations::MemberViolation;
use super::{countries, locales};
use crate::model::CustomerFields;
use crate::vendor_facts::ByDesignPlan;

/// The numbers of the customers that a creation names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct References {
    /// The rep who referred the customer: its sponsor and enroller.
    pub sponsor: Option<i32>,
    /// The customer who referred the customer.
    pub refer_customer: Option<i32>,
    /// The rep whose own purchases the account is for.
    pub reciprocal_rep: Option<i32>,
}

/// The fields and the profile that a creation writes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MappedCreation {
    pub fields: CustomerFields,
    /// The values of [`crate::customers::Profile`]. They include a tax id.
    pub profile: Map<String, Value>,
    pub violations: Vec<MemberViolation>,
}

/// Retail customer.
const DEFAULT_TYPE: i32 = 2;

pub(super) fn map_creation(creation: CustomerCreation, references: References, plan: &ByDesignPlan) -> MappedCreation {
    let mut violations = Vec::new();
    let mut country = |member: &'static str, spelling: Option<&str>| {
        let spelling = spelling?;
        let code = countries::code(spelling, plan);
        if code.is_none() {
            violations.push(MemberViolation::unknown(member, spelling));
        }
        code.map(str::to_owned)
    };
    let shipping_country = country("ShippingCountry", creation.shipping_country.as_deref());
    let billing_country = country("BillingCountry", creation.billing_country.as_deref());
    let culture = non_zero(creation.preferred_culture);
    let language = culture.and_then(locales::language);
    if let (Some(id), None) = (culture, language) {
        violations.push(MemberViolation::unknown("PreferredCulture", &id.to_string()));
    }
    let birth_date = creation.date_of_birth.map(|wall| stored_date(wall.and_utc()));
    let customer_type = non_zero(creation.customer_type).unwrap_or(DEFAULT_TYPE);
    // "Optional. Default is true." (ByDesign, POST api/users/customer page).
    let send_emails = creation.send_autoresponders.unwrap_or(true);

    let (mut fields, mut profile) = creation.into_parts();
    fields.shipping_address.country_code = shipping_country;
    fields.primary_address.country_code = billing_country;
    fields.language_code = language.map(str::to_owned);
    fields.birth_date = birth_date;
    fields.customer_type = Some(customer_type);
    fields.send_emails = Some(send_emails);
    fields.sponsor_id = references.sponsor;
    for (key, id) in [("ReferCustomerID", references.refer_customer), ("ReciprocalRepID", references.reciprocal_rep)] {
        profile.extend(id.map(|id| (key.to_owned(), Value::from(id))));
    }
    MappedCreation { fields, profile, violations }
}

/// Serializers write 0 for a number that is not set.
fn non_zero(number: Option<i32>) -> Option<i32> {
    number.filter(|number| *number != 0)
}

/// The wall clock time is stored as if it were UTC, as DirectScale's clients send it: so the birth date is the same day in
/// every vendor API. The database stores microseconds.
fn stored_date(wall: DateTime<Utc>) -> DateTime<Utc> {
    wall.trunc_subsecs(6)
}

#[cfg(test)]
#[path = "mapping_tests.rs"]
pub(super) mod tests;
