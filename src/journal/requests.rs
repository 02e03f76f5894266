//! The journal: requests are added, found, waited for and followed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::entry::Entry;
use super::filter::Filter;
use super::raw::{Kept, Numbered, RawEntry};
use super::recorder::Recorder;
use super::rings::{JournalOptions, Rings};
use super::rows::Tables;
use super::show::{Detail, Redactor};
use crate::database::{Database, DatabaseError, TenantId};

const WAIT_INTERVAL: Duration = Duration::from_millis(500);

/// The maximum size of a listing's requests in bytes.
const MAX_LISTED_BYTES: usize = 8 * 1024 * 1024;

/// The journal of this server. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Journal {
    shared: Arc<Shared>,
}

struct Shared {
    rings: Rings,
    redactor: Redactor,
    /// Tells listeners that there is a new request.
    added: watch::Sender<()>,
    is_closed: watch::Sender<bool>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Shared(…)")
    }
}

/// Receives a tenant's requests one after the other. It holds none of them, so a slow one misses those that the journal no longer has.
#[derive(Debug)]
pub struct Listener {
    journal: Journal,
    tenant: Option<TenantId>,
    /// The number of the last request that was received, or of the last one before listening.
    last: u64,
    added: watch::Receiver<()>,
    is_closed: watch::Receiver<bool>,
}

impl Journal {
    /// `secret_headers`, in lower case, are hidden in addition to the headers with the names of secrets.
    #[must_use]
    pub fn new(options: JournalOptions, secret_headers: Vec<&'static str>) -> Self {
        let shared = Shared {
            rings: Rings::new(options),
            redactor: Redactor { secret_headers, ..Redactor::default() },
            added: watch::Sender::new(()),
            is_closed: watch::Sender::new(false),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Reads the columns of the database's tables, without which no change is recorded.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn learn_tables(&self, database: &Database) -> Result<(), DatabaseError> {
        let tables = database.run(async |connection| Tables::load(connection).await).await?;
        // A second database would have the same tables.
        let _ = self.shared.redactor.tables.set(Arc::new(tables));
        Ok(())
    }

    #[must_use]
    pub fn is_on(&self) -> bool {
        self.shared.rings.options.entries > 0
    }

    /// A recorder for one request.
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        match self.shared.redactor.tables.get() {
            Some(tables) if self.is_on() => Recorder::on(Arc::clone(tables)),
            _ => Recorder::default(),
        }
    }

    /// The number of the latest request; 0 before the first.
    #[must_use]
    pub fn latest(&self) -> u64 {
        self.shared.rings.latest()
    }

    /// Keeps a request, and gives it the next number. Where all requests together are too large, the tenants with the most bytes lose
    /// their oldest ones.
    pub fn add(&self, request: RawEntry) {
        self.shared.rings.add(Kept::new(request));
        // A listener that is not counted yet looks into the journal after it is.
        if self.shared.added.receiver_count() > 0 {
            self.shared.added.send_replace(());
        }
    }

    /// A tenant's requests, the newest first, up to a size of 8 MiB.
    #[must_use]
    pub fn find(&self, tenant: Option<TenantId>, filter: &Filter, limit: usize, detail: Detail) -> Vec<Entry> {
        let mut found = Vec::new();
        let (mut before, mut bytes) = (u64::MAX, 0);
        while found.len() < limit
            && let Some(numbered) = self.shared.rings.before(tenant, before)
            && filter.since.is_none_or(|since| numbered.number > since)
        {
            before = numbered.number;
            if !self.matches(filter, &numbered) {
                continue;
            }
            let entry = self.shown(&numbered, detail);
            bytes += entry.size();
            if bytes > MAX_LISTED_BYTES {
                break;
            }
            found.push(entry);
        }
        found
    }

    /// The earliest request that matches.
    #[must_use]
    pub fn earliest(&self, tenant: Option<TenantId>, filter: &Filter) -> Option<Entry> {
        let mut after = filter.since.unwrap_or_default();
        loop {
            let numbered = self.shared.rings.after(tenant, after)?;
            if self.matches(filter, &numbered) {
                return Some(self.shown(&numbered, Detail::Whole));
            }
            after = numbered.number;
        }
    }

    /// The earliest request that matches, at once if the journal has one. `None` after the timeout.
    pub async fn wait(&self, tenant: Option<TenantId>, filter: &Filter, timeout: Duration) -> Option<Entry> {
        let deadline = Instant::now() + timeout;
        let mut listener = self.listen(tenant);
        loop {
            if let Some(earliest) = self.earliest(tenant, filter) {
                return Some(earliest);
            }
            if Instant::now() >= deadline {
                return None;
            }
            // Looks again from time to time, because a listener may miss requests of a burst.
            let until = deadline.min(Instant::now() + WAIT_INTERVAL);
            if let Ok(received) = timeout_at(until, listener.next(filter)).await {
                return received;
            }
        }
    }

    fn matches(&self, filter: &Filter, numbered: &Numbered) -> bool {
        filter.matches(numbered, |kept| self.shared.redactor.customer(kept))
    }

    fn shown(&self, numbered: &Numbered, detail: Detail) -> Entry {
        self.shared.redactor.entry(numbered, detail)
    }

    /// Receives a tenant's requests from now on.
    #[must_use]
    pub fn listen(&self, tenant: Option<TenantId>) -> Listener {
        let latest = self.latest();
        self.listen_since(tenant, latest)
    }

    /// Receives a tenant's requests with a higher number than this, beginning with those that the journal has.
    #[must_use]
    pub fn listen_since(&self, tenant: Option<TenantId>, since: u64) -> Listener {
        Listener {
            journal: self.clone(),
            tenant,
            last: since,
            added: self.shared.added.subscribe(),
            is_closed: self.shared.is_closed.subscribe(),
        }
    }

    /// Ends all listeners, because the server stops.
    pub fn close(&self) {
        self.shared.is_closed.send_replace(true);
    }

    pub fn clear(&self, tenant: Option<TenantId>) {
        self.shared.rings.clear(tenant);
    }
}

impl Listener {
    /// The next request that matches; `None` when the server stops.
    pub async fn next(&mut self, filter: &Filter) -> Option<Entry> {
        loop {
            let numbered = self.next_numbered().await?;
            if self.journal.matches(filter, &numbered) {
                return Some(self.journal.shown(&numbered, Detail::Whole));
            }
        }
    }

    async fn next_numbered(&mut self) -> Option<Numbered> {
        loop {
            // Marked as seen before the journal is read, so that a request that comes in between ends the wait.
            self.added.borrow_and_update();
            if let Some(numbered) = self.journal.shared.rings.after(self.tenant, self.last) {
                self.last = numbered.number;
                return Some(numbered);
            }
            tokio::select! {
                changed = self.added.changed() => changed.ok()?,
                _ = self.is_closed.wait_for(|is_closed| *is_closed) => return None,
            }
        }
    }
}
