//! What a call was, for its log line and the metrics: left in the extensions of its response.

use std::sync::OnceLock;

use uuid::Uuid;

use crate::tenants::Caller;

/// A call that reached an operation.
#[derive(Debug, Clone)]
pub struct Served {
    pub operation: &'static str,
    /// The pattern of the path that led to it.
    pub route: &'static str,
    /// The id of the request.
    pub request_id: Option<Uuid>,
    /// Whose key it came with, if it was accepted.
    pub caller: Option<Caller>,
    /// The number of the fault that it met.
    pub fault: Option<i32>,
    /// What becomes of its answer.
    pub ending: Ending,
    /// Why it was rejected, once it ended: the first reason. It can hold what the caller sent.
    pub reason: OnceLock<String>,
}

/// What becomes of an answer on its way to the caller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ending {
    #[default]
    Whole,
    /// The connection is reset instead.
    Reset,
    /// The connection is closed instead.
    Empty,
    /// The connection is closed in the middle of its body.
    Cut,
}

impl Served {
    /// A call of an operation.
    #[must_use]
    pub fn new(operation: &'static str, route: &'static str) -> Self {
        Self {
            operation,
            route,
            request_id: None,
            caller: None,
            fault: None,
            ending: Ending::Whole,
            reason: OnceLock::new(),
        }
    }
}
