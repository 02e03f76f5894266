//! The token of the control API.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::random::Random;

/// The token of the control API. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct AdminToken(String);

impl AdminToken {
    #[must_use]
    pub fn generate(random: &Random) -> Self {
        Self(random.hexadecimal())
    }

    /// The token itself, to be printed once and sent by the command line.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Its SHA-256.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.reveal().as_bytes()).into()
    }

    /// Whether a text is the token. Digests are compared, so that the duration does not tell how much of it is right.
    pub(super) fn is(&self, presented: &str) -> bool {
        self.digest() == <[u8; 32]>::from(Sha256::digest(presented.as_bytes()))
    }
}

impl FromStr for AdminToken {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_plain && text.len() >= 16 {
            Ok(Self(text.to_owned()))
        } else {
            Err("must be at least 16 visible ASCII characters".to_owned())
        }
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AdminToken(…)")
    }
}
