//! The last requests of each tenant, bounded by number and by bytes, and by the bytes of all tenants together.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::entry::{Entry, Filter, Headers, Recorder};
use super::redacted_header;
use super::rows::Tables;
use crate::database::{Database, DatabaseError, TenantId};

/// Beyond this number, the tenant that has been idle longest loses its requests.
const MAX_TENANTS: usize = 256;

const WAIT_INTERVAL: Duration = Duration::from_millis(500);

/// The maximum size of a listing's requests in bytes.
const MAX_LISTED_BYTES: usize = 8 * 1024 * 1024;

#[derive(Debug, Clone, Copy)]
pub struct JournalOptions {
    /// Per tenant; 0 switches the journal off.
    pub entries: usize,
    /// Per tenant.
    pub bytes: usize,
    /// Of all tenants together, and of the unauthenticated requests.
    pub total_bytes: usize,
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
    /// The number of the latest request.
    latest: watch::Sender<u64>,
    is_closed: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Rings {
    /// The number of the latest request.
    latest: u64,
    /// The size of all requests in bytes.
    bytes: usize,
    of_tenants: HashMap<Option<TenantId>, Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    entries: VecDeque<Kept>,
    bytes: usize,
}

/// A request, and its size in bytes.
#[derive(Debug)]
struct Kept {
    entry: Arc<Entry>,
    size: usize,
}

/// Receives a tenant's requests one after the other. It holds none of them, so a slow one misses those that the journal no longer has.
#[derive(Debug)]
pub struct Listener {
    journal: Journal,
    tenant: Option<TenantId>,
    /// The number of the last request that was received, or of the last one before listening.
    last: u64,
    latest: watch::Receiver<u64>,
    is_closed: watch::Receiver<bool>,
}

impl Journal {
    /// `secret_headers`, in lower case, are hidden in addition to the headers with the names of secrets.
    #[must_use]
    pub fn new(options: JournalOptions, secret_headers: Vec<&'static str>) -> Self {
        let shared = Shared {
            options,
            secret_headers,
            tables: OnceLock::new(),
            rings: Mutex::default(),
            latest: watch::Sender::new(0),
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

    /// Keeps a request, and gives it the next number. Where all requests together are too large, the tenant with the most bytes loses its
    /// oldest ones.
    pub fn add(&self, entry: Entry) {
        let entry = entry.bounded();
        // Numbered and kept under one lock, so that every listener receives all numbers in ascending order.
        let mut rings = self.rings();
        rings.latest += 1;
        let latest = rings.latest;
        let entry = Arc::new(Entry { number: latest, ..entry });
        rings.add(entry, self.shared.options);
        drop(rings);
        self.shared.latest.send_if_modified(|number| {
            let is_later = latest > *number;
            *number = latest.max(*number);
            is_later
        });
    }

    /// A tenant's requests, the newest first, up to a size of 8 MiB.
    #[must_use]
    pub fn find(&self, tenant: Option<TenantId>, filter: &Filter, limit: usize) -> Vec<Arc<Entry>> {
        let rings = self.rings();
        let Some(ring) = rings.of_tenants.get(&tenant) else { return Vec::new() };
        let mut bytes = 0;
        let matching = ring.entries.iter().rev().filter(|kept| filter.matches(&kept.entry)).take(limit);
        let fitting = matching.take_while(|kept| {
            bytes += kept.size;
            bytes <= MAX_LISTED_BYTES
        });
        fitting.map(|kept| Arc::clone(&kept.entry)).collect()
    }

    /// The earliest request that matches.
    #[must_use]
    pub fn earliest(&self, tenant: Option<TenantId>, filter: &Filter) -> Option<Arc<Entry>> {
        let rings = self.rings();
        let entries = &rings.of_tenants.get(&tenant)?.entries;
        // The numbers ascend.
        let from = filter.since.map_or(0, |since| entries.partition_point(|kept| kept.entry.number <= since));
        let found = entries.range(from..).find(|kept| filter.matches(&kept.entry))?;
        Some(Arc::clone(&found.entry))
    }

    /// The earliest request that matches, at once if the journal has one. `None` after the timeout.
    pub async fn wait(&self, tenant: Option<TenantId>, filter: &Filter, timeout: Duration) -> Option<Arc<Entry>> {
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
            if let Ok(received) = timeout_at(until, listener.next()).await {
                let entry = received?;
                if filter.matches(&entry) {
                    return Some(entry);
                }
            }
        }
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
            latest: self.shared.latest.subscribe(),
            is_closed: self.shared.is_closed.subscribe(),
        }
    }

    /// Ends all listeners, because the server stops.
    pub fn close(&self) {
        self.shared.is_closed.send_replace(true);
    }

    pub fn clear(&self, tenant: Option<TenantId>) {
        self.rings().remove(tenant);
    }

    fn rings(&self) -> MutexGuard<'_, Rings> {
        self.shared.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// The next request; `None` when the server stops.
    pub async fn next(&mut self) -> Option<Arc<Entry>> {
        loop {
            // Marked as seen before the journal is read, so that a request that comes in between ends the wait.
            self.latest.borrow_and_update();
            let since = Filter { since: Some(self.last), ..Filter::default() };
            if let Some(entry) = self.journal.earliest(self.tenant, &since) {
                self.last = entry.number;
                return Some(entry);
            }
            tokio::select! {
                changed = self.latest.changed() => changed.ok()?,
                _ = self.is_closed.wait_for(|is_closed| *is_closed) => return None,
            }
        }
    }
}

impl Rings {
    fn add(&mut self, entry: Arc<Entry>, options: JournalOptions) {
        if self.of_tenants.len() >= MAX_TENANTS && !self.of_tenants.contains_key(&entry.tenant) {
            let last = |ring: &Ring| ring.entries.back().map_or(0, |kept| kept.entry.number);
            let oldest = self.of_tenants.iter().min_by_key(|(_, ring)| last(ring)).map(|(tenant, _)| *tenant);
            if let Some(oldest) = oldest {
                self.remove(oldest);
            }
        }
        let size = entry.size();
        let ring = self.of_tenants.entry(entry.tenant).or_default();
        ring.entries.push_back(Kept { entry, size });
        ring.bytes += size;
        self.bytes += size;
        while (ring.entries.len() > options.entries || ring.bytes > options.bytes) && !ring.entries.is_empty() {
            self.bytes -= ring.drop_oldest();
        }
        while self.bytes > options.total_bytes {
            let Some(largest) = self.of_tenants.values_mut().max_by_key(|ring| ring.bytes) else { break };
            self.bytes -= largest.drop_oldest();
        }
    }

    fn remove(&mut self, tenant: Option<TenantId>) {
        if let Some(ring) = self.of_tenants.remove(&tenant) {
            self.bytes -= ring.bytes;
        }
    }
}

impl Ring {
    /// Drops the oldest request and returns its size.
    fn drop_oldest(&mut self) -> usize {
        let size = self.entries.pop_front().map_or(0, |kept| kept.size);
        self.bytes -= size;
        size
    }
}
