//! Writing events, in the transaction of the change.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::settings::{EventSettings, EventType};
use super::store;
use crate::database::{Database, DatabaseError, TenantId};
use crate::fault_injection::{self, EventAction, TriggeredEventFault};

/// Something that happened to a customer.
#[derive(Debug)]
pub struct Event<'a> {
    /// By which subscribers drop duplicates.
    pub id: Uuid,
    pub event_type: EventType,
    pub customer: i32,
    pub body: &'a Value,
    pub caller: &'a str,
    pub now: DateTime<Utc>,
}

/// Puts an event into the outbox, for every address that hears of it. Only within the transaction of the change, which holds
/// the customer's row: that is what puts a customer's events in order. Where rules for failures are armed (`has_faults`), one
/// may decide what becomes of it.
///
/// # Errors
/// When the database fails.
pub async fn append(
    within: &Database,
    tenant: TenantId,
    settings: &EventSettings,
    has_faults: bool,
    event: &Event<'_>,
) -> Result<(), DatabaseError> {
    let addresses = settings.addresses(event.event_type);
    if addresses.is_empty() {
        return Ok(());
    }
    let body = event.body.to_string();
    let mut session = within.session().await?;
    let fired = if has_faults {
        fault_injection::trigger_event(session.connection(), tenant, event.event_type.name()).await?
    } else {
        None
    };
    let fate = Fate::of(fired, event.now);
    let appended = store::append(session.connection(), tenant, &addresses, event, &body, &fate).await;
    session.end(appended)
}

/// What a fault makes of an event's deliveries.
#[derive(Debug)]
pub(super) struct Fate {
    pub fault: Option<i32>,
    pub state: &'static str,
    pub due_at: DateTime<Utc>,
    pub copies: i32,
    pub is_overtaken: bool,
}

/// How long an event waits for the next one to overtake it.
const TIMEOUT: TimeDelta = TimeDelta::minutes(1);

impl Fate {
    fn of(fired: Option<TriggeredEventFault>, now: DateTime<Utc>) -> Self {
        let none = Self { fault: None, state: "pending", due_at: now, copies: 1, is_overtaken: false };
        let Some(TriggeredEventFault { id, rule }) = fired else { return none };
        let none = Self { fault: Some(id), ..none };
        match rule.action {
            EventAction::Drop => Self { state: "lost", ..none },
            EventAction::Duplicate => Self { copies: 2, ..none },
            EventAction::Delay(seconds) => Self { due_at: now + TimeDelta::seconds(i64::from(seconds)), ..none },
            EventAction::Reorder => Self { due_at: now + TIMEOUT, is_overtaken: true, ..none },
        }
    }
}
