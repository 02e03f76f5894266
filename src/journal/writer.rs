//! Writes the journal into the database in the background: moves there what this server has in memory when another server starts, and
//! then writes requests in batches and tells listeners of new ones.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::polling::Polling;
use super::raw::Kept;
use super::reading::Latest;
use super::row::Rows;
use super::shared::{Place, Shared, Stored};
use super::{numbering, reading, table, trimming};
use crate::database::{Database, DatabaseError, is_of_value};
use crate::error_chain::ErrorChain;

/// The time between two batches while there are few requests. A request after a longer pause is written at once.
const BATCH_INTERVAL: Duration = Duration::from_millis(40);

/// The time between two queries for new requests, while somebody listens; and while there are some that are too young for a number.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
const YOUNG_INTERVAL: Duration = Duration::from_millis(25);

/// The wait after a failure, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(1);

/// How long a server that joins waits until the other one has moved its requests.
const MOVE_PATIENCE: Duration = Duration::from_secs(10);

/// The time between two looks at the run of a server that moves its requests.
const JOIN_INTERVAL: Duration = Duration::from_millis(50);

/// Runs as long as the process does, where the journal may be in the database.
pub(super) async fn run(shared: Arc<Shared>) {
    let Some(stored) = shared.stored.get() else { return std::future::pending().await };
    // Each of them ends only by a defect; then both are started again.
    tokio::select! {
        () = write(&shared, stored) => {}
        () = listen(&shared, &stored.database) => {}
    }
}

async fn write(shared: &Arc<Shared>, stored: &Stored) {
    let mut pause = FIRST_PAUSE;
    loop {
        let next = match shared.place() {
            Place::Memory => wait_for_others(shared, stored).await,
            Place::Moving => move_in(shared, stored).await,
            Place::Joining => join(shared, stored).await,
            Place::Database(started_at) => write_batches(shared, &stored.database, started_at).await,
        };
        match next {
            Ok(place) => {
                shared.set_place(place);
                pause = FIRST_PAUSE;
            }
            Err(error) => {
                tracing::warn!(error = %ErrorChain(&error), "the journal could not be written into the database");
                sleep(pause).await;
                pause = LAST_PAUSE.min(pause * 2);
            }
        }
    }
}

async fn wait_for_others(shared: &Shared, stored: &Stored) -> Result<Place, DatabaseError> {
    if stored.others.clone().wait_for(|others| *others).await.is_err() {
        // Other servers are not looked for any more, because this one ends.
        std::future::pending::<()>().await;
    }
    // Before new requests go into the queue, so that no reader takes the memory for all of the journal.
    shared.set_place(Place::Moving);
    shared.rings.close();
    Ok(Place::Moving)
}

/// Writes what this server has in memory, in the order of the numbers.
async fn move_in(shared: &Arc<Shared>, stored: &Stored) -> Result<Place, DatabaseError> {
    let all = shared.rings.all();
    let (latest, expected) = (shared.rings.latest(), all.len());
    let (made, rows) = mpsc::channel(1);
    let (redacting, moved) = (Arc::clone(shared), all.clone());
    tokio::task::spawn_blocking(move || {
        for some in moved.chunks(table::MOVED_AT_ONCE) {
            if made.blocking_send(Rows::of_numbered(&redacting.redactor, some.iter().cloned())).is_err() {
                return;
            }
        }
    });
    let run = table::move_in(&stored.database, stored.server, latest, rows, expected).await?;
    let place = match run {
        Some(run) if run.memory_of.is_none() && run.started_at == shared.started_at => {
            tracing::info!(requests = expected, "the journal is in the database, because another server started");
            Place::Database(run.started_at)
        }
        // Another server began a run, because this one did not answer: its requests get new numbers.
        _ => {
            for numbered in all {
                shared.queue.push(numbered.kept);
            }
            Place::Joining
        }
    };
    shared.learn_number(latest);
    shared.set_place(place);
    shared.rings.empty();
    Ok(place)
}

/// None where hiding the secrets panicked: a defect, after which nothing of these requests is shown.
fn made_rows(made: Result<Rows, tokio::task::JoinError>) -> Rows {
    made.unwrap_or_else(|error| {
        tracing::error!(%error, "requests cannot be made rows of the journal");
        Rows::default()
    })
}

/// Finds the run of the other servers, or begins one.
async fn join(shared: &Shared, stored: &Stored) -> Result<Place, DatabaseError> {
    let (database, since) = (&stored.database, Instant::now());
    loop {
        match table::run(database).await? {
            Some(run) if run.memory_of.is_none() => {
                shared.learn_number(run.latest);
                return Ok(Place::Database(run.started_at));
            }
            Some(run) if since.elapsed() > MOVE_PATIENCE => {
                if let Some(other) = run.memory_of {
                    table::take_over(database, other, shared.started_at).await?;
                }
            }
            Some(_) => sleep(JOIN_INTERVAL).await,
            // Postgres lost it in a crash.
            None => table::begin_if_absent(database, shared.started_at, shared.known()).await?,
        }
    }
}

/// Writes batches until the run has another beginning, or a listener notices that it has.
async fn write_batches(
    shared: &Arc<Shared>,
    database: &Database,
    started_at: DateTime<Utc>,
) -> Result<Place, DatabaseError> {
    let mut place = shared.place.subscribe();
    let (mut last, mut since_look) = (Instant::now(), u64::MAX);
    loop {
        let batch = tokio::select! {
            batch = shared.queue.next_batch(last + BATCH_INTERVAL) => batch,
            // Its sender lives as long as this.
            changed = place.wait_for(|place| *place != Place::Database(started_at)) => {
                return Ok(changed.map_or(Place::Joining, |place| *place));
            }
        };
        let batch = Batch { shared, requests: batch };
        let Some(written) = batch.write(database, started_at).await? else { return Ok(Place::Joining) };
        last = Instant::now();
        since_look = since_look.saturating_add(written);
        if since_look >= trimming::bytes_between_looks(&shared.rings.options) {
            since_look = 0;
            let trimmed = trimming::trim_all(database, &shared.rings.options).await;
            trimmed.unwrap_or_else(|error| not_trimmed(&error));
        }
    }
}

/// Requests that are taken from the queue. They go back to it unless they are written.
struct Batch<'a> {
    shared: &'a Arc<Shared>,
    requests: Vec<Arc<Kept>>,
}

impl Batch<'_> {
    /// Returns how many bytes were written; `None` if this is not the run any more.
    async fn write(mut self, database: &Database, started_at: DateTime<Utc>) -> Result<Option<u64>, DatabaseError> {
        self.shared.clock.refresh(database).await?;
        let rows = self.rows().await;
        let mut pause = FIRST_PAUSE;
        let stored = loop {
            if rows.len() < self.requests.len() {
                self.shared.queue.count_dropped(self.requests.len());
                break Vec::new();
            }
            match table::append(database, started_at, &rows).await {
                Ok(Some(stored)) => break stored,
                Ok(None) => return Ok(None),
                Err(error) if is_of_value(&error) => {
                    tracing::error!(error = %ErrorChain(&error), "requests cannot be written into the journal");
                    self.shared.queue.count_dropped(rows.len());
                    break Vec::new();
                }
                Err(error) => {
                    tracing::warn!(error = %ErrorChain(&error), "the journal could not be written into the database");
                    tokio::time::sleep(pause).await;
                    pause = LAST_PAUSE.min(pause * 2);
                    // The answer may have been lost, and not the write.
                    if let (Some(tenant), Some(id)) = (rows.tenants.first(), rows.request_ids.first())
                        && table::has(database, *tenant, *id).await.unwrap_or(false)
                    {
                        break Vec::new();
                    }
                }
            }
        };
        self.shared.queue.end(&std::mem::take(&mut self.requests));
        let trimmed = trimming::trim(database, &self.shared.rings.options, &stored).await;
        trimmed.unwrap_or_else(|error| not_trimmed(&error));
        Ok(Some(rows.bytes.iter().filter_map(|bytes| u64::try_from(*bytes).ok()).sum()))
    }

    /// Hides the secrets, on a thread that blocks no request.
    async fn rows(&self) -> Rows {
        let (shared, requests) = (Arc::clone(self.shared), self.requests.clone());
        let made = move || Rows::of(&shared.redactor, &shared.clock, &requests);
        made_rows(tokio::task::spawn_blocking(made).await)
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        self.shared.queue.put_back(std::mem::take(&mut self.requests));
    }
}

fn not_trimmed(error: &DatabaseError) {
    tracing::warn!(error = %ErrorChain(error), "the journal could not be trimmed");
}

/// Asks for new requests while somebody listens, once for all listeners.
async fn listen(shared: &Shared, database: &Database) {
    let polling: &Polling = &shared.polling;
    loop {
        let tenants = polling.tenants();
        let place = shared.place();
        let Place::Database(started_at) = place else {
            polling.woken().await;
            continue;
        };
        if tenants.is_empty() {
            polling.woken().await;
            continue;
        }
        let mut interval = POLL_INTERVAL;
        match numbered(database, &tenants).await {
            Ok(Some(latest)) if latest.run == started_at => {
                if !latest.unnumbered.is_empty() {
                    interval = YOUNG_INTERVAL;
                }
                for number in latest.numbers.values() {
                    shared.learn_number(*number);
                }
                if polling.hear(latest.numbers) {
                    shared.added.send_replace(());
                }
            }
            // Another run.
            Ok(_) => shared.set_place(Place::Joining),
            Err(error) => {
                tracing::debug!(error = %ErrorChain(&error), "new requests were not looked for");
                sleep(LAST_PAUSE).await;
            }
        }
        sleep(interval).await;
    }
}

/// What these tenants have in the table, after their requests got their numbers.
async fn numbered(database: &Database, tenants: &[i32]) -> Result<Option<Latest>, DatabaseError> {
    let latest = reading::latest_of(database, tenants).await?;
    let Some(unnumbered) = latest.as_ref().map(|latest| &latest.unnumbered).filter(|tenants| !tenants.is_empty())
    else {
        return Ok(latest);
    };
    numbering::number(database, unnumbered).await?;
    reading::latest_of(database, tenants).await
}
