//! Postgres: the pool, transactions that end when a client hangs up, migrations, maintenance and the embedded server.

mod batches;
#[cfg(feature = "embedded")]
mod embedded;
mod error;
mod handle;
mod maintenance;
mod migrate;
mod pool;
mod tenant_lock;
mod transaction;

pub use batches::Batches;
#[cfg(feature = "embedded")]
pub use embedded::{EmbeddedError, EmbeddedPostgres, remove_content};
pub use error::{DatabaseError, is_deadlock, is_impossible_text, violated_unique_constraint};
pub use handle::{Database, Session, measured, waited};
pub use maintenance::{maintain, vacuum_and_analyze};
pub use migrate::{MigrateError, migrate};
pub use pool::{DatabaseOptions, PoolUse};
pub use tenant_lock::{lock_tenant, lock_tenant_shared};
pub use transaction::Transaction;

/// The number of a tenant: `$1` of every statement on a tenant's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct TenantId(pub i32);
