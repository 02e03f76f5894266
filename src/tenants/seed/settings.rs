//! The settings in a seed: plan, clock, fault rules and counters.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::entry::{LAST_ID, check_id};
use crate::clock::Clock;
use crate::fault_injection::{FaultListing, FaultRule};
use crate::json_schema::DateTimeText;
use crate::plan::Plan;

/// The last numbers that were assigned, if they are higher than those of the seed's customers and companies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::tenants) struct Counters {
    #[schemars(range(min = 0, max = LAST_ID))]
    pub(in crate::tenants) customers: i32,
    #[schemars(range(min = 0, max = LAST_ID))]
    pub(in crate::tenants) companies: i32,
}

impl Counters {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    pub(super) fn are_zero(&self) -> bool {
        *self == Self::default()
    }

    /// Checks that numbers are left for what is created afterwards.
    pub(super) fn check(self) -> Result<(), String> {
        for (name, last) in [("customers", self.customers), ("companies", self.companies)] {
            if !(0..=LAST_ID).contains(&last) {
                return Err(format!("counters.{name} must be from 0 to {LAST_ID}"));
            }
        }
        Ok(())
    }
}

/// A fault rule.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::tenants) struct SeedFault {
    /// The default is the next number.
    #[serde(default)]
    #[schemars(range(min = 1, max = LAST_ID))]
    id: Option<i32>,
    rule: FaultRule,
    /// The number of requests or events that the rule matched.
    #[serde(default)]
    matched: u64,
    #[serde(default)]
    triggered: u64,
    /// The default is the time at which the seed is loaded.
    #[serde(default = "real_now")]
    #[schemars(with = "DateTimeText")]
    created_at: DateTime<Utc>,
}

impl SeedFault {
    pub(super) fn check(&self) -> Result<(), String> {
        self.rule.check_length().map_err(|error| format!("faults: {error}"))?;
        self.id.map_or(Ok(()), check_id).map_err(|why| format!("faults: {why}"))
    }
}

impl From<FaultListing> for SeedFault {
    fn from(listed: FaultListing) -> Self {
        let FaultListing { id, rule, matched, triggered, created_at } = listed;
        Self { id: Some(id), rule, matched, triggered, created_at }
    }
}

/// The fault rules with their numbers.
pub(super) fn numbered(faults: Vec<SeedFault>) -> Vec<FaultListing> {
    let mut last = 0;
    let numbered = faults.into_iter().map(|SeedFault { id, rule, matched, triggered, created_at }| {
        let id = id.unwrap_or(last + 1);
        last = id.max(last);
        FaultListing { id, rule, matched, triggered, created_at }
    });
    numbered.collect()
}

fn real_now() -> DateTime<Utc> {
    Clock::Real.now()
}

pub(super) fn is_default(plan: &Plan) -> bool {
    *plan == Plan::default()
}

pub(super) fn is_real(clock: &Clock) -> bool {
    *clock == Clock::Real
}

/// Writes the entries of a plan that differ from the default.
pub(super) fn changed_entries<S: Serializer>(plan: &Plan, serializer: S) -> Result<S::Ok, S::Error> {
    let entries = |plan: &Plan| match serde_json::to_value(plan) {
        Ok(Value::Object(entries)) => entries,
        _ => Map::new(),
    };
    let default = entries(&Plan::default());
    let changed: Map<String, Value> =
        entries(plan).into_iter().filter(|(name, value)| default.get(name) != Some(value)).collect();
    changed.serialize(serializer)
}
