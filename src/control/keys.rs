//! The rules for new keys that the API and the pages share.

use super::error::ControlError;
use crate::tenants::{NOT_A_KEY_NAME, NewCredential, is_key_name};

/// The name of a new tenant's key, unless another is chosen.
pub(crate) const DEFAULT_KEY_NAME: &str = "default";

/// A new key with a name that is allowed.
pub(super) fn checked_key(key: NewCredential) -> Result<NewCredential, ControlError> {
    if is_key_name(&key.name) { Ok(key) } else { Err(ControlError::Bad(NOT_A_KEY_NAME.to_owned())) }
}
