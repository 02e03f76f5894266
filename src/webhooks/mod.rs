//! Events: what changed, told to whoever subscribed, at least once and for each customer in order.
//!
//! An event is written to the outbox in the transaction of the change, and delivered after it by whichever server comes
//! first. This floor knows no customers.

mod outbox;
mod payload;
mod settings;
mod store;
mod worker;

pub use outbox::{Event, append};
pub use payload::payload;
pub use settings::{EventSettings, EventType, Subscription};
pub use store::{DeliveryListing, list, resend};
pub use worker::Deliveries;
