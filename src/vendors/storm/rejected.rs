//! Why a call was rejected: a key of the vendor's, which programs read, and a text, which people read.

use serde::Serialize;

/// The keys of the seed page in its order, then those that are chosen because no key is published for the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) enum Key {
    AccountAlreadyExists,
    CompanyAlreadyExists,
    CustomerAlreadyExists,
    CustomerMissing,
    InvalidCompanyName,
    InvalidEmail,
    DeliveryAddressZipMissing,
    DeliveryAddressCityMissing,
    DeliveryAddressCountryMissing,
    InvoiceAddressZipMissing,
    InvoiceAddressCityMissing,
    InvoiceAddressCountryMissing,
    InvalidLength,
    InvalidValue,
    InvalidCharacter,
    InvalidPassword,
    UnknownId,
    UpdatedByMissing,
}

impl Key {
    pub(super) fn name(self) -> String {
        format!("{self:?}")
    }

    /// What it says where nothing more can be said.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::AccountAlreadyExists => "The account already exists.",
            Self::CompanyAlreadyExists => {
                "There already exists a company with the specified organizational number and name."
            }
            Self::CustomerAlreadyExists => "There already exists a customer with the specified email.",
            Self::CustomerMissing => "The customer is missing.",
            Self::InvalidCompanyName => "The name of a company is missing.",
            Self::InvalidEmail => "The email is invalid.",
            Self::DeliveryAddressZipMissing => "The zip code of a delivery address is missing.",
            Self::DeliveryAddressCityMissing => "The city of a delivery address is missing.",
            Self::DeliveryAddressCountryMissing => "The country of a delivery address is missing.",
            Self::InvoiceAddressZipMissing => "The zip code of the invoice address is missing.",
            Self::InvoiceAddressCityMissing => "The city of the invoice address is missing.",
            Self::InvoiceAddressCountryMissing => "The country of the invoice address is missing.",
            Self::InvalidLength => "A value is too long.",
            Self::InvalidValue => "A value is invalid.",
            Self::InvalidCharacter => "A value contains a character that is not allowed.",
            Self::InvalidPassword => "The password is invalid.",
            Self::UnknownId => "An Id is unknown.",
            Self::UpdatedByMissing => "The parameter updatedBy is missing.",
        }
    }
}

/// One thing that is wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejected {
    pub(super) key: Key,
    /// For people: may be shown to the end user, so that it never holds an SSN or a password.
    pub(super) text: String,
}

impl Rejected {
    /// A rejection in words of its own.
    pub(super) fn new(key: Key, text: impl Into<String>) -> Self {
        Self { key, text: text.into() }
    }
}

impl From<Key> for Rejected {
    fn from(key: Key) -> Self {
        Self::new(key, key.text())
    }
}
