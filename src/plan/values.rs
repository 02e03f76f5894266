//! The values of a plan's entries.

use std::borrow::Cow;
use std::num::NonZeroU32;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::ranges::{MAX_CALLS, MAX_PASSWORD_LENGTH, MAX_RENEWAL_SECONDS};
use crate::model::Field;

/// The status of a rejection: 500 as the operations' pages say, or 400 as the status guide says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub enum RejectionStatus {
    BadRequest,
    ServerError,
}

/// The status of an upgrade of an unknown customer: 404 as the status guide says, or 500, the only failure that the
/// upgrade's page lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub enum UnknownStatus {
    NotFound,
    ServerError,
}

/// A field that can be unique among a tenant's customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum UniqueField {
    BackOfficeId,
    EmailAddress,
    TaxId,
    Username,
    WebAlias,
}

impl UniqueField {
    #[must_use]
    pub fn field(self) -> Field {
        match self {
            Self::BackOfficeId => Field::BackOfficeId,
            Self::EmailAddress => Field::EmailAddress,
            Self::TaxId => Field::TaxId,
            Self::Username => Field::Username,
            Self::WebAlias => Field::WebAlias,
        }
    }

    /// Its bit in the column `tenants.unique_fields`.
    #[must_use]
    pub fn bit(self) -> i32 {
        match self {
            Self::BackOfficeId => 1,
            Self::EmailAddress => 2,
            Self::TaxId => 4,
            Self::Username => 8,
            Self::WebAlias => 16,
        }
    }

    /// `None` for a field that cannot be unique.
    #[must_use]
    pub fn of(field: Field) -> Option<Self> {
        match field {
            Field::BackOfficeId => Some(Self::BackOfficeId),
            Field::EmailAddress => Some(Self::EmailAddress),
            Field::TaxId => Some(Self::TaxId),
            Field::Username => Some(Self::Username),
            Field::WebAlias => Some(Self::WebAlias),
            _ => None,
        }
    }
}

/// How PATCH treats a field that it does not support.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnsupportedPatchFields {
    /// Does not change the field, and names it in a header.
    Ignore,
    Reject,
}

/// `TextPhone` of a new customer when it is not sent ("set to `PrimaryPhone` if empty": `TextNumber` of `Application`,
/// vendor's C# reference).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TextPhoneDefault {
    PrimaryPhone,
    None,
}

/// The meaning of `true` in the response of a validate operation. The vendor's pages do not define it, and one client names such a
/// check "exists".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValidatePolarity {
    /// The value is free.
    Free,
    Taken,
}

/// The spelling of a validate operation's response. One client compares it with `True`; a test double of another one sends `true`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValidateBooleans {
    /// As JSON does: `true`, `false`.
    Json,
    /// As .NET writes a boolean as text: `True`, `False`.
    Dotnet,
}

/// A number of requests in a window of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestLimit {
    /// The maximum number of requests in a window.
    #[schemars(range(min = 1, max = MAX_CALLS))]
    pub calls: NonZeroU32,
    /// The length of a window in seconds, from its first request.
    #[schemars(range(min = 1, max = MAX_RENEWAL_SECONDS))]
    pub renewal_seconds: NonZeroU32,
}

/// How a BackOfficeId is generated: the customer's id plus a seed (vendor's help, Associate Types).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BackOfficeIds {
    /// Added to the customer id.
    pub seed: u32,
    pub format: BackOfficeIdFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BackOfficeIdFormat {
    Hexadecimal,
    Decimal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordRule {
    /// In characters.
    #[schemars(range(min = 1, max = MAX_PASSWORD_LENGTH))]
    pub min_length: usize,
    /// In characters; at least `min_length`, and one for each required kind of character.
    #[schemars(range(min = 1, max = MAX_PASSWORD_LENGTH))]
    pub max_length: usize,
    /// Whether a digit is required.
    pub digit: bool,
    /// Whether a capital letter is required.
    pub capital: bool,
    /// Whether a character is required that is neither a letter nor a digit.
    pub symbol: bool,
}

impl Default for BackOfficeIds {
    fn default() -> Self {
        Self { seed: 90_000, format: BackOfficeIdFormat::Hexadecimal }
    }
}

impl Default for PasswordRule {
    fn default() -> Self {
        Self { min_length: 8, max_length: 30, digit: true, capital: true, symbol: false }
    }
}

impl PasswordRule {
    /// Accepts any password of up to 100 characters.
    pub(super) const ANY: Self = Self { min_length: 1, max_length: 100, digit: false, capital: false, symbol: false };
}

macro_rules! status_numbers {
    ($name:ident { $($variant:ident = $number:literal),* }) => {
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "integer", "enum": [$($number),*] })
            }
        }

        impl From<$name> for u16 {
            fn from(status: $name) -> Self {
                match status {
                    $($name::$variant => $number,)*
                }
            }
        }

        impl TryFrom<u16> for $name {
            type Error = String;

            fn try_from(number: u16) -> Result<Self, String> {
                match number {
                    $($number => Ok(Self::$variant),)*
                    _ => Err(format!("it is not one of {:?}", [$($number),*])),
                }
            }
        }
    };
}

status_numbers!(RejectionStatus { BadRequest = 400, ServerError = 500 });
status_numbers!(UnknownStatus { NotFound = 404, ServerError = 500 });
