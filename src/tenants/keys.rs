//! What opens a tenant: added, listed, rotated, revoked, deleted. Only digests are kept.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use thiserror::Error;

use super::credential::{Credential, CredentialKind};
use super::store::{self, CredentialRow};
use crate::database::{Database, DatabaseError, TenantId, violated_unique_constraint};
use crate::random::Random;

/// The two keys of a subscription: both are good at once, so that one can be renewed while a program still calls with the
/// other.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    clap::ValueEnum,
    sqlx::Type,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum CredentialSlot {
    /// The primary key.
    Primary,
    /// The secondary key.
    Secondary,
}

/// Why a key could not be added, listed or revoked.
#[derive(Debug, Error)]
pub enum CredentialError {
    /// The text is no key of its kind.
    #[error("{0}")]
    Malformed(&'static str),
    /// There is no such tenant.
    #[error("there is no tenant '{0}'")]
    UnknownTenant(String),
    /// The tenant has no such key.
    #[error("tenant '{tenant}' has no key '{name}'")]
    UnknownKey {
        /// The tenant.
        tenant: String,
        /// The key's name.
        name: String,
    },
    /// The tenant has a key of this name, or some tenant has this key.
    #[error("the key or its name '{0}' is in use already")]
    Taken(String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// What may be shown of a key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct CredentialListing {
    /// The tenant that it opens.
    pub tenant: String,
    /// The subscription's name.
    pub name: String,
    /// Which of the subscription's two keys it is: `primary` or `secondary`.
    pub slot: String,
    /// What it is: `subscription-key`, `basic` or `oauth-client`.
    pub kind: CredentialKind,
    /// The user name or client id; null for a subscription key.
    pub account: Option<String>,
    /// The last four characters of what is secret.
    pub ending: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it ends to open anything, if it does.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Gives a tenant a subscription, with its primary key, which opens nothing after `expires_at` in real time.
///
/// # Errors
/// When there is no such tenant, when the key or its name is in use, or when the database fails.
pub(super) async fn add_key(
    database: &Database,
    tenant: &str,
    name: &str,
    key: &Credential,
    now: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
) -> Result<(), CredentialError> {
    let mut session = database.session().await?;
    let found = store::find_tenant(session.connection(), tenant).await.map_err(DatabaseError::from)?;
    let tenant = found.ok_or_else(|| CredentialError::UnknownTenant(tenant.to_owned()))?;
    let added = insert(session.connection(), tenant, name, CredentialSlot::Primary, key, now, expires_at).await;
    let added = session.end(added)?;
    if added { Ok(()) } else { Err(CredentialError::Taken(name.to_owned())) }
}

/// Writes a key; false when it or its name is in use.
pub(super) async fn insert(
    connection: &mut PgConnection,
    tenant: TenantId,
    name: &str,
    slot: CredentialSlot,
    key: &Credential,
    now: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
) -> Result<bool, sqlx::Error> {
    let digest = key.digest();
    let (kind, account, ending) = (key.kind(), key.account(), key.ending());
    let row = CredentialRow { name, slot, kind, account, digest: &digest, ending, created_at: now, expires_at };
    store::insert_key(connection, tenant, &row).await
}

/// Puts a new key into a slot of a subscription. The key that was there opens nothing a second later; the one in the other
/// slot stays. A subscription whose keys were revoked opens again with the new one. What was said of its kind and account stays.
///
/// # Errors
/// When the tenant has no such subscription, when some tenant has this key, or when the database fails.
pub async fn rotate_credential(
    database: &Database,
    random: &Random,
    tenant: &str,
    name: &str,
    slot: CredentialSlot,
    secret: Option<String>,
    now: DateTime<Utc>,
) -> Result<Credential, CredentialError> {
    let unknown = || CredentialError::UnknownKey { tenant: tenant.to_owned(), name: name.to_owned() };
    let mut session = database.session().await?;
    let listed = store::list_credentials(session.connection(), Some(tenant)).await;
    let listed = session.end(listed)?;
    let CredentialListing { kind, account, .. } =
        listed.into_iter().find(|key| key.name == name).ok_or_else(unknown)?;
    let key = Credential::new(random, kind, account.as_deref().unwrap_or_default(), secret)?;
    let mut session = database.session().await?;
    let rotated = store::rotate_credential(session.connection(), tenant, name, slot, &key, now).await;
    match session.end(rotated) {
        Ok(true) => Ok(key),
        Ok(false) => Err(unknown()),
        Err(DatabaseError::Statement(error)) if violated_unique_constraint(&error).is_some() => {
            Err(CredentialError::Taken(name.to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Every key, or those of one tenant.
///
/// # Errors
/// When the database fails.
pub async fn list_credentials(
    database: &Database,
    tenant: Option<&str>,
) -> Result<Vec<CredentialListing>, CredentialError> {
    let mut session = database.session().await?;
    let keys = store::list_credentials(session.connection(), tenant).await;
    Ok(session.end(keys)?)
}

/// Revokes a subscription's key in a slot, or both: no server accepts it a second later. Revoking it again changes
/// nothing.
///
/// # Errors
/// When the tenant has no such key, or when the database fails.
pub async fn revoke_credential(
    database: &Database,
    tenant: &str,
    name: &str,
    slot: Option<CredentialSlot>,
    now: DateTime<Utc>,
) -> Result<(), CredentialError> {
    let mut session = database.session().await?;
    let revoked = store::revoke_credential(session.connection(), tenant, name, slot, now).await;
    let revoked = session.end(revoked)?;
    if revoked { Ok(()) } else { Err(CredentialError::UnknownKey { tenant: tenant.to_owned(), name: name.to_owned() }) }
}

/// Forgets a subscription and its keys, its name included: no server accepts them a second later.
///
/// # Errors
/// When the tenant has no such key, or when the database fails.
pub async fn delete_credential(database: &Database, tenant: &str, name: &str) -> Result<(), CredentialError> {
    let mut session = database.session().await?;
    let deleted = store::delete_credential(session.connection(), tenant, name).await;
    let deleted = session.end(deleted)?;
    if deleted { Ok(()) } else { Err(CredentialError::UnknownKey { tenant: tenant.to_owned(), name: name.to_owned() }) }
}
