//! The domain's rejections in Storm's error codes and names.

use super::error::{ErrorCode, Rejection, StormError};
use super::wire::members::Member;
use super::wire::read::Entity as _;
use super::wire::request::{Account, Address, Company, Customer};
use crate::customers::{self, Violation, ViolationKind};
use crate::model::{AddressPart, Field};

impl From<customers::Error> for StormError {
    fn from(error: customers::Error) -> Self {
        let rejected = |code, text: String| Self::Rejected(vec![Rejection::new(code, text)]);
        match error {
            customers::Error::UnknownCustomer => ErrorCode::CustomerMissing.into(),
            customers::Error::Rejected(rejection) => {
                let violations = rejection.violations.iter().map(Rejection::from);
                let companies = rejection.companies.iter().map(|name| {
                    let text =
                        format!("There already exists a company '{name}' with the specified organizational number.");
                    Rejection::new(ErrorCode::CompanyAlreadyExists, text)
                });
                Self::Rejected(violations.chain(companies).collect())
            }
            customers::Error::UuidInUse => {
                let text = "There already exists a customer with the specified key.";
                rejected(ErrorCode::CustomerAlreadyExists, text.to_owned())
            }
            customers::Error::UuidReserved => {
                let text = "Key must not begin with 00000000-0000-8000-8000: such keys are made of a customer's Id.";
                rejected(ErrorCode::InvalidValue, text.to_owned())
            }
            customers::Error::Hook(failure) => rejected(ErrorCode::InvalidValue, failure.message),
            customers::Error::Unreadable(why) => rejected(ErrorCode::InvalidValue, format!("{why}.")),
            other => Self::Customers(other),
        }
    }
}

impl From<&Violation> for Rejection {
    fn from(violation: &Violation) -> Self {
        Self::new(code(violation), text(violation))
    }
}

fn code(violation: &Violation) -> ErrorCode {
    match (violation.field, &violation.kind) {
        (Field::Password, _) | (_, ViolationKind::Password(_)) => ErrorCode::InvalidPassword,
        (_, ViolationKind::MaxLength(_)) => ErrorCode::InvalidLength,
        (_, ViolationKind::ControlCharacter) => ErrorCode::InvalidCharacter,
        (Field::EmailAddress | Field::TaxId, ViolationKind::Unique(_)) => ErrorCode::CustomerAlreadyExists,
        (Field::Username, ViolationKind::Unique(_)) => ErrorCode::AccountAlreadyExists,
        (Field::EmailAddress, ViolationKind::Format(_)) => ErrorCode::InvalidEmail,
        (Field::CompanyName, ViolationKind::Required(_)) => ErrorCode::InvalidCompanyName,
        (Field::DefaultShippingAddress(Some(part)), ViolationKind::Required(_) | ViolationKind::Format(_)) => {
            match part {
                AddressPart::PostalCode => ErrorCode::DeliveryAddressZipMissing,
                AddressPart::City => ErrorCode::DeliveryAddressCityMissing,
                AddressPart::CountryCode => ErrorCode::DeliveryAddressCountryMissing,
                _ => ErrorCode::InvalidValue,
            }
        }
        (Field::PrimaryAddress(Some(part)), ViolationKind::Required(_) | ViolationKind::Format(_)) => match part {
            AddressPart::PostalCode => ErrorCode::InvoiceAddressZipMissing,
            AddressPart::City => ErrorCode::InvoiceAddressCityMissing,
            AddressPart::CountryCode => ErrorCode::InvoiceAddressCountryMissing,
            _ => ErrorCode::InvalidValue,
        },
        _ => ErrorCode::InvalidValue,
    }
}

fn text(violation: &Violation) -> String {
    let field = path(violation.field);
    match &violation.kind {
        // The sentence names the field and not the value: the client may not know the customer that has it.
        ViolationKind::Unique(_) if violation.field == Field::Username => {
            ErrorCode::AccountAlreadyExists.text().to_owned()
        }
        ViolationKind::Unique(_) if matches!(violation.field, Field::EmailAddress | Field::TaxId) => {
            format!("There already exists a customer with the specified {field}.")
        }
        ViolationKind::Unique(_) => ViolationKind::Unique(None).sentence(&field),
        ViolationKind::Required(_) => format!("{field} is missing."),
        // Storm has no customer types.
        ViolationKind::MinimumAge(years) => format!("{field} must be at least {years} years ago."),
        ViolationKind::SponsorNotDistributor(id) => format!("{field} {id} is not a distributor."),
        kind => kind.sentence(&field),
    }
}

/// The path of a field in a request. A field that Storm has no member for keeps the name that plans use.
fn path(field: Field) -> String {
    match field {
        Field::PrimaryAddress(part) => address_path("InvoiceAddress", part),
        Field::DefaultShippingAddress(part) => address_path("DeliveryAddresses[0]", part),
        field => [("", Customer::MEMBERS), ("Account.", Account::MEMBERS), ("Companies[0].", Company::MEMBERS)]
            .into_iter()
            .find_map(|(owner, members)| Some(format!("{owner}{}", member_of(members, field)?)))
            .unwrap_or_else(|| field.name().to_owned()),
    }
}

fn address_path(address: &str, part: Option<AddressPart>) -> String {
    let Some(part) = part else { return address.to_owned() };
    // Storm has two lines.
    let name = member_of(Address::MEMBERS, Field::PrimaryAddress(Some(part))).unwrap_or("Line3");
    format!("{address}.{name}")
}

fn member_of(members: &[Member], field: Field) -> Option<&'static str> {
    members.iter().find(|member| member.field == Some(field)).map(|member| member.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(field: Field, kind: ViolationKind) -> (ErrorCode, String) {
        let rejection = Rejection::from(&Violation { field, kind });
        (rejection.code, rejection.text)
    }

    #[test]
    fn each_documented_case_has_its_documented_code() {
        let format = || ViolationKind::Format("must be otherwise");
        let unique = || ViolationKind::Unique(Some("x".to_owned()));
        for (field, kind, code) in [
            (Field::EmailAddress, unique(), ErrorCode::CustomerAlreadyExists),
            (Field::Username, unique(), ErrorCode::AccountAlreadyExists),
            (Field::TaxId, ViolationKind::Unique(None), ErrorCode::CustomerAlreadyExists),
            (Field::EmailAddress, format(), ErrorCode::InvalidEmail),
            (
                Field::DefaultShippingAddress(Some(AddressPart::CountryCode)),
                format(),
                ErrorCode::DeliveryAddressCountryMissing,
            ),
            (Field::PrimaryAddress(Some(AddressPart::CountryCode)), format(), ErrorCode::InvoiceAddressCountryMissing),
            (Field::FirstName, ViolationKind::MaxLength(50), ErrorCode::InvalidLength),
            (Field::LastName, ViolationKind::ControlCharacter, ErrorCode::InvalidCharacter),
            (Field::Password, ViolationKind::Password("must be longer".to_owned()), ErrorCode::InvalidPassword),
            (Field::WebAlias, unique(), ErrorCode::InvalidValue),
        ] {
            assert_eq!(rejected(field, kind).0, code, "{field}");
        }
    }

    #[test]
    fn every_field_that_storm_has_is_named_by_its_path() {
        for (field, expected) in [
            (Field::EmailAddress, "Email"),
            (Field::TaxId, "SSN"),
            (Field::FirstName, "FirstName"),
            (Field::LastName, "LastName"),
            (Field::PrimaryPhone, "Phone"),
            (Field::TextPhone, "CellPhone"),
            (Field::ExternalReferenceId, "Code"),
            (Field::Username, "Account.LoginName"),
            (Field::CompanyName, "Companies[0].Name"),
            (Field::CustomerStatus, "IsActive"),
            (Field::SignUpDate, "Created"),
            (Field::PrimaryAddress(None), "InvoiceAddress"),
            (Field::PrimaryAddress(Some(AddressPart::Street2)), "InvoiceAddress.Line2"),
            (Field::DefaultShippingAddress(Some(AddressPart::Street3)), "DeliveryAddresses[0].Line3"),
            (Field::DefaultShippingAddress(Some(AddressPart::Region)), "DeliveryAddresses[0].Region"),
            (Field::BirthDate, "BirthDate"),
        ] {
            assert_eq!(path(field), expected);
        }
    }

    #[test]
    fn texts_use_storm_names_and_contain_no_secret() {
        let secret = ViolationKind::Unique(Some("19121212-1212".to_owned()));
        assert_eq!(rejected(Field::TaxId, secret).1, "There already exists a customer with the specified SSN.");
        let line = Field::PrimaryAddress(Some(AddressPart::Street1));
        let text = rejected(line, ViolationKind::MaxLength(200)).1;
        assert_eq!(text, "InvoiceAddress.Line1 must be at most 200 characters long.");
        let zip = Field::DefaultShippingAddress(Some(AddressPart::PostalCode));
        assert_eq!(rejected(zip, ViolationKind::Required(None)).1, "DeliveryAddresses[0].Zip is missing.");
    }
}
