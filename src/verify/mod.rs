//! Compares the emulator with a real service: scenarios and recordings, differences, and the plan that explains them.

mod compare;
mod created;
mod emulator;
mod exchange;
mod explain;
mod har;
mod operations;
mod personal;
mod proxy;
mod replay;
mod report;
mod run;
mod safety;
mod scenario;
mod service;
mod verdict;

pub use compare::{Difference, DifferenceKind};
pub(crate) use created::CreatedList;
pub use emulator::EmulatorError;
pub(crate) use emulator::{Emulator, Fork};
pub use exchange::{Exchange, Request, Response};
pub use explain::Switch;
pub(crate) use explain::{Explanation, RealRun, Search, unknown_label};
pub use har::{
    Appended, HarError, HarFile, LeftOut, LeftOutBody, MAX_HAR_BYTES, MAX_HAR_ENTRIES, Reason, RecordedExchange,
    Recording, Stored, read_har,
};
pub(crate) use operations::operation_of;
pub use proxy::{Notice, Proxy, Summary, Target, configured};
pub(crate) use replay::{Replay, replay};
pub(crate) use report::{Counts, Gap, OperationReport, Report};
pub(crate) use run::{Event, run};
pub use run::{Outcome, RunError, RunNames};
pub use safety::{Permission, is_loopback, permission};
pub use scenario::{Comparison, Scenario, ScenarioError, built_in};
pub use service::{Service, ServiceError, ServiceKey};
pub(crate) use verdict::Inputs;
pub use verdict::Verdict;
