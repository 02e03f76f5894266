//! The enrollment application that the enrollment hooks carry (vendor's C# reference, `Application`).

use chrono::{DateTime, Utc};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::json::{in_the_clear, net_date, zero_is_none};
use crate::secret::Password;

/// An address as hooks carry it (vendor's C# reference, `Address`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct HookAddress {
    pub address_line1: Option<String>,
    pub address_line2: Option<String>,
    pub address_line3: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub postal_code: Option<String>,
    pub country_code: Option<String>,
}

/// The free fields as hooks carry them (vendor's C# reference, `CustomFields`, which shows five; the Upgrade Customer page
/// says ten).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct HookCustomFields {
    pub field1: Option<String>,
    pub field2: Option<String>,
    pub field3: Option<String>,
    pub field4: Option<String>,
    pub field5: Option<String>,
    pub field6: Option<String>,
    pub field7: Option<String>,
    pub field8: Option<String>,
    pub field9: Option<String>,
    pub field10: Option<String>,
}

impl From<[Option<String>; 10]> for HookCustomFields {
    #[expect(clippy::similar_names, reason = "the vendor's")]
    fn from(fields: [Option<String>; 10]) -> Self {
        let [field1, field2, field3, field4, field5, field6, field7, field8, field9, field10] = fields;
        Self { field1, field2, field3, field4, field5, field6, field7, field8, field9, field10 }
    }
}

impl From<HookCustomFields> for [Option<String>; 10] {
    fn from(fields: HookCustomFields) -> Self {
        let HookCustomFields { field1, field2, field3, field4, field5, field6, field7, field8, field9, field10 } =
            fields;
        [field1, field2, field3, field4, field5, field6, field7, field8, field9, field10]
    }
}

/// An application to become a customer of a base type. It has no member for TaxExempt and TaxExemptId.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Application {
    /// 0 for a new enrollment; the customer's id for an upgrade.
    pub associate_id: i32,
    /// Whether this upgrades an existing customer.
    pub is_associate_upgrade: bool,
    /// The type that is applied for.
    pub associate_base_type: i32,
    pub accept_terms: bool,
    pub applicant_address: HookAddress,
    pub shipping_address: HookAddress,
    #[serde(with = "net_date")]
    pub birth_date: Option<DateTime<Utc>>,
    pub email_address: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    #[serde(with = "zero_is_none")]
    pub sponsor_id: Option<i32>,
    /// In the clear, as the vendor sends it: an extension may check it.
    #[serde(with = "in_the_clear")]
    pub password: Option<Password>,
    pub username: Option<String>,
    pub tax_id: Option<String>,
    pub language_code: Option<String>,
    pub back_office_id: Option<String>,
    #[serde(rename = "WebPageURL")]
    pub web_page_url: Option<String>,
    #[serde(with = "zero_is_none")]
    pub status_id: Option<i32>,
    #[serde(with = "net_date")]
    pub signup_date: Option<DateTime<Utc>>,
    pub primary_phone: Option<String>,
    pub secondary_phone: Option<String>,
    pub text_number: Option<String>,
    pub external_id: Option<String>,
    pub company_name: Option<String>,
    pub custom: HookCustomFields,
    /// Members that the emulator does not use. They are there because an extension's model may expect them.
    #[serde(flatten)]
    pub unused: UnusedMembers,
}

/// Members of an [`Application`] that the emulator does not use: sent empty, and not read from the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct UnusedMembers {
    pub subscribe_to_corporate_emails: bool,
    pub subscribe_to_corporate_texts: bool,
    pub legal_first_name: Option<String>,
    pub legal_last_name: Option<String>,
    pub romanized_first_name: Option<String>,
    pub romanized_last_name: Option<String>,
    pub ship_to_first_name: Option<String>,
    pub ship_to_last_name: Option<String>,
    pub placements: Vec<Value>,
    pub autoship: Option<Value>,
    pub order: Option<Value>,
    pub coupon_codes: Vec<Value>,
    pub affiliate_id: Option<i32>,
}

impl<'de> Deserialize<'de> for UnusedMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer)?;
        Ok(Self::default())
    }
}

/// The result of an [`Application`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ApplicationResponse {
    pub associate_id: i32,
    pub back_office_id: Option<String>,
    #[serde(skip_deserializing)]
    pub payment_status: Option<Value>,
}
