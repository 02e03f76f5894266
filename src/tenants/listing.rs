//! Tenants and snapshots in lists.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TenantListing {
    pub name: String,
    pub created_at: DateTime<Utc>,
    /// When the tenant is deleted; null for never.
    pub expires_at: Option<DateTime<Utc>>,
    /// The origin of the data: `seed`, `new`, or the name of the tenant or snapshot that was forked.
    pub origin: Option<String>,
    /// The highest id of its customers.
    pub last_customer_id: i32,
    /// The number of snapshots, `seed` included.
    pub snapshots: i64,
    /// The number of active fault rules, without those that are used up.
    pub faults: i64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SnapshotListing {
    /// `seed` is the snapshot that a reset restores.
    pub name: String,
    pub taken_at: DateTime<Utc>,
    /// The highest id of its customers.
    pub last_customer_id: i32,
}
