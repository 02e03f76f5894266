//! Between a customer and the associate that the hook on updates carries.

use super::application::blank_is_absent;
use super::model::{Address, Customer, CustomerFields, FieldsSent, Patch};
use super::store::default_language;
use crate::extension::{Associate, HookAddress};
use crate::field::Field;
use crate::plan::DELETED;

/// A customer as the hook shows it.
pub(super) fn associate(customer: &Customer) -> Associate {
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
        send_emails: _,
        sign_up_date,
        sponsor_id: _,
        tax_exempt,
        tax_exempt_id,
        tax_id,
        terms_accepted,
        text_phone,
        username: _,
        web_alias: _,
        custom_fields,
    } = customer.clone();
    let mut fields = custom_fields.into_iter();
    Associate {
        associate_id: id.0,
        back_office_id: Some(back_office_id),
        associate_base_type: customer_type,
        associate_type: customer_type,
        price_group: customer_type,
        status_id: customer_status,
        signup_date: Some(sign_up_date),
        void: customer_status == DELETED,
        accept_terms: terms_accepted,
        name: Some(customer.display_name()),
        legal_first_name: first_name.clone(),
        legal_last_name: last_name.clone(),
        display_first_name: first_name,
        display_last_name: last_name,
        company_name,
        birth_date,
        email_address,
        primary_phone,
        secondary_phone,
        text_number: text_phone,
        language_code: Some(language_code),
        tax_id,
        tax_exempt,
        tax_resale_no: tax_exempt_id,
        external_id: external_reference_id,
        address: primary_address.into(),
        ship_address: shipping_address.into(),
        custom: std::array::from_fn(|_| fields.next().flatten()).into(),
    }
}

/// The customer as a replacement leaves it.
pub(super) fn replaced(customer: &Customer, values: &CustomerFields) -> Customer {
    let old = customer.clone();
    let new = values.clone();
    Customer {
        id: old.id,
        enroller_id: old.enroller_id,
        inactive_date: old.inactive_date,
        back_office_id: new.back_office_id.unwrap_or(old.back_office_id),
        customer_status: new.customer_status.unwrap_or(old.customer_status),
        customer_type: new.customer_type.unwrap_or(old.customer_type),
        sign_up_date: new.sign_up_date.unwrap_or(old.sign_up_date),
        language_code: new.language_code.unwrap_or_else(default_language),
        send_emails: new.send_emails.unwrap_or_default(),
        tax_exempt: new.tax_exempt.unwrap_or_default(),
        terms_accepted: new.terms_accepted.unwrap_or_default(),
        birth_date: new.birth_date,
        company_name: new.company_name,
        shipping_address: new.shipping_address,
        email_address: new.email_address,
        external_reference_id: new.external_reference_id,
        first_name: new.first_name,
        last_name: new.last_name,
        primary_address: new.primary_address,
        primary_phone: new.primary_phone,
        secondary_phone: new.secondary_phone,
        sponsor_id: new.sponsor_id,
        tax_exempt_id: new.tax_exempt_id,
        tax_id: new.tax_id,
        text_phone: new.text_phone,
        username: new.username,
        web_alias: new.web_alias,
        custom_fields: new.custom_fields.into(),
    }
}

/// The customer as a partial update leaves it.
pub(super) fn patched(customer: &Customer, patch: &Patch) -> Customer {
    let mut customer = customer.clone();
    let Patch { values, sent, version: _ } = patch.clone();
    macro_rules! take {
        ($($field:ident),*) => {
            $(if sent.$field {
                customer.$field = values.$field;
            })*
        };
    }
    take!(
        birth_date,
        email_address,
        tax_id,
        username,
        web_alias,
        first_name,
        last_name,
        company_name,
        primary_phone,
        secondary_phone,
        text_phone,
        primary_address,
        shipping_address,
        external_reference_id
    );
    customer.customer_type = values.customer_type.filter(|_| sent.customer_type).unwrap_or(customer.customer_type);
    customer.customer_status =
        values.customer_status.filter(|_| sent.customer_status).unwrap_or(customer.customer_status);
    if sent.language_code {
        customer.language_code = values.language_code.unwrap_or_else(default_language);
    }
    customer.custom_fields.resize(10, None);
    for ((slot, value), sent) in customer.custom_fields.iter_mut().zip(values.custom_fields).zip(sent.custom_fields) {
        if sent {
            *slot = value;
        }
    }
    customer
}

/// An associate as it is compared: blank is absent, codes have their case.
pub(super) fn tidied(mut associate: Associate) -> Associate {
    let Associate {
        back_office_id,
        display_first_name,
        display_last_name,
        company_name,
        email_address,
        primary_phone,
        secondary_phone,
        text_number,
        language_code,
        tax_id,
        tax_resale_no,
        external_id,
        ..
    } = &mut associate;
    let texts = [
        back_office_id,
        display_first_name,
        display_last_name,
        company_name,
        email_address,
        primary_phone,
        secondary_phone,
        text_number,
        &mut *language_code,
        tax_id,
        tax_resale_no,
        external_id,
    ];
    for text in texts {
        blank_is_absent(text);
    }
    *language_code = language_code.take().map(|code| code.trim().to_ascii_lowercase());
    associate.address = tidied_address(associate.address);
    associate.ship_address = tidied_address(associate.ship_address);
    let mut custom: [Option<String>; 10] = associate.custom.into();
    custom.iter_mut().for_each(blank_is_absent);
    associate.custom = custom.into();
    associate
}

fn tidied_address(address: HookAddress) -> HookAddress {
    let mut address = Address::from(address);
    address.parts_mut().into_iter().for_each(blank_is_absent);
    address.country_code = address.country_code.map(|code| code.trim().to_ascii_uppercase());
    address.into()
}

/// Puts what the extension altered, the difference between what it was shown and what it sent back, into what is written;
/// `sent` notes it for a partial update. Read-only members are not looked at. Answers what was altered that a partial update
/// cannot carry (DirectScale, PATCH Customer page).
pub(super) fn alter(
    values: &mut CustomerFields,
    sent: &mut FieldsSent,
    shown: Associate,
    altered: Associate,
) -> Vec<Field> {
    macro_rules! take {
        ($($member:ident => $field:ident),* $(,)?) => {
            $(if altered.$member != shown.$member {
                values.$field = altered.$member.clone();
                sent.$field = true;
            })*
        };
    }
    take!(
        display_first_name => first_name,
        display_last_name => last_name,
        company_name => company_name,
        birth_date => birth_date,
        email_address => email_address,
        primary_phone => primary_phone,
        secondary_phone => secondary_phone,
        text_number => text_phone,
        language_code => language_code,
        tax_id => tax_id,
    );
    if altered.associate_base_type != shown.associate_base_type {
        values.customer_type = Some(altered.associate_base_type);
        sent.customer_type = true;
    }
    if altered.status_id != shown.status_id {
        values.customer_status = Some(altered.status_id);
        sent.customer_status = true;
    }
    if altered.address != shown.address {
        values.primary_address = altered.address.into();
        sent.primary_address = true;
    }
    if altered.ship_address != shown.ship_address {
        values.shipping_address = altered.ship_address.into();
        sent.shipping_address = true;
    }
    let (altered_fields, shown_fields): ([Option<String>; 10], [Option<String>; 10]) =
        (altered.custom.into(), shown.custom.into());
    for (index, (altered, shown)) in altered_fields.into_iter().zip(shown_fields).enumerate() {
        if altered != shown {
            values.custom_fields[index] = altered;
            sent.custom_fields[index] = true;
        }
    }
    let mut beyond = Vec::new();
    if altered.tax_exempt != shown.tax_exempt {
        values.tax_exempt = Some(altered.tax_exempt);
        beyond.push(Field::TaxExempt);
    }
    if altered.tax_resale_no != shown.tax_resale_no {
        values.tax_exempt_id = altered.tax_resale_no;
        beyond.push(Field::TaxExemptId);
    }
    if altered.external_id != shown.external_id {
        values.external_reference_id = altered.external_id;
        beyond.push(Field::ExternalReferenceId);
    }
    if altered.back_office_id != shown.back_office_id {
        values.back_office_id = altered.back_office_id;
        beyond.push(Field::BackOfficeId);
    }
    beyond
}
