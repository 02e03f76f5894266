//! A violation of the domain in Storm's words.

use super::names::name;
use super::rejected::{Key, Rejected};
use crate::customers::{Violation, ViolationKind};
use crate::model::{AddressPart, Field};

impl From<&Violation> for Rejected {
    fn from(violation: &Violation) -> Self {
        Self::new(key(violation), text(violation))
    }
}

fn key(violation: &Violation) -> Key {
    match (violation.field, &violation.rule) {
        (Field::Password, _) | (_, ViolationKind::Password(_)) => Key::InvalidPassword,
        (_, ViolationKind::MaxLength(_)) => Key::InvalidLength,
        (_, ViolationKind::ControlCharacter) => Key::InvalidCharacter,
        (Field::EmailAddress | Field::TaxId, ViolationKind::Unique(_)) => Key::CustomerAlreadyExists,
        (Field::Username, ViolationKind::Unique(_)) => Key::AccountAlreadyExists,
        (Field::EmailAddress, ViolationKind::Format(_)) => Key::InvalidEmail,
        (Field::CompanyName, ViolationKind::Required(_)) => Key::InvalidCompanyName,
        (Field::DefaultShippingAddress(Some(part)), ViolationKind::Required(_) | ViolationKind::Format(_)) => {
            match part {
                AddressPart::PostalCode => Key::DeliveryAddressZipMissing,
                AddressPart::City => Key::DeliveryAddressCityMissing,
                AddressPart::CountryCode => Key::DeliveryAddressCountryMissing,
                _ => Key::InvalidValue,
            }
        }
        (Field::PrimaryAddress(Some(part)), ViolationKind::Required(_) | ViolationKind::Format(_)) => match part {
            AddressPart::PostalCode => Key::InvoiceAddressZipMissing,
            AddressPart::City => Key::InvoiceAddressCityMissing,
            AddressPart::CountryCode => Key::InvoiceAddressCountryMissing,
            _ => Key::InvalidValue,
        },
        _ => Key::InvalidValue,
    }
}

fn text(violation: &Violation) -> String {
    let field = name(violation.field);
    match &violation.rule {
        // The collision is named, the value is not: it may be shown to somebody who does not have it.
        ViolationKind::Unique(_) if violation.field == Field::Username => Key::AccountAlreadyExists.text().to_owned(),
        ViolationKind::Unique(_) if matches!(violation.field, Field::EmailAddress | Field::TaxId) => {
            format!("There already exists a customer with the specified {field}.")
        }
        ViolationKind::Unique(_) => format!("{field} is already in use."),
        ViolationKind::Required(_) => format!("{field} is missing."),
        ViolationKind::Type(wanted) => format!("{field} must be {wanted}."),
        ViolationKind::Format(wanted) => format!("{field} {wanted}."),
        ViolationKind::ControlCharacter => format!("{field} must not contain control characters."),
        ViolationKind::MaxLength(longest) => format!("{field} must be at most {longest} characters long."),
        ViolationKind::OneOf(known) => {
            let known: Vec<String> = known.iter().map(ToString::to_string).collect();
            format!("{field} must be one of {}.", known.join(", "))
        }
        ViolationKind::MinimumAge(years) => format!("{field} must be at least {years} years ago."),
        ViolationKind::Password(wanted) => format!("{field} {wanted}."),
        ViolationKind::Incomplete => format!("{field} must be sent with the rest of the address."),
        ViolationKind::Unsupported => format!("{field} cannot be changed by this call."),
        ViolationKind::SponsorUnknown(id) => format!("{field} {id} is not an existing customer."),
        ViolationKind::SponsorNotDistributor(id) => format!("{field} {id} is not a distributor."),
        ViolationKind::SponsorIsSelf => format!("{field} must not be the customer itself."),
        ViolationKind::SponsorBelow(id) => format!("{field} {id} stands below the customer in the sponsor tree."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(field: Field, rule: ViolationKind) -> (Key, String) {
        let rejected = Rejected::from(&Violation { field, rule });
        (rejected.key, rejected.text)
    }

    #[test]
    fn each_documented_case_has_its_documented_key() {
        let format = || ViolationKind::Format("must be otherwise");
        let unique = || ViolationKind::Unique(Some("x".to_owned()));
        for (field, rule, key) in [
            (Field::EmailAddress, unique(), Key::CustomerAlreadyExists),
            (Field::Username, unique(), Key::AccountAlreadyExists),
            (Field::TaxId, ViolationKind::Unique(None), Key::CustomerAlreadyExists),
            (Field::EmailAddress, format(), Key::InvalidEmail),
            (
                Field::DefaultShippingAddress(Some(AddressPart::CountryCode)),
                format(),
                Key::DeliveryAddressCountryMissing,
            ),
            (Field::PrimaryAddress(Some(AddressPart::CountryCode)), format(), Key::InvoiceAddressCountryMissing),
            (Field::FirstName, ViolationKind::MaxLength(50), Key::InvalidLength),
            (Field::LastName, ViolationKind::ControlCharacter, Key::InvalidCharacter),
            (Field::Password, ViolationKind::Password("must be longer".to_owned()), Key::InvalidPassword),
            (Field::WebAlias, unique(), Key::InvalidValue),
        ] {
            assert_eq!(rejected(field, rule).0, key, "{field}");
        }
    }

    #[test]
    fn texts_speak_of_storms_fields_and_never_of_a_secret() {
        let secret = ViolationKind::Unique(Some("19121212-1212".to_owned()));
        assert_eq!(rejected(Field::TaxId, secret).1, "There already exists a customer with the specified SSN.");
        let line = Field::PrimaryAddress(Some(AddressPart::Street1));
        let text = rejected(line, ViolationKind::MaxLength(200)).1;
        assert_eq!(text, "InvoiceAddress.Line1 must be at most 200 characters long.");
        let zip = Field::DefaultShippingAddress(Some(AddressPart::PostalCode));
        assert_eq!(rejected(zip, ViolationKind::Required(None)).1, "DeliveryAddresses[0].Zip is missing.");
    }
}
