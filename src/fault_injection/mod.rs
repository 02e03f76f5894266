//! Failures on purpose: rules that a tenant arms, and which of its calls and events meet them.
//!
//! A rule counts the calls that come under it in the database, so that "the first three" are three over all servers. This
//! floor knows no operations; who arms a rule says which there are.

mod dice;
mod rule;
mod store;

pub use dice::Dice;
pub use rule::{Answer, Delay, EventDeed, EventRule, Point, RequestRule, Rule, RuleError, When};
pub use store::{
    ActiveFault, Fired, FiredEvent, Listed, arm, disarm, disarm_all, fire, fire_event, list, of_tenant, restore,
};
