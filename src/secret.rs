//! Passwords in clear text.

use std::fmt;

/// Replaces a secret in what is shown.
pub const HIDDEN: &str = "•••";

/// A text of another program, without a secret that the other program was sent. A short one is hidden in words too.
#[must_use]
pub fn without(text: &str, secret: &str) -> String {
    if secret.is_empty() { text.to_owned() } else { text.replace(secret, HIDDEN) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_of_any_length_is_hidden() {
        assert_eq!(without("it was tok7 and tok7", "tok7"), "it was ••• and •••");
        assert_eq!(without("nothing", ""), "nothing");
    }
}
