//! Maps a customer's fields to the models that hooks carry, and back.

use super::application::{Application, HookAddress};
use super::associate::Associate;
use crate::model::{Address, Customer, CustomerFields, CustomerId};
use crate::plan::DELETED;

/// The members of an [`Application`] and their fields, for both directions.
macro_rules! application_members {
    ($($member:ident = $field:ident),* $(,)?) => {
        /// The application for these fields, of a new customer or of the one that is upgraded.
        #[must_use]
        pub fn to_application(upgraded: Option<CustomerId>, fields: &CustomerFields) -> Application {
            Application {
                associate_id: upgraded.map_or(0, |id| id.0),
                is_associate_upgrade: upgraded.is_some(),
                associate_base_type: fields.customer_type.unwrap_or_default(),
                accept_terms: fields.terms_accepted.unwrap_or_default(),
                applicant_address: fields.primary_address.clone().into(),
                shipping_address: fields.shipping_address.clone().into(),
                custom: fields.custom_fields.clone().into(),
                $($member: fields.$field.clone(),)*
                unused: super::application::UnusedMembers::default(),
            }
        }

        /// Sets the fields that an application has; the others stay as they are.
        pub fn from_application(application: Application, fields: &mut CustomerFields) {
            let Application {
                associate_id: _,
                is_associate_upgrade: _,
                associate_base_type,
                accept_terms,
                applicant_address,
                shipping_address,
                custom,
                unused: _,
                $($member,)*
            } = application;
            fields.customer_type = Some(associate_base_type);
            fields.terms_accepted = Some(accept_terms);
            fields.primary_address = applicant_address.into();
            fields.shipping_address = shipping_address.into();
            fields.custom_fields = custom.into();
            $(fields.$field = $member;)*
        }
    };
}

application_members! {
    birth_date = birth_date,
    email_address = email_address,
    first_name = first_name,
    last_name = last_name,
    sponsor_id = sponsor_id,
    password = password,
    username = username,
    tax_id = tax_id,
    language_code = language_code,
    back_office_id = back_office_id,
    web_page_url = web_alias,
    status_id = customer_status,
    signup_date = sign_up_date,
    primary_phone = primary_phone,
    secondary_phone = secondary_phone,
    text_number = text_phone,
    external_id = external_reference_id,
    company_name = company_name,
}

/// The members of an [`Associate`] that an extension may alter, and the fields that they carry.
macro_rules! associate_members {
    ($($member:ident = $field:ident),* $(,)?) => {
        /// A customer as the hook on updates carries it.
        #[must_use]
        pub fn to_associate(customer: &Customer) -> Associate {
            Associate {
                associate_id: customer.id.0,
                associate_base_type: customer.customer_type(),
                associate_type: customer.customer_type(),
                price_group: customer.customer_type(),
                status_id: customer.customer_status(),
                signup_date: customer.sign_up_date,
                void: customer.customer_status() == DELETED,
                accept_terms: customer.terms_accepted(),
                name: Some(customer.display_name()),
                legal_first_name: customer.first_name.clone(),
                legal_last_name: customer.last_name.clone(),
                tax_exempt: customer.tax_exempt(),
                address: customer.primary_address.clone().into(),
                ship_address: customer.shipping_address.clone().into(),
                custom: customer.custom_fields.clone().into(),
                $($member: customer.$field.clone(),)*
            }
        }

        /// The fields that an extension may alter, normalized; every other one is `None`.
        #[must_use]
        pub fn from_associate(associate: &Associate) -> CustomerFields {
            let mut fields = CustomerFields {
                customer_type: Some(associate.associate_base_type),
                customer_status: Some(associate.status_id),
                tax_exempt: Some(associate.tax_exempt),
                primary_address: associate.address.clone().into(),
                shipping_address: associate.ship_address.clone().into(),
                custom_fields: associate.custom.clone().into(),
                $($field: associate.$member.clone(),)*
                ..CustomerFields::default()
            };
            fields.normalize();
            fields
        }
    };
}

associate_members! {
    back_office_id = back_office_id,
    display_first_name = first_name,
    display_last_name = last_name,
    company_name = company_name,
    birth_date = birth_date,
    email_address = email_address,
    primary_phone = primary_phone,
    secondary_phone = secondary_phone,
    text_number = text_phone,
    language_code = language_code,
    tax_id = tax_id,
    tax_resale_no = tax_exempt_id,
    external_id = external_reference_id,
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
