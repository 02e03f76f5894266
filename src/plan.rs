//! A tenant's plan: every default that a tenant may switch.
//!
//! "Many of the property's behaviors can be changed by the implementation of the commission plan to allow the property
//! to be optional or have different uniqueness characteristics" (DirectScale, Upgrade Customer page). This document is
//! our form of that sentence. It is defaulted field by field and rejected as a whole when a name or value is unknown.

mod stats;
mod vendors;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::model::{AddressPart, Field};

pub use stats::{StatPlan, StatValue, StatsPlan};
pub use vendors::{ByDesignError, ByDesignPlan, DefaultFormat, StormPlan};

/// What a tenant's rules are. `Plan::default()` is the documented vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// The status of a rejection.
    pub rejection_status: RejectionStatus,
    /// The status of an upgrade of an unknown customer.
    pub unknown_on_upgrade_status: UnknownStatus,
    /// For which customer types a field is required. A field that is named here replaces its default.
    #[serde(deserialize_with = "over_default_required")]
    pub required: BTreeMap<Field, BTreeSet<i32>>,
    /// The fields that no two customers may share.
    pub unique: BTreeSet<UniqueField>,
    /// From which type to which an upgrade may go.
    pub upgrade_transitions: BTreeSet<(i32, i32)>,
    /// Whether a sponsor must be of type 1.
    pub sponsor_must_be_distributor: bool,
    /// What PATCH does with a field that it does not support.
    pub unsupported_patch_fields: UnsupportedPatchFields,
    /// How a BackOfficeId is made when none is sent.
    pub back_office_id: BackOfficeIds,
    /// What `TextPhone` of a new customer is when it is not sent.
    pub text_phone_default: TextPhoneDefault,
    /// What a password must be like.
    pub password_rule: PasswordRule,
    /// The least age of a customer of type 1, in years.
    pub minimum_age: u8,
    /// The longest that a text may be, in characters. A field that is named here replaces its default.
    pub max_length: BTreeMap<Field, usize>,
    /// Whether bodies are read as strict JSON with values of the types of their members, and not as the vendors' frameworks
    /// read them.
    pub strict_json: bool,
    /// What the validate calls answer with `true`.
    pub validate_polarity: ValidatePolarity,
    /// How the validate calls spell their answer.
    pub validate_booleans: ValidateBooleans,
    /// Whether DirectScale's answers show a text that is not set as `""`; otherwise as null.
    pub empty_unset_texts: bool,
    /// What stats answer beyond what is counted here.
    pub stats: StatsPlan,
    /// How many calls each subscription may make in a short time; `None` for any number.
    pub rate_limit: Option<RequestLimit>,
    /// How many calls each subscription may make in a long time; `None` for any number.
    pub quota: Option<RequestLimit>,
    /// The countries in which customers shop and enrol, and their currencies: ISO 3166-1 and ISO 4217 codes.
    pub countries: BTreeMap<CountryCode, String>,
    /// Where single sign-on sends people; the token is appended to it.
    pub sso_login_url: String,
    /// The customer types and their names. A plan adds to the default.
    #[serde(deserialize_with = "over_default_types")]
    pub types: BTreeMap<i32, String>,
    /// The customer statuses and their names. A plan adds to the default.
    #[serde(deserialize_with = "over_default_statuses")]
    pub statuses: BTreeMap<i32, String>,
    pub bydesign: ByDesignPlan,
    pub storm: StormPlan,
}

/// The status of a rejection: 500 as the operations' pages say, or 400 as the status guide says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub enum RejectionStatus {
    BadRequest,
    ServerError,
}

/// The status of an upgrade of an unknown customer: 404 as the status guide says, or 500, the only failure that the
/// upgrade's page lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub enum UnknownStatus {
    NotFound,
    ServerError,
}

/// A field that a plan may make unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum UniqueField {
    BackOfficeId,
    EmailAddress,
    TaxId,
    Username,
    WebAlias,
}

impl UniqueField {
    #[must_use]
    pub fn field(self) -> Field {
        match self {
            Self::BackOfficeId => Field::BackOfficeId,
            Self::EmailAddress => Field::EmailAddress,
            Self::TaxId => Field::TaxId,
            Self::Username => Field::Username,
            Self::WebAlias => Field::WebAlias,
        }
    }

    /// The same field, if a plan may make it unique.
    #[must_use]
    pub fn of(field: Field) -> Option<Self> {
        match field {
            Field::BackOfficeId => Some(Self::BackOfficeId),
            Field::EmailAddress => Some(Self::EmailAddress),
            Field::TaxId => Some(Self::TaxId),
            Field::Username => Some(Self::Username),
            Field::WebAlias => Some(Self::WebAlias),
            _ => None,
        }
    }
}

/// What PATCH does with a field that it does not support.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnsupportedPatchFields {
    /// Leaves it alone and names it in a header.
    Ignore,
    Reject,
}

/// What `TextPhone` of a new customer is when it is not sent ("set to `PrimaryPhone` if empty": `TextNumber` of `Application`,
/// vendor's C# reference).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextPhoneDefault {
    PrimaryPhone,
    None,
}

/// What `true` says of a value that is asked about: the vendor's pages leave it open, and one client calls a check
/// "exists".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValidatePolarity {
    /// It is free to use.
    Free,
    Taken,
}

/// How a validate call spells its answer: one client compares it with `True`, a double of another's sends `true`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValidateBooleans {
    /// As JSON does: `true`, `false`.
    Json,
    /// As .NET writes a boolean as text: `True`, `False`.
    Dotnet,
}

/// So many calls in a window of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestLimit {
    /// The most calls in a window.
    pub calls: NonZeroU32,
    /// How long a window lasts, in seconds, from its first call.
    pub renewal_seconds: NonZeroU32,
}

/// An ISO 3166-1 code of two letters, in upper case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct CountryCode(String);

impl CountryCode {
    #[must_use]
    pub fn country(&self) -> Option<rust_iso3166::CountryCode> {
        rust_iso3166::from_alpha2(&self.0)
    }
}

impl TryFrom<String> for CountryCode {
    type Error = String;

    fn try_from(code: String) -> Result<Self, String> {
        let code = Self(code);
        if code.country().is_some() { Ok(code) } else { Err("it is not an ISO 3166-1 code of two letters".to_owned()) }
    }
}

/// How a BackOfficeId is made when none is sent: the customer's id plus a seed (vendor's help, Associate Types).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackOfficeIds {
    /// What is added to the id.
    pub seed: u32,
    /// How the sum is written.
    pub format: BackOfficeIdFormat,
}

/// How a number is written in a BackOfficeId.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackOfficeIdFormat {
    Hexadecimal,
    Decimal,
}

/// What a password must be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordRule {
    pub min_length: usize,
    pub max_length: usize,
    /// Whether a digit is needed.
    pub digit: bool,
    /// Whether a capital letter is needed.
    pub capital: bool,
    /// Whether something that is neither a letter nor a digit is needed.
    pub symbol: bool,
}

/// The type of a distributor.
pub const DISTRIBUTOR: i32 = 1;

/// The status of a customer that was deleted.
pub const DELETED: i32 = 3;

impl Default for Plan {
    fn default() -> Self {
        Self {
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
            countries: [(CountryCode("US".to_owned()), "USD".to_owned())].into(),
            sso_login_url: "https://office.example/Login".to_owned(),
            types: default_types(),
            statuses: default_statuses(),
            bydesign: ByDesignPlan::default(),
            storm: StormPlan::default(),
        }
    }
}

impl Default for BackOfficeIds {
    fn default() -> Self {
        Self { seed: 90_000, format: BackOfficeIdFormat::Hexadecimal }
    }
}

impl Default for PasswordRule {
    fn default() -> Self {
        Self { min_length: 8, max_length: 30, digit: true, capital: true, symbol: false }
    }
}

impl PasswordRule {
    /// Any password that is not absurdly long.
    const ANY: Self = Self { min_length: 1, max_length: 100, digit: false, capital: false, symbol: false };
}

impl Plan {
    /// Whether `field` is required for `customer_type`; without a known type, whether it is for every type of the vendor's. A
    /// type that a plan adds has no list of its own, and takes nothing from those of the others.
    #[must_use]
    pub fn requires(&self, field: Field, customer_type: Option<i32>) -> bool {
        let Some(types) = self.required.get(&field) else { return false };
        match customer_type {
            Some(customer_type) => types.contains(&customer_type),
            None => VENDORS_TYPES.iter().all(|(known, _)| types.contains(known)),
        }
    }

    /// The rules for doors that require nothing of anybody. Some of their texts may be longer (Norce, Account and Address
    /// pages) and any password will do, unless the plan says otherwise.
    #[must_use]
    pub fn lenient(&self) -> Self {
        let mut max_length = self.max_length.clone();
        for part in [AddressPart::Street1, AddressPart::Street2] {
            max_length.entry(Field::PrimaryAddress(Some(part))).or_insert(255);
            max_length.entry(Field::DefaultShippingAddress(Some(part))).or_insert(255);
        }
        max_length.entry(Field::Username).or_insert(255);
        // DirectScale's rule for passwords is nobody else's.
        let password_rule = match self.password_rule {
            rule if rule == PasswordRule::default() => PasswordRule::ANY,
            rule => rule,
        };
        Self { required: BTreeMap::new(), max_length, password_rule, ..self.clone() }
    }

    /// Whether no two customers may share `field`.
    #[must_use]
    pub fn is_unique(&self, field: UniqueField) -> bool {
        self.unique.contains(&field)
    }

    /// The longest that the text in `field` may be, in characters.
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
        let into = self.upgrade_transitions.iter().filter(|(_, to)| *to == customer_type);
        into.map(|(from, _)| *from).collect()
    }

    /// The types that may sponsor; `None` for all.
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

/// The types that the vendor's pages know.
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

/// A plan names only the entries that it changes or adds.
macro_rules! over_default {
    ($name:ident, $default:ident, $key:ty, $value:ty) => {
        fn $name<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<$key, $value>, D::Error> {
            let mut entries = $default();
            entries.extend(BTreeMap::<$key, $value>::deserialize(deserializer)?);
            Ok(entries)
        }
    };
}

over_default!(over_default_required, default_required, Field, BTreeSet<i32>);
over_default!(over_default_types, default_types, i32, String);
over_default!(over_default_statuses, default_statuses, i32, String);

macro_rules! status_numbers {
    ($name:ident { $($variant:ident = $number:literal),* }) => {
        impl From<$name> for u16 {
            fn from(status: $name) -> Self {
                match status {
                    $($name::$variant => $number,)*
                }
            }
        }

        impl TryFrom<u16> for $name {
            type Error = String;

            fn try_from(number: u16) -> Result<Self, String> {
                match number {
                    $($number => Ok(Self::$variant),)*
                    _ => Err(format!("it is not one of {:?}", [$($number),*])),
                }
            }
        }
    };
}

status_numbers!(RejectionStatus { BadRequest = 400, ServerError = 500 });
status_numbers!(UnknownStatus { NotFound = 404, ServerError = 500 });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_document_is_the_default() {
        assert_eq!(serde_json::from_str::<Plan>("{}").expect("a plan"), Plan::default());
    }

    #[test]
    fn a_default_survives_being_written_and_read() {
        let text = serde_json::to_string(&Plan::default()).expect("JSON");
        assert_eq!(serde_json::from_str::<Plan>(&text).expect("a plan"), Plan::default());
    }

    #[test]
    fn a_required_field_replaces_only_its_own_default() {
        let plan: Plan = serde_json::from_str(r#"{"required": {"Username": [1, 2]}}"#).expect("a plan");
        assert!(!plan.requires(Field::Username, Some(3)));
        assert!(plan.requires(Field::EmailAddress, Some(3)));
    }

    #[test]
    fn a_type_that_is_added_takes_no_requirement_from_the_others() {
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
