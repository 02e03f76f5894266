//! What the journal of a server consists of, and where its requests are.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use uuid::Uuid;

use super::database_clock::DatabaseClock;
use super::polling::Polling;
use super::queue::Queue;
use super::raw::Kept;
use super::rings::{JournalOptions, Rings};
use super::show::Redactor;
use crate::clock::Clock;
use crate::database::Database;

/// The part of `total_bytes` that the queue has, and what it has at least, in bytes.
const QUEUE_PART: usize = 4;
const MIN_QUEUE: usize = 1024 * 1024;

/// Where the requests are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the memory of this server.
    Memory,
    /// On the way from the memory of this server into the database. New ones wait in the queue, so readers wait.
    Moving,
    /// In the database, whose run this server does not know yet. New ones wait in the queue.
    Joining,
    /// In the database, in the run that began at this time.
    Database(DateTime<Utc>),
}

pub(super) struct Shared {
    pub rings: Rings,
    pub redactor: Redactor,
    pub queue: Queue,
    /// The database, unless the journal is always in memory.
    pub stored: OnceLock<Stored>,
    pub place: watch::Sender<Place>,
    pub clock: DatabaseClock,
    pub polling: Polling,
    /// Tells listeners that there may be a new request.
    pub added: watch::Sender<()>,
    pub is_closed: watch::Sender<bool>,
    /// When this server was started.
    pub started_at: DateTime<Utc>,
    /// The highest number in the database that this server has seen.
    known: AtomicU64,
}

/// What a journal in the database needs.
#[derive(Debug)]
pub(super) struct Stored {
    pub database: Database,
    /// The id of this server.
    pub server: Uuid,
    /// Whether another server is known on this database.
    pub others: watch::Receiver<bool>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Shared(…)")
    }
}

impl Shared {
    pub(super) fn new(options: JournalOptions, secret_headers: Vec<&'static str>) -> Self {
        Self {
            rings: Rings::new(options),
            redactor: Redactor { secret_headers, ..Redactor::default() },
            queue: Queue::new((options.total_bytes / QUEUE_PART).max(MIN_QUEUE)),
            stored: OnceLock::new(),
            place: watch::Sender::new(Place::Memory),
            clock: DatabaseClock::default(),
            polling: Polling::default(),
            added: watch::Sender::new(()),
            is_closed: watch::Sender::new(false),
            started_at: Clock::Real.now(),
            known: AtomicU64::new(0),
        }
    }

    pub(super) fn place(&self) -> Place {
        *self.place.borrow()
    }

    /// The requests are here from now on. Listeners look again.
    pub(super) fn set_place(&self, place: Place) {
        if self.place.send_replace(place) != place {
            self.polling.wake();
            self.added.send_replace(());
        }
    }

    /// Keeps a request in memory, or lets it wait to be written.
    pub(super) fn add(&self, kept: Kept) {
        if let Some(kept) = self.rings.add(kept) {
            self.queue.push(kept);
            return;
        }
        // A listener that is not counted yet looks into the journal after it is.
        if self.added.receiver_count() > 0 {
            self.added.send_replace(());
        }
    }

    /// The highest number that this server has seen.
    pub(super) fn known(&self) -> u64 {
        self.known.load(Ordering::Relaxed).max(self.rings.latest())
    }

    pub(super) fn learn_number(&self, number: u64) {
        self.known.fetch_max(number, Ordering::Relaxed);
    }
}
