//! Which requests of the journal somebody looks for.

use serde::Deserialize;
use uuid::Uuid;

use super::raw::{Kept, Numbered};

/// Selects requests that match all criteria that are set.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub operation: Option<String>,
    pub status: Option<StatusFilter>,
    pub customer: Option<i32>,
    pub request_id: Option<Uuid>,
    /// Only requests with a higher number.
    pub since: Option<u64>,
}

/// `404`, or a class such as `4xx`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum StatusFilter {
    Exactly(u16),
    /// The first digit.
    Class(u16),
}

impl TryFrom<String> for StatusFilter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let failed = || "must be a status such as 404, or a class such as 4xx".to_owned();
        match text.strip_suffix("xx") {
            Some(class) => class.parse().ok().filter(|class| (1..=5).contains(class)).map(Self::Class),
            None => text.parse().ok().filter(|status| (100..=599).contains(status)).map(Self::Exactly),
        }
        .ok_or_else(failed)
    }
}

impl std::fmt::Display for StatusFilter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exactly(status) => write!(formatter, "{status}"),
            Self::Class(class) => write!(formatter, "{class}xx"),
        }
    }
}

impl Filter {
    /// `customer` is that of a request; see [`Kept::customer`].
    pub(super) fn matches(&self, numbered: &Numbered, customer: impl FnOnce(&Kept) -> Option<i32>) -> bool {
        let Numbered { number, kept } = numbered;
        let request = &kept.request;
        let has_status = |status: StatusFilter| match status {
            StatusFilter::Exactly(status) => request.status == Some(status),
            StatusFilter::Class(class) => request.status.is_some_and(|status| status / 100 == class),
        };
        self.operation.as_ref().is_none_or(|operation| operation == request.operation)
            && self.status.is_none_or(has_status)
            && self.request_id.is_none_or(|id| request.request_id == id)
            && self.since.is_none_or(|since| *number > since)
            && self.customer.is_none_or(|wanted| customer(kept) == Some(wanted))
    }
}
