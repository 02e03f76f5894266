//! The sessions of browsers that sent the token. They are in the memory of this server, and end with it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use crate::random::Random;

/// How long a session lasts after the login.
pub(super) const LIFETIME: Duration = Duration::from_hours(12);

/// The largest number of sessions. The next one ends the oldest.
const MAX_SESSIONS: usize = 100;

/// The open sessions: the digest of each id, and when it began.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<[u8; 32], Instant>>);

impl Sessions {
    /// Opens a session, and returns its id.
    pub(super) fn open(&self, random: &Random) -> String {
        self.open_at(random, Instant::now())
    }

    /// Whether a session is open.
    pub(super) fn is_open(&self, id: &str) -> bool {
        self.is_open_at(id, Instant::now())
    }

    /// Ends a session. Returns whether it was open.
    pub(super) fn end(&self, id: &str) -> bool {
        self.end_at(id, Instant::now())
    }

    fn open_at(&self, random: &Random, now: Instant) -> String {
        let id = random.hexadecimal() + &random.hexadecimal();
        let mut sessions = self.sessions();
        sessions.retain(|_, began| now.duration_since(*began) < LIFETIME);
        if sessions.len() >= MAX_SESSIONS
            && let Some(oldest) = sessions.iter().min_by_key(|(_, began)| **began).map(|(digest, _)| *digest)
        {
            sessions.remove(&oldest);
        }
        sessions.insert(digest(&id), now);
        id
    }

    fn end_at(&self, id: &str, now: Instant) -> bool {
        self.sessions().remove(&digest(id)).is_some_and(|began| now.duration_since(began) < LIFETIME)
    }

    fn is_open_at(&self, id: &str, now: Instant) -> bool {
        self.sessions().get(&digest(id)).is_some_and(|began| now.duration_since(*began) < LIFETIME)
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<[u8; 32], Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sessions are found by it, so that the duration does not tell how much of an id is right.
fn digest(id: &str) -> [u8; 32] {
    Sha256::digest(id.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_by_itself_or_when_it_is_ended() {
        let (sessions, random, now) = (Sessions::default(), Random::default(), Instant::now());
        let (first, second) = (sessions.open_at(&random, now), sessions.open_at(&random, now));
        assert_eq!((first.len(), first == second), (64, false));
        assert!(sessions.is_open_at(&first, now + LIFETIME.saturating_sub(Duration::from_secs(1))));
        assert!(!sessions.is_open_at(&first, now + LIFETIME) && !sessions.is_open_at("", now));
        assert!(sessions.end_at(&first, now) && !sessions.end_at(&first, now));
        assert!(!sessions.is_open_at(&first, now) && sessions.is_open_at(&second, now));
    }

    #[test]
    fn the_number_of_sessions_is_bounded() {
        let (sessions, random, now) = (Sessions::default(), Random::default(), Instant::now());
        let later = |number: u32| now + Duration::from_secs(1) * number;
        let ids: Vec<String> =
            (0..).take(MAX_SESSIONS + 1).map(|number| sessions.open_at(&random, later(number))).collect();
        assert_eq!(sessions.sessions().len(), MAX_SESSIONS);
        assert!(!sessions.is_open_at(&ids[0], now) && ids[1..].iter().all(|id| sessions.is_open_at(id, now)));
    }
}
