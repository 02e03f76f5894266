//! Writing events, in the transaction of the change.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::settings::{EventSettings, EventType};
use super::store;
use crate::database::{Database, DatabaseError, TenantId};

/// Something that happened to a customer.
#[derive(Debug)]
pub struct Event<'a> {
    /// By which subscribers drop duplicates.
    pub id: Uuid,
    /// What it was.
    pub event_type: EventType,
    /// The customer.
    pub customer: i32,
    /// What subscribers are told.
    pub body: &'a Value,
    /// Who made the change.
    pub caller: &'a str,
    /// When it happened.
    pub now: DateTime<Utc>,
}

/// Puts an event into the outbox, for every address that hears of it. Only within the transaction of the change, which holds
/// the customer's row: that is what puts a customer's events in order.
///
/// # Errors
/// When the database fails.
pub async fn append(
    within: &Database,
    tenant: TenantId,
    settings: &EventSettings,
    event: &Event<'_>,
) -> Result<(), DatabaseError> {
    let addresses = settings.addresses(event.event_type);
    if addresses.is_empty() {
        return Ok(());
    }
    let body = event.body.to_string();
    let mut session = within.session().await?;
    let appended = store::append(session.connection(), tenant, &addresses, event, &body).await;
    session.end(appended)
}
