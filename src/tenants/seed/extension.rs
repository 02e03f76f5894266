//! A Client Extension in a seed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::secrets::SecretDigest;
use crate::extension::{Extension, HookId};
use crate::outgoing::{TargetUrl, TimeoutSeconds};
use crate::tenants::credential::digest;

/// A Client Extension. Its tokens have the vendor's names.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::tenants) struct SeedExtension {
    extension_token: String,
    /// The token that the extension sends; only its digest is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    directscale_token: Option<String>,
    /// The digest, in place of the token itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    directscale_token_digest: Option<SecretDigest>,
    hooks: BTreeMap<HookId, TargetUrl>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeout_seconds: Option<TimeoutSeconds>,
}

impl std::fmt::Debug for SeedExtension {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SeedExtension").field("hooks", &self.hooks).finish_non_exhaustive()
    }
}

impl SeedExtension {
    pub(in crate::tenants) fn stored(extension: Extension, token: Option<SecretDigest>) -> Self {
        let Extension { extension_token, hooks, timeout_seconds } = extension;
        Self {
            extension_token,
            directscale_token: None,
            directscale_token_digest: token,
            hooks,
            timeout_seconds: Some(timeout_seconds),
        }
    }

    /// The stored extension, and the digest of the token with which it calls back.
    pub(in crate::tenants) fn split(self) -> Result<(Extension, SecretDigest), String> {
        let Self { extension_token, directscale_token, directscale_token_digest, hooks, timeout_seconds } = self;
        let token = match (directscale_token, directscale_token_digest) {
            (Some(token), None) => digest(&token).into(),
            (None, Some(digest)) => digest,
            _ => return Err("an extension has either directscale_token or directscale_token_digest".to_owned()),
        };
        let extension = Extension::new(extension_token, hooks, timeout_seconds);
        extension.check()?;
        Ok((extension, token))
    }
}
