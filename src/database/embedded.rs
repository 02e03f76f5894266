//! The embedded Postgres: PostgreSQL 17 inside this process, for `cargo run` and laptops.
//!
//! It serves one connection at a time, fsync is off (what was committed outlives a killed process but not a power cut),
//! and its data folder has one owner.
//!
//! It is reached by a Unix socket where there are such. On a TCP connection, which it opens without `TCP_NODELAY`, an answer
//! of several packets waits 40 ms for the acknowledgement of the first; it gives such answers from the first COPY on, so there
//! is none.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use pglite_oxide::{PgliteServer, PgliteServerBuilder};
use thiserror::Error;

/// How long a predecessor may take to let go of the data folder: after a kill its lock lingers for a moment.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// How long its end is waited for. An orderly one takes less than a second.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// And where a panic takes the program's parts down in any order: an open connection may keep it busy then.
const STOP_TIMEOUT_IN_PANIC: Duration = Duration::from_secs(1);

/// Why the embedded Postgres did not start.
#[derive(Debug, Error)]
#[error("the embedded database cannot be opened in {path}: {reason}")]
pub struct EmbeddedError {
    path: String,
    reason: String,
}

/// A running embedded Postgres. Close the pool before this is dropped: an open connection keeps it busy, and is not waited for
/// without end.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    url: String,
    /// There until it is dropped.
    server: Option<PgliteServer>,
    /// Its folder, where this process made the database in it.
    new_folder: Option<PathBuf>,
    _socket: Option<SocketFolder>,
}

impl EmbeddedPostgres {
    /// Opens the database in `folder`, making it where there is none. Takes a second or so: call it off the async threads.
    ///
    /// # Errors
    /// When the folder cannot be written or stays locked by another process.
    pub fn open(folder: &Path) -> Result<Self, EmbeddedError> {
        if let Err(reason) = check_writable(folder) {
            return Err(EmbeddedError { path: folder.display().to_string(), reason });
        }
        let new_folder = is_empty(folder).then(|| folder.to_owned());
        let deadline = Instant::now() + LOCK_TIMEOUT;
        let socket = SocketFolder::new();
        loop {
            match reached_by(PgliteServer::builder().path(folder), socket.as_ref()).start() {
                Ok(server) => {
                    return Ok(Self { url: url_of(&server), server: Some(server), new_folder, _socket: socket });
                }
                Err(error) if is_locked(&error) && Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                Err(error) => {
                    let reason = if is_locked(&error) {
                        "another process holds it; stop that one, or name another folder with --data".to_owned()
                    } else {
                        format!("{error:#}")
                    };
                    // Half a database would be in the way of the next start.
                    if let Some(folder) = new_folder {
                        remove_content(&folder);
                    }
                    return Err(EmbeddedError { path: folder.display().to_string(), reason });
                }
            }
        }
    }

    /// Its folder, where this process made the database in it.
    #[must_use]
    pub fn new_folder(&self) -> Option<PathBuf> {
        self.new_folder.clone()
    }

    /// The URL under which this process reaches it.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }
}

impl Drop for EmbeddedPostgres {
    fn drop(&mut self) {
        let Some(server) = self.server.take() else { return };
        let patience = if std::thread::panicking() { STOP_TIMEOUT_IN_PANIC } else { STOP_TIMEOUT };
        let (stopped, end) = mpsc::channel();
        // Stopping waits for open connections, whose owners may wait for whoever drops this.
        let stopping = std::thread::Builder::new().name("embedded-stop".to_owned()).spawn(move || {
            drop(server);
            let _ = stopped.send(());
        });
        if stopping.is_ok() && end.recv_timeout(patience).is_err() {
            tracing::warn!("the embedded database did not stop: a connection to it is still open");
        }
    }
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

/// Deletes all that is in a folder, as far as that is possible.
pub fn remove_content(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let removed = if is_folder { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        if let Err(error) = removed {
            tracing::debug!(%error, path = %path.display(), "part of a half-made database stays");
        }
    }
}

fn url_of(server: &PgliteServer) -> String {
    let url = server.database_url();
    // A URL cannot have a user without a host, so of a socket's the user goes to the end.
    match url.split_once("://").and_then(|(_, rest)| rest.split_once("@/")) {
        Some((user, rest)) => format!("postgresql:///{rest}&user={user}"),
        None => url,
    }
}

/// A folder of this process' own for the server's socket; removed when it is dropped.
#[derive(Debug)]
struct SocketFolder(PathBuf);

impl SocketFolder {
    /// `None` where there are no such sockets, or no folder for one can be made: then TCP has to do.
    #[cfg(unix)]
    fn new() -> Option<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        use std::sync::atomic::{AtomicU32, Ordering};

        /// The longest path that a socket's address holds everywhere, in bytes.
        const LONGEST: usize = 100;
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("directscale-emulator-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let folder = Self(std::env::temp_dir().join(name));
        if !folder.0.is_absolute() || folder.socket().as_os_str().len() > LONGEST {
            return None;
        }
        // Nobody else's: a folder that is there already is not used.
        std::fs::DirBuilder::new().mode(0o700).create(&folder.0).ok()?;
        Some(folder)
    }

    #[cfg(not(unix))]
    fn new() -> Option<Self> {
        None
    }

    #[cfg(unix)]
    fn socket(&self) -> PathBuf {
        self.0.join(".s.PGSQL.5432")
    }
}

impl Drop for SocketFolder {
    fn drop(&mut self) {
        // A folder that stays behind holds nothing.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(unix)]
fn reached_by(builder: PgliteServerBuilder, socket: Option<&SocketFolder>) -> PgliteServerBuilder {
    match socket {
        Some(folder) => builder.unix(folder.socket()),
        None => builder,
    }
}

#[cfg(not(unix))]
fn reached_by(builder: PgliteServerBuilder, _socket: Option<&SocketFolder>) -> PgliteServerBuilder {
    builder
}

/// Whether a folder can be written, made where it is not there: the database's own message for one that cannot says that
/// another process holds it.
fn check_writable(folder: &Path) -> Result<(), String> {
    let said = |error: std::io::Error| format!("it cannot be written: {error}");
    std::fs::create_dir_all(folder).map_err(said)?;
    let probe = folder.join(format!(".writable-{}", std::process::id()));
    std::fs::write(&probe, []).map_err(said)?;
    std::fs::remove_file(&probe).map_err(said)
}

fn is_locked(error: &impl std::fmt::Display) -> bool {
    format!("{error:#}").contains("already in use")
}
