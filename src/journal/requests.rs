//! The journal: requests are added, found, waited for and followed, wherever it is.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use thiserror::Error;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};
use uuid::Uuid;

use super::entry::Entry;
use super::filter::Filter;
use super::raw::{Kept, RawEntry};
use super::reading::{self, Most};
use super::recorder::Recorder;
use super::rings::{JournalOptions, JournalPlace};
use super::row::{entry_of, tenant_number};
use super::rows::Tables;
use super::shared::{Place, Shared, Stored};
use super::show::Detail;
use super::{memory, numbering, table, trimming, writer};
use crate::database::{Database, DatabaseError, TenantId};
use crate::error_chain::ErrorChain;

/// The maximum size of a listing's requests in bytes.
const MAX_LISTED_BYTES: usize = 8 * 1024 * 1024;

/// How much a listener reads of the database at once.
const PAGE: Most = Most { rows: 50, bytes: 1024 * 1024 };

/// How long a reader waits for the requests that ended before, so that it finds those of other servers too: until they get their numbers,
/// and as much longer as the server may be wrong about the database's clock.
const SETTLE: Duration = numbering::HOLD.saturating_add(Duration::from_millis(20));

/// How long a reader waits for this server's own requests.
const OWN_SETTLE: Duration = Duration::from_millis(250);

/// How long a reader waits until this server has moved its requests, and knows the run of the others.
const JOIN_TIMEOUT: Duration = Duration::from_secs(5);

/// The wait of a listener after the database failed.
const RETRY: Duration = Duration::from_millis(200);

/// The journal of this server, and of all servers on its database where there are others. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Journal {
    shared: Arc<Shared>,
}

/// Why the journal could not be read.
#[derive(Debug, Error)]
pub enum JournalError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the server does not know the journal of the other servers yet")]
    NotJoined,
    /// The server stops, or reading panicked.
    #[error("reading was interrupted")]
    Interrupted,
}

/// The run that the numbers of requests belong to.
#[derive(Debug, Clone, Copy)]
pub struct JournalRun {
    /// When its first server was started.
    pub started_at: DateTime<Utc>,
    /// The number of the latest request that has one; 0 before the first.
    pub latest: u64,
    /// How many later requests there are, which get their numbers when somebody reads them.
    pub unnumbered: u64,
}

/// Receives a tenant's requests one after the other. It holds at most a few of them, so a slow one misses those that the journal no
/// longer has.
#[derive(Debug)]
pub struct Listener {
    journal: Journal,
    tenant: Option<TenantId>,
    /// The number of the last request that was received, or of the last one before listening.
    last: u64,
    /// Its place in the database: no later request is before it.
    place: i64,
    /// The beginning of the run of this number.
    run: DateTime<Utc>,
    /// Requests that were read and not received yet.
    ready: VecDeque<Entry>,
    /// Whether there may be more than were read.
    is_behind: bool,
    added: watch::Receiver<()>,
    is_closed: watch::Receiver<bool>,
}

impl Journal {
    /// A journal in memory. `secret_headers`, in lower case, are hidden in addition to the headers with the names of secrets.
    #[must_use]
    pub fn new(options: JournalOptions, secret_headers: Vec<&'static str>) -> Self {
        Self { shared: Arc::new(Shared::new(options, secret_headers)) }
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

    /// Lets the journal be in the database where its place says so. `server` is the id of this server; `others` becomes true when another
    /// one is known. Alone it begins a new run, beside others it joins theirs. To be called once, before [`Journal::run`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(
        &self,
        database: &Database,
        server: Uuid,
        others: watch::Receiver<bool>,
    ) -> Result<(), DatabaseError> {
        let options = self.shared.rings.options;
        if !self.is_on() || options.place == JournalPlace::Memory {
            return Ok(());
        }
        let (has_others, started_at) = (*others.borrow(), self.shared.started_at);
        let place = if has_others {
            Place::Joining
        } else if options.place == JournalPlace::Database {
            table::begin(database, started_at, None).await?;
            Place::Database(started_at)
        } else {
            table::begin(database, started_at, Some(server)).await?;
            Place::Memory
        };
        if place != Place::Memory {
            self.shared.rings.close();
        }
        // A second call would change nothing.
        let _ = self.shared.stored.set(Stored { database: database.clone(), server, others });
        self.shared.set_place(place);
        Ok(())
    }

    /// Writes into the database in the background as long as the process runs.
    pub async fn run(self) {
        writer::run(self.shared).await;
    }

    /// Waits until the requests that ended before are in the database, if they are to be there. Returns whether they are.
    pub async fn flush(&self, timeout: Duration) -> bool {
        self.shared.stored.get().is_none() || self.shared.queue.flush(timeout).await
    }

    /// How many requests were dropped since the start, because the database was too slow for them.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.queue.dropped()
    }

    #[must_use]
    pub fn is_on(&self) -> bool {
        self.shared.rings.options.entries > 0
    }

    /// Where it is: `memory`, `database`, also while it is on the way there, or `off`.
    #[must_use]
    pub fn place_name(&self) -> &'static str {
        match self.shared.place() {
            _ if !self.is_on() => "off",
            Place::Memory => "memory",
            Place::Moving | Place::Joining | Place::Database(_) => "database",
        }
    }

    /// A recorder for one request.
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        match self.shared.redactor.tables.get() {
            Some(tables) if self.is_on() => Recorder::on(Arc::clone(tables)),
            _ => Recorder::default(),
        }
    }

    /// Keeps a request. In memory it gets the next number now; where all requests together are too large, the tenants with the most bytes
    /// lose their oldest ones. In the database it gets its number when it is written.
    pub fn add(&self, request: RawEntry) {
        self.shared.add(Kept::new(request));
    }

    /// The run of this server, or of all servers.
    ///
    /// # Errors
    /// When the database fails, or the server has not joined the others yet.
    pub async fn current_run(&self) -> Result<JournalRun, JournalError> {
        loop {
            let Some(database) = self.database().await? else {
                let latest = self.shared.rings.latest();
                return Ok(JournalRun { started_at: self.shared.started_at, latest, unnumbered: 0 });
            };
            if let Some(run) = table::run(database).await? {
                let unnumbered = table::unnumbered(database).await?;
                return Ok(JournalRun { started_at: run.started_at, latest: run.latest, unnumbered });
            }
            // Postgres lost it.
            self.shared.set_place(Place::Joining);
        }
    }

    /// A tenant's requests, the newest first, up to a size of 8 MiB. They are made on a thread that blocks no request.
    ///
    /// # Errors
    /// When the database fails, or the server has not joined the others yet.
    pub async fn find(
        &self,
        tenant: Option<TenantId>,
        filter: &Filter,
        limit: usize,
        detail: Detail,
    ) -> Result<Vec<Entry>, JournalError> {
        loop {
            if let Some(database) = self.database().await? {
                self.settle().await;
                numbering::number_one(database, tenant_number(tenant)).await?;
                let most = Most { rows: limit, bytes: MAX_LISTED_BYTES };
                let rows = reading::newest(database, tenant_number(tenant), filter, most).await?;
                return read(move || {
                    rows.into_iter().filter_map(|row| entry_of(tenant, row.number, &row.entry, detail)).collect()
                })
                .await;
            }
            let (shared, filter) = (Arc::clone(&self.shared), filter.clone());
            let most = (limit, MAX_LISTED_BYTES);
            let found =
                read(move || memory::newest(&shared.rings, &shared.redactor, tenant, &filter, most, detail)).await?;
            // Otherwise they may have been moved in the meantime.
            if self.shared.place() == Place::Memory {
                return Ok(found);
            }
        }
    }

    /// The earliest request that matches. `None` if the journal has none at this moment.
    ///
    /// # Errors
    /// When the database fails, or the server has not joined the others yet.
    pub async fn earliest(&self, tenant: Option<TenantId>, filter: &Filter) -> Result<Option<Entry>, JournalError> {
        loop {
            if let Some(database) = self.database().await? {
                numbering::number_one(database, tenant_number(tenant)).await?;
                return Ok(self.page(database, tenant, filter, 0, Most { rows: 1, ..PAGE }).await?.entries.pop_front());
            }
            let mut after = filter.since.unwrap_or_default();
            let found = memory::earliest(&self.shared.rings, &self.shared.redactor, tenant, filter, &mut after);
            if self.shared.place() == Place::Memory {
                return Ok(found);
            }
        }
    }

    /// The only request that matches. Looks again for one that ended just now.
    ///
    /// # Errors
    /// When the database fails, or the server has not joined the others yet.
    pub async fn one(&self, tenant: Option<TenantId>, filter: &Filter) -> Result<Option<Entry>, JournalError> {
        let found = self.earliest(tenant, filter).await?;
        if found.is_some() || self.shared.place() == Place::Memory {
            return Ok(found);
        }
        self.settle().await;
        self.earliest(tenant, filter).await
    }

    /// The earliest request that matches, at once if the journal has one. `None` after the timeout.
    ///
    /// # Errors
    /// When the database fails, or the server has not joined the others yet.
    pub async fn wait(
        &self,
        tenant: Option<TenantId>,
        filter: &Filter,
        timeout: Duration,
    ) -> Result<Option<Entry>, JournalError> {
        let deadline = Instant::now() + timeout;
        let mut listener = self.listen_since(tenant, filter.since.unwrap_or_default());
        let earliest = self.earliest(tenant, filter).await?;
        if earliest.is_some() {
            return Ok(earliest);
        }
        Ok(timeout_at(deadline, listener.next(filter)).await.unwrap_or_default())
    }

    /// Receives a tenant's requests from now on.
    ///
    /// # Errors
    /// When the database fails, or the server has not joined the others yet.
    pub async fn listen(&self, tenant: Option<TenantId>) -> Result<Listener, JournalError> {
        if let Some(database) = self.database().await? {
            self.settle().await;
            numbering::number_one(database, tenant_number(tenant)).await?;
        }
        let latest = self.current_run().await?.latest;
        Ok(self.listen_since(tenant, latest))
    }

    /// Receives a tenant's requests with a higher number than this, beginning with those that the journal has.
    #[must_use]
    pub fn listen_since(&self, tenant: Option<TenantId>, since: u64) -> Listener {
        self.shared.polling.begin(tenant_number(tenant));
        let run = match self.shared.place() {
            Place::Database(started_at) => started_at,
            _ => self.shared.started_at,
        };
        Listener {
            journal: self.clone(),
            tenant,
            last: since,
            place: 0,
            run,
            ready: VecDeque::new(),
            is_behind: true,
            added: self.shared.added.subscribe(),
            is_closed: self.shared.is_closed.subscribe(),
        }
    }

    /// Ends all listeners, because the server stops.
    pub fn close(&self) {
        self.shared.is_closed.send_replace(true);
    }

    /// Drops all requests of a tenant, also those that ended just now.
    ///
    /// # Errors
    /// When the database fails, or the server has not joined the others yet.
    pub async fn clear(&self, tenant: Option<TenantId>) -> Result<(), JournalError> {
        loop {
            if let Some(database) = self.database().await? {
                self.settle().await;
                return Ok(trimming::clear(database, tenant_number(tenant)).await?);
            }
            self.shared.rings.clear(tenant);
            // Otherwise they may have been moved in the meantime.
            if self.shared.place() == Place::Memory {
                return Ok(());
            }
        }
    }

    /// The database, if the journal is there. Waits while it is on its way.
    async fn database(&self) -> Result<Option<&Database>, JournalError> {
        if matches!(self.shared.place(), Place::Moving | Place::Joining) {
            self.joined().await?;
        }
        let stored = self.shared.stored.get().filter(|_| self.shared.place() != Place::Memory);
        Ok(stored.map(|stored| &stored.database))
    }

    async fn joined(&self) -> Result<(), JournalError> {
        let mut place = self.shared.place.subscribe();
        let joined = place.wait_for(|place| matches!(place, Place::Database(_)));
        let joined = timeout_at(Instant::now() + JOIN_TIMEOUT, joined).await;
        joined.is_ok_and(|joined| joined.is_ok()).then_some(()).ok_or(JournalError::NotJoined)
    }

    /// Waits until the requests that have ended are in the database.
    async fn settle(&self) {
        tokio::join!(sleep(SETTLE), self.shared.queue.flush(OWN_SETTLE));
    }

    /// The earliest requests that match, none of which is before the place `from`.
    async fn page(
        &self,
        database: &Database,
        tenant: Option<TenantId>,
        filter: &Filter,
        from: i64,
        most: Most,
    ) -> Result<Page, JournalError> {
        let rows = reading::earliest(database, tenant_number(tenant), filter, from, most).await?;
        let (last_place, has_more) = (rows.last().map_or(from, |row| row.place), most.may_have_cut(&rows));
        let entries = move || {
            rows.into_iter().filter_map(|row| entry_of(tenant, row.number, &row.entry, Detail::Whole)).collect()
        };
        Ok(Page { entries: read(entries).await?, last_place, has_more })
    }
}

/// Requests that were read from the database, the earliest first.
struct Page {
    entries: VecDeque<Entry>,
    last_place: i64,
    /// Whether there may be more.
    has_more: bool,
}

/// Runs work on a thread that blocks no request.
async fn read<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, JournalError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| JournalError::Interrupted)
}

impl Listener {
    /// The next request that matches; `None` when the server stops.
    pub async fn next(&mut self, filter: &Filter) -> Option<Entry> {
        loop {
            // Marked as seen before the journal is read, so that a request that comes in between ends the wait.
            self.added.borrow_and_update();
            match self.found(filter).await {
                Ok(Some(entry)) => return Some(entry),
                Ok(None) => {
                    tokio::select! {
                        changed = self.added.changed() => changed.ok()?,
                        _ = self.is_closed.wait_for(|is_closed| *is_closed) => return None,
                    }
                }
                Err(error) => {
                    tracing::debug!(error = %ErrorChain(&error), "a listener could not read the journal");
                    tokio::select! {
                        () = sleep(RETRY) => {}
                        _ = self.is_closed.wait_for(|is_closed| *is_closed) => return None,
                    }
                }
            }
        }
    }

    async fn found(&mut self, filter: &Filter) -> Result<Option<Entry>, JournalError> {
        if self.ready.is_empty() {
            let journal = self.journal.clone();
            if let Some(database) = journal.database().await? {
                self.read_page(database, filter).await?;
            } else {
                let Shared { rings, redactor, .. } = &*journal.shared;
                self.ready.extend(memory::earliest(rings, redactor, self.tenant, filter, &mut self.last));
            }
        }
        let entry = self.ready.pop_front();
        if let Some(entry) = &entry {
            self.last = self.last.max(entry.number);
        }
        Ok(entry)
    }

    /// Reads the next requests, if there may be any.
    async fn read_page(&mut self, database: &Database, filter: &Filter) -> Result<(), JournalError> {
        let shared = &self.journal.shared;
        let latest = shared.polling.latest(tenant_number(self.tenant));
        if let Place::Database(run) = shared.place()
            && run != self.run
        {
            // Another run, whose numbers say nothing of this listener's.
            (self.run, self.last, self.place, self.is_behind) = (run, 0, 0, true);
        }
        if !self.is_behind && latest.is_none_or(|latest| latest <= self.last) {
            return Ok(());
        }
        let reading = shared.polling.reads.acquire().await.map_err(|_| JournalError::Interrupted)?;
        let filter = Filter { since: Some(self.last), ..filter.clone() };
        let page = self.journal.page(database, self.tenant, &filter, self.place, PAGE).await?;
        drop(reading);
        (self.ready, self.place, self.is_behind) = (page.entries, page.last_place, page.has_more);
        if self.ready.is_empty()
            && !self.is_behind
            && let Some(latest) = latest
        {
            // None of those up to this number matches.
            self.last = self.last.max(latest);
        }
        Ok(())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.journal.shared.polling.end(tenant_number(self.tenant));
    }
}
