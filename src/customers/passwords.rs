//! Password hashes, each with the cost that a setting chooses: Argon2id, on blocking threads, at most one per core at a time; or
//! one salted SHA-256, on the request's own thread.

use std::borrow::Cow;
use std::sync::Arc;

use argon2::password_hash::phc::{Ident, Output, PasswordHash};
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use crate::random::Random;
use crate::secret::Password;

/// The cost of new password hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordCost {
    /// Argon2id with the OWASP minimum: 19 MiB, 2 passes, 1 lane.
    Owasp,
    /// SHA-256 of the salt and the password. Whoever has the hash can find the password, so it is for test data only.
    Test,
}

/// The algorithm of a hash at the test cost, as its text names it: `$test-sha256$<salt>$<digest>`.
const TEST_SHA256: Ident = Ident::new_unwrap("test-sha256");

/// The maximum cost of a hash in a seed file: a login with it must not overload the server.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 16;

/// A password hash as it is stored: a PHC string of Argon2id within the maximum cost, or of the test cost.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct PasswordHashText(String);

impl PasswordHashText {
    /// A hash from the database.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

impl std::fmt::Debug for PasswordHashText {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("PasswordHashText")
    }
}

impl JsonSchema for PasswordHashText {
    fn schema_name() -> Cow<'static, str> {
        "PasswordHash".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "pattern": r"^\$(argon2id|test-sha256)\$",
            "description": "Instead of Password: a hash in PHC form."
        })
    }
}

impl TryFrom<String> for PasswordHashText {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let malformed = "a password_hash must be an Argon2id hash in PHC form, such as \
                         $argon2id$v=19$m=19456,t=2,p=1$…$…, or one of the test cost: $test-sha256$…$…";
        let hash = PasswordHash::new(&text).map_err(|_| malformed)?;
        let (Some(_), Some(output)) = (&hash.salt, &hash.hash) else { return Err(malformed) };
        if hash.algorithm == TEST_SHA256 {
            let is_plain = hash.version.is_none() && hash.params.is_empty() && output.len() == Sha256::output_size();
            return if is_plain { Ok(Self(text)) } else { Err(malformed) };
        }
        if Algorithm::new(hash.algorithm.as_str()) != Ok(Algorithm::Argon2id) {
            return Err(malformed);
        }
        let params = Params::try_from(&hash).map_err(|_| malformed)?;
        if params.m_cost() > MAX_MEMORY_KIB || params.t_cost() > MAX_PASSES || params.p_cost() > MAX_LANES {
            return Err("a password_hash may cost at most m=262144,t=16,p=16");
        }
        Ok(Self(text))
    }
}

#[derive(Debug, Clone)]
pub struct Passwords {
    cost: PasswordCost,
    one_per_core: Arc<Semaphore>,
}

impl Passwords {
    #[must_use]
    pub fn new(cost: PasswordCost) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { cost, one_per_core: Arc::new(Semaphore::new(cores)) }
    }

    /// A PHC string with salt and cost.
    ///
    /// # Panics
    /// When the fixed parameters are invalid, which the tests exclude.
    pub async fn hash(&self, password: &Password, random: &Random) -> String {
        let salt: [u8; 16] = random.bytes();
        match self.cost {
            PasswordCost::Test => test_hash(password, &salt),
            PasswordCost::Owasp => {
                let password = password.clone();
                self.on_blocking_thread(move || argon2id(&password, &salt, 19 * 1024, 2)).await
            }
        }
    }

    /// Whether this is the password of a hash of any cost. Takes at least as long as a new hash, so that the time does not
    /// distinguish an unknown user from one with a cheap hash. It does distinguish one with an expensive hash, where new ones are cheap.
    ///
    /// # Panics
    /// When Argon2id panics, which the tests exclude.
    pub async fn verify(&self, password: &Password, hash: &str, random: &Random) -> bool {
        if !is_cheap(hash) {
            let (password, hash) = (password.clone(), hash.to_owned());
            return self.on_blocking_thread(move || verify(&password, &hash)).await;
        }
        if self.cost == PasswordCost::Owasp {
            self.hash(password, random).await;
        }
        verify(password, hash)
    }

    /// At most one per core at a time, also after the client hangs up.
    async fn on_blocking_thread<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let permit = Arc::clone(&self.one_per_core).acquire_owned().await.expect("invariant: never closed");
        let work = move || {
            let _permit = permit;
            work()
        };
        tokio::task::spawn_blocking(work).await.expect("invariant: hashing does not panic")
    }
}

/// Whether a hash takes less time than a switch to another thread: those of the test cost, and those of Argon2id's cheapest
/// setting, which was the test cost of earlier versions.
fn is_cheap(hash: &str) -> bool {
    let test = hash.strip_prefix('$').and_then(|hash| hash.strip_prefix(TEST_SHA256.as_str()));
    test.is_some_and(|rest| rest.starts_with('$')) || hash.contains("$m=8,t=1,p=1$")
}

/// Compares in constant time.
fn verify(password: &Password, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    match &hash.salt {
        Some(salt) if hash.algorithm == TEST_SHA256 => hash.hash == Output::new(&test_digest(password, salt)).ok(),
        _ => Argon2::default().verify_password(password.reveal().as_bytes(), &hash).is_ok(),
    }
}

fn test_hash(password: &Password, salt: &[u8; 16]) -> String {
    /// In characters: the name, 16 and 32 bytes in base64, and the signs before them.
    const LENGTH: usize = 79;
    let mut text = String::with_capacity(LENGTH);
    text.extend(["$", TEST_SHA256.as_str(), "$"]);
    STANDARD_NO_PAD.encode_string(salt, &mut text);
    text.push('$');
    STANDARD_NO_PAD.encode_string(test_digest(password, salt), &mut text);
    text
}

fn test_digest(password: &Password, salt: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(salt).chain_update(password.reveal()).finalize().into()
}

fn argon2id(password: &Password, salt: &[u8; 16], memory_kib: u32, passes: u32) -> String {
    let params = Params::new(memory_kib, passes, 1, None).expect("invariant: fixed parameters are valid");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash: PasswordHash =
        argon2.hash_password_with_salt(password.reveal().as_bytes(), salt).expect("invariant: a 16-byte salt is valid");
    hash.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text.to_owned())
    }

    #[test]
    fn only_a_hash_of_argon2id_within_the_maximum_cost_or_of_the_test_cost_is_valid() {
        let argon2id = argon2id(&password("PasswordHere1"), &[7; 16], 8, 1);
        let test = test_hash(&password("PasswordHere1"), &[7; 16]);
        for valid in [&argon2id, &test] {
            assert_eq!(PasswordHashText::try_from(valid.clone()).map(PasswordHashText::into_text), Ok(valid.clone()));
        }
        let without_hash = |valid: &str| valid.rsplit_once('$').expect("a hash").0.to_owned();
        for (invalid, why) in [
            (String::new(), "PHC form"),
            ("PasswordHere1".to_owned(), "PHC form"),
            (argon2id.replace("argon2id", "argon2i"), "PHC form"),
            (without_hash(&argon2id), "PHC form"),
            ("$2b$12$abcdefghijklmnopqrstuv".to_owned(), "PHC form"),
            (argon2id.replace("m=8", "m=4194304"), "at most"),
            (argon2id.replace("t=1", "t=1000"), "at most"),
            (without_hash(&test), "PHC form"),
            (without_hash(&test) + "$aGFzaGhhc2hoYXNo", "PHC form"),
            (test.replace("test-sha256", "sha256"), "PHC form"),
            (test.replace("test-sha256", "test-sha256$v=1"), "PHC form"),
            (test.replace("test-sha256", "test-sha256$m=8"), "PHC form"),
        ] {
            let error = PasswordHashText::try_from(invalid.clone()).expect_err(&invalid);
            assert!(error.contains(why), "{invalid}: {error}");
        }
    }

    #[test]
    fn the_hash_of_the_test_cost_is_the_digest_of_salt_and_password() {
        // printf '\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7\7PasswordHere1' | sha256sum | xxd -r -p | base64
        let expected = "$test-sha256$BwcHBwcHBwcHBwcHBwcHBw$jWyFtCOxNwdsaKF6VZZ2jVYYnBG1GYrxF2lGxV0ffbE";
        assert_eq!(test_hash(&password("PasswordHere1"), &[7; 16]), expected);
    }

    #[tokio::test]
    async fn a_hash_of_each_cost_verifies() {
        let random = Random::default();
        let right = password("PasswordHere1");
        let new = async |cost| Passwords::new(cost).hash(&right, &random).await;
        for (text, start) in [
            (new(PasswordCost::Test).await, "$test-sha256$"),
            (new(PasswordCost::Owasp).await, "$argon2id$v=19$m=19456,t=2,p=1$"),
            // The test cost of earlier versions.
            (argon2id(&right, &[7; 16], 8, 1), "$argon2id$v=19$m=8,t=1,p=1$"),
        ] {
            assert!(text.starts_with(start), "{text}");
            // Whatever the cost of new hashes.
            for cost in [PasswordCost::Test, PasswordCost::Owasp] {
                let passwords = Passwords::new(cost);
                assert!(passwords.verify(&right, &text, &random).await, "{text}");
                assert!(!passwords.verify(&password("PasswordHere2"), &text, &random).await, "{text}");
                assert!(!passwords.verify(&right, &text[..text.len() - 1], &random).await, "{text}");
            }
        }
        for other in ["no hash", "", "$test-sha256", "$test-sha256$", "$test-sha256$c2FsdHNhbHQ"] {
            assert!(!Passwords::new(PasswordCost::Test).verify(&right, other, &random).await, "{other}");
        }
    }
}
