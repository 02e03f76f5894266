//! directscale-emulator: an unofficial emulator of DirectScale's customer API on a real Postgres.
//!
//! The tour, from the door inwards: [`server`] listens and routes, [`gateway`] asks for a subscription key, a dialect
//! ([`directscale`]) turns HTTP into calls of the domain, [`customers`] holds the rules and the SQL, [`hooks`] is where a
//! Client Extension may step in, [`tenants`] is what a key opens, [`database`] is Postgres. `docs/ARCHITECTURE.md` has
//! the whole house on one page.

pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod customers;
pub mod database;
pub mod error_chain;
pub mod extension;
pub mod fault_injection;
pub mod gateway;
pub mod journal;
pub mod model;
pub mod outgoing;
pub mod plan;
pub mod random;
pub mod secret;
pub mod server;
pub mod tasks;
pub mod tenants;
pub mod vendors;
pub mod webhooks;
pub mod wire;
