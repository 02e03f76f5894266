//! Subscription keys: 32 hexadecimal digits, kept as a SHA-256 digest only.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;
use thiserror::Error;

use super::store::{self, NewKeyRow};
use crate::database::{Database, DatabaseError, TenantId, violated_unique_constraint};
use crate::random::Random;

/// A key in the clear. Never shown whole, not even by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct SubscriptionKey(String);

/// The SHA-256 of a key. Keys are found by it, so the time that a look-up takes tells nothing of a key.
pub(super) type KeyDigest = [u8; 32];

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
pub enum KeySlot {
    /// The primary key.
    Primary,
    /// The secondary key.
    Secondary,
}

/// Why a key could not be added, listed or revoked.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The text is no key.
    #[error("a subscription key is 32 hexadecimal digits")]
    Malformed,
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
pub struct KeyListing {
    /// The tenant that it opens.
    pub tenant: String,
    /// The subscription's name.
    pub name: String,
    /// Which of the subscription's two keys it is: `primary` or `secondary`.
    pub slot: String,
    /// Its last four characters.
    pub ending: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it ends to open anything, if it does.
    pub expires_at: Option<DateTime<Utc>>,
}

impl SubscriptionKey {
    /// A new random key.
    #[must_use]
    pub fn generate(random: &Random) -> Self {
        let bytes: [u8; 16] = random.bytes();
        Self(format!("{:032x}", u128::from_be_bytes(bytes)))
    }

    /// The key itself, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Its last four characters, by which people tell keys apart.
    #[must_use]
    pub fn ending(&self) -> &str {
        &self.0[28..]
    }

    pub(super) fn digest(&self) -> KeyDigest {
        digest(&self.0)
    }
}

/// The digest of what a caller presents, whatever it is.
pub(super) fn digest(presented: &str) -> KeyDigest {
    Sha256::digest(presented.as_bytes()).into()
}

impl FromStr for SubscriptionKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let is_key = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_key { Ok(Self(text.to_owned())) } else { Err(KeyError::Malformed) }
    }
}

impl fmt::Debug for SubscriptionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SubscriptionKey(…{})", self.ending())
    }
}

/// Gives a tenant a subscription, with its primary key, which opens nothing after `expires_at` in real time.
///
/// # Errors
/// When there is no such tenant, when the key or its name is in use, or when the database fails.
pub(super) async fn add_key(
    database: &Database,
    tenant: &str,
    name: &str,
    key: &SubscriptionKey,
    now: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
) -> Result<(), KeyError> {
    let mut session = database.session().await?;
    let found = store::find_tenant(session.connection(), tenant).await.map_err(DatabaseError::from)?;
    let tenant = found.ok_or_else(|| KeyError::UnknownTenant(tenant.to_owned()))?;
    let added = insert(session.connection(), tenant, name, KeySlot::Primary, key, now, expires_at).await;
    let added = session.end(added)?;
    if added { Ok(()) } else { Err(KeyError::Taken(name.to_owned())) }
}

/// Writes a key; false when it or its name is in use.
pub(super) async fn insert(
    connection: &mut PgConnection,
    tenant: TenantId,
    name: &str,
    slot: KeySlot,
    key: &SubscriptionKey,
    now: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
) -> Result<bool, sqlx::Error> {
    let digest = key.digest();
    let row = NewKeyRow { name, slot, digest: &digest, ending: key.ending(), created_at: now, expires_at };
    store::insert_key(connection, tenant, &row).await
}

/// Puts a new key into a slot of a subscription. The key that was there opens nothing a second later; the one in the other
/// slot stays. A subscription whose keys were revoked opens again with the new one.
///
/// # Errors
/// When the tenant has no such subscription, when some tenant has this key, or when the database fails.
pub async fn rotate_key(
    database: &Database,
    tenant: &str,
    name: &str,
    slot: KeySlot,
    key: &SubscriptionKey,
    now: DateTime<Utc>,
) -> Result<(), KeyError> {
    let mut session = database.session().await?;
    let rotated = store::rotate_key(session.connection(), tenant, name, slot, &key.digest(), key.ending(), now).await;
    match session.end(rotated) {
        Ok(true) => Ok(()),
        Ok(false) => Err(KeyError::UnknownKey { tenant: tenant.to_owned(), name: name.to_owned() }),
        Err(DatabaseError::Statement(error)) if violated_unique_constraint(&error).is_some() => {
            Err(KeyError::Taken(name.to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Every key, or those of one tenant.
///
/// # Errors
/// When the database fails.
pub async fn list_keys(database: &Database, tenant: Option<&str>) -> Result<Vec<KeyListing>, KeyError> {
    let mut session = database.session().await?;
    let keys = store::list_keys(session.connection(), tenant).await;
    Ok(session.end(keys)?)
}

/// Revokes a subscription's key in a slot, or both: no server accepts it a second later. Revoking it again changes
/// nothing.
///
/// # Errors
/// When the tenant has no such key, or when the database fails.
pub async fn revoke_key(
    database: &Database,
    tenant: &str,
    name: &str,
    slot: Option<KeySlot>,
    now: DateTime<Utc>,
) -> Result<(), KeyError> {
    let mut session = database.session().await?;
    let revoked = store::revoke_key(session.connection(), tenant, name, slot, now).await;
    let revoked = session.end(revoked)?;
    if revoked { Ok(()) } else { Err(KeyError::UnknownKey { tenant: tenant.to_owned(), name: name.to_owned() }) }
}

/// Forgets a subscription and its keys, its name included: no server accepts them a second later.
///
/// # Errors
/// When the tenant has no such key, or when the database fails.
pub async fn delete_key(database: &Database, tenant: &str, name: &str) -> Result<(), KeyError> {
    let mut session = database.session().await?;
    let deleted = store::delete_key(session.connection(), tenant, name).await;
    let deleted = session.end(deleted)?;
    if deleted { Ok(()) } else { Err(KeyError::UnknownKey { tenant: tenant.to_owned(), name: name.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_never_shows_itself() {
        let key: SubscriptionKey = "0123456789abcdef0123456789abcdef".parse().expect("a key");
        assert_eq!(format!("{key:?}"), "SubscriptionKey(…cdef)");
    }

    #[test]
    fn only_32_hexadecimal_digits_are_a_key() {
        for text in ["", "0123456789abcdef", "0123456789abcdef0123456789abcdeg", "0123456789abcdef0123456789abcdef0"] {
            assert!(text.parse::<SubscriptionKey>().is_err(), "{text}");
        }
        assert_eq!(SubscriptionKey::generate(&Random::default()).reveal().len(), 32);
    }
}
