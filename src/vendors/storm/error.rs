//! Why a request fails, as values: [`StormError`], and the vendor's error codes within it.

use serde::Serialize;

use crate::customers;
use crate::database::DatabaseError;
use crate::gateway::BrokenBody;

/// Why an operation fails.
#[derive(Debug)]
pub(crate) enum StormError {
    /// The framework cannot read the request, so it reaches no operation. The text says why.
    Unreadable(String),
    /// The same, because the Content-Encoding of the body is not supported.
    UnsupportedEncoding(String),
    Rejected(Vec<Rejection>),
    Customers(customers::Error),
}

/// One reason why a request is rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejection {
    pub(super) code: ErrorCode,
    /// A sentence that the end user may see: it never contains an SSN or a password.
    pub(super) text: String,
}

/// The codes of the UpdateCustomer page in its order, then those that are chosen because none is published for the case. The
/// vendor calls a code a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) enum ErrorCode {
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

impl ErrorCode {
    pub(super) fn name(self) -> String {
        format!("{self:?}")
    }

    /// The sentence for a rejection that has no details.
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

impl Rejection {
    /// A rejection with a sentence of its own.
    pub(super) fn new(code: ErrorCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

impl From<ErrorCode> for Rejection {
    fn from(code: ErrorCode) -> Self {
        Self::new(code, code.text())
    }
}

impl From<ErrorCode> for StormError {
    fn from(code: ErrorCode) -> Self {
        Self::Rejected(vec![code.into()])
    }
}

impl From<BrokenBody> for StormError {
    fn from(error: BrokenBody) -> Self {
        match error {
            BrokenBody::Unsupported(why) => Self::UnsupportedEncoding(why),
            BrokenBody::Incomplete(_) | BrokenBody::Undecodable(_) => Self::Unreadable(error.to_string()),
        }
    }
}

impl From<DatabaseError> for StormError {
    fn from(error: DatabaseError) -> Self {
        Self::Customers(customers::Error::Database(error))
    }
}
