//! A customer as it is kept, and what a call may write of one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::profile::{Profile, Version};
use crate::secret::Password;

/// The number of a customer within its tenant; above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomerId(pub i32);

/// A postal address; every part may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub street1: Option<String>,
    pub street2: Option<String>,
    pub street3: Option<String>,
    pub city: Option<String>,
    pub region: Option<String>,
    pub postal_code: Option<String>,
    pub country_code: Option<String>,
}

impl Address {
    pub(super) fn parts_mut(&mut self) -> [&mut Option<String>; 7] {
        let Self { street1, street2, street3, city, region, postal_code, country_code } = self;
        [street1, street2, street3, city, region, postal_code, country_code]
    }

    /// Whether no part is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The free fields Field1 to Field10.
pub(super) type CustomFields = [Option<String>; 10];

/// Everything that a caller may set of a customer. `None` is absent or blank, which are the same. Written down, for a hook
/// that runs, it has no password.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CustomerFields {
    pub back_office_id: Option<String>,
    pub birth_date: Option<DateTime<Utc>>,
    pub company_name: Option<String>,
    pub customer_status: Option<i32>,
    pub customer_type: Option<i32>,
    pub shipping_address: Address,
    pub email_address: Option<String>,
    pub external_reference_id: Option<String>,
    pub first_name: Option<String>,
    pub language_code: Option<String>,
    pub last_name: Option<String>,
    #[serde(skip)]
    pub password: Option<Password>,
    pub primary_address: Address,
    pub primary_phone: Option<String>,
    pub secondary_phone: Option<String>,
    pub send_emails: Option<bool>,
    pub sign_up_date: Option<DateTime<Utc>>,
    pub sponsor_id: Option<i32>,
    pub tax_exempt: Option<bool>,
    pub tax_exempt_id: Option<String>,
    pub tax_id: Option<String>,
    pub terms_accepted: Option<bool>,
    pub text_phone: Option<String>,
    pub username: Option<String>,
    pub web_alias: Option<String>,
    pub custom_fields: CustomFields,
    /// The id of the system's that a new customer gets; one that is made of its number where it is absent.
    pub key: Option<Uuid>,
    /// What the callers of one door say besides; absent leaves what they said.
    pub profile: Option<Profile>,
}

/// Which fields a partial update sent. DirectScale's cannot carry the last two (PATCH Customer page), other doors' can.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "one flag a field")]
pub struct FieldsSent {
    pub customer_type: bool,
    pub customer_status: bool,
    pub birth_date: bool,
    pub language_code: bool,
    pub email_address: bool,
    pub tax_id: bool,
    pub username: bool,
    pub web_alias: bool,
    pub first_name: bool,
    pub last_name: bool,
    pub company_name: bool,
    pub primary_phone: bool,
    pub secondary_phone: bool,
    pub text_phone: bool,
    pub primary_address: bool,
    pub shipping_address: bool,
    pub custom_fields: [bool; 10],
    pub external_reference_id: bool,
    pub password: bool,
}

impl FieldsSent {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A partial update: of `values`, only what `sent` names is written; a field that is sent as `None` is cleared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Patch {
    pub values: CustomerFields,
    pub sent: FieldsSent,
    /// The version that it was made for; it is not written into another one.
    #[serde(default)]
    pub version: Option<Version>,
}

/// A customer as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Customer {
    pub id: CustomerId,
    pub back_office_id: String,
    pub birth_date: Option<DateTime<Utc>>,
    pub company_name: Option<String>,
    pub customer_status: i32,
    pub customer_type: i32,
    pub shipping_address: Address,
    pub email_address: Option<String>,
    pub enroller_id: Option<i32>,
    pub external_reference_id: Option<String>,
    pub first_name: Option<String>,
    pub inactive_date: Option<DateTime<Utc>>,
    pub language_code: String,
    pub last_name: Option<String>,
    pub primary_address: Address,
    pub primary_phone: Option<String>,
    pub secondary_phone: Option<String>,
    pub send_emails: bool,
    pub sign_up_date: DateTime<Utc>,
    pub sponsor_id: Option<i32>,
    pub tax_exempt: bool,
    pub tax_exempt_id: Option<String>,
    pub tax_id: Option<String>,
    pub terms_accepted: bool,
    pub text_phone: Option<String>,
    pub username: Option<String>,
    pub web_alias: Option<String>,
    pub custom_fields: Vec<Option<String>>,
}

impl Customer {
    /// First and last name, else the company's.
    #[must_use]
    pub fn display_name(&self) -> String {
        let names: Vec<&str> = [&self.first_name, &self.last_name].into_iter().filter_map(Option::as_deref).collect();
        match (&names[..], &self.company_name) {
            ([], Some(company)) => company.clone(),
            _ => names.join(" "),
        }
    }
}

/// What customers may be looked up by, besides their id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookUp<'a> {
    BackOfficeId(&'a str),
    ExternalReferenceId(&'a str),
    EmailAddress(&'a str),
    Username(&'a str),
    WebAlias(&'a str),
}

impl LookUp<'_> {
    /// Whether a customer could have the value at all: no text in Postgres holds a zero byte.
    pub(super) fn is_possible(self) -> bool {
        let (Self::BackOfficeId(value)
        | Self::ExternalReferenceId(value)
        | Self::EmailAddress(value)
        | Self::Username(value)
        | Self::WebAlias(value)) = self;
        !value.contains('\0')
    }
}
