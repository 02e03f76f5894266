//! The embedded Postgres: PostgreSQL 17 inside this process, for `cargo run` and laptops.
//!
//! It serves one connection at a time, fsync is off (what was committed outlives a killed process but not a power cut),
//! and its data folder has one owner.

use std::path::Path;
use std::time::{Duration, Instant};

use pglite_oxide::PgliteServer;
use thiserror::Error;

/// How long a predecessor may take to let go of the data folder: after a kill its lock lingers for a moment.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// Why the embedded Postgres did not start.
#[derive(Debug, Error)]
#[error("the embedded Postgres cannot be opened in {path}: {reason}")]
pub struct EmbeddedError {
    path: String,
    reason: String,
}

/// A running embedded Postgres. Close the pool before this is dropped: an open connection keeps it busy.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    server: PgliteServer,
}

impl EmbeddedPostgres {
    /// Opens the database in `folder`, making it where there is none. Takes a second or so: call it off the async threads.
    ///
    /// # Errors
    /// When the folder cannot be written or stays locked by another process.
    pub fn open(folder: &Path) -> Result<Self, EmbeddedError> {
        let deadline = Instant::now() + LOCK_PATIENCE;
        loop {
            match PgliteServer::builder().path(folder).start() {
                Ok(server) => return Ok(Self { server }),
                Err(error) if is_locked(&error) && Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                Err(error) => {
                    let reason = if is_locked(&error) {
                        "another process holds it; stop that one, or name another folder with --data".to_owned()
                    } else {
                        format!("{error:#}")
                    };
                    return Err(EmbeddedError { path: folder.display().to_string(), reason });
                }
            }
        }
    }

    /// The URL under which this process reaches it.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.database_url()
    }
}

fn is_locked(error: &impl std::fmt::Display) -> bool {
    format!("{error:#}").contains("already in use")
}
