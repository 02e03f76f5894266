//! An event, and when it is delivered.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::settings::EventType;
use crate::fault_injection::{EventAction, TriggeredEventFault};

/// Something that happened to a customer.
#[derive(Debug)]
pub struct Event<'a> {
    /// Subscribers drop duplicates by it.
    pub id: Uuid,
    pub event_type: EventType,
    pub customer: i32,
    pub payload: &'a Value,
    pub caller: &'a str,
    pub now: DateTime<Utc>,
}

/// The state of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum DeliveryState {
    Pending,
    Delivered,
    /// Also the last retry failed.
    Failed,
    /// A fault rule prevented the delivery.
    Dropped,
}

impl DeliveryState {
    pub const ALL: [Self; 4] = [Self::Pending, Self::Delivered, Self::Failed, Self::Dropped];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}

/// When and how often an event is delivered.
#[derive(Debug)]
pub(super) struct Schedule {
    pub fault: Option<i32>,
    pub state: DeliveryState,
    pub due_at: DateTime<Utc>,
    pub copies: i32,
    /// Whether the customer's next event is delivered first.
    pub is_overtaken: bool,
}

/// How long a reordered event waits for the next one.
const REORDER_TIMEOUT: TimeDelta = TimeDelta::minutes(1);

impl Schedule {
    pub(super) fn new(fault: Option<TriggeredEventFault>, now: DateTime<Utc>) -> Self {
        let normal = Self { fault: None, state: DeliveryState::Pending, due_at: now, copies: 1, is_overtaken: false };
        let Some(TriggeredEventFault { id, rule }) = fault else { return normal };
        let normal = Self { fault: Some(id), ..normal };
        match rule.action {
            EventAction::Drop => Self { state: DeliveryState::Dropped, ..normal },
            EventAction::Duplicate => Self { copies: 2, ..normal },
            EventAction::Delay(seconds) => Self { due_at: now + TimeDelta::seconds(i64::from(seconds)), ..normal },
            EventAction::Reorder => Self { due_at: now + REORDER_TIMEOUT, is_overtaken: true, ..normal },
        }
    }
}
