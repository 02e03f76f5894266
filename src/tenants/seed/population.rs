//! A generated population of a seed.

use serde::Deserialize;

use crate::customers::{self, TreeShape};

/// The most customers that are generated at once.
const MOST: u64 = 2_000_000;

/// So many customers, made up from a number: the same number makes the same customers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Population {
    #[serde(default)]
    distributors: u32,
    #[serde(default)]
    retail: u32,
    #[serde(default)]
    preferred: u32,
    #[serde(default)]
    shape: Shape,
    #[serde(default)]
    seed: u64,
}

/// How the distributors stand in the sponsor tree.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Shape {
    /// Each below any one of those before it.
    #[default]
    Unilevel,
    /// Each below the one before it.
    Line,
    Flat,
}

impl Population {
    pub(super) fn size(&self) -> u64 {
        u64::from(self.distributors) + u64::from(self.retail) + u64::from(self.preferred)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.size() > MOST {
            return Err(format!("population: at most {MOST} customers are generated, not {}", self.size()));
        }
        if self.distributors == 0 && self.size() > 0 {
            return Err("population: the others need at least one distributor as their sponsor".to_owned());
        }
        Ok(())
    }
}

impl From<Population> for customers::Population {
    fn from(population: Population) -> Self {
        let Population { distributors, retail, preferred, shape, seed } = population;
        let shape = match shape {
            Shape::Unilevel => TreeShape::Unilevel,
            Shape::Line => TreeShape::Line,
            Shape::Flat => TreeShape::Flat,
        };
        Self { distributors, retail, preferred, shape, random_seed: seed }
    }
}
