//! Writes events to the outbox, in the transaction of the change.

use super::event::{Event, Schedule};
use super::settings::EventSettings;
use super::store;
use crate::database::{Database, DatabaseError, TenantId};
use crate::fault_injection;

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
