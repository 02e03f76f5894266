//! Password hashes: Argon2id, off the async threads, at most one a core at once.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::random::Random;
use crate::secret::Password;

/// How dear a password hash is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordCost {
    /// The OWASP minimum: 19 MiB, 2 passes, 1 lane.
    Owasp,
    /// The cheapest valid setting, for tests on a laptop: 8 KiB, 1 pass, 1 lane.
    Test,
}

/// The dearest hash that is taken from a file: a login with it must not use up the server.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 16;

/// The hash of a password in the text form that is stored: an Argon2id PHC string that a login can afford.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct PasswordHashText(String);

impl PasswordHashText {
    /// A hash that is stored already.
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
        let is_argon2id = Algorithm::new(hash.algorithm.as_str()).is_ok_and(|known| known == Algorithm::Argon2id);
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

/// Hashes passwords at one cost.
#[derive(Debug, Clone)]
pub struct Passwords {
    cost: PasswordCost,
    one_a_core: Arc<Semaphore>,
}

impl Passwords {
    #[must_use]
    pub fn new(cost: PasswordCost) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { cost, one_a_core: Arc::new(Semaphore::new(cores)) }
    }

    /// The hash of a password, as a PHC string with its salt and cost.
    ///
    /// # Panics
    /// When the fixed parameters were not valid ones, which the tests rule out.
    pub async fn hash(&self, password: &Password, random: &Random) -> String {
        let salt: [u8; 16] = random.bytes();
        match self.cost {
            // Some microseconds: handing it to another thread would take longer.
            PasswordCost::Test => hash(password, &salt, Params::MIN_M_COST, 1),
            PasswordCost::Owasp => {
                let password = password.clone();
                self.in_turn(move || hash(&password, &salt, 19 * 1024, 2)).await
            }
        }
    }

    /// Whether this is the password of a hash, at whatever cost that was made. Takes no less than a new hash does, so that
    /// the time does not tell an unknown user from one whose hash was cheap.
    ///
    /// # Panics
    /// When Argon2id did, which the tests rule out.
    pub async fn verify(&self, password: &Password, hash: &str, random: &Random) -> bool {
        if !hash.contains("$m=8,t=1,p=1$") {
            let (password, hash) = (password.clone(), hash.to_owned());
            return self.in_turn(move || verify(&password, &hash)).await;
        }
        if self.cost == PasswordCost::Owasp {
            self.hash(password, random).await;
        }
        verify(password, hash)
    }

    /// Off the async threads, at most one a core at once, also when the caller hangs up meanwhile.
    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let turn = Arc::clone(&self.one_a_core).acquire_owned().await.expect("invariant: never closed");
        let work = move || {
            let _turn = turn;
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
    fn only_an_affordable_argon2id_hash_is_taken() {
        let good = hash(&Password::new("PasswordHere1".to_owned()), &[7; 16], 8, 1);
        assert_eq!(PasswordHashText::try_from(good.clone()).map(PasswordHashText::into_text), Ok(good.clone()));
        for (bad, why) in [
            (String::new(), "PHC form"),
            ("PasswordHere1".to_owned(), "PHC form"),
            (good.replace("argon2id", "argon2i"), "PHC form"),
            (good.rsplit_once('$').expect("a hash").0.to_owned(), "PHC form"),
            ("$2b$12$abcdefghijklmnopqrstuv".to_owned(), "PHC form"),
            (good.replace("m=8", "m=4194304"), "at most"),
            (good.replace("t=1", "t=1000"), "at most"),
        ] {
            let error = PasswordHashText::try_from(bad.clone()).expect_err(&bad);
            assert!(error.contains(why), "{bad}: {error}");
        }
    }

    #[tokio::test]
    async fn each_cost_makes_a_hash_that_verifies() {
        for (cost, parameters) in [(PasswordCost::Test, "m=8,t=1,p=1"), (PasswordCost::Owasp, "m=19456,t=2,p=1")] {
            let password = Password::new("PasswordHere1".to_owned());
            let text = Passwords::new(cost).hash(&password, &Random::default()).await;
            assert!(text.starts_with(&format!("$argon2id$v=19${parameters}$")), "{text}");
            // Whatever the cost that new hashes are made at.
            let passwords = Passwords::new(PasswordCost::Test);
            let random = Random::default();
            assert!(passwords.verify(&password, &text, &random).await);
            assert!(!passwords.verify(&Password::new("PasswordHere2".to_owned()), &text, &random).await);
            assert!(!passwords.verify(&password, "no hash", &random).await);
        }
    }
}
