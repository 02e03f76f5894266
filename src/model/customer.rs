//! A customer as it is stored.

use std::ops::{Deref, DerefMut};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::field::CustomerFields;

/// The number of a customer within its tenant; above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomerId(pub i32);

/// A stored customer: its fields, to which it derefs, and the values that no client sets. Fields that every stored customer has
/// are read with methods of the same names. The password is not read.
#[derive(Debug, Clone, PartialEq)]
pub struct Customer {
    pub id: CustomerId,
    pub enroller_id: Option<i32>,
    pub inactive_date: Option<DateTime<Utc>>,
    pub fields: CustomerFields,
}

impl Deref for Customer {
    type Target = CustomerFields;

    fn deref(&self) -> &CustomerFields {
        &self.fields
    }
}

impl DerefMut for Customer {
    fn deref_mut(&mut self) -> &mut CustomerFields {
        &mut self.fields
    }
}

impl Customer {
    #[must_use]
    pub fn back_office_id(&self) -> &str {
        self.back_office_id.as_deref().unwrap_or_default()
    }

    #[must_use]
    pub fn customer_type(&self) -> i32 {
        self.customer_type.unwrap_or_default()
    }

    #[must_use]
    pub fn customer_status(&self) -> i32 {
        self.customer_status.unwrap_or_default()
    }

    #[must_use]
    pub fn sign_up_date(&self) -> DateTime<Utc> {
        self.sign_up_date.unwrap_or_default()
    }

    #[must_use]
    pub fn language_code(&self) -> &str {
        self.language_code.as_deref().unwrap_or_default()
    }

    #[must_use]
    pub fn send_emails(&self) -> bool {
        self.send_emails.unwrap_or_default()
    }

    #[must_use]
    pub fn tax_exempt(&self) -> bool {
        self.tax_exempt.unwrap_or_default()
    }

    #[must_use]
    pub fn terms_accepted(&self) -> bool {
        self.terms_accepted.unwrap_or_default()
    }

    /// First and last name, or the company's name.
    #[must_use]
    pub fn display_name(&self) -> String {
        let names: Vec<&str> = [&self.first_name, &self.last_name].into_iter().filter_map(Option::as_deref).collect();
        match (&names[..], &self.company_name) {
            ([], Some(company)) => company.clone(),
            _ => names.join(" "),
        }
    }
}
