//! Passwords in clear text, and files that hold a secret.

use std::fmt;
use std::io::Read as _;
use std::path::Path;

/// The longest file with a secret.
pub const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// Replaces a secret in what is shown.
pub const HIDDEN: &str = "•••";

/// A text of another program, without a secret that the other program was sent. A short one is hidden in words too.
#[must_use]
pub fn without(text: &str, secret: &str) -> String {
    if secret.is_empty() { text.to_owned() } else { text.replace(secret, HIDDEN) }
}

/// Reads a secret from a file, or from standard input where the path is `-`. Line ends at the end are not part of it.
///
/// # Errors
/// When it cannot be read or is empty; what was read is not in the message.
pub fn read_secret(path: &Path) -> Result<String, String> {
    let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(MAX_SECRET_BYTES + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MAX_SECRET_BYTES + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| format!("{name} cannot be read: {error}"))?;
    secret_in(bytes, &name)
}

/// The secret in what was read from `name`, of which more than the longest secret was read if it is longer.
///
/// # Errors
/// When it is too long, no text or empty; what was read is not in the message.
pub fn secret_in(bytes: Vec<u8>, name: &str) -> Result<String, String> {
    if bytes.len() as u64 > MAX_SECRET_BYTES {
        return Err(format!("{name} is longer than {MAX_SECRET_BYTES} bytes"));
    }
    let text = String::from_utf8(bytes).map_err(|_| format!("{name} is not UTF-8"))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(format!("{name} is empty")),
        secret => Ok(secret.to_owned()),
    }
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
