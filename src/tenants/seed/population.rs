//! A generated population in a seed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::customers::{self, TreeShape};

/// The maximum number of customers of one population.
const MAX_SIZE: u64 = 2_000_000;

/// Generated customers. The same random seed generates the same customers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Population {
    #[serde(default)]
    #[schemars(range(max = MAX_SIZE))]
    distributors: u32,
    #[serde(default)]
    #[schemars(range(max = MAX_SIZE))]
    retail: u32,
    #[serde(default)]
    #[schemars(range(max = MAX_SIZE))]
    preferred: u32,
    #[serde(default)]
    shape: Shape,
    /// The same random seed generates the same customers.
    #[serde(default)]
    random_seed: u64,
}

/// The form of the sponsor tree.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Shape {
    /// Each distributor is below a random earlier one.
    #[default]
    Unilevel,
    /// Each distributor is below the previous one.
    Line,
    /// Each distributor is below the first one.
    Flat,
}

impl Population {
    pub(super) fn size(&self) -> u64 {
        u64::from(self.distributors) + u64::from(self.retail) + u64::from(self.preferred)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.size() > MAX_SIZE {
            return Err(format!("population: at most {MAX_SIZE} customers are generated, not {}", self.size()));
        }
        if self.distributors == 0 && self.size() > 0 {
            return Err("population: the others need at least one distributor as their sponsor".to_owned());
        }
        Ok(())
    }
}

impl From<Population> for customers::Population {
    fn from(population: Population) -> Self {
        let Population { distributors, retail, preferred, shape, random_seed } = population;
        let shape = match shape {
            Shape::Unilevel => TreeShape::Unilevel,
            Shape::Line => TreeShape::Line,
            Shape::Flat => TreeShape::Flat,
        };
        Self { distributors, retail, preferred, shape, random_seed }
    }
}
