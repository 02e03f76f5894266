//! Compares the emulator with a real service: scenarios and recordings, differences, and the plan that explains them.

mod compare;
mod exchange;
mod run;
mod scenario;
mod service;

pub use compare::{Difference, DifferenceKind};
pub use exchange::{Exchange, Request, Response};
pub use run::{Outcome, RunError, RunNames};
pub(crate) use run::{Event, run};
pub use scenario::{Comparison, Scenario, ScenarioError, built_in};
pub use service::{Service, ServiceError, ServiceKey};
