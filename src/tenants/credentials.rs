//! The operations on a tenant's credentials: add, list, rotate, revoke, delete. Only digests are stored. Each change raises the version
//! of the settings ([`crate::servers`]).

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::credential::{Credential, CredentialListing, CredentialSlot, NewCredential, shown_ending};
use super::error::CredentialError;
use super::service::Tenants;
use super::store;
use super::store::credentials::{self as rows, CredentialRow};
use crate::clock::Clock;
use crate::database::{Database, DatabaseError, TenantId, violated_unique_constraint};

/// The maximum number of subscriptions of a tenant.
pub(super) const MAX_SUBSCRIPTIONS: i64 = 500;

/// What became of a new subscription.
enum Added {
    Done(TenantId),
    UnknownTenant,
    InUse,
    TooMany,
}

impl Tenants {
    /// Adds a subscription with a primary key to a tenant. The key expires after this many seconds of real time. Returns the
    /// credential, which clients see only this once. Requests that run at once can exceed the maximum by one each.
    ///
    /// # Errors
    /// `Malformed`, `UnknownTenant`, `InUse`, `TooMany`, or when the database fails.
    pub async fn add_credential(
        &self,
        tenant: &str,
        new: NewCredential,
        expires_in_seconds: Option<u32>,
    ) -> Result<Credential, CredentialError> {
        let now = Clock::Real.now();
        let expires_at = expires_in_seconds.map(|seconds| now + TimeDelta::seconds(i64::from(seconds)));
        let credential = new.credential(&self.random)?;
        let added = self.database.in_transaction(async |connection| {
            let Some(id) = store::find_tenant(connection, tenant).await? else { return Ok(Added::UnknownTenant) };
            if rows::count(connection, id).await? >= MAX_SUBSCRIPTIONS {
                return Ok(Added::TooMany);
            }
            if !insert(connection, id, &new.name, &credential, now, expires_at).await? {
                return Ok(Added::InUse);
            }
            self.servers.raise(connection, id).await?;
            Ok::<_, DatabaseError>(Added::Done(id))
        });
        match added.await? {
            Added::Done(id) => {
                self.credentials.forget(id);
                Ok(credential)
            }
            Added::UnknownTenant => Err(CredentialError::UnknownTenant(tenant.to_owned())),
            Added::InUse => Err(CredentialError::InUse(new.name)),
            Added::TooMany => Err(CredentialError::TooMany(MAX_SUBSCRIPTIONS)),
        }
    }

    /// Writes a new key into a slot of a subscription. The previous key of the slot is rejected from then on; the other slot does not
    /// change. A subscription with revoked keys becomes active again with the new key. Its kind and account do not change.
    ///
    /// # Errors
    /// `Unknown`, `Malformed`, `InUse`, or when the database fails.
    pub async fn rotate_credential(
        &self,
        tenant: &str,
        name: &str,
        slot: CredentialSlot,
        secret: Option<String>,
    ) -> Result<Credential, CredentialError> {
        let listed = list_credentials(&self.database, tenant).await?;
        let CredentialListing { kind, account, .. } =
            listed.into_iter().find(|listing| listing.name == name).ok_or_else(|| unknown(tenant, name))?;
        let credential = Credential::new(&self.random, kind, account.as_deref().unwrap_or_default(), secret)?;
        let now = Clock::Real.now();
        let rotated = self.change_credential(tenant, name, async |connection| {
            rows::rotate(connection, tenant, name, slot, &credential, now).await
        });
        match rotated.await {
            Err(CredentialError::Database(DatabaseError::Statement(error)))
                if violated_unique_constraint(&error).is_some() =>
            {
                Err(CredentialError::InUse(name.to_owned()))
            }
            rotated => rotated.map(|()| credential),
        }
    }

    /// Revokes a subscription's key in a slot, or both. Revoking it again changes nothing.
    ///
    /// # Errors
    /// `Unknown`, or when the database fails.
    pub async fn revoke_credential(
        &self,
        tenant: &str,
        name: &str,
        slot: Option<CredentialSlot>,
    ) -> Result<(), CredentialError> {
        let now = Clock::Real.now();
        self.change_credential(tenant, name, async |connection| rows::revoke(connection, tenant, name, slot, now).await)
            .await
    }

    /// Deletes a subscription with its keys and its name.
    ///
    /// # Errors
    /// `Unknown`, or when the database fails.
    pub async fn delete_credential(&self, tenant: &str, name: &str) -> Result<(), CredentialError> {
        self.change_credential(tenant, name, async |connection| rows::delete(connection, tenant, name).await).await
    }

    /// Changes a subscription. `change` returns its tenant; `None` when there is no such subscription.
    async fn change_credential(
        &self,
        tenant: &str,
        name: &str,
        change: impl AsyncFnOnce(&mut PgConnection) -> Result<Option<TenantId>, sqlx::Error>,
    ) -> Result<(), CredentialError> {
        let changed = self.database.in_transaction(async |connection| {
            let changed = change(connection).await?;
            if let Some(id) = changed {
                self.servers.raise(connection, id).await?;
            }
            Ok::<_, DatabaseError>(changed)
        });
        let id = changed.await?.ok_or_else(|| unknown(tenant, name))?;
        self.credentials.forget(id);
        Ok(())
    }
}

/// Inserts a subscription's primary key. False when the key or its name is in use.
pub(super) async fn insert(
    connection: &mut PgConnection,
    tenant: TenantId,
    name: &str,
    credential: &Credential,
    now: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
) -> Result<bool, sqlx::Error> {
    let ending = credential.stored_ending();
    let row = CredentialRow {
        name,
        slot: CredentialSlot::Primary,
        kind: credential.kind(),
        account: credential.account(),
        digest: &credential.digest(),
        ending: &ending,
        created_at: now,
        expires_at,
    };
    rows::insert(connection, tenant, &row).await
}

/// The credentials of a tenant.
///
/// # Errors
/// When the database fails.
pub async fn list_credentials(database: &Database, tenant: &str) -> Result<Vec<CredentialListing>, CredentialError> {
    let mut listed = database.run(async |connection| rows::list(connection, tenant).await).await?;
    for listing in &mut listed {
        listing.ending = shown_ending(listing.kind, &listing.ending).to_owned();
    }
    Ok(listed)
}

fn unknown(tenant: &str, name: &str) -> CredentialError {
    CredentialError::Unknown { tenant: tenant.to_owned(), name: name.to_owned() }
}
