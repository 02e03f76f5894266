//! Writes events to the outbox, in the transaction of the change.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::settings::{EventSettings, EventType};
use super::store::{self, DeliveryState};
use crate::database::{Database, DatabaseError, TenantId};
use crate::fault_injection::{self, EventAction, TriggeredEventFault};

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

/// Writes an event for each of its subscribers. The caller's transaction must hold the customer's row, which puts the events of a
/// customer in order. With `has_faults` a fault rule may change the deliveries.
///
/// # Errors
/// When the database fails.
pub async fn append(
    database: &Database,
    tenant: TenantId,
    settings: &EventSettings,
    has_faults: bool,
    event: &Event<'_>,
) -> Result<(), DatabaseError> {
    let urls = settings.subscribers(event.event_type);
    if urls.is_empty() {
        return Ok(());
    }
    let payload = event.payload.to_string();
    database
        .run(async |connection| {
            let fault = if has_faults {
                fault_injection::trigger_event(connection, tenant, event.event_type.name()).await?
            } else {
                None
            };
            let schedule = Schedule::new(fault, event.now);
            store::append(connection, tenant, &urls, event, &payload, &schedule).await
        })
        .await
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
    fn new(fault: Option<TriggeredEventFault>, now: DateTime<Utc>) -> Self {
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
