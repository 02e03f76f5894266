//! Injected faults: rules that a tester adds to a tenant, and the requests and events that trigger them.
//!
//! The database counts the requests that a rule matches, so that "the first three" are three across all servers. This module does
//! not know which operations there are; the caller of [`add`] checks their names.

mod dice;
mod rule;
mod sentence;
mod store;

pub use dice::Dice;
pub use rule::{Delay, EventAction, EventRule, FaultResponse, FaultRule, Point, RequestRule, RuleError, When};
pub use store::{
    ActiveFault, FaultListing, MAX_RULES, TriggeredEventFault, TriggeredFault, add, delete, delete_all, list,
    of_tenant, restore, trigger, trigger_event,
};
