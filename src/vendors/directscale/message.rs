//! Words of DirectScale's API that the rules themselves do not have.

use crate::customers::ViolationKind;
use crate::model::Field;
use crate::plan::Plan;

/// The sentence that says why a customer cannot stand below the one whom a parameter names; in whichever tree.
pub(super) fn placement(parameter: &str, rule: &ViolationKind) -> String {
    match rule {
        ViolationKind::SponsorBelow(id) => format!("{parameter} {id} stands below the customer in the tree."),
        other => other.sentence(parameter),
    }
}

/// The name of the rule, for programs.
pub(super) fn rule(rule: &ViolationKind) -> &'static str {
    match rule {
        ViolationKind::Required(_) => "required",
        ViolationKind::Type(_) => "type",
        ViolationKind::Format(_) => "format",
        ViolationKind::ControlCharacter => "controlCharacter",
        ViolationKind::MaxLength(_) => "maxLength",
        ViolationKind::OneOf(_) => "oneOf",
        ViolationKind::MinimumAge(_) => "minimumAge",
        ViolationKind::Password(_) => "passwordRule",
        ViolationKind::Unique(_) => "unique",
        ViolationKind::Incomplete => "incomplete",
        ViolationKind::Unsupported => "unsupported",
        ViolationKind::SponsorUnknown(_) => "sponsorUnknown",
        ViolationKind::SponsorNotDistributor(_) => "sponsorNotDistributor",
        ViolationKind::SponsorIsSelf => "sponsorIsSelf",
        ViolationKind::SponsorBelow(_) => "sponsorBelow",
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
