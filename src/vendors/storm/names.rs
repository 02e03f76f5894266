//! What Storm calls the fields of a customer.

use crate::model::{AddressPart, Field};

/// The path of a field in a request. What Storm has no name for keeps the name that plans use.
pub(super) fn name(field: Field) -> String {
    let name = match field {
        Field::EmailAddress => "Email",
        Field::TaxId => "SSN",
        Field::PrimaryPhone => "Phone",
        Field::TextPhone => "CellPhone",
        Field::ExternalReferenceId => "Code",
        Field::Username => "Account.LoginName",
        Field::CompanyName => "Companies[0].Name",
        Field::CustomerStatus => "IsActive",
        Field::SignUpDate => "Created",
        Field::PrimaryAddress(part) => return address("InvoiceAddress", part),
        Field::DefaultShippingAddress(part) => return address("DeliveryAddresses[0]", part),
        other => other.name(),
    };
    name.to_owned()
}

fn address(of: &str, part: Option<AddressPart>) -> String {
    let part = match part {
        None => return of.to_owned(),
        Some(AddressPart::Street1) => "Line1",
        Some(AddressPart::Street2) => "Line2",
        // Storm has two lines.
        Some(AddressPart::Street3) => "Line3",
        Some(AddressPart::PostalCode) => "Zip",
        Some(AddressPart::City) => "City",
        Some(AddressPart::Region) => "Region",
        Some(AddressPart::CountryCode) => "Country",
    };
    format!("{of}.{part}")
}
