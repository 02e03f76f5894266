//! The errors of operations on customers, and why a write was rejected, as values. Each vendor API writes them in its own format.

use thiserror::Error;

use crate::database::DatabaseError;
use crate::extension::HookFailure;
use crate::model::Field;

#[derive(Debug, Error)]
pub enum Error {
    #[error("there is no such customer")]
    UnknownCustomer,
    #[error("the request breaks {} rules", .0.violations.len())]
    Rejected(Rejection),
    /// The built-in upgrade hook does not go from the customer's type to the requested one.
    #[error("no upgrade from type {from} to type {to:?}")]
    NoSuchUpgrade { from: i32, to: Option<i32> },
    /// The customer cannot be placed below this upline.
    #[error("the upline breaks a rule: {0:?}")]
    Placement(ViolationKind),
    /// The Client Extension rejected the request or failed to answer the hook.
    #[error(transparent)]
    Hook(HookFailure),
    /// The body of a callback cannot be read.
    #[error("the request cannot be read: {0}")]
    Unreadable(String),
    /// The command that was stored for a callback cannot be read: another version of this program wrote it.
    #[error("the callback belongs to another version of this server")]
    UnreadableCommand,
    /// Another request wrote at the same time, and this one can be tried again: the customer no longer has the version that
    /// the change is for, or the two requests waited for each other.
    #[error("another request changed the customer at the same time")]
    Changed,
    /// Another customer has the uuid that the caller chose.
    #[error("the key belongs to another customer")]
    UuidInUse,
    /// The uuid that the caller chose has the form that is derived from a customer's number.
    #[error("a key that begins with 00000000-0000-8000-8000 is derived from a customer's number and cannot be chosen")]
    UuidReserved,
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// Rejects the request if it has violations.
pub(super) fn reject(violations: Vec<Violation>) -> Result<(), Error> {
    Rejection::of(violations).map_or(Ok(()), |rejection| Err(Error::Rejected(rejection)))
}

/// One rule that one field of a request breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub field: Field,
    /// The rule that the field breaks.
    pub kind: ViolationKind,
}

/// A rule that a field can break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViolationKind {
    /// It is missing, and this customer type requires it, or every type if the type is unknown.
    Required(Option<i32>),
    /// It must have another JSON type.
    Type(&'static str),
    /// It must have another format.
    Format(&'static str),
    /// It contains a control character.
    ControlCharacter,
    /// It has more than this number of characters.
    MaxLength(usize),
    /// It is not one of these values of the tenant's plan.
    OneOf(Vec<i32>),
    /// A distributor must have at least this age in years.
    MinimumAge(u8),
    /// The password breaks the plan's rule, which the text describes.
    Password(String),
    /// Another customer has this value, which is shown unless it is secret.
    Unique(Option<String>),
    /// An address must be sent with all of its parts, and this one is missing.
    Incomplete,
    /// The operation cannot change this field.
    Unsupported,
    /// There is no such sponsor.
    SponsorUnknown(i32),
    /// The sponsor is not a distributor.
    SponsorNotDistributor(i32),
    /// The sponsor is the customer itself.
    SponsorIsSelf,
    /// The sponsor stands below the customer.
    SponsorBelow(i32),
}

impl ViolationKind {
    /// The sentence that says that a field breaks this rule. The only personal value in it is a conflicting one, but never a
    /// password or tax id.
    pub(crate) fn sentence(&self, field: &str) -> String {
        match self {
            Self::Required(Some(customer_type)) => format!("{field} is required for CustomerType {customer_type}."),
            Self::Required(None) => format!("{field} is required."),
            Self::Type(expected) => format!("{field} must be {expected}."),
            Self::Format(requirement) => format!("{field} {requirement}."),
            Self::ControlCharacter => format!("{field} must not contain control characters."),
            Self::MaxLength(length) => format!("{field} must be at most {length} characters long."),
            Self::OneOf(values) => {
                let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                format!("{field} must be one of {}.", values.join(", "))
            }
            Self::MinimumAge(years) => format!("{field} must be at least {years} years ago for CustomerType 1."),
            Self::Password(requirement) => format!("{field} {requirement}."),
            Self::Unique(Some(value)) => format!("{field} '{value}' is already in use."),
            Self::Unique(None) => format!("{field} is already in use."),
            Self::Incomplete => format!("{field} must be sent with the rest of the address."),
            Self::Unsupported => format!("{field} cannot be changed by this call."),
            Self::SponsorUnknown(id) => format!("{field} {id} is not an existing customer."),
            Self::SponsorNotDistributor(id) => format!("{field} {id} is not a customer of CustomerType 1."),
            Self::SponsorIsSelf => format!("{field} must not be the customer itself."),
            Self::SponsorBelow(id) => format!("{field} {id} stands below the customer in the sponsor tree."),
        }
    }
}

/// All violations of a request. One of the two lists is not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// In the order of the field table.
    pub violations: Vec<Violation>,
    /// The names of the companies that belong to another customer.
    pub companies: Vec<String>,
}

impl Rejection {
    /// A rejection of these violations, sorted; `None` when there are none. A field that cannot be read is not reported as missing
    /// as well.
    #[must_use]
    pub fn of(mut violations: Vec<Violation>) -> Option<Self> {
        let unreadable: Vec<Field> =
            violations.iter().filter(|violation| violation.is_unreadable()).map(|violation| violation.field).collect();
        violations.retain(|violation| {
            let is_missing = matches!(violation.kind, ViolationKind::Required(_));
            !(is_missing && (unreadable.contains(&violation.field) || unreadable.contains(&violation.field.whole())))
        });
        violations.sort_by_key(|violation| violation.field);
        (!violations.is_empty()).then_some(Self { violations, companies: Vec::new() })
    }

    /// The same with companies that belong to another customer; `None` when both lists are empty.
    #[must_use]
    pub fn with_companies(violations: Vec<Violation>, companies: Vec<String>) -> Option<Self> {
        let violations = Self::of(violations).map(|rejection| rejection.violations).unwrap_or_default();
        (!violations.is_empty() || !companies.is_empty()).then_some(Self { violations, companies })
    }
}

impl Violation {
    fn is_unreadable(&self) -> bool {
        matches!(self.kind, ViolationKind::Type(_) | ViolationKind::Format(_))
    }
}
