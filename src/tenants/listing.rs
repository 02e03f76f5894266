//! Tenants and snapshots as they are listed, and as they are asked for.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::credential::{Credential, CredentialKind};
use super::keys::CredentialError;
use crate::random::Random;

/// A tenant as it is listed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TenantListing {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it is deleted, if it is.
    pub expires_at: Option<DateTime<Utc>>,
    /// Where its world came from: `seed`, `new`, or the name of what it was forked from.
    pub origin: Option<String>,
    /// The highest id of its customers.
    pub last_customer_id: i32,
    /// How many snapshots it has, that of its seed included.
    pub snapshots: i64,
    /// How many failures are armed, those not counted that no later call can meet.
    pub faults: i64,
}

/// A snapshot as it is listed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SnapshotListing {
    /// Its name; `seed` is what a reset goes back to.
    pub name: String,
    /// When it was taken.
    pub taken_at: DateTime<Utc>,
    /// The highest id of its customers.
    pub last_customer_id: i32,
}

/// A key that is to be made.
#[derive(Default)]
pub struct NewCredential {
    /// What it is called.
    pub name: String,
    /// What it is.
    pub kind: CredentialKind,
    /// The user name or client id, where it has one; its name where it is not given.
    pub account: Option<String>,
    /// The secret; a random one where it is not given.
    pub secret: Option<String>,
}

impl std::fmt::Debug for NewCredential {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("NewCredential")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl NewCredential {
    /// The credential that is asked for.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn credential(&self, random: &Random) -> Result<Credential, CredentialError> {
        let account = self.account.as_deref().unwrap_or(&self.name);
        Credential::new(random, self.kind, account, self.secret.clone())
    }
}

/// A new tenant.
#[derive(Debug)]
pub struct NewTenant {
    /// Its name.
    pub name: String,
    /// Its key.
    pub key: NewCredential,
    /// After so many seconds it is deleted.
    pub expires_in_seconds: Option<u32>,
}
