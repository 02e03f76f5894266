//! Reading the body of a PATCH: only what is sent counts, and only the fields that the call supports.

use super::body::{Body, Reader, Request, has_part};
use super::unknown::{Noted, notes};
use crate::customers::{Address, CustomerFields, FieldsSent, Patch, Violation, ViolationKind};
use crate::field::{AddressPart, Field};

/// "The supported fields" (DirectScale, PATCH Customer page); AssociateCustom is on the page on custom fields.
pub(super) const SUPPORTED: [Field; 17] = [
    Field::WebAlias,
    Field::Username,
    Field::CustomerType,
    Field::CustomerStatus,
    Field::BirthDate,
    Field::CompanyName,
    Field::EmailAddress,
    Field::PrimaryAddress(None),
    Field::DefaultShippingAddress(None),
    Field::FirstName,
    Field::LanguageCode,
    Field::LastName,
    Field::PrimaryPhone,
    Field::SecondaryPhone,
    Field::TaxId,
    Field::TextPhone,
    Field::AssociateCustom(0),
];

/// "If the variable desired is part of an array of variables, then the rest of the variables must be included"
/// (DirectScale, PATCH Customer page).
pub(super) const WHOLE_ADDRESS: [AddressPart; 6] = [
    AddressPart::Street1,
    AddressPart::Street2,
    AddressPart::City,
    AddressPart::Region,
    AddressPart::PostalCode,
    AddressPart::CountryCode,
];

impl Body<'_> {
    /// The partial update that PATCH takes. Fields that it does not support are rejected when `reject_unsupported`, and
    /// named as ignored otherwise.
    pub(in crate::vendors::directscale) fn patch(&self, reject_unsupported: bool) -> Request<Patch> {
        let mut read = self.reader();
        let shipping_address = whole_address(&mut read, Field::DefaultShippingAddress);
        let primary_address = whole_address(&mut read, Field::PrimaryAddress);
        let custom = read.custom_fields();
        let sent = FieldsSent {
            customer_type: read.is_sent(Field::CustomerType),
            customer_status: read.is_sent(Field::CustomerStatus),
            birth_date: read.is_sent(Field::BirthDate),
            language_code: read.is_sent(Field::LanguageCode),
            email_address: read.is_sent(Field::EmailAddress),
            tax_id: read.is_sent(Field::TaxId),
            username: read.is_sent(Field::Username),
            web_alias: read.is_sent(Field::WebAlias),
            first_name: read.is_sent(Field::FirstName),
            last_name: read.is_sent(Field::LastName),
            company_name: read.is_sent(Field::CompanyName),
            primary_phone: read.is_sent(Field::PrimaryPhone),
            secondary_phone: read.is_sent(Field::SecondaryPhone),
            text_phone: read.is_sent(Field::TextPhone),
            primary_address: primary_address.is_some(),
            shipping_address: shipping_address.is_some(),
            custom_fields: std::array::from_fn(|index| custom[index].0),
            external_reference_id: false,
            password: false,
        };
        let values = CustomerFields {
            birth_date: read.date(Field::BirthDate),
            company_name: read.text(Field::CompanyName),
            customer_status: read.integer(Field::CustomerStatus),
            customer_type: read.integer(Field::CustomerType),
            shipping_address: shipping_address.unwrap_or_default(),
            email_address: read.text(Field::EmailAddress),
            first_name: read.text(Field::FirstName),
            language_code: read.language(),
            last_name: read.text(Field::LastName),
            primary_address: primary_address.unwrap_or_default(),
            primary_phone: read.text(Field::PrimaryPhone),
            secondary_phone: read.text(Field::SecondaryPhone),
            tax_id: read.text(Field::TaxId),
            text_phone: read.text(Field::TextPhone),
            username: read.text(Field::Username),
            web_alias: read.text(Field::WebAlias),
            custom_fields: custom.map(|(_, text)| text),
            ..CustomerFields::default()
        };
        let mut violations = read.violations;
        if reject_unsupported {
            let named = self.object().as_vec().iter().filter_map(|(name, _)| name.parse::<Field>().ok());
            let unsupported = named.filter(|field| !SUPPORTED.contains(field));
            violations.extend(unsupported.map(|field| Violation { field, rule: ViolationKind::Unsupported }));
        }
        let ignored = notes(self.object(), &Noted::Patch { rejects: reject_unsupported });
        Request { wanted: Patch { values, sent, version: None }, violations, ignored }
    }
}

/// The address, if one was sent: an object with all six properties, or null to clear it.
fn whole_address(read: &mut Reader<'_, '_>, field: fn(Option<AddressPart>) -> Field) -> Option<Address> {
    if !read.is_sent(field(None)) {
        return None;
    }
    if let Some(object) = read.address_object(field(None)) {
        let missing = WHOLE_ADDRESS.into_iter().map(|part| field(Some(part))).filter(|part| !has_part(object, *part));
        read.violations.extend(missing.map(|field| Violation { field, rule: ViolationKind::Incomplete }));
    }
    Some(read.address(field))
}
