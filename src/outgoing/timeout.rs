//! How long a request to an address that a tenant chose may take.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A timeout in seconds, from 1 to [`Self::MAX`]. A longer one that an older version stored is read as the maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(description = "In seconds.")]
pub struct TimeoutSeconds(#[schemars(range(min = 1, max = Self::MAX))] NonZeroU32);

impl TimeoutSeconds {
    /// In seconds.
    pub const MAX: u32 = 60;

    #[must_use]
    pub const fn new(seconds: NonZeroU32) -> Self {
        Self(seconds)
    }

    /// In seconds, at most [`Self::MAX`].
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.get().min(Self::MAX)
    }

    /// Checks a timeout that a person sent.
    ///
    /// # Errors
    /// When it is longer than the maximum.
    pub fn check(self) -> Result<(), String> {
        if self.0.get() <= Self::MAX {
            return Ok(());
        }
        Err(format!("timeout_seconds must be from 1 to {}, not {}", Self::MAX, self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_timeout_is_rejected_when_it_is_sent_and_cut_when_it_is_read() {
        let read = |text: &str| serde_json::from_str::<TimeoutSeconds>(text);
        assert!(read("0").is_err());
        for (text, seconds, is_valid) in
            [("1", 1, true), ("60", 60, true), ("61", 60, false), ("4294967295", 60, false)]
        {
            let timeout = read(text).expect("a timeout");
            assert_eq!((timeout.get(), timeout.check().is_ok()), (seconds, is_valid), "{text}");
            assert_eq!(serde_json::to_string(&timeout).expect("JSON"), text, "it is stored as it was sent");
        }
    }
}
