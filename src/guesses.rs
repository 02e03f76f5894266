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
/// if there are none of these, those with the fewest.
const MAX_TARGETS: usize = 10_000;

/// The level of failures never exceeds this multiple of the limit, so that a network is locked out for about a minute at most.
const HIGHEST: f64 = 2.0;

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
    #[must_use]
    pub fn network(self) -> IpAddr {
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
    /// The credentials that are being looked up and were never valid.
    running: HashMap<u64, Running>,
}

/// A credential that is being looked up.
#[derive(Debug, Clone, Copy)]
struct Running {
    target: u64,
    /// How many requests present it: together they are one guess.
    requests: usize,
    /// Whether it is among the failures, as it is until it was valid.
    is_counted: bool,
}

/// The recent failures of one network with one account.
#[derive(Debug, Clone, Copy)]
struct Failures {
    /// A level of the limit sinks to zero within a period.
    level: f64,
    limit: f64,
    at: Instant,
}

/// A credential that may be looked up. Until then it counts as wrong, so that many at once are not more than the limit. One whose
/// lookup did not end does not count.
#[must_use]
pub struct Admitted<'a> {
    guesses: &'a Guesses,
    attempt: Attempt<'a>,
    /// The key of its `Running`; `None` where it is not counted yet: there is no limit, or it was valid before.
    running: Option<u64>,
    /// Whether it was valid before.
    pub was_valid: bool,
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

    /// Admits a credential that is to be looked up.
    ///
    /// # Errors
    /// When the peer's network has reached the limit and the credential was never valid.
    pub fn admit<'a>(&'a self, attempt: Attempt<'a>) -> Result<Admitted<'a>, TooManyGuesses> {
        let admitted = |running: Option<u64>, was_valid: bool| Admitted { guesses: self, attempt, running, was_valid };
        let hash = self.hash(&attempt);
        let Some(target) = self.target(&attempt) else {
            return Ok(admitted(None, self.state().valid.contains(&hash)));
        };
        let (limit, now) = (self.limit(&attempt), Instant::now());
        let key = self.0.hasher.hash_one((target, hash));
        let level = {
            let mut state = self.state();
            if state.valid.contains(&hash) {
                return Ok(admitted(None, true));
            }
            if let Some(running) = state.running.get_mut(&key) {
                running.requests += 1;
                return Ok(admitted(Some(key), false));
            }
            let level = state.targets.get(&target).map_or(0.0, |failures| failures.level(now));
            if level + 1.0 <= limit {
                state.add(target, limit, now);
                state.running.insert(key, Running { target, requests: 1, is_counted: true });
                return Ok(admitted(Some(key), false));
            }
            level
        };
        self.report(&attempt, "too many guesses");
        let wait = PERIOD.mul_f64((level + 1.0 - limit) / limit);
        Err(TooManyGuesses(wait.as_secs() + 1))
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

impl Admitted<'_> {
    /// The credential is valid.
    pub fn accepted(self) {
        let hash = self.guesses.hash(&self.attempt);
        let mut state = self.guesses.state();
        if state.valid.len() >= MAX_VALID {
            state.valid.clear();
        }
        state.valid.insert(hash);
    }

    /// The credential is not valid.
    pub fn rejected(self) {
        self.guesses.report(&self.attempt, "rejected");
        self.count();
    }

    /// The same for another reading of a credential that was rejected: it is counted, and not logged again.
    pub fn count(self) {
        let Some(target) = self.guesses.target(&self.attempt) else { return };
        let mut state = self.guesses.state();
        let running = self.running.and_then(|key| state.running.get_mut(&key));
        if running.is_some_and(|running| std::mem::take(&mut running.is_counted)) {
            return;
        }
        state.add(target, self.guesses.limit(&self.attempt), Instant::now());
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.running {
            self.guesses.state().leave(key, Instant::now());
        }
    }
}

impl State {
    /// Counts a failure.
    fn add(&mut self, target: u64, limit: f64, now: Instant) {
        if self.targets.len() >= MAX_TARGETS && !self.targets.contains_key(&target) {
            self.make_room(now);
        }
        let failures = self.targets.entry(target).or_insert(Failures { level: 0.0, limit, at: now });
        let level = (failures.level(now) + 1.0).min(limit * HIGHEST);
        *failures = Failures { level, limit, at: now };
    }

    /// Drops half of the targets: those that are furthest from their limit.
    fn make_room(&mut self, now: Instant) {
        self.targets.retain(|_, failures| now.duration_since(failures.at) < PERIOD);
        if self.targets.len() < MAX_TARGETS {
            return;
        }
        let mut shares: Vec<f64> = self.targets.values().map(|failures| failures.share(now)).collect();
        let half = shares.len() / 2;
        let (_, median, _) = shares.select_nth_unstable_by(half, f64::total_cmp);
        let least = *median;
        self.targets.retain(|_, failures| failures.share(now) > least);
    }

    /// A request that presented a credential has ended. The last one takes back what was counted and not rejected.
    fn leave(&mut self, key: u64, now: Instant) {
        let Some(running) = self.running.get_mut(&key) else { return };
        running.requests -= 1;
        if running.requests > 0 {
            return;
        }
        let Running { target, is_counted, .. } = *running;
        self.running.remove(&key);
        if let Some(failures) = self.targets.get_mut(&target).filter(|_| is_counted) {
            *failures = Failures { level: (failures.level(now) - 1.0).max(0.0), at: now, ..*failures };
        }
    }
}

impl Failures {
    fn level(&self, now: Instant) -> f64 {
        let gone = now.duration_since(self.at).as_secs_f64() / PERIOD.as_secs_f64() * self.limit;
        (self.level - gone).max(0.0)
    }

    /// The part of the limit that is used up.
    fn share(&self, now: Instant) -> f64 {
        self.level(now) / self.limit
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
        guesses.admit(attempt(account, &credential))?.rejected();
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
            // A secret that was never presented before is not looked up, right or not.
            assert!(guesses.admit(attempt(Some("ci"), "right")).is_err());
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
            guesses.admit(attempt(Some("ci"), "right")).expect("the first").accepted();
            assert!((0..LIMIT).all(|number| guess(&guesses, Some("ci"), number).is_ok()));
            assert!(guess(&guesses, Some("ci"), 9).is_err());
            assert!(guesses.admit(attempt(Some("ci"), "right")).is_ok_and(|admitted| admitted.was_valid));
        });
    }

    #[test]
    fn lookups_at_once_are_no_more_than_the_limit() {
        let guesses = Guesses::new(LIMIT).expect("a counter");
        from("192.0.2.7", || {
            let texts: Vec<String> = (0..100).map(|number| format!("wrong-{number}")).collect();
            let admit = |text: &'static str| guesses.admit(attempt(Some("ci"), text));
            let all: Vec<_> = texts.iter().map(|text| guesses.admit(attempt(Some("ci"), text))).collect();
            assert_eq!(all.iter().filter(|admitted| admitted.is_ok()).count(), 5);
            // The same credential is the same guess.
            assert!(admit("wrong-0").is_ok() && admit("wrong-9").is_err());
            drop(all);
            // What did not end is given back, and so is what is valid, however often it is presented.
            let right: Vec<_> = (0..100).map(|_| admit("right").expect("one guess")).collect();
            right.into_iter().for_each(Admitted::accepted);
            let same: Vec<_> = (0..100).map(|_| admit("wrong").expect("one guess")).collect();
            same.into_iter().for_each(Admitted::rejected);
            let TooManyGuesses(seconds) = admit("wrong-0").err().expect("a limit");
            assert!((60..=73).contains(&seconds), "{seconds}");
            assert!(guesses.state().running.is_empty());
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
            assert!((0..LIMIT).all(|number| guess(&guesses, Some("ci"), number).is_ok()));
            for number in 0..MAX_TARGETS + 10 {
                let text = number.to_string();
                guesses.admit(attempt(Some(&text), &text)).expect("the first").rejected();
                guesses.admit(attempt(Some(&text), &text)).expect("the second").accepted();
                let state = guesses.state();
                assert!(state.targets.len() <= MAX_TARGETS && state.valid.len() <= MAX_VALID);
            }
            // Many accounts do not push out one that is being guessed.
            assert!(guess(&guesses, Some("ci"), 9).is_err());
        });
    }

    #[test]
    fn failures_are_forgotten() {
        let now = Instant::now();
        let failures = Failures { level: 5.0, limit: 5.0, at: now };
        let after = |seconds| failures.level(now + Duration::from_secs(seconds));
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
