//! The embedded Postgres: PostgreSQL 17 inside this process, for `cargo run` and laptops.
//!
//! It has one connection, fsync is off (a commit survives a killed process but not a power failure), and only one process can
//! use its data folder.
//!
//! Clients connect through a Unix socket where possible. On a TCP connection, which it opens without `TCP_NODELAY`, a response of
//! several packets waits 40 ms for the acknowledgment of the first. It sends such responses after the first COPY, so this program
//! uses no COPY.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use pglite_oxide::{PgliteServer, PgliteServerBuilder};
use thiserror::Error;

use crate::tls::TLS_FOLDER;

/// The maximum wait for the lock of the data folder, which stays for a moment after its process was killed.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// The maximum wait for the server to stop. Normally it takes less than a second.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// The same during a panic, when an open connection can prevent the stop.
const STOP_TIMEOUT_IN_PANIC: Duration = Duration::from_secs(1);

/// Postgres writes to all of its buffers when it starts. What they do not hold is in the system's cache of files.
const SHARED_BUFFERS: &str = "16MB";

#[derive(Debug, Error)]
#[error("the embedded database cannot be opened in {path}: {reason}")]
pub struct EmbeddedError {
    path: String,
    reason: String,
}

/// A running embedded Postgres. Close the pool before you drop this: an open connection delays the stop up to a timeout.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    url: String,
    /// `Some` until the drop.
    server: Option<PgliteServer>,
    /// The data folder, if this process created the database.
    new_folder: Option<PathBuf>,
    _socket: Option<SocketFolder>,
}

impl EmbeddedPostgres {
    /// Opens the database in `folder`, or creates one. Takes about a second: do not call it on an async thread.
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
        let builder = PgliteServer::builder().path(folder).postgres_config("shared_buffers", SHARED_BUFFERS);
        loop {
            match listening_on(builder.clone(), socket.as_ref()).start() {
                Ok(server) => {
                    return Ok(Self { url: url_of(&server), server: Some(server), new_folder, _socket: socket });
                }
                Err(error) if is_locked(&error) && Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                Err(error) => {
                    let reason = if is_locked(&error) {
                        "another process uses it; stop that process, or select another folder with --data".to_owned()
                    } else {
                        format!("{error:#}")
                    };
                    // The next start could not use an incomplete database.
                    if let Some(folder) = new_folder {
                        remove_content(&folder);
                    }
                    return Err(EmbeddedError { path: folder.display().to_string(), reason });
                }
            }
        }
    }

    /// The data folder, if this process created the database.
    #[must_use]
    pub fn new_folder(&self) -> Option<PathBuf> {
        self.new_folder.clone()
    }

    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }
}

impl Drop for EmbeddedPostgres {
    fn drop(&mut self) {
        let Some(server) = self.server.take() else { return };
        let timeout = if std::thread::panicking() { STOP_TIMEOUT_IN_PANIC } else { STOP_TIMEOUT };
        let (stopped, end) = mpsc::channel();
        // The stop waits for open connections, and their owners may wait for the current thread.
        let stopping = std::thread::Builder::new().name("embedded-stop".to_owned()).spawn(move || {
            drop(server);
            let _ = stopped.send(());
        });
        if stopping.is_ok() && end.recv_timeout(timeout).is_err() {
            tracing::warn!("the embedded database did not stop: a connection to it is still open");
        }
    }
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.all(|entry| entry.is_ok_and(|entry| is_of_tls(&entry))))
}

/// The local CA is in the data folder too, and is not part of the database.
fn is_of_tls(entry: &std::fs::DirEntry) -> bool {
    entry.file_name() == TLS_FOLDER
}

/// Deletes the database in a folder as far as possible.
pub fn remove_content(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten().filter(|entry| !is_of_tls(entry)) {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let removed = if is_folder { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        if let Err(error) = removed {
            tracing::debug!(%error, path = %path.display(), "a file of an incomplete database was not deleted");
        }
    }
}

fn url_of(server: &PgliteServer) -> String {
    let url = server.database_url();
    // A URL cannot have a user without a host, so with a socket the user becomes a parameter.
    match url.split_once("://").and_then(|(_, rest)| rest.split_once("@/")) {
        Some((user, rest)) => format!("postgresql:///{rest}&user={user}"),
        None => url,
    }
}

/// The name that clients of Postgres expect.
#[cfg(unix)]
const SOCKET_FILE: &str = ".s.PGSQL.5432";

/// A private folder for the server's socket, deleted on drop.
#[derive(Debug)]
struct SocketFolder(PathBuf);

impl SocketFolder {
    /// `None` if there are no Unix sockets or no folder can be created. Then TCP is used.
    #[cfg(unix)]
    fn new() -> Option<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        use std::sync::atomic::{AtomicU32, Ordering};

        /// The maximum length of a socket's path on all systems, in bytes.
        const MAX_PATH: usize = 100;
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        /// A process that was killed leaves its folder behind, and its id may be this one's.
        const ATTEMPTS: u32 = 100;
        for _ in 0..ATTEMPTS {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("directscale-emulator-{}-{number}", std::process::id()));
            if !path.is_absolute() || path.as_os_str().len() + SOCKET_FILE.len() >= MAX_PATH {
                return None;
            }
            // Another user may have created an existing folder, so only a new one is used.
            match std::fs::DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                created => return created.ok().map(|()| Self(path)),
            }
        }
        None
    }

    #[cfg(not(unix))]
    fn new() -> Option<Self> {
        None
    }

    #[cfg(unix)]
    fn socket(&self) -> PathBuf {
        self.0.join(SOCKET_FILE)
    }
}

impl Drop for SocketFolder {
    fn drop(&mut self) {
        // A folder that is not deleted is empty and harmless.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(unix)]
fn listening_on(builder: PgliteServerBuilder, socket: Option<&SocketFolder>) -> PgliteServerBuilder {
    match socket {
        Some(folder) => builder.unix(folder.socket()),
        None => builder,
    }
}

#[cfg(not(unix))]
fn listening_on(builder: PgliteServerBuilder, _socket: Option<&SocketFolder>) -> PgliteServerBuilder {
    builder
}

/// Creates a folder that only this user can read, as Postgres does: it holds tax ids and tokens. An existing one stays as it is.
fn create_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Checks that a folder is writable, and creates it if absent. For a folder that is not writable, the database's own message wrongly
/// says that another process uses it.
fn check_writable(folder: &Path) -> Result<(), String> {
    let message = |error: std::io::Error| format!("it cannot be written: {error}");
    create_private(folder).map_err(message)?;
    let probe = folder.join(format!(".writable-{}", std::process::id()));
    std::fs::write(&probe, []).map_err(message)?;
    std::fs::remove_file(&probe).map_err(message)
}

fn is_locked(error: &impl std::fmt::Display) -> bool {
    format!("{error:#}").contains("already in use")
}
