//! The part of a server that asks for changes, and tells the others that it lives.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::store::{self, NewServer, News};
use super::{Changed, Servers, register};
use crate::database::{DatabaseError, ShareOf, TenantId, count_to, measured};
use crate::error_chain::ErrorChain;

/// The pause between two questions for changes, with other servers and without.
const INTERVAL: Duration = Duration::from_millis(50);
const INTERVAL_ALONE: Duration = Duration::from_millis(250);

/// How often a server tells the others that it lives.
const SEEN_INTERVAL: Duration = Duration::from_millis(500);

/// The maximum duration of one turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(2);

/// How often the rows of ended servers and old changes are deleted.
const CLEAN_INTERVAL: Duration = Duration::from_secs(30);

/// What the turns remember.
struct Turns {
    told_at: Option<Instant>,
    /// The version that this server's row has.
    told: i64,
    cleaned_at: Instant,
}

impl Servers {
    /// Asks for changes at each interval, as long as the process runs.
    pub async fn run(self) {
        let mut turns = Turns { told_at: None, told: 0, cleaned_at: Instant::now() };
        let mut has_failed = false;
        loop {
            let turn = async {
                // On the connection of health checks, which does not wait for requests.
                count_to(ShareOf::Health);
                self.turn(&mut turns).await
            };
            let failure = match tokio::time::timeout(TURN_TIMEOUT, measured(turn)).await {
                Ok((Ok(()), _)) => None,
                Ok((Err(error), _)) => Some(ErrorChain(&error).to_string()),
                Err(_) => Some("the database does not answer".to_owned()),
            };
            match &failure {
                Some(error) if !has_failed => {
                    tracing::warn!(error, "changes at other servers are not heard: each request asks the database");
                }
                None if has_failed => tracing::info!("changes at other servers are heard again"),
                _ => {}
            }
            has_failed = failure.is_some();
            let has_others = !self.0.names.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
            tokio::time::sleep(if has_others { INTERVAL } else { INTERVAL_ALONE }).await;
        }
    }

    async fn turn(&self, turns: &mut Turns) -> Result<(), DatabaseError> {
        let asked = Instant::now();
        let known = self.0.known.load(Ordering::Acquire);
        let news = self.0.database.run(async |connection| store::news(connection, self.0.id, known).await).await?;
        self.apply(known, &news);
        if news.is_live && self.0.trust.is_seen(Instant::now()) {
            self.0.trust.set_heard(asked);
        }
        self.note_others(news.others);
        let is_due = turns.told_at.is_none_or(|told_at| told_at.elapsed() >= SEEN_INTERVAL);
        if is_due || turns.told != news.version {
            self.tell(turns, news.version).await?;
        }
        if turns.cleaned_at.elapsed() >= CLEAN_INTERVAL {
            turns.cleaned_at = Instant::now();
            self.0.database.run(async |connection| store::clean(connection, news.version).await).await?;
        }
        Ok(())
    }

    /// Drops what is remembered of changed tenants.
    fn apply(&self, known: i64, news: &News) {
        if news.version == known {
            return;
        }
        // Each version is one change, unless old ones were deleted, or another database took over that does not have the last ones.
        if i64::try_from(news.changed.len()).is_ok_and(|changes| changes == news.version - known) {
            let tenants: Vec<TenantId> = news.changed.iter().map(|id| TenantId(*id)).collect();
            self.announce(Changed::Tenants(&tenants));
        } else {
            self.announce(Changed::All);
        }
        self.0.known.store(news.version, Ordering::Release);
    }

    pub(super) fn note_others(&self, names: Vec<String>) {
        if !names.is_empty() && !*self.0.others.borrow() {
            tracing::info!(servers = names.join(", "), "other servers use this database");
            self.0.others.send_replace(true);
        }
        *self.0.names.lock().unwrap_or_else(PoisonError::into_inner) = names;
    }

    /// Tells the others that this server lives and what it knows.
    async fn tell(&self, turns: &mut Turns, known: i64) -> Result<(), DatabaseError> {
        let told = Instant::now();
        let write = self.0.database.run(async |connection| {
            if store::seen(connection, self.0.id, known).await? {
                return Ok(());
            }
            // Others have deleted the row, because this server was silent for long.
            store::insert(connection, &self.row(), known).await
        });
        write.await?;
        if !self.0.trust.is_seen(Instant::now()) {
            // The others did not wait for this server until now. What it remembers may be old.
            self.0.trust.forget_heard();
            self.announce(Changed::All);
        }
        self.0.trust.set_seen(told);
        (turns.told_at, turns.told) = (Some(told), known);
        Ok(())
    }

    pub(super) fn row(&self) -> NewServer<'_> {
        NewServer {
            id: self.0.id,
            name: &self.0.name,
            version: register::VERSION,
            started_at: self.0.started_at,
            token: &self.0.token,
        }
    }
}
