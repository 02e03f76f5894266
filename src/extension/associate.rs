//! A customer as hooks carry it (vendor's C# reference, `Associate`).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::application::{HookAddress, HookCustomFields};
use super::json::net_date;

/// A customer. "Read-only" members are not read from an answer, as at the vendor.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Associate {
    pub associate_id: i32,
    pub back_office_id: Option<String>,
    pub associate_base_type: i32,
    /// Read-only: the same as the base type.
    pub associate_type: i32,
    /// Read-only: the same as the base type.
    pub price_group: i32,
    pub status_id: i32,
    #[serde(with = "net_date")]
    pub signup_date: Option<DateTime<Utc>>,
    /// Read-only: whether it was deleted.
    pub void: bool,
    pub accept_terms: bool,
    pub display_first_name: Option<String>,
    pub display_last_name: Option<String>,
    /// Read-only: first and last name.
    pub name: Option<String>,
    pub legal_first_name: Option<String>,
    pub legal_last_name: Option<String>,
    pub company_name: Option<String>,
    #[serde(with = "net_date")]
    pub birth_date: Option<DateTime<Utc>>,
    pub email_address: Option<String>,
    pub primary_phone: Option<String>,
    pub secondary_phone: Option<String>,
    pub text_number: Option<String>,
    pub language_code: Option<String>,
    pub tax_id: Option<String>,
    pub tax_exempt: bool,
    /// TaxExemptId in the REST API (by its meaning).
    pub tax_resale_no: Option<String>,
    pub external_id: Option<String>,
    pub address: HookAddress,
    pub ship_address: HookAddress,
    pub custom: HookCustomFields,
}
