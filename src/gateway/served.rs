//! What a call was, for its log line and the metrics: left in the extensions of its response.

use uuid::Uuid;

use crate::tenants::Caller;

/// A call that reached an operation.
#[derive(Debug, Clone)]
pub struct Served {
    /// The operation's name.
    pub operation: &'static str,
    /// The pattern of the path that led to it.
    pub route: &'static str,
    /// The id of the request.
    pub request_id: Option<Uuid>,
    /// Whose key it came with, if it was accepted.
    pub caller: Option<Caller>,
}

impl Served {
    /// A call of an operation.
    #[must_use]
    pub fn new(operation: &'static str, route: &'static str) -> Self {
        Self { operation, route, request_id: None, caller: None }
    }
}
