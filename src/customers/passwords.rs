//! Password hashes: Argon2id, on blocking threads, at most one per core at a time.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::random::Random;
use crate::secret::Password;

/// The cost of new password hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordCost {
    /// The OWASP minimum: 19 MiB, 2 passes, 1 lane.
    Owasp,
    /// The cheapest valid setting, for tests on a laptop: 8 KiB, 1 pass, 1 lane.
    Test,
}

/// The maximum cost of a hash in a seed file: a login with it must not overload the server.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 16;

/// A password hash as it is stored: an Argon2id PHC string within the maximum cost.
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

impl TryFrom<String> for PasswordHashText {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let malformed =
            "a password_hash must be an Argon2id hash in PHC form, such as $argon2id$v=19$m=19456,t=2,p=1$…$…";
        let hash = PasswordHash::new(&text).map_err(|_| malformed)?;
        let is_argon2id = Algorithm::new(hash.algorithm.as_str()) == Ok(Algorithm::Argon2id);
        if !is_argon2id || hash.salt.is_none() || hash.hash.is_none() {
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
            // A few microseconds, less than a switch to another thread costs.
            PasswordCost::Test => hash(password, &salt, Params::MIN_M_COST, 1),
            PasswordCost::Owasp => {
                let password = password.clone();
                self.on_blocking_thread(move || hash(&password, &salt, 19 * 1024, 2)).await
            }
        }
    }

    /// Whether this is the password of a hash of any cost. Takes at least as long as a new hash, so that the time does not
    /// distinguish an unknown user from one with a cheap hash.
    ///
    /// # Panics
    /// When Argon2id panics, which the tests exclude.
    pub async fn verify(&self, password: &Password, hash: &str, random: &Random) -> bool {
        if !hash.contains("$m=8,t=1,p=1$") {
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

fn verify(password: &Password, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.reveal().as_bytes(), &hash).is_ok())
}

fn hash(password: &Password, salt: &[u8; 16], memory_kib: u32, passes: u32) -> String {
    let params = Params::new(memory_kib, passes, 1, None).expect("invariant: fixed parameters are valid");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash: PasswordHash =
        argon2.hash_password_with_salt(password.reveal().as_bytes(), salt).expect("invariant: a 16-byte salt is valid");
    hash.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_argon2id_hash_within_the_maximum_cost_is_valid() {
        let valid = hash(&Password::new("PasswordHere1".to_owned()), &[7; 16], 8, 1);
        assert_eq!(PasswordHashText::try_from(valid.clone()).map(PasswordHashText::into_text), Ok(valid.clone()));
        for (invalid, why) in [
            (String::new(), "PHC form"),
            ("PasswordHere1".to_owned(), "PHC form"),
            (valid.replace("argon2id", "argon2i"), "PHC form"),
            (valid.rsplit_once('$').expect("a hash").0.to_owned(), "PHC form"),
            ("$2b$12$abcdefghijklmnopqrstuv".to_owned(), "PHC form"),
            (valid.replace("m=8", "m=4194304"), "at most"),
            (valid.replace("t=1", "t=1000"), "at most"),
        ] {
            let error = PasswordHashText::try_from(invalid.clone()).expect_err(&invalid);
            assert!(error.contains(why), "{invalid}: {error}");
        }
    }

    #[tokio::test]
    async fn a_hash_of_each_cost_verifies() {
        for (cost, parameters) in [(PasswordCost::Test, "m=8,t=1,p=1"), (PasswordCost::Owasp, "m=19456,t=2,p=1")] {
            let password = Password::new("PasswordHere1".to_owned());
            let text = Passwords::new(cost).hash(&password, &Random::default()).await;
            assert!(text.starts_with(&format!("$argon2id$v=19${parameters}$")), "{text}");
            // Whatever the cost of new hashes.
            let passwords = Passwords::new(PasswordCost::Test);
            let random = Random::default();
            assert!(passwords.verify(&password, &text, &random).await);
            assert!(!passwords.verify(&Password::new("PasswordHere2".to_owned()), &text, &random).await);
            assert!(!passwords.verify(&password, "no hash", &random).await);
        }
    }
}
