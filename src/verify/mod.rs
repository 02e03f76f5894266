//! Compares the emulator with a real service: scenarios and recordings, differences, and the plan that explains them.

mod exchange;

pub use exchange::{Exchange, Request, Response};
