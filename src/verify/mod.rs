//! Compares the emulator with a real service: scenarios and recordings, differences, and the plan that explains them.

mod exchange;
mod har;
mod proxy;

pub use exchange::{Exchange, Request, Response};
pub use har::{
    Appended, HarError, HarFile, LeftOut, LeftOutBody, MAX_HAR_BYTES, MAX_HAR_ENTRIES, Reason, RecordedExchange,
    Recording, Stored, read_har,
};
pub use proxy::{Notice, Proxy, Summary, Target, configured};
