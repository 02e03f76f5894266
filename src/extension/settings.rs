//! The settings of a tenant's Client Extension.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use serde::{Deserialize, Deserializer, Serialize};

use super::HOOKS;
use crate::outgoing::{TargetUrl, TimeoutSeconds};
use crate::secret;

/// The length of the extension's token, in bytes. A shorter one could be a part of words, in which it would be hidden too.
pub const TOKEN_LENGTH: RangeInclusive<usize> = 8..=1_000;

/// The settings are stored in the clear, because the token must be sent. A newer version may have stored them: what is unknown here is
/// left out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// Sent to the extension as its Bearer token (vendor's `ExtensionToken`).
    pub extension_token: String,
    /// Hook ids, each with the address that answers it.
    #[serde(default, deserialize_with = "known_hooks")]
    pub hooks: BTreeMap<HookId, TargetUrl>,
    /// The maximum duration of a hook, in seconds.
    #[serde(default = "thirty")]
    pub timeout_seconds: TimeoutSeconds,
}

fn thirty() -> TimeoutSeconds {
    const { TimeoutSeconds::new(NonZeroU32::new(30).expect("invariant: 30 is not 0")) }
}

/// The hooks that this version calls.
fn known_hooks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<HookId, TargetUrl>, D::Error> {
    let stored = BTreeMap::<String, TargetUrl>::deserialize(deserializer)?;
    Ok(stored.into_iter().filter_map(|(id, url)| Some((HookId::try_from(id).ok()?, url))).collect())
}

impl Extension {
    /// The default timeout is 30 seconds.
    #[must_use]
    pub fn new(
        extension_token: String,
        hooks: BTreeMap<HookId, TargetUrl>,
        timeout_seconds: Option<TimeoutSeconds>,
    ) -> Self {
        Self { extension_token, hooks, timeout_seconds: timeout_seconds.unwrap_or_else(thirty) }
    }

    /// Checks an extension that a person sent.
    ///
    /// # Errors
    /// The first part that is not in its range.
    pub fn check(&self) -> Result<(), String> {
        if !TOKEN_LENGTH.contains(&self.extension_token.len()) {
            let (min, max) = (TOKEN_LENGTH.start(), TOKEN_LENGTH.end());
            return Err(format!("extension.extension_token must be {min} to {max} bytes long"));
        }
        self.hooks.values().try_for_each(TargetUrl::check).map_err(|why| format!("extension.hooks: {why}"))?;
        self.timeout_seconds.check().map_err(|why| format!("extension.{why}"))
    }

    /// The URL that answers a hook; `None` for the vendor's default work.
    #[must_use]
    pub fn url(&self, hook: &str) -> Option<&TargetUrl> {
        self.hooks.iter().find(|(id, _)| id.0 == hook).map(|(_, url)| url)
    }

    /// A text of the extension, without the token that it was sent.
    #[must_use]
    pub fn without_token(&self, text: &str) -> String {
        secret::without(text, &self.extension_token)
    }
}

impl fmt::Debug for Extension {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Extension").field("hooks", &self.hooks).finish_non_exhaustive()
    }
}

/// The id of a hook that this emulator calls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct HookId(String);

impl HookId {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for HookId {
    type Error = String;

    fn try_from(id: String) -> Result<Self, String> {
        if HOOKS.contains(&id.as_str()) {
            Ok(Self(id))
        } else {
            Err(format!("'{id}' is not a hook that is called here; these are: {}", HOOKS.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Extension;

    #[test]
    fn a_token_that_a_person_sends_is_not_short() {
        let check = |length: usize| Extension::new("t".repeat(length), BTreeMap::new(), None).check();
        assert!(check(8).is_ok() && check(1_000).is_ok());
        for length in [0, 7, 1_001] {
            assert_eq!(check(length), Err("extension.extension_token must be 8 to 1000 bytes long".to_owned()));
        }
    }

    #[test]
    fn hooks_and_members_of_a_newer_version_are_left_out() {
        let stored = serde_json::json!({
            "extension_token": "t", "newer": 1, "timeout_seconds": 5,
            "hooks": { "Newer.Hook": "http://a.example/", "Associates.UpdateAssociate": "http://b.example/" }
        });
        let extension: Extension = serde_json::from_value(stored).expect("an extension");
        assert_eq!((extension.hooks.len(), extension.timeout_seconds.get()), (1, 5));
    }
}
