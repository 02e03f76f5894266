//! A folder of seed files.

use std::ffi::OsStr;
use std::fs::{FileType, Metadata};
use std::path::{Path, PathBuf};

use super::read::MAX_SEED_BYTES;
use crate::tenants::error::SeedError;

/// The maximum number of seed files of a folder.
const MAX_SEED_FILES: usize = 1_000;

/// The number of ignored names that the log lists.
const LISTED_NAMES: usize = 20;

/// The seed files of a folder, in the order of their names: `*.yaml`, `*.yml` and `*.json` without those whose name begins with a dot.
/// Links are followed, folders are not read.
///
/// # Errors
/// When the folder or a file of it cannot be read, or when it has too many or too long files.
pub fn seed_files(folder: &Path) -> Result<Vec<PathBuf>, SeedError> {
    let failed = |reason: String| SeedError::Folder { path: folder.display().to_string(), reason };
    let unreadable = |error: std::io::Error| failed(error.to_string());
    let (mut files, mut ignored) = (Vec::new(), Ignored::default());
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if is_seed_file(&path)? {
            files.push(path);
        } else {
            ignored.add(&path);
        }
        if files.len() > MAX_SEED_FILES {
            return Err(failed(format!("it has more than {MAX_SEED_FILES} seed files")));
        }
    }
    ignored.log(folder);
    files.sort();
    Ok(files)
}

/// Whether this is a file with the name of a seed file.
fn is_seed_file(path: &Path) -> Result<bool, SeedError> {
    if !is_named_like_a_seed(path) {
        return Ok(false);
    }
    let failed = |reason: String| SeedError::File { path: path.display().to_string(), reason };
    // Of what a link leads to: Kubernetes mounts each file of a ConfigMap as a link.
    let found = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?;
    match found.file_type() {
        kind if kind.is_dir() => Ok(false),
        kind => check_file(kind, &found).map(|()| true).map_err(failed),
    }
}

/// Reading a pipe or device might never end.
fn check_file(kind: FileType, found: &Metadata) -> Result<(), String> {
    if !kind.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    if found.len() > MAX_SEED_BYTES as u64 {
        return Err(format!("it is longer than {MAX_SEED_BYTES} bytes"));
    }
    Ok(())
}

fn is_named_like_a_seed(path: &Path) -> bool {
    let is_hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    let has_ending = |endings: &[&str]| {
        path.extension().is_some_and(|extension| endings.iter().any(|ending| extension.eq_ignore_ascii_case(ending)))
    };
    !is_hidden && has_ending(&["yaml", "yml", "json"])
}

/// The names in a folder that are not those of seed files.
#[derive(Default)]
struct Ignored {
    count: usize,
    /// The first ones.
    names: Vec<String>,
}

impl Ignored {
    fn add(&mut self, path: &Path) {
        self.count += 1;
        if self.names.len() < LISTED_NAMES {
            self.names.push(path.file_name().map(OsStr::to_string_lossy).unwrap_or_default().into_owned());
        }
    }

    fn log(&self, folder: &Path) {
        if self.count > 0 {
            let (folder, count, names) = (folder.display(), self.count, self.names.join(", "));
            tracing::debug!(%folder, count, names, "these are not seed files and are ignored");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Result<Vec<String>, String> {
        let files = seed_files(folder).map_err(|error| error.to_string())?;
        Ok(files.iter().map(|file| file.file_name().expect("a name").to_string_lossy().into_owned()).collect())
    }

    #[test]
    fn seed_files_are_listed_in_order_and_others_are_ignored() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in
            ["20.yaml", "10.yml", "30.json", "B.YAML", "README.md", ".hidden.yaml", "a.yaml~", "a.yaml.bak", "yaml"]
        {
            std::fs::write(folder.path().join(name), "").expect("a file");
        }
        std::fs::create_dir(folder.path().join("sub.yaml")).expect("a folder");
        std::fs::write(folder.path().join("sub.yaml/x.yaml"), "").expect("a file");
        assert_eq!(names(folder.path()), Ok(["10.yml", "20.yaml", "30.json", "B.YAML"].map(str::to_owned).into()));
        let error = names(&folder.path().join("missing")).expect_err("no folder");
        assert!(
            error.starts_with("the folder of seed files ") && error.contains("missing cannot be read: "),
            "{error}"
        );
    }

    #[test]
    fn the_number_of_files_is_limited() {
        let folder = tempfile::tempdir().expect("a folder");
        let add = |number: usize| std::fs::write(folder.path().join(format!("{number}.yaml")), "").expect("a file");
        (0..MAX_SEED_FILES).for_each(add);
        assert_eq!(names(folder.path()).map(|names| names.len()), Ok(MAX_SEED_FILES));
        add(MAX_SEED_FILES);
        let error = names(folder.path()).expect_err("one too many");
        assert!(error.ends_with("it has more than 1000 seed files"), "{error}");
    }

    #[test]
    fn a_file_that_is_too_long_is_rejected_before_it_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = std::fs::File::create(folder.path().join("long.json")).expect("a file");
        file.set_len(MAX_SEED_BYTES as u64).expect("a sparse file");
        assert_eq!(names(folder.path()).map(|names| names.len()), Ok(1));
        file.set_len(MAX_SEED_BYTES as u64 + 1).expect("a sparse file");
        let error = names(folder.path()).expect_err("too long");
        assert!(error.ends_with("long.json cannot be read: it is longer than 268435456 bytes"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_what_is_no_file_is_rejected() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        // As Kubernetes mounts a ConfigMap.
        std::fs::create_dir(at("..2026_11_26")).expect("a folder");
        std::fs::write(at("..2026_11_26/acme.yaml"), "").expect("a file");
        symlink("..2026_11_26", at("..data")).expect("a link");
        symlink("..data/acme.yaml", at("acme.yaml")).expect("a link");
        assert_eq!(names(folder.path()), Ok(vec!["acme.yaml".to_owned()]));
        symlink("nowhere", at("broken.yaml")).expect("a link");
        let error = names(folder.path()).expect_err("a broken link");
        assert!(error.contains("broken.yaml cannot be read: "), "{error}");
        std::fs::remove_file(at("broken.yaml")).expect("removed");
        symlink("/dev/zero", at("endless.yaml")).expect("a link");
        let error = names(folder.path()).expect_err("a device");
        assert!(error.ends_with("endless.yaml cannot be read: it is not a regular file"), "{error}");
    }
}
