//! What comparisons with a real service found: a folder with one file for each, from which the coverage shows what was verified.
//!
//! A file is `2026-11-26-api.example.json`: its date, its source, the version of the emulator, and a verdict for each operation.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::wire::misread::read_json;

/// The maximum number of files of a folder.
const MAX_FILES: usize = 1_000;

/// The maximum size of a file, in bytes. One with every operation of all APIs has a tenth of it.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// The maximum length of a source, in bytes: that of a host name and a port.
const MAX_SOURCE: usize = 261;

/// The number of files of one date and source.
const MAX_OF_A_DAY: u32 = 1_000;

/// How long a server shows what it read from its folder.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// What one comparison found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    pub date: NaiveDate,
    pub source: Source,
    /// The version of this program.
    pub emulator: String,
    /// By the id of the operation.
    pub operations: BTreeMap<String, Verdict>,
}

/// The host of a real service, with its port if it is not the usual one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Source(String);

/// What a comparison found of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Equal,
    Different,
    /// Says nothing about the operation.
    NotComparable,
}

/// The latest verdict of each operation that was compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    operations: BTreeMap<String, Comparison>,
    /// The files that cannot be read, each with the reason.
    pub unreadable: Vec<String>,
}

/// The latest comparison of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    pub verdict: Verdict,
    pub date: NaiveDate,
    pub source: Source,
}

impl TryFrom<String> for Source {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_of_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        if text.is_empty() || text.len() > MAX_SOURCE || !text.bytes().all(is_of_host) {
            return Err("a source must be the name of a host".to_owned());
        }
        Ok(Self(text))
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.0
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// For people: `verified on 2026-11-26 (api.example)`.
impl std::fmt::Display for Comparison {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { verdict, date, source } = self;
        let verb = if *verdict == Verdict::Equal { "verified" } else { "differs" };
        write!(formatter, "{verb} on {date} ({source})")
    }
}

impl Verified {
    #[must_use]
    pub fn of(&self, operation: &str) -> Option<&Comparison> {
        self.operations.get(operation)
    }

    fn add(&mut self, recording: Recording) {
        let Recording { date, source, operations, .. } = recording;
        for (operation, verdict) in operations {
            if verdict != Verdict::NotComparable {
                self.operations.insert(operation, Comparison { verdict, date, source: source.clone() });
            }
        }
    }
}

/// Writes a file of its own for a recording, and creates the folder. Returns its path, to which other files of the same comparison
/// can have names.
///
/// # Errors
/// When the folder or the file cannot be written, or the day has too many recordings.
///
/// # Panics
/// Never: a recording is plain data.
pub fn write(folder: &Path, recording: &Recording) -> io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    // A colon is no part of a name everywhere.
    let host = recording.source.0.replace([':', '[', ']'], "_");
    let stem = format!("{}-{host}", recording.date);
    for number in 1..=MAX_OF_A_DAY {
        let name = if number == 1 { format!("{stem}.json") } else { format!("{stem}-{number}.json") };
        let path = folder.join(name);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                let text = serde_json::to_string_pretty(recording).expect("invariant: plain data is JSON") + "\n";
                if let Err(error) = file.write_all(text.as_bytes()) {
                    // A part of a recording is useless.
                    let _ = std::fs::remove_file(&path);
                    return Err(error);
                }
                return Ok(path);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other(format!("it has {MAX_OF_A_DAY} recordings of {stem}")))
}

/// The latest verdicts of a folder's recordings, `*.json` without those whose name begins with a dot.
///
/// # Errors
/// When the folder cannot be read or has too many recordings; a file that cannot be read is named in the result.
pub fn read_folder(folder: &Path) -> Result<Verified, String> {
    let failed =
        |error: &dyn std::fmt::Display| format!("the recordings in {} cannot be read: {error}", folder.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| failed(&error))? {
        let name = entry.map_err(|error| failed(&error))?.file_name().to_string_lossy().into_owned();
        let has_ending = Path::new(&name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
        if has_ending && !name.starts_with('.') {
            names.push(name);
        }
        if names.len() > MAX_FILES {
            return Err(failed(&format!("there are more than {MAX_FILES}")));
        }
    }
    let (mut verified, mut recordings) = (Verified::default(), Vec::new());
    names.sort();
    for name in names {
        match read_file(&folder.join(&name)) {
            Ok(recording) => recordings.push((name, recording)),
            Err(reason) => verified.unreadable.push(format!("{name}: {reason}")),
        }
    }
    // The second of a day and source has a longer name than the first.
    recordings.sort_by(|(name, recording), (other_name, other)| {
        (recording.date, name.len(), name).cmp(&(other.date, other_name.len(), other_name))
    });
    for (_, recording) in recordings {
        verified.add(recording);
    }
    Ok(verified)
}

fn read_file(path: &Path) -> Result<Recording, String> {
    // Opening a pipe might never end.
    let found = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !found.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("it is longer than {MAX_FILE_BYTES} bytes"));
    }
    read_json(&text).map_err(|misread| misread.message)
}

/// The folder of a server, which others write to while it runs.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    read: Mutex<Option<(Instant, Arc<Verified>)>>,
}

impl Folder {
    /// Reads the folder for the first time.
    ///
    /// # Errors
    /// As [`read_folder`].
    pub fn open(path: PathBuf) -> Result<Self, String> {
        let verified = read_folder(&path)?;
        Ok(Self { path, read: Mutex::new(Some((Instant::now(), Arc::new(verified)))) })
    }

    /// What is in the folder, at most five seconds old. This reads files. A folder that cannot be read any more is named as a file
    /// that cannot.
    pub fn verified(&self) -> Arc<Verified> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, verified)) = &*read
            && at.elapsed() < READ_AGAIN_AFTER
        {
            return Arc::clone(verified);
        }
        let verified = read_folder(&self.path)
            .unwrap_or_else(|reason| Verified { unreadable: vec![reason], ..Verified::default() });
        let verified = Arc::new(verified);
        *read = Some((Instant::now(), Arc::clone(&verified)));
        verified
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(date: &str, source: &str, operations: &[(&str, Verdict)]) -> Recording {
        Recording {
            date: date.parse().expect("a date"),
            source: source.to_owned().try_into().expect("a host"),
            emulator: "0.1.0".to_owned(),
            operations: operations.iter().map(|(name, verdict)| ((*name).to_owned(), *verdict)).collect(),
        }
    }

    #[test]
    fn the_latest_verdict_of_each_operation_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("new/recordings");
        for recording in [
            recording("2026-11-27", "b.example:8443", &[("A", Verdict::NotComparable), ("B", Verdict::Equal)]),
            recording("2026-11-26", "a.example", &[("A", Verdict::Equal), ("B", Verdict::Different)]),
            recording("2026-11-26", "a.example", &[("A", Verdict::Different)]),
            recording("2026-11-25", "z.example", &[("A", Verdict::Equal), ("C", Verdict::NotComparable)]),
        ] {
            write(&folder, &recording).expect("written");
        }
        let verified = read_folder(&folder).expect("a folder");
        let text = |operation: &str| verified.of(operation).map(ToString::to_string);
        assert_eq!(text("A").as_deref(), Some("differs on 2026-11-26 (a.example)"));
        assert_eq!(text("B").as_deref(), Some("verified on 2026-11-27 (b.example:8443)"));
        assert_eq!((text("C"), verified.unreadable.len()), (None, 0));
        let mut names: Vec<_> =
            std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("a file").file_name()).collect();
        names.sort();
        let expected = [
            "2026-11-25-z.example.json",
            "2026-11-26-a.example-2.json",
            "2026-11-26-a.example.json",
            "2026-11-27-b.example_8443.json",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn the_form_of_a_recording_is_stable() {
        let recording = recording("2026-11-26", "a.example", &[("A", Verdict::Equal), ("B", Verdict::NotComparable)]);
        let text = r#"{"date":"2026-11-26","source":"a.example","emulator":"0.1.0","operations":{"A":"equal","B":"not-comparable"}}"#;
        assert_eq!(serde_json::to_string(&recording).expect("JSON"), text);
        assert_eq!(read_json::<Recording>(text).expect("a recording"), recording);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_and_the_others_count() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        write(folder, &recording("2026-11-26", "a.example", &[("A", Verdict::Equal)])).expect("written");
        let begin = r#"{"date":"2026-11-26","emulator":"0","operations":{}"#;
        for (name, text) in [
            ("b.json", "{".to_owned()),
            ("c.json", format!(r#"{begin},"source":"<b>| x"}}"#)),
            ("d.json", format!(r#"{begin},"source":"h","more":"{}"}}"#, "x".repeat(64 * 1024))),
            (".hidden.json", "{".to_owned()),
            ("e.har", "{".to_owned()),
        ] {
            std::fs::write(folder.join(name), text).expect("a file");
        }
        std::fs::create_dir(folder.join("f.json")).expect("a folder");
        let verified = read_folder(folder).expect("a folder");
        assert!(verified.of("A").is_some());
        let [b, c, d, f] = &verified.unreadable[..] else { panic!("{verified:?}") };
        assert!(b.starts_with("b.json: EOF") && c.starts_with("c.json: source: a source must be"), "{b} {c}");
        assert_eq!(d, "d.json: it is longer than 65536 bytes");
        assert_eq!(f, "f.json: it is not a regular file");
        assert!(read_folder(&folder.join("none")).is_err_and(|reason| reason.contains("none cannot be read")));
    }

    #[test]
    fn a_folder_has_a_maximum_number_of_recordings() {
        let folder = tempfile::tempdir().expect("a folder");
        let one = recording("2026-11-26", "a.example", &[]);
        for _ in 0..MAX_FILES {
            write(folder.path(), &one).expect("written");
        }
        assert!(read_folder(folder.path()).is_ok());
        assert!(write(folder.path(), &one).is_err_and(|error| error.to_string().contains("1000 recordings")));
        std::fs::write(folder.path().join("one-more.json"), "{}").expect("a file");
        assert!(read_folder(folder.path()).is_err_and(|reason| reason.contains("more than 1000")));
    }
}
