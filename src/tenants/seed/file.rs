//! The members of a seed file.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::credential::SeedCredential;
use super::entry::SeedEntry;
use super::extension::SeedExtension;
use super::population::Population;
use super::settings::{self, Counters, SeedFault};
use crate::clock::Clock;
use crate::fault_injection::MAX_RULES;
use crate::json_schema::SchemaMember;
use crate::plan::Plan;
use crate::tenants::credentials::MAX_SUBSCRIPTIONS;
use crate::webhooks::EventSettings;

/// The version of the format of seed files.
pub(in crate::tenants) const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeedFile {
    #[serde(rename = "$schema", default, skip_serializing)]
    pub(in crate::tenants) _schema: SchemaMember,
    /// The version of the format.
    #[schemars(extend("const" = VERSION))]
    #[serde(deserialize_with = "version")]
    pub(in crate::tenants) version: u32,
    pub(in crate::tenants) tenants: Vec<SeedTenant>,
}

fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let version = u32::deserialize(deserializer)?;
    if version == VERSION { Ok(version) } else { Err(D::Error::custom(format!("the version must be {VERSION}"))) }
}

/// A tenant of a seed file.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeedTenant {
    /// Unique in the database.
    #[schemars(regex(pattern = r"^[0-9A-Za-z][0-9A-Za-z._-]{0,62}$"))]
    pub(in crate::tenants) name: String,
    #[schemars(length(max = MAX_SUBSCRIPTIONS))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::tenants) keys: Vec<SeedCredential>,
    /// What differs from the default.
    #[serde(default, serialize_with = "settings::changed_entries", skip_serializing_if = "settings::is_default")]
    pub(in crate::tenants) plan: Plan,
    #[serde(default, skip_serializing_if = "settings::is_real")]
    pub(in crate::tenants) clock: Clock,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::tenants) extension: Option<SeedExtension>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::tenants) events: Option<EventSettings>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MAX_RULES))]
    pub(in crate::tenants) faults: Vec<SeedFault>,
    #[serde(default, skip_serializing_if = "Counters::are_zero")]
    pub(in crate::tenants) counters: Counters,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::tenants) customers: Vec<SeedEntry>,
    #[serde(skip_serializing)]
    pub(in crate::tenants) population: Option<Population>,
}

/// A tenant of a seed file without name and credentials, which an existing tenant keeps. An existing tenant also keeps its plan if
/// this has none.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedContents {
    #[serde(default, rename = "$schema")]
    pub(super) _schema: SchemaMember,
    pub(in crate::tenants) plan: Option<Plan>,
    #[serde(default)]
    pub(super) clock: Clock,
    pub(super) extension: Option<SeedExtension>,
    pub(super) events: Option<EventSettings>,
    #[serde(default)]
    pub(super) faults: Vec<SeedFault>,
    #[serde(default)]
    pub(super) counters: Counters,
    #[serde(default)]
    pub(super) customers: Vec<SeedEntry>,
    pub(super) population: Option<Population>,
}

impl SeedContents {
    /// The number of customers.
    pub(in crate::tenants) fn size(&self) -> u64 {
        self.customers.len() as u64 + self.population.as_ref().map_or(0, Population::size)
    }
}

impl From<SeedTenant> for SeedContents {
    /// A tenant of a file without a plan has the default plan.
    fn from(tenant: SeedTenant) -> Self {
        let SeedTenant { name: _, keys: _, plan, clock, extension, events, faults, counters, customers, population } =
            tenant;
        Self {
            _schema: SchemaMember,
            plan: Some(plan),
            clock,
            extension,
            events,
            faults,
            counters,
            customers,
            population,
        }
    }
}
