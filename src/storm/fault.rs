//! A fault of the domain in Storm's words.

use super::names::name;
use super::refused::{Key, Refused};
use crate::customers::{Fault, Rule};
use crate::field::{AddressPart, Field};

impl From<&Fault> for Refused {
    fn from(fault: &Fault) -> Self {
        Self::new(key(fault), text(fault))
    }
}

fn key(fault: &Fault) -> Key {
    match (fault.field, &fault.rule) {
        (Field::Password, _) | (_, Rule::Password(_)) => Key::InvalidPassword,
        (_, Rule::MaxLength(_)) => Key::InvalidLength,
        (_, Rule::ControlCharacter) => Key::InvalidCharacter,
        (Field::EmailAddress | Field::TaxId, Rule::Unique(_)) => Key::CustomerAlreadyExists,
        (Field::Username, Rule::Unique(_)) => Key::AccountAlreadyExists,
        (Field::EmailAddress, Rule::Format(_)) => Key::InvalidEmail,
        (Field::CompanyName, Rule::Required(_)) => Key::InvalidCompanyName,
        (Field::DefaultShippingAddress(Some(part)), Rule::Required(_) | Rule::Format(_)) => match part {
            AddressPart::PostalCode => Key::DeliveryAddressZipMissing,
            AddressPart::City => Key::DeliveryAddressCityMissing,
            AddressPart::CountryCode => Key::DeliveryAddressCountryMissing,
            _ => Key::InvalidValue,
        },
        (Field::PrimaryAddress(Some(part)), Rule::Required(_) | Rule::Format(_)) => match part {
            AddressPart::PostalCode => Key::InvoiceAddressZipMissing,
            AddressPart::City => Key::InvoiceAddressCityMissing,
            AddressPart::CountryCode => Key::InvoiceAddressCountryMissing,
            _ => Key::InvalidValue,
        },
        _ => Key::InvalidValue,
    }
}

fn text(fault: &Fault) -> String {
    let field = name(fault.field);
    match &fault.rule {
        // The collision is named, the value is not: it may be shown to somebody who does not have it.
        Rule::Unique(_) if fault.field == Field::Username => Key::AccountAlreadyExists.text().to_owned(),
        Rule::Unique(_) if matches!(fault.field, Field::EmailAddress | Field::TaxId) => {
            format!("There already exists a customer with the specified {field}.")
        }
        Rule::Unique(_) => format!("{field} is already in use."),
        Rule::Required(_) => format!("{field} is missing."),
        Rule::Type(wanted) => format!("{field} must be {wanted}."),
        Rule::Format(wanted) => format!("{field} {wanted}."),
        Rule::ControlCharacter => format!("{field} must not contain control characters."),
        Rule::MaxLength(longest) => format!("{field} must be at most {longest} characters long."),
        Rule::OneOf(known) => {
            let known: Vec<String> = known.iter().map(ToString::to_string).collect();
            format!("{field} must be one of {}.", known.join(", "))
        }
        Rule::MinimumAge(years) => format!("{field} must be at least {years} years ago."),
        Rule::Password(wanted) => format!("{field} {wanted}."),
        Rule::Incomplete => format!("{field} must be sent with the rest of the address."),
        Rule::Unsupported => format!("{field} cannot be changed by this call."),
        Rule::SponsorUnknown(id) => format!("{field} {id} is not an existing customer."),
        Rule::SponsorNotDistributor(id) => format!("{field} {id} is not a distributor."),
        Rule::SponsorIsSelf => format!("{field} must not be the customer itself."),
        Rule::SponsorBelow(id) => format!("{field} {id} stands below the customer in the sponsor tree."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(field: Field, rule: Rule) -> (Key, String) {
        let refused = Refused::from(&Fault { field, rule });
        (refused.key, refused.text)
    }

    #[test]
    fn each_documented_case_has_its_documented_key() {
        let format = || Rule::Format("must be otherwise");
        let unique = || Rule::Unique(Some("x".to_owned()));
        for (field, rule, key) in [
            (Field::EmailAddress, unique(), Key::CustomerAlreadyExists),
            (Field::Username, unique(), Key::AccountAlreadyExists),
            (Field::TaxId, Rule::Unique(None), Key::CustomerAlreadyExists),
            (Field::EmailAddress, format(), Key::InvalidEmail),
            (
                Field::DefaultShippingAddress(Some(AddressPart::CountryCode)),
                format(),
                Key::DeliveryAddressCountryMissing,
            ),
            (Field::PrimaryAddress(Some(AddressPart::CountryCode)), format(), Key::InvoiceAddressCountryMissing),
            (Field::FirstName, Rule::MaxLength(50), Key::InvalidLength),
            (Field::LastName, Rule::ControlCharacter, Key::InvalidCharacter),
            (Field::Password, Rule::Password("must be longer".to_owned()), Key::InvalidPassword),
            (Field::WebAlias, unique(), Key::InvalidValue),
        ] {
            assert_eq!(refused(field, rule).0, key, "{field}");
        }
    }

    #[test]
    fn texts_speak_of_storms_fields_and_never_of_a_secret() {
        let secret = Rule::Unique(Some("19121212-1212".to_owned()));
        assert_eq!(refused(Field::TaxId, secret).1, "There already exists a customer with the specified SSN.");
        let line = Field::PrimaryAddress(Some(AddressPart::Street1));
        let text = refused(line, Rule::MaxLength(200)).1;
        assert_eq!(text, "InvoiceAddress.Line1 must be at most 200 characters long.");
        let zip = Field::DefaultShippingAddress(Some(AddressPart::PostalCode));
        assert_eq!(refused(zip, Rule::Required(None)).1, "DeliveryAddresses[0].Zip is missing.");
    }
}
