//! A customer of a seed file.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::customers::{
    Address, Customer, CustomerFields, CustomerId, CustomerRecord, PasswordHashText, RestoredCustomer, SeedCustomer,
    StoredCustomer,
};
use crate::plan::DISTRIBUTOR;
use crate::secret::Password;
use crate::wire::dates;

/// The last number that a seed may give or say was given: what is created afterwards gets the numbers from there to 2147483647.
pub(super) const LAST_ID: i32 = 2_000_000_000;

/// A customer, its fields by their DirectScale names.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "PascalCase")]
pub(in crate::tenants) struct SeedEntry {
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub(super) reference: Option<String>,
    #[serde(rename = "id", skip_serializing_if = "Option::is_none")]
    id: Option<i32>,
    /// A `ref` that stands above.
    #[serde(skip_serializing_if = "Option::is_none")]
    sponsor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sponsor_id: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    back_office_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    birth_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_status: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_type: Option<i32>,
    #[serde(skip_serializing_if = "SeedAddress::is_empty")]
    default_shipping_address: SeedAddress,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_reference_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    #[serde(skip_serializing_if = "SeedAddress::is_empty")]
    primary_address: SeedAddress,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secondary_phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    send_emails: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_up_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_exempt: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_exempt_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    terms_accepted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text_phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_alias: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    associate_custom: BTreeMap<String, String>,
    /// In the place of the password.
    #[serde(rename = "password_hash", skip_serializing_if = "Option::is_none")]
    password_hash: Option<PasswordHashText>,
    /// What the system keeps of a customer. One that has it is stored exactly as it is written here.
    #[serde(rename = "record", skip_serializing_if = "Option::is_none")]
    record: Option<Box<CustomerRecord>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "PascalCase")]
struct SeedAddress {
    #[serde(skip_serializing_if = "Option::is_none")]
    street1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    street2: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    street3: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country_code: Option<String>,
}

/// What becomes of a customer of a seed.
#[derive(Debug)]
pub(super) enum EntryKind {
    /// It is created: checked, and filled in with what is derived.
    New(Box<SeedCustomer>),
    /// It is stored as it is written.
    Restored(Box<RestoredCustomer>),
}

impl SeedEntry {
    /// How messages call it, the `number`th of its tenant.
    pub(super) fn label(&self, number: usize) -> String {
        match (&self.reference, &self.record, self.id) {
            (Some(reference), ..) => reference.clone(),
            (None, Some(_), Some(id)) => format!("with id {id}"),
            _ => format!("number {number}"),
        }
    }

    /// Gives it the next number after `last` unless it has one, or a record, which needs its own; the highest number so far.
    pub(super) fn number(&mut self, last: i32) -> Option<i32> {
        match self.id {
            Some(id) => Some(last.max(id)),
            None if self.record.is_some() => Some(last),
            None => {
                self.id = Some(last.checked_add(1)?);
                self.id
            }
        }
    }

    pub(super) fn is_distributor(&self) -> bool {
        self.customer_type == Some(DISTRIBUTOR)
    }

    pub(super) fn into_customer(self, references: &HashMap<String, i32>) -> Result<EntryKind, String> {
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
        self.id.map_or(Ok(()), check_id)?;
        if self.record.iter().flat_map(|record| &record.companies).any(|company| company.id > LAST_ID) {
            return Err(format!("record.companies.id must be at most {LAST_ID}"));
        }
        if self.password.is_some() && self.password_hash.is_some() {
            return Err("it has a Password and a password_hash".to_owned());
        }
        let date = |field: &str, text: Option<String>| match text {
            None => Ok(None),
            Some(text) => {
                dates::parse(&text).map(Some).ok_or_else(|| format!("{field} is not a date such as 1990-12-31"))
            }
        };
        let values = CustomerFields {
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
        let (id, password_hash) = (self.id.map(CustomerId), self.password_hash);
        match self.record {
            None => Ok(EntryKind::New(Box::new(SeedCustomer { id, values, password_hash }))),
            Some(record) => restored(id, values, password_hash, *record),
        }
    }
}

/// A number that leaves room for those that are given from then on.
pub(super) fn check_id(id: i32) -> Result<(), String> {
    match id {
        ..1 => Err("an id is above zero".to_owned()),
        id if id > LAST_ID => Err(format!("an id is at most {LAST_ID}")),
        _ => Ok(()),
    }
}

/// A customer with a record: nothing of it is derived, so what no customer is without must be there.
fn restored(
    id: Option<CustomerId>,
    values: CustomerFields,
    password_hash: Option<PasswordHashText>,
    record: CustomerRecord,
) -> Result<EntryKind, String> {
    record.check()?;
    if values.password.is_some() {
        return Err("one with a record has a password_hash and no Password".to_owned());
    }
    let missing = [
        ("CustomerType", values.customer_type.is_none()),
        ("CustomerStatus", values.customer_status.is_none()),
        ("BackOfficeId", values.back_office_id.is_none()),
        ("SignUpDate", values.sign_up_date.is_none()),
    ];
    let missing = missing.into_iter().find(|(_, is_missing)| *is_missing);
    match (id, missing) {
        (None, _) => Err("one with a record needs an id".to_owned()),
        (_, Some((field, _))) => Err(format!("one with a record needs {field}")),
        (Some(id), None) => {
            let password_hash = password_hash.map(PasswordHashText::into_text);
            Ok(EntryKind::Restored(Box::new(RestoredCustomer { id, values, password_hash, record })))
        }
    }
}

impl From<StoredCustomer> for SeedEntry {
    fn from(stored: StoredCustomer) -> Self {
        let StoredCustomer { customer, password_hash, record } = stored;
        let Customer {
            id,
            back_office_id,
            birth_date,
            company_name,
            customer_status,
            customer_type,
            shipping_address,
            email_address,
            enroller_id: _,
            external_reference_id,
            first_name,
            inactive_date: _,
            language_code,
            last_name,
            primary_address,
            primary_phone,
            secondary_phone,
            send_emails,
            sign_up_date,
            sponsor_id,
            tax_exempt,
            tax_exempt_id,
            tax_id,
            terms_accepted,
            text_phone,
            username,
            web_alias,
            custom_fields,
        } = customer;
        let named = (1..).zip(custom_fields).filter_map(|(number, value)| Some((format!("Field{number}"), value?)));
        Self {
            reference: None,
            id: Some(id.0),
            sponsor: None,
            sponsor_id,
            back_office_id: Some(back_office_id),
            birth_date: birth_date.map(date_text),
            company_name,
            customer_status: Some(customer_status),
            customer_type: Some(customer_type),
            default_shipping_address: shipping_address.into(),
            email_address,
            external_reference_id,
            first_name,
            language_code: Some(language_code),
            last_name,
            password: None,
            primary_address: primary_address.into(),
            primary_phone,
            secondary_phone,
            send_emails: send_emails.then_some(true),
            sign_up_date: Some(date_text(sign_up_date)),
            tax_exempt: tax_exempt.then_some(true),
            tax_exempt_id,
            tax_id,
            terms_accepted: terms_accepted.then_some(true),
            text_phone,
            username,
            web_alias,
            associate_custom: named.collect(),
            password_hash: password_hash.map(PasswordHashText::stored),
            record: Some(Box::new(record)),
        }
    }
}

/// A date as it is read back: to the microsecond, the day alone where it is midnight.
fn date_text(date: DateTime<Utc>) -> String {
    if date.time() == NaiveTime::MIN {
        date.format("%Y-%m-%d").to_string()
    } else {
        date.to_rfc3339_opts(SecondsFormat::AutoSi, true)
    }
}

impl SeedAddress {
    fn is_empty(&self) -> bool {
        let Self { street1, street2, street3, city, region, postal_code, country_code } = self;
        [street1, street2, street3, city, region, postal_code, country_code].iter().all(|part| part.is_none())
    }
}

impl From<Address> for SeedAddress {
    fn from(address: Address) -> Self {
        let Address { street1, street2, street3, city, region, postal_code, country_code } = address;
        Self { street1, street2, street3, city, region, postal_code, country_code }
    }
}

impl From<SeedAddress> for Address {
    fn from(address: SeedAddress) -> Self {
        let SeedAddress { street1, street2, street3, city, region, postal_code, country_code } = address;
        Self { street1, street2, street3, city, region, postal_code, country_code }
    }
}
