//! Files that commands read and write.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::tenants::{MAX_SEED_BYTES, is_named_json, read_text};

/// A file as a text that the server reads.
pub(super) fn read_text_file(file: &str) -> anyhow::Result<String> {
    let length = std::fs::metadata(file).with_context(|| format!("{file} cannot be read"))?.len();
    if length > MAX_SEED_BYTES as u64 {
        bail!("{file} has {length} bytes; the server accepts at most {MAX_SEED_BYTES}");
    }
    std::fs::read_to_string(file).with_context(|| format!("{file} cannot be read"))
}

/// A YAML or JSON file as a value.
pub(super) fn read_value(file: &str) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{file} cannot be read"))?;
    read_text(&text, is_named_json(file)).map_err(anyhow::Error::msg).with_context(|| format!("{file} cannot be read"))
}

/// The file of an export.
pub(super) struct ExportFile {
    pub(super) file: File,
    /// The partial file and the file that it becomes: an incomplete export must not look like a complete one.
    moves: Option<(PathBuf, PathBuf)>,
}

impl ExportFile {
    /// Opens a file. Links are followed; a pipe or a device is written to directly.
    pub(super) fn create(path: &Path) -> std::io::Result<Self> {
        let place = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if std::fs::metadata(&place).is_ok_and(|there| !there.is_file()) {
            return Ok(Self { file: OpenOptions::new().write(true).open(&place)?, moves: None });
        }
        let mut partial = place.clone().into_os_string();
        partial.push(format!(".{}.partial", std::process::id()));
        let partial = PathBuf::from(partial);
        Ok(Self { file: private_file(&partial)?, moves: Some((partial, place)) })
    }

    /// Gives the complete export its final name.
    pub(super) fn keep(mut self) -> std::io::Result<()> {
        let Some((partial, place)) = &self.moves else { return Ok(()) };
        std::fs::rename(partial, place)?;
        self.moves = None;
        Ok(())
    }
}

impl Drop for ExportFile {
    fn drop(&mut self) {
        // A part of an export is useless, and contains secrets.
        if let Some((partial, _)) = &self.moves {
            let _ = std::fs::remove_file(partial);
        }
    }
}

/// A new file that only its owner can read. An existing one would keep its own mode, so it is deleted.
fn private_file(path: &Path) -> std::io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn an_existing_file_becomes_as_private_as_a_new_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.partial");
        let path = path.as_path();
        let mode = || std::fs::metadata(path).expect("a file").permissions().mode() & 0o777;
        for _ in 0..2 {
            private_file(path).expect("a file");
            assert_eq!(mode(), 0o600);
            std::fs::write(path, "old").expect("a file");
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).expect("a mode");
        }
        assert_eq!(mode(), 0o644);
        // The target of a link is not written to.
        let elsewhere = folder.path().join("elsewhere");
        std::fs::rename(path, &elsewhere).expect("moved");
        std::os::unix::fs::symlink(&elsewhere, path).expect("a link");
        private_file(path).expect("a file").write_all(b"new").expect("written");
        assert_eq!(std::fs::read_to_string(elsewhere).expect("a file"), "old");
    }

    #[test]
    fn an_export_follows_links_and_keeps_devices() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "old").expect("a file");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        let mut target = ExportFile::create(&link).expect("a target");
        target.file.write_all(b"new").expect("written");
        assert_eq!(std::fs::read_to_string(&file).expect("a file"), "old", "it is not finished yet");
        target.keep().expect("kept");
        assert_eq!(std::fs::read_to_string(&file).expect("a file"), "new");
        assert!(std::fs::symlink_metadata(&link).expect("a link").is_symlink());

        let device = folder.path().join("null");
        std::os::unix::fs::symlink("/dev/null", &device).expect("a link");
        let mut target = ExportFile::create(&device).expect("a target");
        target.file.write_all(b"new").expect("written");
        target.keep().expect("kept");
        assert!(!std::fs::metadata(&device).expect("a device").is_file());
    }
}
