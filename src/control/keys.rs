//! The rules for new keys that the API and the pages share.

use super::error::ControlError;
use crate::tenants::NewCredential;

/// The name of a new tenant's key, unless another is chosen.
pub(crate) const DEFAULT_KEY_NAME: &str = "default";

/// A new key with a name that is allowed.
pub(super) fn checked_key(key: NewCredential) -> Result<NewCredential, ControlError> {
    let name = &key.name;
    if name.trim().is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(ControlError::Bad("the name of a key has 1 to 100 visible characters".to_owned()));
    }
    Ok(key)
}
