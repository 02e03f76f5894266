//! Rows and arguments, as Postgres sees them. Converted by destructuring, so that a new field fails to compile until it
//! is handled.

use chrono::{DateTime, Utc};

use crate::customers::model::{Address, Customer, CustomerId, FieldsSent, Values};
use crate::customers::text::comparable;
use crate::plan::{Plan, UniqueField};

/// The composite type `customer_values`.
#[derive(Debug, Clone, sqlx::Type)]
#[sqlx(type_name = "customer_values")]
pub(in crate::customers) struct ValuesRecord {
    pub customer_type: Option<i32>,
    pub customer_status: Option<i32>,
    pub sponsor_id: Option<i32>,
    pub birth_date: Option<DateTime<Utc>>,
    pub sign_up_date: Option<DateTime<Utc>>,
    pub send_emails: bool,
    pub tax_exempt: bool,
    pub terms_accepted: bool,
    pub language_code: Option<String>,
    pub back_office_id: Option<String>,
    pub back_office_id_key: Option<String>,
    pub email_address: Option<String>,
    pub email_address_key: Option<String>,
    pub tax_id: Option<String>,
    pub tax_id_key: Option<String>,
    pub username: Option<String>,
    pub username_key: Option<String>,
    pub web_alias: Option<String>,
    pub web_alias_key: Option<String>,
    pub password_hash: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company_name: Option<String>,
    pub external_reference_id: Option<String>,
    pub primary_phone: Option<String>,
    pub secondary_phone: Option<String>,
    pub text_phone: Option<String>,
    pub tax_exempt_id: Option<String>,
    pub primary_street1: Option<String>,
    pub primary_street2: Option<String>,
    pub primary_street3: Option<String>,
    pub primary_city: Option<String>,
    pub primary_region: Option<String>,
    pub primary_postal_code: Option<String>,
    pub primary_country_code: Option<String>,
    pub shipping_street1: Option<String>,
    pub shipping_street2: Option<String>,
    pub shipping_street3: Option<String>,
    pub shipping_city: Option<String>,
    pub shipping_region: Option<String>,
    pub shipping_postal_code: Option<String>,
    pub shipping_country_code: Option<String>,
    pub custom_fields: Vec<Option<String>>,
}

impl ValuesRecord {
    /// The arguments that write `values`: the defaults of what is not clearable filled in, and beside each unique value
    /// the key by which Postgres compares it, where the plan makes it unique.
    pub(in crate::customers) fn new(values: Values, password_hash: Option<String>, plan: &Plan) -> Self {
        let Values {
            back_office_id, birth_date, company_name, customer_status, customer_type, shipping_address, email_address,
            external_reference_id, first_name, language_code, last_name, password: _, primary_address, primary_phone,
            secondary_phone, send_emails, sign_up_date, sponsor_id, tax_exempt, tax_exempt_id, tax_id, terms_accepted,
            text_phone, username, web_alias, custom_fields,
        } = values;
        let key = |field, value: &Option<String>| {
            value.as_deref().filter(|_| plan.is_unique(field)).map(comparable)
        };
        Self {
            back_office_id_key: key(UniqueField::BackOfficeId, &back_office_id),
            email_address_key: key(UniqueField::EmailAddress, &email_address),
            tax_id_key: key(UniqueField::TaxId, &tax_id),
            username_key: key(UniqueField::Username, &username),
            web_alias_key: key(UniqueField::WebAlias, &web_alias),
            send_emails: send_emails.unwrap_or(false),
            tax_exempt: tax_exempt.unwrap_or(false),
            terms_accepted: terms_accepted.unwrap_or(false),
            language_code: Some(language_code.unwrap_or_else(|| "en".to_owned())),
            custom_fields: if custom_fields.iter().any(Option::is_some) { custom_fields.into() } else { Vec::new() },
            customer_type,
            customer_status,
            sponsor_id,
            birth_date,
            sign_up_date,
            back_office_id,
            email_address,
            tax_id,
            username,
            web_alias,
            password_hash,
            first_name,
            last_name,
            company_name,
            external_reference_id,
            primary_phone,
            secondary_phone,
            text_phone,
            tax_exempt_id,
            primary_street1: primary_address.street1,
            primary_street2: primary_address.street2,
            primary_street3: primary_address.street3,
            primary_city: primary_address.city,
            primary_region: primary_address.region,
            primary_postal_code: primary_address.postal_code,
            primary_country_code: primary_address.country_code,
            shipping_street1: shipping_address.street1,
            shipping_street2: shipping_address.street2,
            shipping_street3: shipping_address.street3,
            shipping_city: shipping_address.city,
            shipping_region: shipping_address.region,
            shipping_postal_code: shipping_address.postal_code,
            shipping_country_code: shipping_address.country_code,
        }
    }
}

/// The composite type `customer_fields_sent`.
#[derive(Debug, Clone, sqlx::Type)]
#[sqlx(type_name = "customer_fields_sent")]
#[expect(clippy::struct_excessive_bools, reason = "one flag a field")]
pub(in crate::customers) struct FieldsSentRecord {
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
    pub custom_fields: Vec<bool>,
}

impl From<&FieldsSent> for FieldsSentRecord {
    fn from(sent: &FieldsSent) -> Self {
        let &FieldsSent {
            customer_type, customer_status, birth_date, language_code, email_address, tax_id, username, web_alias, first_name, last_name, company_name, primary_phone, secondary_phone, text_phone, primary_address, shipping_address, custom_fields,
        } = sent;
        Self {
            customer_type, customer_status, birth_date, language_code, email_address, tax_id, username, web_alias, first_name, last_name, company_name, primary_phone, secondary_phone, text_phone, primary_address, shipping_address,
            custom_fields: if custom_fields.contains(&true) { custom_fields.into() } else { Vec::new() },
        }
    }
}

/// What a query of a customer returns.
#[derive(Debug)]
pub(super) struct CustomerRow {
    pub customer_id: i32,
    pub customer_type: i32,
    pub customer_status: i32,
    pub sponsor_id: Option<i32>,
    pub enroller_id: Option<i32>,
    pub birth_date: Option<DateTime<Utc>>,
    pub sign_up_date: DateTime<Utc>,
    pub inactive_date: Option<DateTime<Utc>>,
    pub send_emails: bool,
    pub tax_exempt: bool,
    pub terms_accepted: bool,
    pub language_code: String,
    pub back_office_id: String,
    pub email_address: Option<String>,
    pub tax_id: Option<String>,
    pub username: Option<String>,
    pub web_alias: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company_name: Option<String>,
    pub external_reference_id: Option<String>,
    pub primary_phone: Option<String>,
    pub secondary_phone: Option<String>,
    pub text_phone: Option<String>,
    pub tax_exempt_id: Option<String>,
    pub primary_street1: Option<String>,
    pub primary_street2: Option<String>,
    pub primary_street3: Option<String>,
    pub primary_city: Option<String>,
    pub primary_region: Option<String>,
    pub primary_postal_code: Option<String>,
    pub primary_country_code: Option<String>,
    pub shipping_street1: Option<String>,
    pub shipping_street2: Option<String>,
    pub shipping_street3: Option<String>,
    pub shipping_city: Option<String>,
    pub shipping_region: Option<String>,
    pub shipping_postal_code: Option<String>,
    pub shipping_country_code: Option<String>,
    pub custom_fields: Vec<Option<String>>,
}

impl From<CustomerRow> for Customer {
    fn from(row: CustomerRow) -> Self {
        let CustomerRow {
            customer_id, customer_type, customer_status, sponsor_id, enroller_id, birth_date, sign_up_date, inactive_date, send_emails, tax_exempt, terms_accepted, language_code, back_office_id, email_address, tax_id, username, web_alias, first_name, last_name, company_name, external_reference_id, primary_phone, secondary_phone, text_phone, tax_exempt_id, primary_street1, primary_street2, primary_street3, primary_city, primary_region, primary_postal_code, primary_country_code, shipping_street1, shipping_street2, shipping_street3, shipping_city, shipping_region, shipping_postal_code, shipping_country_code, custom_fields,
        } = row;
        Self {
            id: CustomerId(customer_id),
            customer_type,
            customer_status,
            sponsor_id,
            enroller_id,
            birth_date,
            sign_up_date,
            inactive_date,
            send_emails,
            tax_exempt,
            terms_accepted,
            language_code,
            back_office_id,
            email_address,
            tax_id,
            username,
            web_alias,
            first_name,
            last_name,
            company_name,
            external_reference_id,
            primary_phone,
            secondary_phone,
            text_phone,
            tax_exempt_id,
            custom_fields,
            primary_address: Address {
                street1: primary_street1,
                street2: primary_street2,
                street3: primary_street3,
                city: primary_city,
                region: primary_region,
                postal_code: primary_postal_code,
                country_code: primary_country_code,
            },
            shipping_address: Address {
                street1: shipping_street1,
                street2: shipping_street2,
                street3: shipping_street3,
                city: shipping_city,
                region: shipping_region,
                postal_code: shipping_postal_code,
                country_code: shipping_country_code,
            },
        }
    }
}
