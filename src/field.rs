//! The fields of a customer, by the names that plans, seed files and rejections use for them.
//!
//! The order is that of the vendor's field table (DirectScale, Upgrade Customer page): rejections list faults in it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A part of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressPart {
    Street1,
    Street2,
    Street3,
    PostalCode,
    City,
    Region,
    CountryCode,
}

/// A field of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    BackOfficeId,
    BirthDate,
    CompanyName,
    CustomerStatus,
    CustomerType,
    /// The shipping address as a whole (`None`) or one of its parts.
    DefaultShippingAddress(Option<AddressPart>),
    EmailAddress,
    ExternalReferenceId,
    FirstName,
    LanguageCode,
    LastName,
    Password,
    /// The primary address as a whole (`None`) or one of its parts.
    PrimaryAddress(Option<AddressPart>),
    PrimaryPhone,
    SecondaryPhone,
    SendEmails,
    SignUpDate,
    SponsorId,
    TaxExempt,
    TaxExemptId,
    TaxId,
    TermsAccepted,
    TextPhone,
    Username,
    WebAlias,
    /// The custom fields as a whole (0) or one of them (1 to 10).
    AssociateCustom(u8),
}

/// Every field and its published name, a part of an address behind a full stop.
const NAMES: [(Field, &str); 50] = [
    (Field::BackOfficeId, "BackOfficeId"),
    (Field::BirthDate, "BirthDate"),
    (Field::CompanyName, "CompanyName"),
    (Field::CustomerStatus, "CustomerStatus"),
    (Field::CustomerType, "CustomerType"),
    (Field::DefaultShippingAddress(None), "DefaultShippingAddress"),
    (Field::DefaultShippingAddress(Some(AddressPart::Street1)), "DefaultShippingAddress.Street1"),
    (Field::DefaultShippingAddress(Some(AddressPart::Street2)), "DefaultShippingAddress.Street2"),
    (Field::DefaultShippingAddress(Some(AddressPart::Street3)), "DefaultShippingAddress.Street3"),
    (Field::DefaultShippingAddress(Some(AddressPart::PostalCode)), "DefaultShippingAddress.PostalCode"),
    (Field::DefaultShippingAddress(Some(AddressPart::City)), "DefaultShippingAddress.City"),
    (Field::DefaultShippingAddress(Some(AddressPart::Region)), "DefaultShippingAddress.Region"),
    (Field::DefaultShippingAddress(Some(AddressPart::CountryCode)), "DefaultShippingAddress.CountryCode"),
    (Field::EmailAddress, "EmailAddress"),
    (Field::ExternalReferenceId, "ExternalReferenceId"),
    (Field::FirstName, "FirstName"),
    (Field::LanguageCode, "LanguageCode"),
    (Field::LastName, "LastName"),
    (Field::Password, "Password"),
    (Field::PrimaryAddress(None), "PrimaryAddress"),
    (Field::PrimaryAddress(Some(AddressPart::Street1)), "PrimaryAddress.Street1"),
    (Field::PrimaryAddress(Some(AddressPart::Street2)), "PrimaryAddress.Street2"),
    (Field::PrimaryAddress(Some(AddressPart::Street3)), "PrimaryAddress.Street3"),
    (Field::PrimaryAddress(Some(AddressPart::PostalCode)), "PrimaryAddress.PostalCode"),
    (Field::PrimaryAddress(Some(AddressPart::City)), "PrimaryAddress.City"),
    (Field::PrimaryAddress(Some(AddressPart::Region)), "PrimaryAddress.Region"),
    (Field::PrimaryAddress(Some(AddressPart::CountryCode)), "PrimaryAddress.CountryCode"),
    (Field::PrimaryPhone, "PrimaryPhone"),
    (Field::SecondaryPhone, "SecondaryPhone"),
    (Field::SendEmails, "SendEmails"),
    (Field::SignUpDate, "SignUpDate"),
    (Field::SponsorId, "SponsorId"),
    (Field::TaxExempt, "TaxExempt"),
    (Field::TaxExemptId, "TaxExemptId"),
    (Field::TaxId, "TaxId"),
    (Field::TermsAccepted, "TermsAccepted"),
    (Field::TextPhone, "TextPhone"),
    (Field::Username, "Username"),
    (Field::WebAlias, "WebAlias"),
    (Field::AssociateCustom(0), "AssociateCustom"),
    (Field::AssociateCustom(1), "AssociateCustom.Field1"),
    (Field::AssociateCustom(2), "AssociateCustom.Field2"),
    (Field::AssociateCustom(3), "AssociateCustom.Field3"),
    (Field::AssociateCustom(4), "AssociateCustom.Field4"),
    (Field::AssociateCustom(5), "AssociateCustom.Field5"),
    (Field::AssociateCustom(6), "AssociateCustom.Field6"),
    (Field::AssociateCustom(7), "AssociateCustom.Field7"),
    (Field::AssociateCustom(8), "AssociateCustom.Field8"),
    (Field::AssociateCustom(9), "AssociateCustom.Field9"),
    (Field::AssociateCustom(10), "AssociateCustom.Field10"),
];

impl Field {
    /// The published name: `EmailAddress`, `PrimaryAddress.Region`, `AssociateCustom.Field1`.
    #[must_use]
    pub fn name(self) -> &'static str {
        // Looked up some fifty times a request; the table is sorted, which a test holds.
        match NAMES.binary_search_by(|(field, _)| field.cmp(&self)) {
            Ok(place) => NAMES[place].1,
            Err(_) => "AssociateCustom",
        }
    }

    /// The name within the address or the custom fields that this is a part of: `Region`, `Field1`; otherwise the name.
    #[must_use]
    pub fn part_name(self) -> &'static str {
        let whole = self.whole().name();
        self.name().get(whole.len() + 1..).unwrap_or(whole)
    }

    /// The address or the custom fields that this is a part of, or the field itself.
    #[must_use]
    pub fn whole(self) -> Self {
        match self {
            Self::DefaultShippingAddress(_) => Self::DefaultShippingAddress(None),
            Self::PrimaryAddress(_) => Self::PrimaryAddress(None),
            Self::AssociateCustom(_) => Self::AssociateCustom(0),
            other => other,
        }
    }

    /// Every field, parts included, in the order of the field table.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(field, _)| *field)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Field {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        NAMES
            .iter()
            .find(|(_, known)| known.eq_ignore_ascii_case(name))
            .map(|(field, _)| *field)
            .ok_or_else(|| format!("'{name}' is not a field of a customer"))
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<str>::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_sort_as_the_table_lists_them() {
        assert!(Field::all().is_sorted());
        assert!(Field::all().all(|field| field.name().parse() == Ok(field)));
    }

    /// The field behind this one in the enum. A new variant does not compile until it stands here.
    fn next(field: Field) -> Option<Field> {
        use AddressPart::{City, CountryCode, PostalCode, Region, Street1, Street2, Street3};
        let next_part = |part: Option<AddressPart>| match part {
            None => Some(Street1),
            Some(Street1) => Some(Street2),
            Some(Street2) => Some(Street3),
            Some(Street3) => Some(PostalCode),
            Some(PostalCode) => Some(City),
            Some(City) => Some(Region),
            Some(Region) => Some(CountryCode),
            Some(CountryCode) => None,
        };
        Some(match field {
            Field::BackOfficeId => Field::BirthDate,
            Field::BirthDate => Field::CompanyName,
            Field::CompanyName => Field::CustomerStatus,
            Field::CustomerStatus => Field::CustomerType,
            Field::CustomerType => Field::DefaultShippingAddress(None),
            Field::DefaultShippingAddress(part) => match next_part(part) {
                Some(part) => Field::DefaultShippingAddress(Some(part)),
                None => Field::EmailAddress,
            },
            Field::EmailAddress => Field::ExternalReferenceId,
            Field::ExternalReferenceId => Field::FirstName,
            Field::FirstName => Field::LanguageCode,
            Field::LanguageCode => Field::LastName,
            Field::LastName => Field::Password,
            Field::Password => Field::PrimaryAddress(None),
            Field::PrimaryAddress(part) => match next_part(part) {
                Some(part) => Field::PrimaryAddress(Some(part)),
                None => Field::PrimaryPhone,
            },
            Field::PrimaryPhone => Field::SecondaryPhone,
            Field::SecondaryPhone => Field::SendEmails,
            Field::SendEmails => Field::SignUpDate,
            Field::SignUpDate => Field::SponsorId,
            Field::SponsorId => Field::TaxExempt,
            Field::TaxExempt => Field::TaxExemptId,
            Field::TaxExemptId => Field::TaxId,
            Field::TaxId => Field::TermsAccepted,
            Field::TermsAccepted => Field::TextPhone,
            Field::TextPhone => Field::Username,
            Field::Username => Field::WebAlias,
            Field::WebAlias => Field::AssociateCustom(0),
            Field::AssociateCustom(number) if number < 10 => Field::AssociateCustom(number + 1),
            Field::AssociateCustom(_) => return None,
        })
    }

    #[test]
    fn every_field_of_the_enum_is_named() {
        let fields: Vec<Field> = std::iter::successors(Some(Field::BackOfficeId), |field| next(*field)).collect();
        assert_eq!(Field::all().collect::<Vec<_>>(), fields);
    }

    #[test]
    fn a_part_is_named_without_its_whole() {
        assert_eq!(Field::PrimaryAddress(Some(AddressPart::Region)).part_name(), "Region");
        assert_eq!(Field::AssociateCustom(10).part_name(), "Field10");
        assert_eq!(Field::TaxId.part_name(), "TaxId");
    }
}
