//! Postgres: the pool, transactions that end when a client hangs up, migrations, maintenance and the embedded server.

mod batches;
mod connection;
#[cfg(feature = "embedded")]
mod embedded;
mod error;
mod exclusive;
mod handle;
mod limit;
mod maintenance;
mod migrate;
mod pool;
mod request_use;
mod shares;
mod tenant_lock;
mod timeouts;
mod transaction;

pub use batches::Batches;
#[cfg(feature = "embedded")]
pub use embedded::{EmbeddedError, EmbeddedPostgres, remove_content};
pub use error::{
    DatabaseError, is_deadlock, is_impossible_text, is_lock_timeout, is_of_deleted_tenant, is_of_value,
    violated_unique_constraint,
};
pub use exclusive::{AccessError, ExclusiveAccess, INCOMPLETE, InHook, RequestGuard, TenantLocks};
pub use handle::{Database, Session};
pub use maintenance::{maintain, vacuum_and_analyze};
pub use migrate::{MigrateError, migrate};
pub use pool::{DatabaseOptions, PoolUse};
pub use request_use::{charge, count_to, measured, waited};
pub use shares::ShareOf;
pub use tenant_lock::{lock_tenant, lock_tenant_shared};
pub use timeouts::DatabaseTimeouts;
pub use transaction::Transaction;

/// The number of a tenant: `$1` of every statement on a tenant's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct TenantId(pub i32);
