//! Passwords in clear text.

use std::fmt;

/// Replaces a secret in what is shown.
pub const HIDDEN: &str = "•••";

/// A text of another program, without a secret that the other program was sent. One of fewer than 8 bytes stays, because it may
/// be a part of words.
#[must_use]
pub fn without(text: &str, secret: &str) -> String {
    if secret.len() < 8 { text.to_owned() } else { text.replace(secret, HIDDEN) }
}

/// A password before it is hashed. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    #[must_use]
    pub fn new(password: String) -> Self {
        Self(password)
    }

    /// For validation and hashing only.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(…)")
    }
}
