//! The credentials of a tenant: the credential in plain text, its digest, and its listing.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

use super::error::CredentialError;
use crate::random::Random;
use crate::vendor_facts::CredentialKind;

/// The SHA-256 of a presented credential. Tenants are looked up by the digest, so that the duration of a lookup reveals nothing about
/// the credential.
pub(super) type CredentialDigest = [u8; 32];

/// The least number of characters of a secret whose last four are shown.
const SHOWN_FROM: usize = 16;

/// Marks the stored ending of a password or client secret.
const LONG: char = '…';

/// The ending of a credential of this kind as people see it, given the stored one.
pub(super) fn shown_ending(kind: CredentialKind, stored: &str) -> &str {
    if kind.has_account() { stored.strip_prefix(LONG).unwrap_or_default() } else { stored }
}

/// The stored ending for an export: without that of a short secret.
pub(super) fn kept_ending(kind: CredentialKind, stored: String) -> String {
    if shown_ending(kind, &stored).is_empty() { String::new() } else { stored }
}

/// The two keys of a subscription. Both are active at once, so that one can be rotated while a program still uses the other.
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
    Primary,
    Secondary,
}

/// A credential in a list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct CredentialListing {
    pub tenant: String,
    /// The subscription's name.
    pub name: String,
    /// Which of the subscription's two keys it is: `primary` or `secondary`.
    pub slot: String,
    pub kind: CredentialKind,
    /// The user name or client id; null for a subscription key.
    pub account: Option<String>,
    /// The last four characters of the secret; empty for a password or client secret of less than 16 characters.
    pub ending: String,
    pub created_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
}

/// A credential that is to be created.
#[derive(Default)]
pub struct NewCredential {
    pub name: String,
    pub kind: CredentialKind,
    /// The user name or client id. The default is the name.
    pub account: Option<String>,
    /// The default is a random secret.
    pub secret: Option<String>,
}

impl fmt::Debug for NewCredential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NewCredential")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl NewCredential {
    /// # Errors
    /// `Malformed`.
    pub fn credential(&self, random: &Random) -> Result<Credential, CredentialError> {
        let account = self.account.as_deref().unwrap_or(&self.name);
        Credential::new(random, self.kind, account, self.secret.clone())
    }
}

/// A credential in plain text. `Debug` never shows its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    kind: CredentialKind,
    account: Option<String>,
    secret: String,
}

impl Credential {
    /// A credential of a kind, with a random secret if none is given. A subscription key has no account.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn new(
        random: &Random,
        kind: CredentialKind,
        account: &str,
        secret: Option<String>,
    ) -> Result<Self, CredentialError> {
        let secret = secret.unwrap_or_else(|| random.hexadecimal());
        if !kind.has_account() {
            let is_key = secret.len() == 32 && secret.bytes().all(|byte| byte.is_ascii_hexdigit());
            let key = Self { kind, account: None, secret };
            return if is_key {
                Ok(key)
            } else {
                Err(CredentialError::Malformed("a subscription key is 32 hexadecimal digits"))
            };
        }
        let is_plain = |text: &str| !text.chars().any(char::is_control);
        if account.is_empty() || account.len() > 100 || account.contains(':') || !is_plain(account) {
            return Err(CredentialError::Malformed("a user name or client id is 1 to 100 bytes long, without a colon"));
        }
        if !(8..=100).contains(&secret.len()) || !is_plain(&secret) {
            return Err(CredentialError::Malformed("a password or client secret is 8 to 100 bytes long"));
        }
        Ok(Self { kind, account: Some(account.to_owned()), secret })
    }

    /// A new random subscription key: 128 random bits.
    #[must_use]
    pub fn subscription_key(random: &Random) -> Self {
        Self { kind: CredentialKind::SubscriptionKey, account: None, secret: random.hexadecimal() }
    }

    /// A new access token: 256 random bits.
    #[must_use]
    pub fn access_token(random: &Random) -> Self {
        let secret = random.hexadecimal() + &random.hexadecimal();
        Self { kind: CredentialKind::AccessToken, account: None, secret }
    }

    #[must_use]
    pub fn kind(&self) -> CredentialKind {
        self.kind
    }

    /// The user name or client id.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The secret in plain text. Clients see it once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.secret
    }

    /// The last four characters of the secret, by which people distinguish credentials; empty for a short secret, of which they would
    /// be too large a part.
    #[must_use]
    pub fn ending(&self) -> &str {
        let mut places = self.secret.char_indices().rev().map(|(place, _)| place);
        let (start, is_long) = (places.nth(3), places.nth(SHOWN_FROM - 5).is_some());
        start.filter(|_| is_long).map_or("", |start| &self.secret[start..])
    }

    /// The ending as the database has it. Rows without the mark were written when short secrets had an ending too.
    pub(in crate::tenants) fn stored_ending(&self) -> String {
        if self.kind.has_account() { format!("{LONG}{}", self.ending()) } else { self.ending().to_owned() }
    }

    /// The form that [`super::CredentialCache::caller`] looks up.
    #[must_use]
    pub fn presented(&self) -> String {
        presented(self.kind, self.account().unwrap_or_default(), &self.secret)
    }

    pub(in crate::tenants) fn digest(&self) -> CredentialDigest {
        digest(&self.presented())
    }
}

/// The text that is looked up for an account and its secret. The kind is compared as well.
#[must_use]
pub fn presented(kind: CredentialKind, account: &str, secret: &str) -> String {
    let prefix = kind.digest_prefix();
    if kind.has_account() { format!("{prefix}{account}\0{secret}") } else { format!("{prefix}{secret}") }
}

pub(super) fn digest(presented: &str) -> CredentialDigest {
    Sha256::digest(presented.as_bytes()).into()
}

impl FromStr for Credential {
    type Err = CredentialError;

    /// Reads a subscription key.
    fn from_str(text: &str) -> Result<Self, CredentialError> {
        Self::new(&Random::default(), CredentialKind::SubscriptionKey, "", Some(text.to_owned()))
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Credential({:?}, {:?}, …{})", self.kind, self.account, self.ending())
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let key: Credential = "0123456789abcdef0123456789abcdef".parse().expect("a key");
        assert_eq!(format!("{key:?}"), "Credential(SubscriptionKey, None, …cdef)");
    }

    #[test]
    fn only_the_ending_of_a_long_secret_is_shown() {
        let random = Random::default();
        for (secret, ending) in
            [("12345678", ""), ("123456789012345", ""), ("1234567890123456", "3456"), ("ééééééééééééëëëë", "ëëëë")]
        {
            let new = Credential::new(&random, CredentialKind::Basic, "ci", Some(secret.to_owned())).expect("a secret");
            assert_eq!(new.ending(), ending, "{secret}");
            assert_eq!(shown_ending(CredentialKind::Basic, &new.stored_ending()), ending);
        }
        // Stored by an earlier version, which showed the ending of every secret.
        assert_eq!(shown_ending(CredentialKind::Basic, "5678"), "");
        assert_eq!(shown_ending(CredentialKind::SubscriptionKey, "cdef"), "cdef");
    }

    #[test]
    fn only_32_hexadecimal_digits_are_a_subscription_key() {
        for text in ["", "0123456789abcdef", "0123456789abcdef0123456789abcdeg", "0123456789abcdef0123456789abcdef0"] {
            assert!(text.parse::<Credential>().is_err(), "{text}");
        }
        let random = Random::default();
        let key = Credential::new(&random, CredentialKind::SubscriptionKey, "", None).expect("a key");
        assert_eq!(key.reveal().len(), 32);
    }

    #[test]
    fn accounts_and_secrets_are_plain_text() {
        let random = Random::default();
        let new = |account: &str, secret: &str| {
            Credential::new(&random, CredentialKind::Basic, account, Some(secret.to_owned())).is_ok()
        };
        assert!(new("ci", "long enough: yes"));
        for (account, secret) in [("", "long enough"), ("a:b", "long enough"), ("a\0", "long enough"), ("a", "short")] {
            assert!(!new(account, secret), "{account}");
        }
    }

    #[test]
    fn each_kind_has_its_own_digest() {
        let kinds = CredentialKind::value_variants().iter().chain([&CredentialKind::AccessToken]);
        let digests: std::collections::BTreeSet<CredentialDigest> =
            kinds.clone().map(|kind| digest(&presented(*kind, "a", "secret"))).collect();
        assert_eq!(digests.len(), kinds.count());
    }

    #[test]
    fn a_kind_has_one_name() {
        for kind in CredentialKind::value_variants() {
            assert_eq!(serde_json::to_value(kind).expect("JSON"), kind.name());
            assert_eq!(kind.to_possible_value().expect("a kind that can be created").get_name(), kind.name());
        }
    }
}
