//! A customer of a seed file.

use std::collections::HashMap;

use serde::Deserialize;

use crate::customers::{Address, CustomerId, SeedCustomer, Values};
use crate::secret::Password;
use crate::wire::dates;

/// A customer, its fields by their DirectScale names.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct SeedEntry {
    #[serde(rename = "ref")]
    pub(super) reference: Option<String>,
    #[serde(rename = "id")]
    id: Option<i32>,
    /// A `ref` that stands above.
    sponsor: Option<String>,
    sponsor_id: Option<i32>,
    back_office_id: Option<String>,
    birth_date: Option<String>,
    company_name: Option<String>,
    customer_status: Option<i32>,
    customer_type: Option<i32>,
    default_shipping_address: SeedAddress,
    email_address: Option<String>,
    external_reference_id: Option<String>,
    first_name: Option<String>,
    language_code: Option<String>,
    last_name: Option<String>,
    password: Option<String>,
    primary_address: SeedAddress,
    primary_phone: Option<String>,
    secondary_phone: Option<String>,
    send_emails: Option<bool>,
    sign_up_date: Option<String>,
    tax_exempt: Option<bool>,
    tax_exempt_id: Option<String>,
    tax_id: Option<String>,
    terms_accepted: Option<bool>,
    text_phone: Option<String>,
    username: Option<String>,
    web_alias: Option<String>,
    /// Field1 to Field10.
    associate_custom: HashMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "PascalCase")]
struct SeedAddress {
    street1: Option<String>,
    street2: Option<String>,
    street3: Option<String>,
    city: Option<String>,
    region: Option<String>,
    postal_code: Option<String>,
    country_code: Option<String>,
}

impl SeedEntry {
    pub(super) fn into_customer(self, references: &HashMap<String, i32>) -> Result<SeedCustomer, String> {
        let sponsor_id = match self.sponsor {
            Some(sponsor) => {
                let known = references.get(&sponsor);
                Some(*known.ok_or_else(|| format!("no customer above it has the ref '{sponsor}'"))?)
            }
            None => self.sponsor_id,
        };
        let mut custom_fields: [Option<String>; 10] = Default::default();
        for (name, value) in self.associate_custom {
            let slot = name.strip_prefix("Field").and_then(|number| number.parse::<usize>().ok());
            let slot = slot.and_then(|number| custom_fields.get_mut(number.checked_sub(1)?));
            *slot.ok_or_else(|| format!("'{name}' is not one of Field1 to Field10"))? = Some(value);
        }
        if self.id.is_some_and(|id| id < 1) {
            return Err("an id is above zero".to_owned());
        }
        let date = |field: &str, text: Option<String>| match text {
            None => Ok(None),
            Some(text) => dates::parse(&text).map(Some).ok_or_else(|| format!("{field} '{text}' is not a date")),
        };
        let values = Values {
            back_office_id: self.back_office_id,
            birth_date: date("BirthDate", self.birth_date)?,
            company_name: self.company_name,
            customer_status: self.customer_status,
            customer_type: self.customer_type,
            shipping_address: self.default_shipping_address.into(),
            email_address: self.email_address,
            external_reference_id: self.external_reference_id,
            first_name: self.first_name,
            language_code: self.language_code,
            last_name: self.last_name,
            password: self.password.map(Password::new),
            primary_address: self.primary_address.into(),
            primary_phone: self.primary_phone,
            secondary_phone: self.secondary_phone,
            send_emails: self.send_emails,
            sign_up_date: date("SignUpDate", self.sign_up_date)?,
            sponsor_id,
            tax_exempt: self.tax_exempt,
            tax_exempt_id: self.tax_exempt_id,
            tax_id: self.tax_id,
            terms_accepted: self.terms_accepted,
            text_phone: self.text_phone,
            username: self.username,
            web_alias: self.web_alias,
            custom_fields,
            key: None,
            profile: None,
        };
        Ok(SeedCustomer { id: self.id.map(CustomerId), values })
    }
}

impl From<SeedAddress> for Address {
    fn from(address: SeedAddress) -> Self {
        let SeedAddress { street1, street2, street3, city, region, postal_code, country_code } = address;
        Self { street1, street2, street3, city, region, postal_code, country_code }
    }
}
