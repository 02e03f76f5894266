//! A credential in a seed: in plain text, or as its digest.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::secrets::SecretDigest;
use super::write_error::CredentialNotWritten;
use crate::database::TenantId;
use crate::json_schema::DateTimeText;
use crate::random::Random;
use crate::tenants::credential::{CredentialSlot, NewCredential};
use crate::tenants::store::credentials::{self, CredentialRow};
use crate::vendor_facts::CredentialKind;

/// A text that is no name of a key is not matched: an empty or long one, one with control characters, `.` and `..`.
const KEY_NAME: &str = r"^(?!\s*\.{0,2}\s*$)[^\u0000-\u001f\u007f-\u009f]{1,100}$";

/// A credential with one or two keys, each in plain text or as its digest.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("anyOf" = [
    { "required": ["key"] }, { "required": ["key_digest"] }, { "required": ["secondary_key_digest"] }
]))]
pub(in crate::tenants) struct SeedCredential {
    /// Shown in lists, logs and `CRM_AssociateTypeChanges`.
    #[schemars(regex(pattern = KEY_NAME))]
    pub(in crate::tenants) name: String,
    #[serde(default)]
    pub(in crate::tenants) kind: CredentialKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// The user name or client id; the default is the name of the key.
    pub(in crate::tenants) account: Option<String>,
    /// A subscription key is 32 hexadecimal digits, another secret 8 to 100 bytes.
    #[serde(default, skip_serializing)]
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::tenants) key_digest: Option<StoredCredential>,
    #[serde(default, skip_serializing)]
    secondary_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::tenants) secondary_key_digest: Option<StoredCredential>,
    /// In real time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<DateTimeText>")]
    pub(in crate::tenants) expires_at: Option<DateTime<Utc>>,
}

/// A key as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::tenants) struct StoredCredential {
    pub(in crate::tenants) sha256: SecretDigest,
    /// The last four characters, by which people distinguish keys.
    pub(in crate::tenants) ending: String,
}

impl std::fmt::Debug for SeedCredential {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SeedCredential")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl SeedCredential {
    /// A stored subscription. The caller sets its keys.
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

    pub(super) async fn insert(
        &self,
        connection: &mut PgConnection,
        tenant: TenantId,
        random: &Random,
        now: DateTime<Utc>,
    ) -> Result<(), CredentialNotWritten> {
        let Self { name, key, key_digest, secondary_key, secondary_key_digest, .. } = self;
        let rejected = |reason: String| CredentialNotWritten::Rejected(format!("key '{name}': {reason}"));
        if key.is_none() && key_digest.is_none() && secondary_key_digest.is_none() {
            return Err(rejected("it has neither key nor key_digest".to_owned()));
        }
        for (slot, key, stored) in [
            (CredentialSlot::Primary, key, key_digest),
            (CredentialSlot::Secondary, secondary_key, secondary_key_digest),
        ] {
            let stored = match (key, stored) {
                (None, None) => continue,
                (Some(_), Some(_)) => return Err(rejected("it has both a key and its digest".to_owned())),
                (None, Some(stored)) => stored.clone(),
                (Some(key), None) => self.digest(key, random).map_err(rejected)?,
            };
            let row = self.row(slot, &stored, now);
            if !credentials::insert(connection, tenant, &row).await? {
                return Err(CredentialNotWritten::Rejected(format!("the key '{name}' or its name is in use already")));
            }
        }
        Ok(())
    }

    /// The stored form of a key in plain text.
    fn digest(&self, key: &str, random: &Random) -> Result<StoredCredential, String> {
        let Self { name, kind, account, .. } = self;
        let new =
            NewCredential { name: name.clone(), kind: *kind, account: account.clone(), secret: Some(key.to_owned()) };
        let credential = new.credential(random).map_err(|error| error.to_string())?;
        Ok(StoredCredential { sha256: credential.digest().into(), ending: credential.stored_ending() })
    }

    fn row<'a>(&'a self, slot: CredentialSlot, stored: &'a StoredCredential, now: DateTime<Utc>) -> CredentialRow<'a> {
        let account = self.kind.has_account().then(|| self.account.as_deref().unwrap_or(&self.name));
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
