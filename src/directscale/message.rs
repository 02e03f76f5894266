//! Words of DirectScale's API that the rules themselves do not have.

use crate::customers::Rule;
use crate::field::Field;
use crate::plan::Plan;

/// The sentence that says why a customer cannot stand below the one whom a parameter names; in whichever tree.
pub(super) fn placement(parameter: &str, rule: &Rule) -> String {
    match rule {
        Rule::SponsorBelow(id) => format!("{parameter} {id} stands below the customer in the tree."),
        other => other.sentence(parameter),
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
