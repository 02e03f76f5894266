//! Everything that a tenant can make grow has a limit. Each test fills one, and sees the rejection and that nothing changed.

mod control;
mod journal;
mod kept;
mod memory;
mod plans;
mod vendors;
mod webhooks;
