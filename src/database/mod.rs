//! Postgres: the pool, the embedded server, the migrations and the transaction that a caller's disconnect cannot leave
//! open.

mod batches;
mod constraint;
#[cfg(feature = "embedded")]
mod embedded;
mod meter;
mod migrate;
mod pool;
mod tenant_lock;
mod transaction;
mod upkeep;

pub use batches::Batches;
pub use constraint::{is_deadlock, is_impossible_text, violated_unique_constraint};
#[cfg(feature = "embedded")]
pub use embedded::{EmbeddedError, EmbeddedPostgres, remove_content};
pub use meter::{measured, waited};
pub use migrate::{MigrateError, migrate};
pub use pool::{Database, DatabaseError, DatabaseOptions, PoolUse, Session};
pub use tenant_lock::{lock_tenant, lock_tenant_shared};
pub use transaction::Transaction;
pub use upkeep::{keep_up, look_after};

/// The tenant that a statement is for: `$1` of every statement on a tenant's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct TenantId(pub i32);
