//! A key in a seed: in the clear, or as the digest that is kept of one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::{SecretDigest, Unwritten};
use crate::database::TenantId;
use crate::random::Random;
use crate::tenants::credential::CredentialKind;
use crate::tenants::keys::CredentialSlot;
use crate::tenants::listing::NewCredential;
use crate::tenants::store::{self, CredentialRow};

/// A subscription: one key, or two.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::tenants) struct SeedKey {
    pub(in crate::tenants) name: String,
    #[serde(default)]
    pub(in crate::tenants) kind: CredentialKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::tenants) account: Option<String>,
    #[serde(default, skip_serializing)]
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::tenants) key_digest: Option<StoredKey>,
    #[serde(default, skip_serializing)]
    secondary_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::tenants) secondary_key_digest: Option<StoredKey>,
    /// After this it opens nothing, in real time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::tenants) expires_at: Option<DateTime<Utc>>,
}

/// What is kept of a key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::tenants) struct StoredKey {
    pub(in crate::tenants) sha256: SecretDigest,
    /// Its last four characters, by which people tell keys apart.
    pub(in crate::tenants) ending: String,
}

impl std::fmt::Debug for SeedKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SeedKey").field("name", &self.name).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl SeedKey {
    /// One as it is stored, its keys still to be set.
    pub(in crate::tenants) fn stored(
        name: String,
        kind: CredentialKind,
        account: Option<String>,
        expires_at: Option<DateTime<Utc>>,
    ) -> Self {
        Self {
            name,
            kind,
            account,
            key: None,
            key_digest: None,
            secondary_key: None,
            secondary_key_digest: None,
            expires_at,
        }
    }

    /// Gives it to a tenant.
    pub(super) async fn insert(
        &self,
        connection: &mut PgConnection,
        tenant: TenantId,
        random: &Random,
        now: DateTime<Utc>,
    ) -> Result<(), Unwritten> {
        let Self { name, key, key_digest, secondary_key, secondary_key_digest, .. } = self;
        let because = |why: String| Unwritten::Because(format!("key '{name}': {why}"));
        if key.is_none() && key_digest.is_none() && secondary_key_digest.is_none() {
            return Err(because("it has neither key nor key_digest".to_owned()));
        }
        for (slot, key, stored) in [
            (CredentialSlot::Primary, key, key_digest),
            (CredentialSlot::Secondary, secondary_key, secondary_key_digest),
        ] {
            let stored = match (key, stored) {
                (None, None) => continue,
                (Some(_), Some(_)) => return Err(because("it has a key and a digest in its place".to_owned())),
                (None, Some(stored)) => stored.clone(),
                (Some(key), None) => self.made(key, random).map_err(because)?,
            };
            let row = self.row(slot, &stored, now);
            if !store::insert_key(connection, tenant, &row).await? {
                return Err(Unwritten::Because(format!("the key '{name}' or its name is in use already")));
            }
        }
        Ok(())
    }

    /// What is kept of a key in the clear.
    fn made(&self, key: &str, random: &Random) -> Result<StoredKey, String> {
        let Self { name, kind, account, .. } = self;
        let new =
            NewCredential { name: name.clone(), kind: *kind, account: account.clone(), secret: Some(key.to_owned()) };
        let key = new.credential(random).map_err(|error| error.to_string())?;
        Ok(StoredKey { sha256: key.digest().into(), ending: key.ending().to_owned() })
    }

    fn row<'a>(&'a self, slot: CredentialSlot, stored: &'a StoredKey, now: DateTime<Utc>) -> CredentialRow<'a> {
        // A subscription key has no account, every other one has.
        let account =
            (self.kind != CredentialKind::SubscriptionKey).then(|| self.account.as_deref().unwrap_or(&self.name));
        CredentialRow {
            name: &self.name,
            slot,
            kind: self.kind,
            account,
            digest: stored.sha256.bytes(),
            ending: &stored.ending,
            created_at: now,
            expires_at: self.expires_at,
        }
    }
}
