//! Postgres: the pool, transactions that end when a client hangs up, migrations, maintenance and the embedded server.

mod batches;
mod connection;
mod distribute;
#[cfg(feature = "embedded")]
mod embedded;
mod error;
mod exclusive;
mod handle;
mod hosts;
mod layout;
mod limit;
mod login;
mod maintenance;
mod migrate;
mod outage;
mod parameters;
mod pool;
mod pooler;
mod request_use;
mod role_settings;
mod shares;
mod silence;
mod tenant_lock;
mod timeouts;
mod transaction;
mod url;

pub use batches::Batches;
pub use distribute::{DistributeError, distribute};
#[cfg(feature = "embedded")]
pub use embedded::{EmbeddedError, EmbeddedPostgres, remove_content};
pub use error::{
    DatabaseError, is_deadlock, is_impossible_text, is_lock_timeout, is_of_deleted_tenant, is_of_value,
    violated_unique_constraint,
};
pub use exclusive::{AccessError, ExclusiveAccess, INCOMPLETE, InHook, RequestGuard, TenantLocks};
pub use handle::{Database, Session};
pub use hosts::ConnectError;
pub use layout::{FUNCTIONS_ON_NODES, Place, TABLES};
pub use login::LoginSource;
pub use maintenance::{maintain, vacuum_and_analyze};
pub use migrate::{MigrateError, migrate};
pub use outage::{outage, to_be_logged};
pub use pool::{DatabaseOptions, PoolUse};
pub use pooler::is_through_pooler;
pub use request_use::{charge, count_to, measured, waited};
pub use role_settings::Program;
pub use shares::ShareOf;
pub use tenant_lock::{lock_tenant, lock_tenant_shared};
pub use timeouts::DatabaseTimeouts;
pub use transaction::Transaction;
pub use url::PostgresUrl;

/// The number of a tenant: `$1` of every statement on a tenant's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct TenantId(pub i32);
