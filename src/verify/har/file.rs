//! A HAR file that grows by one exchange at a time. It is complete after each.
//!
//! The document ends with a few closing bytes. The next entry is first written behind them, then over them: a full disk is noticed
//! before anything that counts has changed, and a process that is killed leaves at most some bytes after the end of the document,
//! which the reader ignores.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use super::write::{Stored, entry};
use super::{MAX_HAR_BYTES, MAX_HAR_ENTRIES};
use crate::version::VERSION_AND_COMMIT;

const END: &[u8] = b"\n]}}\n";

/// A file that this process writes alone.
#[derive(Debug)]
pub struct HarFile {
    file: File,
    /// Where the closing bytes begin.
    end: u64,
    entries: usize,
    /// The scheme and host of the service.
    origin: String,
}

/// Whether an exchange is in the file now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    Yes,
    /// The file is as long as one that can be read, or has as many entries.
    Full,
}

impl HarFile {
    /// Creates a file that only its owner can read. `origin` is the scheme and host of the service: `https://api.example:8443`.
    ///
    /// # Errors
    /// When the file exists and is not to be replaced, is no regular file, or cannot be written.
    pub fn create(path: &Path, origin: &str, replaces: bool) -> io::Result<Self> {
        if replaces {
            remove(path)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        let creator = serde_json::json!({ "name": "directscale-emulator", "version": VERSION_AND_COMMIT });
        let head = format!("{{\"log\":{{\"version\":\"1.2\",\"creator\":{creator},\"entries\":[");
        file.write_all(&[head.as_bytes(), END].concat())?;
        Ok(Self { file, end: head.len() as u64, entries: 0, origin: origin.to_owned() })
    }

    /// Writes an exchange, its secrets masked.
    ///
    /// # Errors
    /// When it cannot be written, for example because the disk is full. The file is as it was then.
    pub fn append(&mut self, stored: &Stored<'_>) -> io::Result<Appended> {
        let separator = if self.entries == 0 { "\n" } else { ",\n" };
        let entry = format!("{separator}{}", entry(&self.origin, stored));
        let closing = END.len() as u64;
        let end = self.end + entry.len() as u64;
        if end + closing > MAX_HAR_BYTES || self.entries == MAX_HAR_ENTRIES {
            return Ok(Appended::Full);
        }
        let written = [entry.as_bytes(), END].concat();
        let (over, behind) = written.split_at(END.len());
        let result = self.write_at(self.end + closing, behind).and_then(|()| self.write_at(self.end, over));
        if let Err(error) = result {
            // Whatever fails here failed before.
            let _ = self.write_at(self.end, END);
            let _ = self.file.set_len(self.end + closing);
            return Err(error);
        }
        self.end = end;
        self.entries += 1;
        Ok(Appended::Yes)
    }

    fn write_at(&mut self, place: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(place))?;
        self.file.write_all(bytes)
    }
}

/// Removes a file that is to be replaced; a new one has its own mode.
fn remove(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => std::fs::remove_file(path),
        Ok(_) => Err(io::Error::new(ErrorKind::AlreadyExists, "it is not a regular file")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
