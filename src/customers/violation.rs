//! Why a write was rejected, as values. A vendor API turns them into its own bytes.

use crate::model::Field;

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub field: Field,
    /// The rule that the field breaks.
    pub kind: ViolationKind,
}

/// A rule that a field can break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViolationKind {
    /// It must be there, for this customer type if the type is known.
    Required(Option<i32>),
    /// It must have another JSON type.
    Type(&'static str),
    /// It must be written in another way.
    Format(&'static str),
    /// It holds a control character.
    ControlCharacter,
    /// It has more than this number of characters.
    MaxLength(usize),
    /// It is none of the values that this tenant knows.
    OneOf(Vec<i32>),
    /// A distributor must have at least this age in years.
    MinimumAge(u8),
    /// The password breaks the plan's rule, which the text describes.
    Password(String),
    /// Another customer has this value, which is shown unless it is secret.
    Unique(Option<String>),
    /// An address is sent with all of its parts: this one is missing.
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
    /// The sentence that says that a field breaks this rule. It repeats no personal value but the one that collides, and never a
    /// password or tax id.
    pub(crate) fn sentence(&self, field: &str) -> String {
        match self {
            Self::Required(Some(customer_type)) => format!("{field} is required for CustomerType {customer_type}."),
            Self::Required(None) => format!("{field} is required."),
            Self::Type(wanted) => format!("{field} must be {wanted}."),
            Self::Format(wanted) => format!("{field} {wanted}."),
            Self::ControlCharacter => format!("{field} must not contain control characters."),
            Self::MaxLength(longest) => format!("{field} must be at most {longest} characters long."),
            Self::OneOf(known) => {
                let known: Vec<String> = known.iter().map(ToString::to_string).collect();
                format!("{field} must be one of {}.", known.join(", "))
            }
            Self::MinimumAge(years) => format!("{field} must be at least {years} years ago for CustomerType 1."),
            Self::Password(wanted) => format!("{field} {wanted}."),
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

/// All that is wrong with a request, in the order of the field table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// What is wrong with fields.
    pub violations: Vec<Violation>,
    /// The companies that another customer has, by name. One of the two lists is not empty.
    pub companies: Vec<String>,
}

impl Rejection {
    /// A rejection of these violations, brought into the order of the field table; `None` when there are none. A field that
    /// could not be read is not also called missing.
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

    /// The same with companies that another customer has; `None` when nothing is wrong.
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
