//! A Client Extension in a seed.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::secrets::SecretDigest;
use crate::extension::{Extension, HOOKS, HookId, TOKEN_LENGTH};
use crate::json_schema::closed_object;
use crate::outgoing::{TargetUrl, TimeoutSeconds};
use crate::tenants::credential::digest;

/// A Client Extension. Its tokens have the vendor's names.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::tenants) struct SeedExtension {
    /// Sent to the extension as Bearer token. It is stored in plain text.
    #[schemars(length(min = *TOKEN_LENGTH.start(), max = *TOKEN_LENGTH.end()))]
    extension_token: String,
    /// The token that the extension sends; only its digest is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    directscale_token: Option<String>,
    /// The digest, in place of the token itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    directscale_token_digest: Option<SecretDigest>,
    /// Hook ids, each with the address that answers it.
    #[schemars(schema_with = "hooks")]
    hooks: BTreeMap<HookId, TargetUrl>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// The maximum duration of a hook; 30 by default.
    timeout_seconds: Option<TimeoutSeconds>,
}

fn hooks(generator: &mut SchemaGenerator) -> Schema {
    closed_object(HOOKS.iter().map(|id| (*id, generator.subschema_for::<TargetUrl>())))
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
