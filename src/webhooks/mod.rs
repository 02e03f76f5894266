//! Webhooks: the delivery of events to subscribers, at least once and in order for each customer.
//!
//! An event is written to the outbox in the transaction of the change. Any server delivers it afterwards. This module does not know
//! customers.

mod event;
mod outbox;
mod payload;
mod queue;
mod settings;
mod slots;
mod store;
mod worker;

pub use event::{DeliveryState, Event};
pub use outbox::append;
pub use payload::payload;
pub use settings::{EventSettings, EventType, Subscription};
pub use store::{AttemptListing, DeliveryListing, DueListing, attempts, due_next, list, resend};
pub use worker::Deliveries;
