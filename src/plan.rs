//! A tenant's plan: every default that a tenant can change.
//!
//! "Many of the property's behaviors can be changed by the implementation of the commission plan to allow the property
//! to be optional or have different uniqueness characteristics" (DirectScale, Upgrade Customer page). This document is
//! our form of that sentence. A field that it does not name has its default; an unknown name or value rejects it as a whole.

mod check;
mod entries;
mod ranges;
mod schema;
mod stats;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::json_schema::SchemaMember;
use crate::model::{AddressPart, CountryCode, Field};
use crate::vendor_facts::with_vendor_sections;

use ranges::{MAX_MINIMUM_AGE, MAX_URL_LENGTH};

pub use entries::PlanEntry;
pub use ranges::{INDEXED, MAX_INDEXED_LENGTH, MAX_PASSWORD_LENGTH};
pub use stats::{StatPlan, StatValue, StatsPlan};
pub use values::{
    BackOfficeIdFormat, BackOfficeIds, PasswordRule, RejectionStatus, RequestLimit, TextPhoneDefault, UniqueField,
    UnknownStatus, UnsupportedPatchFields, ValidateBooleans, ValidatePolarity,
};

with_vendor_sections! {
    /// The rules of a tenant. `Plan::default()` follows the vendor's documentation.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    #[schemars(description = "The rules of a tenant. What is left out has its default.")]
    pub struct Plan {
        /// The schema that a file names for editors. It is ignored.
        #[serde(rename = "$schema", skip_serializing)]
        pub schema: SchemaMember,
        /// The status of a rejection.
        pub rejection_status: RejectionStatus,
        /// The status of an upgrade of an unknown customer.
        pub unknown_on_upgrade_status: UnknownStatus,
        /// The customer types for which a field is required. An entry replaces the default of its field.
        #[serde(deserialize_with = "merged_required")]
        #[schemars(schema_with = "schema::required")]
        pub required: BTreeMap<Field, BTreeSet<i32>>,
        /// The fields that no two customers may share.
        pub unique: BTreeSet<UniqueField>,
        /// The pairs of types from which and to which an upgrade may go.
        #[schemars(schema_with = "schema::transitions")]
        pub upgrade_transitions: BTreeSet<(i32, i32)>,
        /// Whether a sponsor must be of type 1.
        pub sponsor_must_be_distributor: bool,
        /// What PATCH does with a field that it does not support.
        pub unsupported_patch_fields: UnsupportedPatchFields,
        /// How a BackOfficeId is generated when none is sent.
        pub back_office_id: BackOfficeIds,
        /// `TextPhone` of a new customer when it is not sent.
        pub text_phone_default: TextPhoneDefault,
        /// What a password must be.
        pub password_rule: PasswordRule,
        /// The minimum age of a customer of type 1, in years.
        #[schemars(range(min = 0, max = MAX_MINIMUM_AGE))]
        pub minimum_age: u8,
        /// The maximum length of a text, in characters. An entry replaces the default of its field.
        #[schemars(schema_with = "schema::max_length")]
        pub max_length: BTreeMap<Field, usize>,
        /// Whether bodies must be strict JSON with each value of its member's type. Otherwise they are read as the vendors' frameworks
        /// read them.
        pub strict_json: bool,
        /// The meaning of `true` in the responses of the validate operations.
        pub validate_polarity: ValidatePolarity,
        /// How the validate operations write `true` and `false`.
        pub validate_booleans: ValidateBooleans,
        /// Whether DirectScale's responses show a text that is not set as `""`; otherwise as null.
        pub empty_unset_texts: bool,
        /// Members of the stats response that are not counted from data.
        pub stats: StatsPlan,
        /// How many requests each subscription may send in a short time; null for any number.
        pub rate_limit: Option<RequestLimit>,
        /// How many requests each subscription may send in a long time; null for any number.
        pub quota: Option<RequestLimit>,
        /// The countries in which customers shop and enroll, and their currencies: ISO 3166-1 and ISO 4217 codes.
        #[schemars(schema_with = "schema::countries")]
        pub countries: BTreeMap<CountryCode, String>,
        /// The address to which single sign-on redirects; the token is appended to it.
        #[schemars(length(max = MAX_URL_LENGTH))]
        pub sso_login_url: String,
        /// The customer types and their names. A plan adds to the default.
        #[serde(deserialize_with = "merged_types")]
        #[schemars(schema_with = "schema::names")]
        pub types: BTreeMap<i32, String>,
        /// The customer statuses and their names. A plan adds to the default.
        #[serde(deserialize_with = "merged_statuses")]
        #[schemars(schema_with = "schema::names")]
        pub statuses: BTreeMap<i32, String>,
    }
}

/// The type of a distributor.
pub const DISTRIBUTOR: i32 = 1;

/// The status of a customer that was deleted.
pub const DELETED: i32 = 3;

impl Default for Plan {
    fn default() -> Self {
        with_vendor_sections!(Plan {
            schema: SchemaMember,
            rejection_status: RejectionStatus::ServerError,
            unknown_on_upgrade_status: UnknownStatus::NotFound,
            required: default_required(),
            unique: [
                UniqueField::BackOfficeId,
                UniqueField::EmailAddress,
                UniqueField::TaxId,
                UniqueField::Username,
                UniqueField::WebAlias,
            ]
            .into(),
            upgrade_transitions: [(2, DISTRIBUTOR)].into(),
            sponsor_must_be_distributor: true,
            unsupported_patch_fields: UnsupportedPatchFields::Ignore,
            back_office_id: BackOfficeIds::default(),
            text_phone_default: TextPhoneDefault::PrimaryPhone,
            password_rule: PasswordRule::default(),
            minimum_age: 18,
            max_length: BTreeMap::new(),
            strict_json: false,
            validate_polarity: ValidatePolarity::Free,
            validate_booleans: ValidateBooleans::Json,
            empty_unset_texts: false,
            stats: StatsPlan::default(),
            rate_limit: None,
            quota: None,
            countries: [(CountryCode::united_states(), "USD".to_owned())].into(),
            sso_login_url: "https://office.example/Login".to_owned(),
            types: default_types(),
            statuses: default_statuses(),
        })
    }
}

impl Plan {
    /// Whether `field` is required for `customer_type`; for an unknown type, whether it is required for every type of the vendor's
    /// pages. A type that a plan adds requires only the fields that the plan's `required` lists for it, and does not change this.
    #[must_use]
    pub fn requires(&self, field: Field, customer_type: Option<i32>) -> bool {
        let Some(types) = self.required.get(&field) else { return false };
        match customer_type {
            Some(customer_type) => types.contains(&customer_type),
            None => VENDORS_TYPES.iter().all(|(id, _)| types.contains(id)),
        }
    }

    /// The plan for vendor APIs that require no fields. Some of their texts may be longer (Norce, Account and Address pages), and
    /// any password is accepted, unless the plan says otherwise.
    #[must_use]
    pub fn lenient(&self) -> Self {
        let mut max_length = self.max_length.clone();
        for part in [AddressPart::Street1, AddressPart::Street2] {
            max_length.entry(Field::PrimaryAddress(Some(part))).or_insert(255);
            max_length.entry(Field::DefaultShippingAddress(Some(part))).or_insert(255);
        }
        max_length.entry(Field::Username).or_insert(255);
        // Only DirectScale documents the default password rule.
        let password_rule = match self.password_rule {
            rule if rule == PasswordRule::default() => PasswordRule::ANY,
            rule => rule,
        };
        Self { required: BTreeMap::new(), max_length, password_rule, ..self.clone() }
    }

    #[must_use]
    pub fn is_unique(&self, field: UniqueField) -> bool {
        self.unique.contains(&field)
    }

    /// The unique fields, as the column `tenants.unique_fields` has them.
    #[must_use]
    pub fn unique_bits(&self) -> i32 {
        self.unique.iter().map(|field| field.bit()).sum()
    }

    /// In characters.
    #[must_use]
    pub fn max_length(&self, field: Field) -> usize {
        match self.max_length.get(&field) {
            Some(length) => *length,
            None => field.default_max_length(),
        }
    }

    /// The types from which an upgrade to `customer_type` may start.
    #[must_use]
    pub fn upgrade_from(&self, customer_type: i32) -> Vec<i32> {
        let transitions = self.upgrade_transitions.iter().filter(|(_, to)| *to == customer_type);
        transitions.map(|(from, _)| *from).collect()
    }

    /// The types that a sponsor may have; `None` for all.
    #[must_use]
    pub fn sponsor_types(&self) -> Option<&'static [i32]> {
        self.sponsor_must_be_distributor.then_some(&[DISTRIBUTOR])
    }
}

/// "Required Fields (based on customerType)" (DirectScale, Upgrade Customer page).
fn default_required() -> BTreeMap<Field, BTreeSet<i32>> {
    use AddressPart::{City, CountryCode, PostalCode, Region, Street1};
    let distributor: BTreeSet<i32> = [1].into();
    let all: BTreeSet<i32> = [1, 2, 3].into();
    let shipping = [Street1, PostalCode, City, CountryCode].map(|part| Field::DefaultShippingAddress(Some(part)));
    let primary = [Street1, Region, CountryCode].map(|part| Field::PrimaryAddress(Some(part)));
    let mut required = BTreeMap::from([(Field::Password, [1, 2].into())]);
    for field in [Field::BirthDate, Field::TaxId, Field::TermsAccepted].into_iter().chain(shipping) {
        required.insert(field, distributor.clone());
    }
    for field in
        [Field::CustomerType, Field::EmailAddress, Field::FirstName, Field::LastName, Field::SponsorId, Field::Username]
            .into_iter()
            .chain(primary)
    {
        required.insert(field, all.clone());
    }
    required
}

/// The customer types on the vendor's pages.
const VENDORS_TYPES: [(i32, &str); 3] =
    [(DISTRIBUTOR, "Distributor"), (2, "Retail Customer"), (3, "Preferred Customer")];

fn default_types() -> BTreeMap<i32, String> {
    named(VENDORS_TYPES)
}

fn default_statuses() -> BTreeMap<i32, String> {
    named([(1, "Active"), (2, "Inactive"), (DELETED, "Deleted"), (4, "Suspended"), (5, "Terminated")])
}

fn named<const N: usize>(names: [(i32, &str); N]) -> BTreeMap<i32, String> {
    names.into_iter().map(|(id, name)| (id, name.to_owned())).collect()
}

/// Reads a map whose entries replace entries of the default or add to them.
macro_rules! merged_with_default {
    ($name:ident, $default:ident, $key:ty, $value:ty) => {
        fn $name<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<$key, $value>, D::Error> {
            let mut entries = $default();
            entries.extend(BTreeMap::<$key, $value>::deserialize(deserializer)?);
            Ok(entries)
        }
    };
}

merged_with_default!(merged_required, default_required, Field, BTreeSet<i32>);
merged_with_default!(merged_types, default_types, i32, String);
merged_with_default!(merged_statuses, default_statuses, i32, String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_document_is_the_default() {
        assert_eq!(serde_json::from_str::<Plan>("{}").expect("a plan"), Plan::default());
    }

    #[test]
    fn the_default_is_read_as_it_was_written() {
        let text = serde_json::to_string(&Plan::default()).expect("JSON");
        assert_eq!(serde_json::from_str::<Plan>(&text).expect("a plan"), Plan::default());
    }

    #[test]
    fn the_sections_of_the_vendors_are_members_of_the_plan() {
        let plan: Plan = serde_json::from_str(r#"{"storm": {"empty_clears": true}}"#).expect("a plan");
        assert!(plan.storm.empty_clears);
        let text = serde_json::to_string(&plan).expect("JSON");
        assert!(
            text.contains(r#""bydesign":{"error":"api_result""#) && text.contains(r#""storm":{"empty_clears":true"#)
        );
        let error = serde_json::from_str::<Plan>("{\n  \"strom\": {}}").expect_err("an unknown member").to_string();
        assert!(error.starts_with("unknown field `strom`") && error.contains("`bydesign`, `storm`"), "{error}");
        assert!(error.contains(" at line 2 column "), "{error}");
        assert!(serde_json::from_str::<Plan>(r#"{"storm": {"empty": true}}"#).is_err());
    }

    #[test]
    fn a_required_field_replaces_only_its_own_default() {
        let plan: Plan = serde_json::from_str(r#"{"required": {"Username": [1, 2]}}"#).expect("a plan");
        assert!(!plan.requires(Field::Username, Some(3)));
        assert!(plan.requires(Field::EmailAddress, Some(3)));
    }

    #[test]
    fn an_added_type_does_not_change_the_requirements_of_the_others() {
        let plan: Plan = serde_json::from_str(r#"{"types": {"4": "Employee"}}"#).expect("a plan");
        assert!(plan.requires(Field::EmailAddress, None) && !plan.requires(Field::EmailAddress, Some(4)));
        let plan = r#"{"types": {"4": "Employee"}, "required": {"TaxId": [1, 4], "Username": [1, 2]}}"#;
        let plan: Plan = serde_json::from_str(plan).expect("a plan");
        assert!(plan.requires(Field::EmailAddress, None));
        assert!(!plan.requires(Field::TaxId, None) && !plan.requires(Field::Username, None));
    }

    #[test]
    fn unknown_names_and_values_are_rejected() {
        for document in [
            r#"{"rejections": 400}"#,
            r#"{"rejection_status": 418}"#,
            r#"{"required": {"Shoesize": [1]}}"#,
            r#"{"unique": ["FirstName"]}"#,
            r#"{"password_rule": {"emoji": true}}"#,
            r#"{"minimum_age": 400000000}"#,
            r#"{"rate_limit": {"calls": 0, "renewal_seconds": 60}}"#,
            r#"{"quota": {"calls": 10}}"#,
            r#"{"countries": {"XX": "USD"}}"#,
            r#"{"validate_polarity": "both"}"#,
            r#"{"validate_booleans": "yes"}"#,
            r#"{"empty_unset_texts": "some"}"#,
            r#"{"stats": {"kit_levle": "Gold"}}"#,
            r#"{"stats": {"GVKPI": 0}}"#,
            r#"{"stats": {"GVKPI": {"value": 0}}}"#,
            r#"{"stats": {"GVKPI": {"Value": 0, "Name": "x"}}}"#,
            r#"{"stats": {"GVKPI": {"Value": [0]}}}"#,
            r#"{"stats": {"kit_level": true}}"#,
            r#"{"text_phone_default": "secondary_phone"}"#,
            r#"{"strict_json": "yes"}"#,
        ] {
            assert!(serde_json::from_str::<Plan>(document).is_err(), "{document}");
        }
    }
}
