//! The enrolment application that the enrolment hooks carry (vendor's C# reference, `Application`).

use chrono::{DateTime, Utc};

use crate::secret::Password;

/// An address in an [`Application`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct ApplicationAddress {
    pub address_line1: Option<String>,
    pub address_line2: Option<String>,
    pub address_line3: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub postal_code: Option<String>,
    pub country_code: Option<String>,
}

/// What somebody applies for: to become a customer of some base type. It has no member for TaxExempt and TaxExemptId.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Application {
    /// 0 for a new enrolment, the customer on an upgrade.
    pub associate_id: i32,
    /// Whether this upgrades an existing customer.
    pub is_associate_upgrade: bool,
    /// The type that is applied for.
    pub associate_base_type: i32,
    pub accept_terms: bool,
    pub applicant_address: ApplicationAddress,
    pub shipping_address: ApplicationAddress,
    pub birth_date: Option<DateTime<Utc>>,
    pub email_address: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub sponsor_id: Option<i32>,
    pub password: Option<Password>,
    pub username: Option<String>,
    pub tax_id: Option<String>,
    pub language_code: Option<String>,
    pub back_office_id: Option<String>,
    pub web_page_url: Option<String>,
    pub status_id: Option<i32>,
    pub signup_date: Option<DateTime<Utc>>,
    pub primary_phone: Option<String>,
    pub secondary_phone: Option<String>,
    pub text_number: Option<String>,
    pub external_id: Option<String>,
    pub company_name: Option<String>,
    pub custom: [Option<String>; 10],
}

/// What became of an [`Application`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationResponse {
    /// The customer.
    pub associate_id: i32,
    /// Its BackOfficeId.
    pub back_office_id: String,
}
