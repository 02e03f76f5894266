//! The digest of a secret in a seed file.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::tenants::credential::CredentialDigest;

/// The SHA-256 of a secret, in hexadecimal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(in crate::tenants) struct SecretDigest(Vec<u8>);

impl SecretDigest {
    pub(in crate::tenants) fn stored(digest: Vec<u8>) -> Self {
        Self(digest)
    }

    pub(in crate::tenants) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<CredentialDigest> for SecretDigest {
    fn from(digest: CredentialDigest) -> Self {
        Self(digest.to_vec())
    }
}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretDigest")
    }
}

impl From<SecretDigest> for String {
    fn from(digest: SecretDigest) -> Self {
        use fmt::Write as _;
        digest.0.iter().fold(Self::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

impl JsonSchema for SecretDigest {
    fn schema_name() -> Cow<'static, str> {
        "SecretDigest".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "pattern": "^[0-9A-Fa-f]{64}$",
            "description": "The SHA-256 of a secret, in hexadecimal."
        })
    }
}

impl TryFrom<String> for SecretDigest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let malformed = "a digest must be the SHA-256 of a secret in 64 hexadecimal digits";
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(malformed);
        }
        let byte = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
        text.as_bytes().chunks(2).map(byte).collect::<Option<Vec<u8>>>().map(Self).ok_or(malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_64_hexadecimal_digits_are_a_digest() {
        let valid = "00ff".repeat(16);
        assert_eq!(SecretDigest::try_from(valid.to_uppercase()).map(String::from), Ok(valid.clone()));
        for invalid in ["", "00", &valid[1..], &valid.replace("00ff", "00fg"), &format!("{valid}00")] {
            assert!(SecretDigest::try_from(invalid.to_owned()).is_err(), "{invalid}");
        }
    }
}
