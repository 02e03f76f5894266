//! directscale-emulator: an unofficial emulator of DirectScale's customer API, and of two related vendors' APIs, on Postgres.
//!
//! A tour in the order of one request:
//!
//! 1. [`cli`] and [`config`]: arguments and settings; `serve` starts the server.
//! 2. [`server`]: listener, connections, routes, access log, metrics.
//! 3. [`gateway`]: one pipeline for every request of a vendor API. It authenticates, limits, reads the body, injects faults
//!    ([`fault_injection`]), runs the handler and records the request in the [`journal`].
//! 4. [`vendors`]: one folder per vendor API. Its handlers translate between HTTP and the domain; [`wire`] has the formats that
//!    vendors share.
//! 5. [`customers`]: the domain. Validation, commands, trees, and their SQL. [`model`] has the table of a customer's fields,
//!    [`plan`] has a tenant's rules, [`vendor_facts`] has what lower layers need to know about a vendor.
//! 6. [`extension`]: calls the hooks of a Client Extension. [`webhooks`]: delivers events from the outbox.
//! 7. [`tenants`]: credentials, limits, seeds, snapshots and clocks of tenants.
//! 8. [`database`]: pool, transactions, migrations, embedded Postgres. [`servers`]: the servers of one database.
//!
//! [`control`] is the control API and the inspector under `/_emulator`, and [`tasks`] runs its long work. [`outgoing`] sends
//! HTTP requests to tenants' addresses. [`verify`] compares this server with a real service, and [`recordings`] keeps what it found. `docs/ARCHITECTURE.md` has the decisions, `docs/GLOSSARY.md` the words.

pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod customers;
pub mod database;
pub mod error_chain;
pub mod extension;
pub mod fault_injection;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
pub mod gateway;
pub mod guesses;
pub mod journal;
pub mod json_schema;
pub mod model;
pub mod outgoing;
pub mod plan;
pub mod random;
pub mod recordings;
pub mod secret;
pub mod server;
pub mod servers;
pub mod tasks;
pub mod tenants;
pub mod tls;
pub mod vendor_facts;
pub mod vendors;
pub mod verify;
pub mod version;
pub mod webhooks;
pub mod wire;
