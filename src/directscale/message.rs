//! The words for each fault. The vendor publishes none; these are ours. They repeat no personal value but the one that
//! collides, and never a password or tax id.

use crate::customers::Rule;
use crate::field::Field;
use crate::plan::Plan;

/// The sentence that says which rule a field breaks.
pub(super) fn sentence(field: &str, rule: &Rule) -> String {
    match rule {
        Rule::Required(Some(customer_type)) => format!("{field} is required for CustomerType {customer_type}."),
        Rule::Required(None) => format!("{field} is required."),
        Rule::Type(wanted) => format!("{field} must be {wanted}."),
        Rule::Format(wanted) => format!("{field} {wanted}."),
        Rule::ControlCharacter => format!("{field} must not contain control characters."),
        Rule::MaxLength(longest) => format!("{field} must be at most {longest} characters long."),
        Rule::OneOf(known) => {
            let known: Vec<String> = known.iter().map(ToString::to_string).collect();
            format!("{field} must be one of {}.", known.join(", "))
        }
        Rule::MinimumAge(years) => format!("{field} must be at least {years} years ago for CustomerType 1."),
        Rule::Password(wanted) => format!("{field} {wanted}."),
        Rule::Unique(Some(value)) => format!("{field} '{value}' is already in use."),
        Rule::Unique(None) => format!("{field} is already in use."),
        Rule::Incomplete => format!("{field} must be sent with the rest of the address."),
        Rule::Unsupported => format!("{field} cannot be changed by this call."),
        Rule::SponsorUnknown(id) => format!("{field} {id} is not an existing customer."),
        Rule::SponsorNotDistributor(id) => format!("{field} {id} is not a customer of CustomerType 1."),
        Rule::SponsorIsSelf => format!("{field} must not be the customer itself."),
        Rule::SponsorBelow(id) => format!("{field} {id} stands below the customer in the sponsor tree."),
    }
}

/// The sentence that says why a customer cannot stand below the one whom a parameter names; in whichever tree.
pub(super) fn placement(parameter: &str, rule: &Rule) -> String {
    match rule {
        Rule::SponsorBelow(id) => format!("{parameter} {id} stands below the customer in the tree."),
        other => sentence(parameter, other),
    }
}

/// The name of the rule, for programs.
pub(super) fn rule(rule: &Rule) -> &'static str {
    match rule {
        Rule::Required(_) => "required",
        Rule::Type(_) => "type",
        Rule::Format(_) => "format",
        Rule::ControlCharacter => "controlCharacter",
        Rule::MaxLength(_) => "maxLength",
        Rule::OneOf(_) => "oneOf",
        Rule::MinimumAge(_) => "minimumAge",
        Rule::Password(_) => "passwordRule",
        Rule::Unique(_) => "unique",
        Rule::Incomplete => "incomplete",
        Rule::Unsupported => "unsupported",
        Rule::SponsorUnknown(_) => "sponsorUnknown",
        Rule::SponsorNotDistributor(_) => "sponsorNotDistributor",
        Rule::SponsorIsSelf => "sponsorIsSelf",
        Rule::SponsorBelow(_) => "sponsorBelow",
    }
}

/// What the built-in upgrade hook says to a move that it does not make ("This call only upgrades from Customer (type 2) to
/// Distributor (type 1)", DirectScale, Upgrade Customer page).
pub(super) fn no_such_upgrade(from: i32, to: Option<i32>, plan: &Plan) -> String {
    let to = to.map_or_else(|| "none".to_owned(), |to| to.to_string());
    let allowed: Vec<String> = plan.upgrade_transitions.iter().map(|(from, to)| format!("{from} to {to}")).collect();
    let allowed = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
    let field = Field::CustomerType;
    format!("An upgrade from {field} {from} to {field} {to} was asked for; allowed: {allowed}.")
}
