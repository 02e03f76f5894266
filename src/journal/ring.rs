//! The last calls of each tenant, bounded by number and by bytes.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::entry::{Entry, Filter};
use super::record::Recorder;
use super::rows::Tables;
use crate::database::{Database, DatabaseError, TenantId};

/// So many tenants' calls are kept; of the one that called longest ago they are forgotten first.
const MOST_TENANTS: usize = 256;

/// How often a call that is waited for is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// So many calls may wait for a listener who is slow.
const BACKLOG: usize = 256;

#[derive(Debug, Clone, Copy)]
pub struct JournalOptions {
    /// Calls of each tenant; 0 switches the journal off.
    pub entries: usize,
    /// Bytes of each tenant's calls, about.
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
    tables: OnceLock<Arc<Tables>>,
    rings: Mutex<Rings>,
    added: broadcast::Sender<Arc<Entry>>,
    is_closed: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Rings {
    /// The number of the latest call.
    latest: u64,
    of_tenants: HashMap<Option<TenantId>, Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
}

/// Somebody who hears of a tenant's calls from here on.
#[derive(Debug)]
pub struct Listening {
    journal: Journal,
    tenant: Option<TenantId>,
    /// The number of the last call that was heard of, or that came before.
    last: u64,
    /// Calls that were missed while others came too fast, and are kept still.
    missed: VecDeque<Arc<Entry>>,
    added: broadcast::Receiver<Arc<Entry>>,
    is_closed: watch::Receiver<bool>,
}

impl Journal {
    #[must_use]
    pub fn new(options: JournalOptions) -> Self {
        let (added, _) = broadcast::channel(BACKLOG);
        let shared = Shared {
            options,
            tables: OnceLock::new(),
            rings: Mutex::default(),
            added,
            is_closed: watch::Sender::new(false),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Learns the columns of the database's tables, without which no change is noted.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn learn_tables(&self, database: &Database) -> Result<(), DatabaseError> {
        let mut session = database.session().await?;
        let tables = Tables::load(session.connection()).await;
        // A second world would have the same tables.
        let _ = self.shared.tables.set(Arc::new(session.end(tables)?));
        Ok(())
    }

    #[must_use]
    pub fn is_on(&self) -> bool {
        self.shared.options.entries > 0
    }

    /// A recorder for one call.
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        match self.shared.tables.get() {
            Some(tables) if self.is_on() => Recorder::on(Arc::clone(tables)),
            _ => Recorder::default(),
        }
    }

    /// The number of the latest call; 0 before the first.
    #[must_use]
    pub fn latest(&self) -> u64 {
        self.rings().latest
    }

    /// Keeps a call, and gives it the next number.
    pub fn add(&self, entry: Entry) {
        let JournalOptions { entries, bytes } = self.shared.options;
        // Numbered, kept and told under one lock: whoever knows a number knows all below it, and hears of them in their order.
        let mut rings = self.rings();
        rings.latest += 1;
        let entry = Arc::new(Entry { number: rings.latest, ..entry });
        let of_tenants = &mut rings.of_tenants;
        if of_tenants.len() >= MOST_TENANTS && !of_tenants.contains_key(&entry.tenant) {
            let last = |ring: &Ring| ring.entries.back().map_or(0, |entry| entry.number);
            let oldest = of_tenants.iter().min_by_key(|(_, ring)| last(ring)).map(|(tenant, _)| *tenant);
            oldest.map(|oldest| of_tenants.remove(&oldest));
        }
        of_tenants.entry(entry.tenant).or_default().add(Arc::clone(&entry), entries, bytes);
        // Nobody may be listening.
        let _ = self.shared.added.send(entry);
    }

    /// A tenant's calls, the newest first, at most so many.
    #[must_use]
    pub fn find(&self, tenant: Option<TenantId>, filter: &Filter, most: usize) -> Vec<Arc<Entry>> {
        let rings = self.rings();
        let Some(ring) = rings.of_tenants.get(&tenant) else { return Vec::new() };
        ring.entries.iter().rev().filter(|entry| filter.matches(entry)).take(most).cloned().collect()
    }

    /// Waits for a call of a tenant that is asked for, one that is there already included; the earliest. `None` when none
    /// came in time.
    pub async fn wait(&self, tenant: Option<TenantId>, filter: &Filter, patience: Duration) -> Option<Arc<Entry>> {
        let deadline = Instant::now() + patience;
        let mut listening = self.listen(tenant);
        loop {
            if let Some(earliest) = self.find(tenant, filter, usize::MAX).pop() {
                return Some(earliest);
            }
            if Instant::now() >= deadline {
                return None;
            }
            // Looked for again now and then: who listens may miss some of a burst.
            let until = deadline.min(Instant::now() + LOOK_EVERY);
            if let Ok(heard) = timeout_at(until, listening.next()).await {
                let entry = heard?;
                if filter.matches(&entry) {
                    return Some(entry);
                }
            }
        }
    }

    /// Hears of a tenant's calls from here on.
    #[must_use]
    pub fn listen(&self, tenant: Option<TenantId>) -> Listening {
        // Under the lock, so that no call comes between the number and the subscription.
        let rings = self.rings();
        Listening {
            journal: self.clone(),
            tenant,
            last: rings.latest,
            missed: VecDeque::new(),
            added: self.shared.added.subscribe(),
            is_closed: self.shared.is_closed.subscribe(),
        }
    }

    /// Nobody hears of calls any more: the server ends, and waits for no listener.
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

impl Listening {
    /// The next call; `None` when the server ends. Who is too slow misses those that are kept no more.
    pub async fn next(&mut self) -> Option<Arc<Entry>> {
        loop {
            if let Some(entry) = self.missed.pop_front() {
                return Some(entry);
            }
            let heard = tokio::select! {
                heard = self.added.recv() => heard,
                _ = self.is_closed.wait_for(|is_closed| *is_closed) => return None,
            };
            match heard {
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
    fn add(&mut self, entry: Arc<Entry>, most: usize, most_bytes: usize) {
        self.bytes += entry.size();
        self.entries.push_back(entry);
        while self.entries.len() > most || self.bytes > most_bytes {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.size();
        }
    }
}
