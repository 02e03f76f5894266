//! Credentials that are not valid: each is logged for the audit and counted, and guessing is limited.
//!
//! What is guessed is one account (a user name, a client id, the admin token) or, where a credential is only a secret, any credential
//! of its kind. Each network has a limit for each of these. Beyond it a credential is not looked up any more, so that no answer says
//! whether it is valid; one that was valid before is looked up all the same. So a program with a wrong password does not lock out the
//! others of its network.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use prometheus::{IntCounterVec, Opts};
use thiserror::Error;

/// In which an account's limit is renewed.
const PERIOD: Duration = Duration::from_mins(1);

/// How many times the limit of an account a network may present wrong secrets that belong to no account. They are random, and many
/// programs of one network may use them.
const WITHOUT_ACCOUNT: u32 = 10;

/// The largest number of accounts and networks whose failures are remembered. The next one drops those without recent failures, and
/// all of them if there are none of these.
const MAX_TARGETS: usize = 10_000;

/// The largest number of credentials that are remembered as valid. The next one clears them.
const MAX_VALID: usize = 10_000;

/// The address of the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

tokio::task_local! {
    static PEER: Peer;
}

impl Peer {
    /// Runs a request of this peer.
    pub async fn requests<T>(self, request: impl Future<Output = T>) -> T {
        PEER.scope(self, request).await
    }

    /// The peer of the request that runs; `None` outside of a request.
    #[must_use]
    pub fn current() -> Option<Self> {
        PEER.try_with(|peer| *peer).ok()
    }

    /// An IPv4 address, or the 64 bits of an IPv6 address that one customer of a provider has.
    fn network(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
            address @ IpAddr::V4(_) => address,
        }
    }
}

/// A credential that a request presents. It has no `Debug`: it holds the secret.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// The kind of credential, for the log and the metrics.
    pub kind: &'static str,
    /// The account whose secret may be guessed; `None` where a credential is only a secret.
    pub account: Option<&'a str>,
    /// The credential as a whole.
    pub credential: &'a str,
    /// The operation that was requested.
    pub operation: &'a str,
}

/// The network presented too many wrong credentials for this account. The next one is looked up after this number of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("too many wrong credentials; try again in {0} seconds")]
pub struct TooManyGuesses(pub u64);

/// Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Guesses(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// For each account and minute; 0 for no limit.
    limit: u32,
    rejected: IntCounterVec,
    /// Its key is random, so that what is logged and remembered says nothing about a credential.
    hasher: RandomState,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    targets: HashMap<u64, Failures>,
    valid: HashSet<u64>,
}

/// The recent failures of one network with one account.
#[derive(Debug, Clone, Copy)]
struct Failures {
    /// It sinks to zero within a period.
    level: f64,
    at: Instant,
}

impl Guesses {
    /// `limit`: how many wrong credentials a network may present for one account in a minute; 0 for no limit.
    ///
    /// # Errors
    /// Only for a defect of this program.
    pub fn new(limit: u32) -> Result<Self, prometheus::Error> {
        let rejected = IntCounterVec::new(
            Opts::new("emulator_rejected_credentials_total", "Credentials that were not valid, by kind."),
            &["credential"],
        )?;
        let state = Mutex::default();
        Ok(Self(Arc::new(Shared { limit, rejected, hasher: RandomState::new(), state })))
    }

    /// The number of rejected credentials by kind.
    #[must_use]
    pub fn counter(&self) -> IntCounterVec {
        self.0.rejected.clone()
    }

    /// Whether a credential may be looked up.
    ///
    /// # Errors
    /// When the peer's network has reached the limit and the credential was never valid.
    pub fn admit(&self, attempt: &Attempt<'_>) -> Result<(), TooManyGuesses> {
        let Some(target) = self.target(attempt) else { return Ok(()) };
        let limit = self.limit(attempt);
        let level = {
            let state = self.state();
            let level = state.targets.get(&target).map_or(0.0, |failures| failures.level(limit, Instant::now()));
            if level + 1.0 <= limit || state.valid.contains(&self.hash(attempt)) {
                return Ok(());
            }
            level
        };
        self.report(attempt, "too many guesses");
        let wait = PERIOD.mul_f64((level + 1.0 - limit) / limit);
        Err(TooManyGuesses(wait.as_secs() + 1))
    }

    /// A credential is valid.
    pub fn accepted(&self, attempt: &Attempt<'_>) {
        let hash = self.hash(attempt);
        let mut state = self.state();
        if state.valid.len() >= MAX_VALID {
            state.valid.clear();
        }
        state.valid.insert(hash);
    }

    /// A credential is not valid.
    pub fn rejected(&self, attempt: &Attempt<'_>) {
        self.report(attempt, "rejected");
        let Some(target) = self.target(attempt) else { return };
        let (limit, now) = (self.limit(attempt), Instant::now());
        let mut state = self.state();
        if state.targets.len() >= MAX_TARGETS && !state.targets.contains_key(&target) {
            state.targets.retain(|_, failures| now.duration_since(failures.at) < PERIOD);
            if state.targets.len() >= MAX_TARGETS {
                state.targets.clear();
            }
        }
        let failures = state.targets.entry(target).or_insert(Failures { level: 0.0, at: now });
        *failures = Failures { level: failures.level(limit, now) + 1.0, at: now };
    }

    /// A text by which lines of the audit that are about one credential can be recognized. Another start gives another one.
    #[must_use]
    pub fn fingerprint(&self, credential: &str) -> String {
        format!("{:016x}", self.0.hasher.hash_one(("fingerprint", credential)))
    }

    fn report(&self, attempt: &Attempt<'_>, result: &str) {
        let Attempt { kind, credential, operation, .. } = *attempt;
        self.0.rejected.with_label_values(&[kind]).inc();
        let (peer, fingerprint) = (Peer::current().map(|peer| peer.0), self.fingerprint(credential));
        let peer = peer.as_ref().map(tracing::field::display);
        tracing::info!(target: "audit", peer, credential = kind, fingerprint, operation, result, "rejected credential");
    }

    /// `None` where there is no limit, or no peer.
    fn target(&self, attempt: &Attempt<'_>) -> Option<u64> {
        let peer = Peer::current().filter(|_| self.0.limit > 0)?;
        Some(self.0.hasher.hash_one((peer.network(), attempt.kind, attempt.account)))
    }

    fn limit(&self, attempt: &Attempt<'_>) -> f64 {
        let factor = if attempt.account.is_some() { 1 } else { WITHOUT_ACCOUNT };
        f64::from(self.0.limit.saturating_mul(factor))
    }

    fn hash(&self, attempt: &Attempt<'_>) -> u64 {
        self.0.hasher.hash_one((attempt.kind, attempt.credential))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Failures {
    fn level(&self, limit: f64, now: Instant) -> f64 {
        let gone = now.duration_since(self.at).as_secs_f64() / PERIOD.as_secs_f64() * limit;
        (self.level - gone).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u32 = 5;

    fn attempt<'a>(account: Option<&'a str>, credential: &'a str) -> Attempt<'a> {
        Attempt { kind: "basic", account, credential, operation: "-" }
    }

    fn from<T>(address: &str, work: impl FnOnce() -> T) -> T {
        PEER.sync_scope(Peer(address.parse().expect("an address")), work)
    }

    fn guess(guesses: &Guesses, account: Option<&str>, number: u32) -> Result<(), TooManyGuesses> {
        let credential = format!("wrong-{number}");
        let attempt = attempt(account, &credential);
        guesses.admit(&attempt)?;
        guesses.rejected(&attempt);
        Ok(())
    }

    #[test]
    fn guesses_are_limited_for_one_account_and_network() {
        let guesses = Guesses::new(LIMIT).expect("a counter");
        from("192.0.2.7", || {
            for number in 0..LIMIT {
                assert_eq!(guess(&guesses, Some("ci"), number), Ok(()));
            }
            let TooManyGuesses(seconds) = guess(&guesses, Some("ci"), 9).expect_err("a limit");
            assert!((1..=13).contains(&seconds), "{seconds}");
            assert_eq!(guess(&guesses, Some("other"), 0), Ok(()));
            // A secret that nobody presented before is not looked up, right or not.
            assert!(guesses.admit(&attempt(Some("ci"), "right")).is_err());
            for number in 0..LIMIT * WITHOUT_ACCOUNT {
                assert_eq!(guess(&guesses, None, number), Ok(()), "{number}");
            }
            assert!(guess(&guesses, None, 99).is_err());
        });
        from("192.0.2.8", || assert_eq!(guess(&guesses, Some("ci"), 0), Ok(())));
        from("2001:db8::1", || assert!((0..LIMIT).all(|number| guess(&guesses, Some("ci"), number).is_ok())));
        from("2001:db8::ffff:2", || assert!(guess(&guesses, Some("ci"), 0).is_err(), "one network"));
        from("2001:db8:0:1::1", || assert_eq!(guess(&guesses, Some("ci"), 0), Ok(())));
        assert_eq!(guesses.counter().with_label_values(&["basic"]).get(), (5 + 2 + 1 + 50 + 1 + 1 + 5 + 1 + 1));
    }

    #[test]
    fn a_credential_that_was_valid_is_not_locked_out() {
        let guesses = Guesses::new(LIMIT).expect("a counter");
        from("192.0.2.7", || {
            guesses.accepted(&attempt(Some("ci"), "right"));
            assert!((0..LIMIT).all(|number| guess(&guesses, Some("ci"), number).is_ok()));
            assert!(guess(&guesses, Some("ci"), 9).is_err());
            assert_eq!(guesses.admit(&attempt(Some("ci"), "right")), Ok(()));
        });
    }

    #[test]
    fn without_a_limit_nothing_is_limited() {
        let guesses = Guesses::new(0).expect("a counter");
        from("192.0.2.7", || {
            for number in 0..1_000 {
                assert_eq!(guess(&guesses, Some("ci"), number), Ok(()));
            }
        });
        assert!(guesses.state().targets.is_empty());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let guesses = Guesses::new(LIMIT).expect("a counter");
        from("192.0.2.7", || {
            for number in 0..MAX_TARGETS + 10 {
                let text = number.to_string();
                let attempt = attempt(Some(&text), &text);
                guesses.rejected(&attempt);
                guesses.accepted(&attempt);
                let state = guesses.state();
                assert!(state.targets.len() <= MAX_TARGETS && state.valid.len() <= MAX_VALID);
            }
        });
    }

    #[test]
    fn failures_are_forgotten() {
        let now = Instant::now();
        let failures = Failures { level: 5.0, at: now };
        let after = |seconds| failures.level(5.0, now + Duration::from_secs(seconds));
        assert!((after(12) - 4.0).abs() < 1e-9 && after(60) < 1e-9 && after(600) < 1e-9);
    }

    #[test]
    fn a_fingerprint_is_the_same_within_a_start_only() {
        let (one, two) = (Guesses::new(0).expect("a counter"), Guesses::new(0).expect("a counter"));
        assert_eq!(one.fingerprint("secret"), one.fingerprint("secret"));
        assert_ne!(one.fingerprint("secret"), one.fingerprint("Secret"));
        assert_ne!(one.fingerprint("secret"), two.fingerprint("secret"));
    }
}
