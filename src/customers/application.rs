//! Between a customer's values and the application that the enrolment hooks carry.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::model::{Address, CustomerFields, CustomerId};
use super::profile::Profile;
use super::text::filled;
use crate::extension::{Application, HookAddress, UnusedMembers};

/// What the caller sent and an application has no member for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ExtraFields {
    pub send_emails: Option<bool>,
    pub tax_exempt: Option<bool>,
    pub tax_exempt_id: Option<String>,
    pub key: Option<Uuid>,
    pub profile: Option<Profile>,
    /// The hash of the password that was sent, for an extension that leaves the password out when it calls back.
    pub password_hash: Option<String>,
}

impl ExtraFields {
    /// The same, with the request's word on mail.
    pub(super) fn with_send_emails(self, send_emails: bool) -> Self {
        // Not sent and false are the same to what is written.
        Self { send_emails: Some(send_emails), ..self }
    }
}

/// The application that asks for these values, of a new customer or of the one that is upgraded.
pub(super) fn apply(upgraded: Option<CustomerId>, values: CustomerFields) -> (Application, ExtraFields) {
    let CustomerFields {
        back_office_id,
        birth_date,
        company_name,
        customer_status,
        customer_type,
        shipping_address,
        email_address,
        external_reference_id,
        first_name,
        language_code,
        last_name,
        password,
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
        key,
        profile,
    } = values;
    let application = Application {
        associate_id: upgraded.map_or(0, |id| id.0),
        is_associate_upgrade: upgraded.is_some(),
        associate_base_type: customer_type.unwrap_or_default(),
        accept_terms: terms_accepted.unwrap_or_default(),
        applicant_address: primary_address.into(),
        shipping_address: shipping_address.into(),
        birth_date,
        email_address,
        first_name,
        last_name,
        sponsor_id,
        password,
        username,
        tax_id,
        language_code,
        back_office_id,
        web_page_url: web_alias,
        status_id: customer_status,
        signup_date: sign_up_date,
        primary_phone,
        secondary_phone,
        text_number: text_phone,
        external_id: external_reference_id,
        company_name,
        custom: custom_fields.into(),
        unused: UnusedMembers::default(),
    };
    (application, ExtraFields { send_emails, tax_exempt, tax_exempt_id, key, profile, password_hash: None })
}

/// The values that an application asks for. What an extension left blank is absent.
pub(super) fn asked(application: Application, beside: ExtraFields) -> CustomerFields {
    let Application {
        associate_id: _,
        is_associate_upgrade: _,
        associate_base_type,
        accept_terms,
        applicant_address,
        shipping_address,
        birth_date,
        email_address,
        first_name,
        last_name,
        sponsor_id,
        password,
        username,
        tax_id,
        language_code,
        back_office_id,
        web_page_url,
        status_id,
        signup_date,
        primary_phone,
        secondary_phone,
        text_number,
        external_id,
        company_name,
        custom,
        unused: _,
    } = application;
    let ExtraFields { send_emails, tax_exempt, tax_exempt_id, key, profile, password_hash: _ } = beside;
    CustomerFields {
        back_office_id,
        birth_date,
        company_name,
        customer_status: status_id,
        customer_type: Some(associate_base_type),
        shipping_address: shipping_address.into(),
        email_address,
        external_reference_id: external_id,
        first_name,
        language_code,
        last_name,
        password,
        primary_address: applicant_address.into(),
        primary_phone,
        secondary_phone,
        send_emails,
        sign_up_date: signup_date,
        sponsor_id,
        tax_exempt,
        tax_exempt_id,
        tax_id,
        terms_accepted: Some(accept_terms),
        text_phone: text_number,
        username,
        web_alias: web_page_url,
        custom_fields: custom.into(),
        key,
        profile,
    }
}

impl From<Address> for HookAddress {
    fn from(address: Address) -> Self {
        let Address { street1, street2, street3, city, region, postal_code, country_code } = address;
        Self {
            address_line1: street1,
            address_line2: street2,
            address_line3: street3,
            city,
            state: region,
            postal_code,
            country_code,
        }
    }
}

impl From<HookAddress> for Address {
    fn from(address: HookAddress) -> Self {
        let HookAddress { address_line1, address_line2, address_line3, city, state, postal_code, country_code } =
            address;
        Self {
            street1: address_line1,
            street2: address_line2,
            street3: address_line3,
            city,
            region: state,
            postal_code,
            country_code,
        }
    }
}

/// What an extension sent back as it reads a request body: blank is absent, codes have their case.
pub(super) fn tidied(mut values: CustomerFields) -> CustomerFields {
    texts(&mut values).for_each(blank_is_absent);
    let lower = |code: &mut Option<String>| *code = code.take().map(|code| code.trim().to_ascii_lowercase());
    let upper = |code: &mut Option<String>| *code = code.take().map(|code| code.trim().to_ascii_uppercase());
    lower(&mut values.language_code);
    upper(&mut values.primary_address.country_code);
    upper(&mut values.shipping_address.country_code);
    values
}

pub(super) fn blank_is_absent(text: &mut Option<String>) {
    if text.as_deref().is_some_and(|text| filled(text).is_none()) {
        *text = None;
    }
}

fn texts(values: &mut CustomerFields) -> impl Iterator<Item = &mut Option<String>> {
    let addresses = [&mut values.primary_address, &mut values.shipping_address];
    let parts = addresses.into_iter().flat_map(Address::parts_mut);
    let plain = [
        &mut values.back_office_id,
        &mut values.company_name,
        &mut values.email_address,
        &mut values.external_reference_id,
        &mut values.first_name,
        &mut values.language_code,
        &mut values.last_name,
        &mut values.primary_phone,
        &mut values.secondary_phone,
        &mut values.tax_exempt_id,
        &mut values.tax_id,
        &mut values.text_phone,
        &mut values.username,
        &mut values.web_alias,
    ];
    parts.chain(plain).chain(values.custom_fields.iter_mut())
}
