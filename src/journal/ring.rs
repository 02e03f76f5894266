//! The last requests of each tenant, bounded by number and by bytes.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::entry::{Entry, Filter, Headers, Recorder};
use super::redacted_header;
use super::rows::Tables;
use crate::database::{Database, DatabaseError, TenantId};

/// Beyond this number, the tenant that has been idle longest loses its requests.
const MAX_TENANTS: usize = 256;

const WAIT_INTERVAL: Duration = Duration::from_millis(500);

/// How many requests wait for a slow listener.
const BACKLOG: usize = 256;

#[derive(Debug, Clone, Copy)]
pub struct JournalOptions {
    /// Per tenant; 0 switches the journal off.
    pub entries: usize,
    /// Approximate, per tenant.
    pub bytes: usize,
}

/// The journal of this server. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Journal {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: JournalOptions,
    secret_headers: Vec<&'static str>,
    tables: OnceLock<Arc<Tables>>,
    rings: Mutex<Rings>,
    added: broadcast::Sender<Arc<Entry>>,
    is_closed: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Rings {
    /// The number of the latest request.
    latest: u64,
    of_tenants: HashMap<Option<TenantId>, Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
}

/// Receives a tenant's requests from the moment of [`Journal::listen`].
#[derive(Debug)]
pub struct Listener {
    journal: Journal,
    tenant: Option<TenantId>,
    /// The number of the last request that was received, or of the last one before listening.
    last: u64,
    /// Requests that the channel dropped and the journal still has.
    missed: VecDeque<Arc<Entry>>,
    added: broadcast::Receiver<Arc<Entry>>,
    is_closed: watch::Receiver<bool>,
}

impl Journal {
    /// `secret_headers`, in lower case, are hidden in addition to the headers with the names of secrets.
    #[must_use]
    pub fn new(options: JournalOptions, secret_headers: Vec<&'static str>) -> Self {
        let (added, _) = broadcast::channel(BACKLOG);
        let shared = Shared {
            options,
            secret_headers,
            tables: OnceLock::new(),
            rings: Mutex::default(),
            added,
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
        let _ = self.shared.tables.set(Arc::new(tables));
        Ok(())
    }

    /// Headers as an entry keeps them: without secrets.
    pub fn redacted_headers<'a>(&self, headers: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Headers {
        Headers::new(headers, &self.shared.secret_headers)
    }

    /// A header's value as an entry keeps it; see [`super::redacted_header`].
    #[must_use]
    pub fn redacted_header<'a>(&self, name: &str, value: &'a [u8]) -> Cow<'a, str> {
        redacted_header(name, value, &self.shared.secret_headers)
    }

    #[must_use]
    pub fn is_on(&self) -> bool {
        self.shared.options.entries > 0
    }

    /// A recorder for one request.
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        match self.shared.tables.get() {
            Some(tables) if self.is_on() => Recorder::on(Arc::clone(tables)),
            _ => Recorder::default(),
        }
    }

    /// The number of the latest request; 0 before the first.
    #[must_use]
    pub fn latest(&self) -> u64 {
        self.rings().latest
    }

    /// Keeps a request, and gives it the next number.
    pub fn add(&self, entry: Entry) {
        let JournalOptions { entries, bytes } = self.shared.options;
        // Numbered, kept and sent under one lock, so that every listener receives all numbers in ascending order.
        let mut rings = self.rings();
        rings.latest += 1;
        let entry = Arc::new(Entry { number: rings.latest, ..entry });
        let of_tenants = &mut rings.of_tenants;
        if of_tenants.len() >= MAX_TENANTS && !of_tenants.contains_key(&entry.tenant) {
            let last = |ring: &Ring| ring.entries.back().map_or(0, |entry| entry.number);
            let oldest = of_tenants.iter().min_by_key(|(_, ring)| last(ring)).map(|(tenant, _)| *tenant);
            oldest.map(|oldest| of_tenants.remove(&oldest));
        }
        of_tenants.entry(entry.tenant).or_default().add(Arc::clone(&entry), entries, bytes);
        // An error means that there is no listener.
        let _ = self.shared.added.send(entry);
    }

    /// A tenant's requests, the newest first.
    #[must_use]
    pub fn find(&self, tenant: Option<TenantId>, filter: &Filter, limit: usize) -> Vec<Arc<Entry>> {
        let rings = self.rings();
        let Some(ring) = rings.of_tenants.get(&tenant) else { return Vec::new() };
        ring.entries.iter().rev().filter(|entry| filter.matches(entry)).take(limit).cloned().collect()
    }

    /// The earliest request that matches, at once if the journal has one. `None` after the timeout.
    pub async fn wait(&self, tenant: Option<TenantId>, filter: &Filter, timeout: Duration) -> Option<Arc<Entry>> {
        let deadline = Instant::now() + timeout;
        let mut listener = self.listen(tenant);
        loop {
            if let Some(earliest) = self.find(tenant, filter, usize::MAX).pop() {
                return Some(earliest);
            }
            if Instant::now() >= deadline {
                return None;
            }
            // Looks again from time to time, because a listener may miss requests of a burst.
            let until = deadline.min(Instant::now() + WAIT_INTERVAL);
            if let Ok(received) = timeout_at(until, listener.next()).await {
                let entry = received?;
                if filter.matches(&entry) {
                    return Some(entry);
                }
            }
        }
    }

    #[must_use]
    pub fn listen(&self, tenant: Option<TenantId>) -> Listener {
        // Under the lock, so that no request comes between the number and the subscription.
        let rings = self.rings();
        Listener {
            journal: self.clone(),
            tenant,
            last: rings.latest,
            missed: VecDeque::new(),
            added: self.shared.added.subscribe(),
            is_closed: self.shared.is_closed.subscribe(),
        }
    }

    /// Ends all listeners, because the server stops.
    pub fn close(&self) {
        self.shared.is_closed.send_replace(true);
    }

    pub fn clear(&self, tenant: Option<TenantId>) {
        self.rings().of_tenants.remove(&tenant);
    }

    fn rings(&self) -> MutexGuard<'_, Rings> {
        self.shared.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// The next request; `None` when the server stops. A slow listener misses requests that the journal no longer has.
    pub async fn next(&mut self) -> Option<Arc<Entry>> {
        loop {
            if let Some(entry) = self.missed.pop_front() {
                return Some(entry);
            }
            let received = tokio::select! {
                received = self.added.recv() => received,
                _ = self.is_closed.wait_for(|is_closed| *is_closed) => return None,
            };
            match received {
                Ok(entry) if entry.tenant == self.tenant && entry.number > self.last => {
                    self.last = entry.number;
                    return Some(entry);
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => {
                    let since = Filter { since: Some(self.last), ..Filter::default() };
                    self.missed.extend(self.journal.find(self.tenant, &since, usize::MAX).into_iter().rev());
                    self.last = self.missed.back().map_or(self.last, |entry| entry.number);
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

impl Ring {
    fn add(&mut self, entry: Arc<Entry>, max_entries: usize, max_bytes: usize) {
        self.bytes += entry.size();
        self.entries.push_back(entry);
        while self.entries.len() > max_entries || self.bytes > max_bytes {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.size();
        }
    }
}
